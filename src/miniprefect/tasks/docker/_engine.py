"""Speak with a Docker Engine: requests over a unix socket, tcp or TLS, answers, streams, and errors as messages.

    engine = Engine("unix:///var/run/docker.sock")
    for container in engine.ask("GET", "/containers/json", {"all": True}): ...

Every request is a connection of its own, as tasks make few; the first one asks for the version of the API.
"""

import json
import os
import re
import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from miniprefect.utilities.timeouts import interrupted_gently

DEFAULT_URL = "unix:///var/run/docker.sock"

_NEWEST = (1, 51)  # of the versions of the API, the last that this was written for
_VERSION = re.compile(r"(\d+)\.(\d+)")
_PATIENCE = 60.0  # seconds, to connect
_NOTHING_TO_DO = 304  # a container is started that runs, or stopped that does not

Query = Mapping[str, Any]
Body = bytes | IO[bytes] | None


class EngineError(OSError):
    """An Engine can't be reached, or does not do what it is asked to."""


class Engine:
    """Ask a Docker Engine.

    Args:
        url: where it listens: unix:///path, tcp://host:port, http://host:port or https://host:port. In place of the
            default, the environment variable DOCKER_HOST counts, if there is one.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        given = os.environ.get("DOCKER_HOST") if url == DEFAULT_URL else None
        self.url = given or url
        self._prefix: str | None = None

    def ask(
        self, method: str, path: str, query: Query | None = None, value: Any = None, timeout: float | None = None
    ) -> Any:
        """Make a request, with `value` as its JSON if there is any, and return the answer: JSON, or None.

        Args:
            method: the HTTP method.
            path: what follows the version of the API.
            query: its parameters.
            value: what to send.
            timeout: how many seconds to wait for the answer; by default without an end.

        Raises:
            EngineError: the Engine can't be reached, or refuses.
        """
        body = None if value is None else json.dumps(value).encode()
        headers = {} if value is None else {"Content-Type": "application/json"}
        with self.open(method, path, query, body, headers, timeout) as response:
            text = response.read()
        return json.loads(text) if text.strip() else None

    def read(self, method: str, path: str, query: Query | None = None) -> bytes:
        """Make a request, and return the answer as it is."""
        with self.open(method, path, query) as response:
            return response.read()

    def messages(
        self, path: str, query: Query, body: Body = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Post a request, and yield the messages by which the Engine tells how it gets on, as they come.

        Raises:
            EngineError: the Engine can't be reached, refuses, or fails underway.
        """
        with self.open("POST", path, query, body, headers) as response:
            for line in response:
                if not line.strip():
                    continue
                message = json.loads(line)
                yield message
                if "error" in message:
                    raise EngineError(f"The Docker Engine failed: {str(message['error']).strip()}")

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Iterator[HTTPResponse]:
        """Make a request, and yield the answer to be read in the ``with`` block.

        Args:
            method: the HTTP method.
            path: what follows the version of the API; see `part` for names in it.
            query: its parameters: booleans and numbers as they are, None for none.
            body: what to send: bytes, or an open file.
            headers: further headers.
            timeout: how many seconds to wait for data; by default without an end.

        Raises:
            EngineError: the Engine can't be reached, or refuses.
        """
        if self._prefix is None:
            self._prefix = self._negotiated()
        sending = Sending(method, self._prefix + path + _query(query), body, dict(headers or {}), timeout)
        with self._opened(sending) as response:
            yield response

    def _negotiated(self) -> str:
        """Return the path of the newest version of the API that both know; without one, the Engine takes its own."""
        with self._opened(Sending("GET", "/_ping", timeout=_PATIENCE)) as response:
            newest = _VERSION.fullmatch(response.headers.get("Api-Version", ""))
        return "/v{}.{}".format(*min((int(newest[1]), int(newest[2])), _NEWEST)) if newest else ""

    @contextmanager
    def _opened(self, sending: "Sending") -> Iterator[HTTPResponse]:
        connection = _connection(self.url)
        try:
            end = self._connected(connection)
            # While it waits for an answer, which may take hours, only the end of the connection can wake it up.
            with interrupted_gently(lambda: _shut(end)):
                response = sending.by(connection)
                if response.status >= 300 and response.status != _NOTHING_TO_DO:
                    raise EngineError(f"The Docker Engine refused ({response.status}): {_complaint(response)}")
                yield response
        except EngineError:
            raise
        except TimeoutError as error:
            raise EngineError(f"The Docker Engine at {self.url} did not answer for {sending.timeout} s.") from error
        except (OSError, HTTPException) as error:
            raise EngineError(f"The connection to the Docker Engine at {self.url} broke: {error!r}") from error
        finally:
            connection.close()

    def _connected(self, connection: HTTPConnection) -> socket.socket:
        """Connect, and return this end of the connection, which `connection` itself may forget."""
        try:
            connection.connect()
            return connection.sock
        except OSError as error:
            raise EngineError(
                f"The Docker Engine at {self.url} can't be reached: {error}. Is it running? Say where it is by "
                "docker_server_url= or the environment variable DOCKER_HOST."
            ) from None


