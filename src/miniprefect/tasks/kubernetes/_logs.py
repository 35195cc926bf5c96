"""Logs of containers, line by line as they are written."""

import codecs
import contextlib
import datetime
import http.client
import socket
import threading
from collections.abc import Iterator

from miniprefect.tasks.kubernetes._client import Call, Client
from miniprefect.tasks.kubernetes._kinds import POD
from miniprefect.tasks.kubernetes.errors import ApiError, UnreachableError
from miniprefect.utilities.clock import clock

ATTEMPTS = 5  # in a row, to go on with a log that broke off
PAUSE = 1.0  # seconds before the first of them
SILENCE = 300.0  # seconds; a connection that is silent for longer may be dead, so the log is asked for anew

Moment = tuple[float, str]


def log_call(namespace: str, pod: str, container: str | None, *, follow: bool = False) -> Call:
    """Return the request for the log of a container; with `follow`, each line begins with its time."""
    query = {"container": container} if container else {}
    if follow:
        query |= {"follow": "true", "timestamps": "true"}
    what = f"read the log of pod {pod!r} in namespace {namespace!r}"
    path = (*POD.api, "namespaces", namespace, POD.plural, pod, "log")
    return Call(what, "GET", path, query, timeout=SILENCE if follow else Call.timeout)


class LogStream:
    """Follow the log of a container until it has ended, also if the connection breaks off meanwhile.

    Args:
        client: who to ask.
        namespace: the namespace of the pod.
        pod: its name.
        container: the container; by default the pod's only one.
        restarts: how often the container had been restarted; if it is again, the log has ended. By default,
            the log goes on.
    """

    def __init__(
        self, client: Client, namespace: str, pod: str, container: str | None = None, restarts: int | None = None
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._pod = pod
        self._container = container
        self._restarts = restarts
        self._beginning: Moment | None = None  # of the log as it is kept now,
        self._done = 0  # and how many of its lines have been yielded
        self._last: Moment = (0.0, "")
        self._closed = threading.Event()
        self._socket: socket.socket | None = None

    def lines(self) -> Iterator[str]:
        """Yield the lines, without their ends.

        Raises:
            ApiError, UnreachableError: there is no log, or it broke off for good.
        """
        failures = 0
        while not self._closed.is_set():
            try:
                for line in self._new_lines():
                    failures = 0
                    yield line
                if not self._goes_on():
                    return
            except (ApiError, UnreachableError) as error:
                failures += 1
                if self._closed.is_set():
                    return
                if failures > ATTEMPTS or (isinstance(error, ApiError) and not error.may_pass):
                    raise
                clock().sleep(PAUSE * failures)

    def close(self) -> None:
        """End it from another thread, even if that waits for a line."""
        self._closed.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it may be closed already
                self._socket.shutdown(socket.SHUT_RDWR)

    def _new_lines(self) -> Iterator[str]:
        """Read the log from its beginning, and yield what has not been yielded before.

        That is told by counting, as times are not quite in order where two streams are written to. Only if the
        beginning is another one, since the log was too long and cut off there, it is told by the time.
        """
        is_cut = False
        for number, text in enumerate(self._stamped_lines()):
            moment, line = _taken_apart(text) or (self._last, text)
            if number == 0 and moment != self._beginning:
                is_cut = self._beginning is not None
                self._beginning, self._done = moment, 0
            is_old = moment <= self._last if is_cut else number < self._done
            self._done = max(self._done, number + 1)
            if not is_old:
                self._last = max(self._last, moment)
                yield line

    def _stamped_lines(self) -> Iterator[str]:
        call = log_call(self._namespace, self._pod, self._container, follow=True)
        with self._client.open(call) as response, self._client.problems(call):
            self._socket = _socket_of(response)
            if self._closed.is_set():  # before there was a socket to shut down
                return
            yield from split_lines(_pieces(response))

    def _goes_on(self) -> bool:
        """Tell whether the container still runs: then the log has not ended, only the answer has."""
        if not self._is_running():
            return False
        clock().sleep(PAUSE)  # the pod's status comes a little after the end of its log
        return self._is_running()

    def _is_running(self) -> bool:
        try:
            pod = self._client.request(POD.call("read", self._namespace, self._pod))
        except ApiError:  # it is gone, or one may read logs only
            return False
        for status in pod.get("status", {}).get("containerStatuses", ()):
            if self._container in (None, status["name"]):
                same = self._restarts in (None, status.get("restartCount", 0))
                return same and "running" in status.get("state", {})
        return False


def _socket_of(response: http.client.HTTPResponse) -> socket.socket | None:
    """Return the socket below an answer, which has no public name for it."""
    raw = getattr(response.fp, "raw", None)
    return getattr(raw, "_sock", None)


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield what comes in as soon as it does. Unlike lines of http.client, this tells an end from a break."""
    while piece := response.read1(65536):
        yield piece
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


def split_lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """Yield the lines of a text that comes in pieces, which may end in the middle of a character."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    parts: list[str] = []
    for piece in pieces:
        first, *others = decoder.decode(piece).split("\n")
        parts.append(first)
        for other in others:
            yield "".join(parts).removesuffix("\r")
            parts = [other]
    parts.append(decoder.decode(b"", final=True))
    if rest := "".join(parts):
        yield rest


def _taken_apart(text: str) -> tuple[Moment, str] | None:
    """Split a line such as "2024-02-29T12:00:00.123456789Z what was printed"; None if there is no time."""
    stamp, _, line = text.partition(" ")
    seconds, _, rest = stamp.partition(".")
    digits = rest.rstrip("Z").partition("+")[0].partition("-")[0]
    zone = rest[len(digits) :]
    try:
        moment = datetime.datetime.fromisoformat(seconds + zone).timestamp()
    except ValueError:
        return None
    return (moment, digits.ljust(9, "0")), line
