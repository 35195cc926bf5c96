"""What a worker process does: take batches of calls from its pipe, make them, send the answers back.

It is one thread only, the main thread of its process: signals interrupt its calls, and it can be forked safely. Only
coroutines have threads beside it, for as long as their batch takes.

Before each call of a batch it takes a ticket. Its owner can take tickets back, and with them the calls that have not
begun; and when a worker dies, the tickets that are left tell which calls it had begun.
"""

import fcntl
import functools
import gc
import logging
import os
import pickle
import select
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from miniprefect.executors._many import Turns
from miniprefect.executors._outbox import Outbox
from miniprefect.executors._sending import NotSendable, decode, encode
from miniprefect.executors._tickets import PipedTickets, Tickets
from miniprefect.utilities import aio, timeouts

# The kinds of messages to the owner: the answer of a call follows; the batch is done, and what it took; the only call
# of its batch is done, what it took, and its answer follows; a line for the log; the seconds that a call has from now
# on, below zero for no limit.
ANSWER, DONE, ALONE, LOG, LIMIT = b"A", b"D", b"O", b"L", b"T"
# The kinds of answers: a value, an error that the call raised, the text of why its answer could not be sent.
VALUE, ERROR, LOST = b"v", b"e", b"l"

# In shared memory, what has this number is no answer.
LOG_LINE = (1 << 32) - 1

NUMBER = struct.Struct("<I")
SECONDS = struct.Struct("<d")

# The kinds of batches: calls one after the other; coroutines at a time; calls that differ in their arguments only.
ONE_BY_ONE, OVERLAPPING, MANY = "one by one", "overlapping", "many"

# Batches of more bytes are sent call by call.
TOGETHER = 1 << 16


class Ends(NamedTuple):
    """The worker's ends of its pipes.

    Attributes:
        channel: calls come here, and answers go back.
        tickets: one for each call that may begin.
        lifeline: is at its end when the owner's process has ended.
        outbox: memory for answers, if there is such.
    """

    channel: Connection
    tickets: Tickets | PipedTickets
    lifeline: Connection
    outbox: Outbox | None


class Stopped(KeyboardInterrupt):
    """Say that the owner wants the worker to end."""


def work(ends: Ends, common: Any, levels: dict[str, int] | None = None) -> None:
    """Make calls until there are no more to come.

    Args:
        ends: the pipes.
        common: what is called, with arguments that come; bytes, if it has been pickled.
        levels: the levels of loggers, where the process did not inherit them.
    """
    # The owner is gone, or wants no more.
    with suppress(EOFError, ConnectionError, Stopped):
        _set_up(ends, levels)
        channel = _Channel(ends.channel)
        worker = _Worker(channel, ends, decode(common) if isinstance(common, bytes) else common)
        log = _Log(worker)
        setattr(logging.Logger, "callHandlers", lambda logger, record: log.send(record))  # noqa: B010 - not typed so
        timeouts.announce = lambda seconds: channel.send(LIMIT + SECONDS.pack(seconds))
        worker.serve()
    _flush()


def _set_up(ends: Ends, levels: dict[str, int] | None) -> None:
    # The objects that were inherited are nobody's to collect: looking through them would copy their memory.
    gc.freeze()
    signal.set_wakeup_fd(-1)
    # A function, not SIG_IGN: programs that a task starts are not to inherit it. The owner sees to the end.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    signal.signal(signal.SIGTERM, _stop)
    _die_with(ends.lifeline)
    for name, level in (levels or {}).items():
        logging.getLogger(name).setLevel(level)
    # What is printed comes out line by line, whatever becomes of this process, and before what is logged next.
    with suppress(Exception):
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    # Two can't talk in one pipe, and a process that a task forks must not keep it open.
    os.register_at_fork(after_in_child=functools.partial(_close, ends[:3]))


def _close(ends: tuple[Connection | Tickets | PipedTickets, ...]) -> None:
    for end in ends:
        end.close()


def _stop(number: int, frame: Any) -> None:
    raise Stopped


def _die_with(lifeline: Connection) -> None:
    """Have the kernel kill this process when the other end of `lifeline` is closed, whatever it does then."""
    number = lifeline.fileno()
    fcntl.fcntl(number, fcntl.F_SETOWN, os.getpid())
    if hasattr(fcntl, "F_SETSIG"):
        fcntl.fcntl(number, fcntl.F_SETSIG, signal.SIGKILL)
    else:
        signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([number], [], [], 0)[0]:  # it has happened already
        raise EOFError


def _flush() -> None:
    """Let out what was printed, so that it comes before what is logged next; stderr keeps no more than a line."""
    try:
        sys.stdout.flush()
    except Exception:
        return  # there is nobody to tell


