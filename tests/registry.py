"""As much of a registry of images as an Engine needs to push one and to pull it again, in memory, with a login."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "ada", "pa55word"


class Registry(ThreadingHTTPServer):
    """A registry on a port of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server_port}"
        self.blobs: dict[str, bytes] = {}
        self.uploads: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}

    @contextmanager
    def serving(self) -> Iterator["Registry"]:
        """Serve for the length of a ``with`` block."""
        thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Handler(BaseHTTPRequestHandler):
    """The requests of the distribution specification."""

    protocol_version = "HTTP/1.1"
    server: Registry

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while length := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, status: int, data: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def handle_one(self) -> None:
        data, url = self.body(), urlsplit(self.path)
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            return self.answer(401, WWW_Authenticate='Basic realm="here"')
        kind, _, name = url.path.removeprefix("/v2/").rpartition("/")
        if "/blobs/uploads" in url.path:
            return self.upload(name, data, parse_qs(url.query))
        if kind.endswith("/blobs"):
            return self.give(self.server.blobs.get(name), "application/octet-stream")
        if kind.endswith("/manifests"):
            return self.manifest(name, data)
        return self.answer(200)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = handle_one

    def give(self, data: bytes | None, kind: str) -> None:
        if data is None:
            return self.answer(404)
        return self.answer(200, data, Content_Type=kind, Docker_Content_Digest=digest(data))

    def upload(self, name: str, data: bytes, query: dict[str, list[str]]) -> None:
        if self.command == "POST":
            name = str(len(self.server.uploads))
        self.server.uploads[name] = self.server.uploads.get(name, b"") + data
        if "digest" in query:
            self.server.blobs[query["digest"][0]] = self.server.uploads[name]
            return self.answer(201, Location="/v2/x")
        end = str(max(len(self.server.uploads[name]) - 1, 0))
        return self.answer(202, Location=f"/v2/any/blobs/uploads/{name}", Range=f"0-{end}", Docker_Upload_UUID=name)

    def manifest(self, name: str, data: bytes) -> None:
        if self.command == "PUT":
            self.server.manifests[name] = (self.headers["Content-Type"], data)
            self.server.manifests[digest(data)] = (self.headers["Content-Type"], data)
            return self.answer(201, Docker_Content_Digest=digest(data))
        kind, found = self.server.manifests.get(name, ("", None))
        return self.give(found, kind)