@dataclass(frozen=True)
class Sending:
    """A request."""

    method: str
    target: str
    body: Body = None
    headers: dict[str, str] = field(default_factory=dict)
    timeout: float | None = None  # seconds

    def by(self, connection: HTTPConnection) -> HTTPResponse:
        """Make the request, and return the answer as soon as it begins."""
        connection.sock.settimeout(self.timeout)
        connection.request(self.method, self.target, self.body, self.headers)
        return connection.getresponse()


def part(name: Any) -> str:
    """Return a name as a part of a path; that of an image may have slashes."""
    return quote(str(name), safe="/:@")


def _query(query: Query | None) -> str:
    """Return parameters as an Engine wants them: text, true and false, and JSON."""
    given = {name: value for name, value in (query or {}).items() if value is not None}
    shown = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    return f"?{urlencode(shown)}" if shown else ""


def _complaint(response: HTTPResponse) -> str:
    text = response.read().decode(errors="replace").strip()
    try:
        return str(json.loads(text)["message"])
    except (ValueError, TypeError, KeyError):
        return text or response.reason


# ---------------------------------------------------------------------- connections


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def _connection(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme in ("unix", "http+unix"):
        return _UnixConnection(f"/{(parts.netloc + parts.path).lstrip('/')}")
    if parts.scheme not in ("tcp", "http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not where a Docker Engine can be: use unix:///path, tcp://host:port or https://.")
    wants_tls = parts.scheme == "https" or (parts.scheme == "tcp" and bool(os.environ.get("DOCKER_TLS_VERIFY")))
    if not wants_tls:
        return HTTPConnection(parts.hostname, parts.port or 2375, timeout=_PATIENCE)
    return HTTPSConnection(parts.hostname, parts.port or 2376, timeout=_PATIENCE, context=_tls())


def _tls() -> ssl.SSLContext:
    """Trust and show the certificates that DOCKER_CERT_PATH has, as Docker's own tools do."""
    given = os.environ.get("DOCKER_CERT_PATH")
    folder = Path(given) if given else Path.home() / ".docker"
    authority, certificate, key = (folder / f"{name}.pem" for name in ("ca", "cert", "key"))
    context = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
    # Python 3.13 came to ask for extensions (RFC 5280) that certificates made as Docker's documents say lack.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if certificate.exists():
        context.load_cert_chain(certificate, key)
    return context


def _shut(end: socket.socket) -> bool:
    """Wake up whoever waits at this end of a connection; return whether it was possible."""
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return False
    return True


# ---------------------------------------------------------------------- logs of containers


def untangled(data: bytes) -> bytes:
    """Return what a container without a terminal wrote to stdout and stderr, in the order in which it did.

    The Engine sends it in frames: one byte for which of both it is, three zeros, the length, and the bytes.
    """
    pieces, place = [], 0
    while place + 8 <= len(data):
        (length,) = struct.unpack_from(">L", data, place + 4)
        pieces.append(data[place + 8 : place + 8 + length])
        place += 8 + length
    return b"".join(pieces)
