"""The ways to an Engine: a unix socket, tcp and TLS; and what is said when there is none."""

import json
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from miniprefect.tasks.docker import ListContainers, ListImages
from miniprefect.tasks.docker._engine import Engine, EngineError, untangled
from tests.certificates import Authority, Certificate
from tests.podman import IMAGE, Podman


class Proxy(socketserver.ThreadingTCPServer):
    """Pass on what comes by tcp, with TLS or not, to a unix socket."""

    daemon_threads = True

    def __init__(self, target: Path, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.target, self.tls = target, tls
        self.host = f"127.0.0.1:{self.server_address[1]}"


class Passing(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        tls = self.server.tls
        try:
            near = tls.wrap_socket(self.request, server_side=True) if tls else self.request
        except (ssl.SSLError, ConnectionError):
            return
        with near, socket.socket(socket.AF_UNIX) as far:
            far.connect(str(self.server.target))
            others = {near: far, far: near}
            while True:
                for ready in select.select([near, far], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    others[ready].sendall(data)


@contextmanager
def proxy(podman: Podman, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The host and port by which the Engine can be reached."""
    with Proxy(podman.socket, tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.host
        finally:
            server.shutdown()
            thread.join()


def images_at(url: str | None = None) -> list[str]:
    task = ListImages() if url is None else ListImages(docker_server_url=url)
    return [name for image in task.run() for name in image["RepoTags"]]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)


def test_a_unix_socket_by_any_spelling(podman: Podman) -> None:
    for scheme in ("unix://", "http+unix://", "unix:/"):
        assert images_at(f"{scheme}{podman.socket}") == [IMAGE]


def test_tcp(podman: Podman) -> None:
    with proxy(podman) as host:
        assert images_at(f"tcp://{host}") == [IMAGE]
        assert images_at(f"http://{host}") == [IMAGE]


def test_docker_host_is_respected(podman: Podman, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy(podman) as host:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        assert images_at() == [IMAGE]
        with pytest.raises(EngineError, match="unix:///no/where can't be reached"):
            images_at("unix:///no/where")


class Issued(NamedTuple):
    authority: Authority
    server: Certificate
    client: Certificate


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    authority = Authority(tmp_path_factory.mktemp("certificates"))
    return Issued(authority, authority.issue("server"), authority.issue("client", "clientAuth"))


@pytest.fixture
def tls(issued: Issued, tmp_path: Path) -> ssl.SSLContext:
    """What a server needs that knows its clients; theirs is in the folder "client"."""
    authority, server, client = issued
    folder = tmp_path / "client"
    folder.mkdir()
    for name, file in (("ca", authority.certificate), ("cert", client.certificate), ("key", client.key)):
        (folder / f"{name}.pem").write_bytes(file.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_tls(podman: Podman, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "client"))
    with proxy(podman, tls) as host:
        assert images_at(f"https://{host}") == [IMAGE]
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{host}")
        assert images_at() == [IMAGE]


def test_certificates_without_the_extensions_of_today(
    podman: Podman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's own documents make such ones, which Python has come to refuse by default."""
    authority = Authority(tmp_path, bare=True)
    server = authority.issue("server")
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "ca.pem").write_bytes(authority.certificate.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "client"))
    with proxy(podman, context) as host:
        assert images_at(f"https://{host}") == [IMAGE]


def test_a_server_that_is_not_trusted(
    podman: Podman, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    (tmp_path / "client" / "ca.pem").write_bytes(other.certificate.read_bytes())
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "client"))
    with proxy(podman, tls) as host, pytest.raises(EngineError, match="CERTIFICATE_VERIFY_FAILED"):
        images_at(f"https://{host}")


def test_a_client_without_its_certificate(
    podman: Podman, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "client" / "cert.pem").unlink()
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "client"))
    with proxy(podman, tls) as host, pytest.raises(EngineError, match=f"https://{host}"):
        images_at(f"https://{host}")


def test_the_version_of_the_api_is_negotiated(podman: Podman, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(podman.url)
    assert engine.ask("GET", "/containers/json") == []
    theirs = json.loads(engine.read("GET", "/version"))["ApiVersion"]
    assert engine._prefix == f"/v{theirs}"
    monkeypatch.setattr("miniprefect.tasks.docker._engine._NEWEST", (1, 40))
    engine = Engine(podman.url)
    assert engine.ask("GET", "/containers/json") == []
    assert engine._prefix == "/v1.40"


@pytest.mark.parametrize("url", ["", "ssh://host", "npipe:////./pipe/docker", "tcp://", "/var/run/docker.sock"])
def test_where_no_engine_can_be(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not where a Docker Engine can be: use unix:///path, tcp://host:port"):
        ListContainers(docker_server_url=url).run()


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:1", "unix:///no/where"])
def test_nobody_listens(url: str) -> None:
    with pytest.raises(EngineError, match=f"^The Docker Engine at {url} can't be reached: .*Is it running"):
        ListContainers(docker_server_url=url).run()


class Odd(socketserver.StreamRequestHandler):
    """An Engine that is none."""

    answer = b""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(self.answer)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"", "broke"),
        (b"rubbish\r\n\r\n", "broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "broke"),
        (b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", r"^The Docker Engine refused \(302\): Found$"),
    ],
)
def test_who_answers_is_no_engine(answer: bytes, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Odd, "answer", answer)
    with socketserver.TCPServer(("127.0.0.1", 0), Odd) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with pytest.raises(EngineError, match=complaint):
                ListContainers(docker_server_url=f"tcp://127.0.0.1:{server.server_address[1]}").run()
        finally:
            server.shutdown()
            thread.join()


def test_frames_are_untangled() -> None:
    frames: Any = [(1, b"one\n"), (2, b""), (2, b"two\n"), (1, b"x" * 70000)]
    data = b"".join(bytes([kind, 0, 0, 0]) + len(text).to_bytes(4, "big") + text for kind, text in frames)
    assert untangled(data) == b"one\ntwo\n" + b"x" * 70000
    assert untangled(data[:-1]) == b"one\ntwo\n" + b"x" * 69999
    assert untangled(b"") == b""