class _Channel:
    """Send messages as wholes: from one thread at a time, and uninterrupted by signals, which may raise."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.sending = threading.Lock()
        self.receive = connection.recv_bytes

    def send(self, *messages: bytes) -> None:
        # Only the alarm of a time limit matters: after the others this process ends.
        if not any(signal.getitimer(signal.ITIMER_REAL)):
            self._send(messages)
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        try:
            self._send(messages)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _send(self, messages: tuple[bytes, ...]) -> None:
        with self.sending:
            for message in messages:
                self.connection.send_bytes(message)


class _Worker:
    def __init__(self, channel: _Channel, ends: Ends, common: Any) -> None:
        self.channel, self.outbox = channel, ends.outbox
        self.takes_ticket = ends.tickets.take
        self.common = common
        self.answering = threading.Lock()
        self.is_batching = False

    def serve(self) -> None:
        while True:
            mode, number, calls = pickle.loads(self.channel.receive())
            begun = time.perf_counter()
            answer = self.answer_to(mode, number, calls)
            seconds = SECONDS.pack(time.perf_counter() - begun)
            if answer is None:
                self.channel.send(DONE + seconds)
            else:
                self.channel.send(ALONE + seconds, answer)
            del calls, answer  # or they would be kept alive until the next batch

    def answer_to(self, mode: str, number: int, calls: Any) -> bytes | None:
        """Make a batch; return the answer if it is but one call."""
        if mode == MANY:
            batch: Any = calls
            make: Callable[[Any], None] = self.many
        else:
            calls = calls or [self.channel.receive() for _ in range(number)]
            batch = [functools.partial(self.one, data) for data in calls]
            if number == 1 and self.takes_ticket():
                return answer_of(batch[0])
            make = self.overlap if mode == OVERLAPPING else self.one_by_one
        self.is_batching = self.outbox is not None
        make(batch)
        _flush()
        self.is_batching = False
        return None

    def many(self, data: bytes) -> None:
        """Make calls that came as one. Without a turn of any, if they can't be read."""
        column = self.outbox.column if self.outbox else None
        turns = Turns(self.takes_ticket, column, lambda number, attempt: self.answer(number, answer_of(attempt)))
        try:
            arguments = decode(data)
        except NotSendable:
            return
        self.common.many(turns, *arguments)

    def one_by_one(self, batch: list[Callable[[], bytes]]) -> None:
        for number, attempt in enumerate(batch):
            if not self.takes_ticket():
                return
            self.answer(number, answer_of(attempt))

    def overlap(self, batch: list[Callable[[], bytes]]) -> None:
        """Make calls of coroutines: they wait together in one event loop, and each has a thread that waits for it."""
        loop = aio.LoopOfSeveral()

        def make(number: int, attempt: Callable[[], bytes]) -> None:
            self.answer(number, answer_of(functools.partial(loop.around, attempt)))

        threads = [threading.Thread(target=make, args=call, daemon=True) for call in enumerate(batch)]
        for thread in threads:
            if self.takes_ticket():
                thread.start()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        loop.close()

    def one(self, data: bytes) -> bytes:
        fn, args, kwargs = decode(data)
        return encode(self.common(*args) if fn is None else fn(*args, **kwargs))

    def answer(self, number: int, data: bytes) -> None:
        if not self.put(number, data):
            self.channel.send(ANSWER + NUMBER.pack(number), data)

    def log(self, data: bytes) -> None:
        if not self.put(LOG_LINE, data):
            self.channel.send(LOG + data)

    def put(self, number: int, data: bytes) -> bool:
        """Put something into shared memory, where it stays until the batch is done, or its owner looks."""
        if not self.is_batching or self.outbox is None:
            return False
        with self.answering:
            return self.outbox.put(number, data)


def answer_of(attempt: Callable[[], bytes], encode: Callable[[Any], bytes] = encode) -> bytes:
    """Make a call, which gives its value encoded, and return its answer: the value, the error, or why there is none."""
    try:
        return VALUE + attempt()
    except Stopped:
        raise
    except NotSendable as error:
        return LOST + str(error).encode(errors="replace")
    except BaseException as error:
        return _error(error, encode)
    finally:
        _flush()


def _error(error: BaseException, encode: Callable[[Any], bytes]) -> bytes:
    try:
        return ERROR + encode(error)
    except NotSendable as reason:
        return LOST + f"it raised {type(error).__name__}, and {reason}".encode(errors="replace")


class _Log:
    """Send log records to the owner, whose handlers take them."""

    def __init__(self, worker: _Worker) -> None:
        self.worker = worker
        self.process_id = os.getpid()
        self.handle = logging.Logger.callHandlers

    def send(self, record: logging.LogRecord) -> None:
        if os.getpid() == self.process_id:
            self.worker.log(_packed(record))
        else:  # a process that a task has forked
            self.handle(logging.getLogger(record.name), record)


_FORMATTER = logging.Formatter()
_PLAIN = frozenset({str, int, float, bool, type(None)})


def _packed(record: logging.LogRecord) -> bytes:
    """Return a record as bytes: its text made here, and all of its attributes that can be sent."""
    fields = dict(record.__dict__)
    fields["msg"], fields["args"] = record.getMessage(), None
    if record.exc_info and record.exc_info[1] is not None:
        fields["exc_text"] = record.exc_text or _FORMATTER.formatException(record.exc_info)
        fields["exc_info"] = (record.exc_info[0], record.exc_info[1], None)
    if _PLAIN.issuperset(map(type, fields.values())):
        return pickle.dumps(fields)
    try:
        return _checked(fields)
    except NotSendable:
        return pickle.dumps({name: _sendable(value) for name, value in fields.items()})


def _sendable(value: Any) -> Any:
    """Return `value`, or its repr if it can't be sent; of an error that can't be sent, one that says the same."""
    try:
        _checked(value)
    except NotSendable:
        if isinstance(value, tuple):
            return (RuntimeError, RuntimeError(repr(value[1])), None)
        return repr(value)
    return value


def _checked(value: Any) -> bytes:
    """Return `value` as bytes of which the same can be made again: records are few, and must not be lost."""
    data = encode(value)
    decode(data)
    return data
