"""Requests to the API server."""

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from miniprefect.client.secrets import Secret
from miniprefect.tasks.kubernetes._access import Access, Certificate, Credentials, bearer, in_cluster
from miniprefect.tasks.kubernetes._kubeconfig import KubeConfig, kubeconfig_files
from miniprefect.tasks.kubernetes._objects import ApiObject, api_object
from miniprefect.tasks.kubernetes.errors import ApiError, ConfigurationError, UnreachableError

DEFAULT_SECRET = "KUBERNETES_API_KEY"
TIMEOUT = 60.0  # seconds without an answer, or a part of one
NO_WAY = (
    "There is no way to Kubernetes: this is no pod with a service account, KUBECONFIG names no file that is there, "
    "and there is no ~/.kube/config."
)


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        what: what is asked for, for messages: "read job 'a' in namespace 'default'".
        method: GET, POST and so on.
        path: the parts of the path, not yet quoted.
        query: the parameters, in Kubernetes' spelling.
        body: what is sent as JSON, if anything.
        content_type: the type of the body.
        timeout: seconds to wait for an answer, or for its next part.
    """

    what: str
    method: str
    path: tuple[str, ...]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    content_type: str = "application/json"
    timeout: float = TIMEOUT

    @property
    def target(self) -> str:
        """The path and the query as they are sent."""
        path = "/".join(quote(part, safe="") for part in self.path)
        query = urlencode({name: _spelled(value) for name, value in self.query.items()})
        return f"/{path}?{query}" if query else f"/{path}"


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Client:
    """Ask the API server, with a connection for each request."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._tls: tuple[Certificate | None, ssl.SSLContext] | None = None

    def request(self, call: Call) -> ApiObject:
        """Return the answer.

        Raises:
            ApiError: the answer is an error.
            UnreachableError: there is none.
            ConfigurationError: there are no credentials to be had.
        """
        with self.open(call) as response, self.problems(call):
            text = response.read()
        try:
            answer = json.loads(text, object_hook=api_object)
        except ValueError:
            answer = None
        if not isinstance(answer, ApiObject):
            raise UnreachableError(f"Could not {call.what}: what {self.access.server} answers is not Kubernetes' JSON.")
        return answer

    def text(self, call: Call) -> str:
        """Return an answer that is text; the errors are those of `request`."""
        with self.open(call) as response, self.problems(call):
            return str(response.read().decode(errors="replace"))

    @contextlib.contextmanager
    def open(self, call: Call) -> Iterator[http.client.HTTPResponse]:
        """Give the answer as it comes in, for the length of a ``with`` block; the errors are those of `request`."""
        connection, response = self._send(call, refused=False)
        if response.status == 401:  # a token that is renewed in time by somebody, and so by now perhaps
            connection.close()
            connection, response = self._send(call, refused=True)
        try:
            if not 200 <= response.status < 300:
                with self.problems(call):
                    text = response.read()
                raise _refusal(call, response, text)
            yield response
        finally:
            response.close()
            connection.close()

    def _send(self, call: Call, refused: bool) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        credentials = self.access.identify(refused)
        connection = self._connection(credentials, call.timeout)
        headers = {"Accept": "application/json, */*", "User-Agent": "miniprefect"}
        body = None
        if call.body is not None:
            body = json.dumps(call.body).encode()
            headers["Content-Type"] = call.content_type
        if credentials.authorization:
            headers["Authorization"] = credentials.authorization
        base = urlsplit(self.access.server).path.rstrip("/")
        try:
            with self.problems(call):
                connection.request(call.method, base + call.target, body, headers)
                return connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def _connection(self, credentials: Credentials, timeout: float) -> http.client.HTTPConnection:
        scheme, host, port = _parts(self.access.server)
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        if self._tls is None or self._tls[0] != credentials.certificate:
            self._tls = (credentials.certificate, self.access.tls(credentials.certificate))
        return _Connection(host, port, self._tls[1], self.access.server_name, timeout)

    @contextlib.contextmanager
    def problems(self, call: Call) -> Iterator[None]:
        """Make of whatever goes wrong on the way an UnreachableError that says what was wanted of whom."""
        try:
            yield
        except TimeoutError:
            problem = f"it did not answer within {call.timeout:g} seconds"
        except ssl.SSLCertVerificationError as error:
            problem = f"its certificate is not to be trusted: {error.verify_message}"
        except ConnectionRefusedError:
            problem = "nothing listens there"
        except (http.client.HTTPException, OSError) as error:
            problem = f"the connection broke off ({type(error).__name__}: {error})"
        else:
            return
        raise UnreachableError(f"Could not {call.what} at {self.access.server}: {problem}.")


def _parts(address: str) -> tuple[str, str, int | None]:
    """Take an address apart: scheme, host and port."""
    try:
        url = urlsplit(address)
        scheme, host, port = url.scheme, url.hostname, url.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in ("http", "https") or not host:
        raise ConfigurationError(f"{address!r} is no address of an API server: https://HOST:PORT is.")
    return scheme, host, port


class _Connection(http.client.HTTPSConnection):
    """A connection to a server whose certificate may be for another name than that of its address."""

    def __init__(
        self, host: str, port: int | None, context: ssl.SSLContext, server_name: str | None, timeout: float
    ) -> None:
        super().__init__(host, port, context=context, timeout=timeout)
        self._own_context = context
        self._server_name = server_name or host

    def connect(self) -> None:
        """Connect, and begin TLS."""
        plain = socket.create_connection((self.host, self.port), self.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.sock = self._own_context.wrap_socket(plain, server_hostname=self._server_name)
        except BaseException:
            plain.close()
            raise


def _refusal(call: Call, response: http.client.HTTPResponse, text: bytes) -> ApiError:
    """Read the `Status` with which the server refuses; others than the API server, such as proxies, send none."""
    try:
        status = json.loads(text)
        reason, message = status.get("reason"), status.get("message")
    except (ValueError, AttributeError):
        reason = message = None
    words = response.reason or "error"
    return ApiError(call.what, response.status, reason or words, message or words)


def connect(secret_name: str | None = DEFAULT_SECRET) -> Client:
    """Return a client for the cluster that this is in, or else for that of the kubeconfig.

    Args:
        secret_name: the name of a secret that holds a token. It counts instead of the credentials there are. The
            default one need not be there.

    Raises:
        ValueError: there is no such secret.
        ConfigurationError: there is neither, or what there is can't be used.
    """
    token = _token(secret_name)
    access = in_cluster() or _from_kubeconfig()
    if token is None:
        return Client(access)
    return Client(Access(access.server, access.authority, access.verify, access.server_name, lambda _: bearer(token)))


def _token(secret_name: str | None) -> str | None:
    if secret_name is None or (secret_name == DEFAULT_SECRET and not Secret(secret_name).exists()):
        return None
    return str(Secret(secret_name).get())


def _from_kubeconfig() -> Access:
    files = kubeconfig_files()
    if not files:
        raise ConfigurationError(NO_WAY)
    return KubeConfig(files).access()
