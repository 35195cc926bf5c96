"""One worker process as its owner sees it: its pipes, the calls that it has, its end."""

import atexit
import logging
import os
import select
import signal
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from miniprefect.executors._outbox import Outbox
from miniprefect.executors._tickets import PipedTickets, Tickets, new_tickets
from miniprefect.executors._worker import Ends, work

# In seconds: so long a second Ctrl-C is put off as the first one is.
_IMPATIENCE = 1.0
# Held while a worker is started: one that another thread starts meanwhile would keep pipes of this one open.
_starting = threading.Lock()
# All workers of this process. A process that is forked from it must not keep their pipes open.
_all: "weakref.WeakSet[Hand]" = weakref.WeakSet()


def _forget() -> None:
    global _starting
    _starting = threading.Lock()
    for hand in list(_all):
        hand.close()
    _all.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@atexit.register
def _end_all() -> None:
    """End workers that were left because of one Ctrl-C upon the other: the end of the program waits for theirs."""
    for hand in list(_all):
        hand.kill()


@contextmanager
def ctrl_c_later() -> Iterator[None]:
    """Put Ctrl-C off to the end of a ``with`` block, or of a function; not a second one that comes after a moment.

    Python swallows what it raises in a hook at a fork, so it would be lost; and what is half done would stay so. A
    mask of signals is not enough: when another thread gets the signal, this one still calls the handler.
    """
    handler: Any = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[Any] = []
    begun = time.monotonic()

    def note(number: int, frame: Any) -> None:
        if came and time.monotonic() > begun + _IMPATIENCE:
            handler(number, frame)
        came.append((number, frame))

    # A worker that is forked meanwhile begins with this: Ctrl-C is nothing to it, even before it says so itself.
    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])


def hire(context: Any, common: Any) -> "Hand":
    """Start a worker process.

    Args:
        context: how, a context of `multiprocessing`.
        common: what all calls have in common; bytes, if the worker does not inherit it.

    Raises:
        OSError: there can't be more processes, or files.
    """
    is_fork = context.get_start_method() == "fork"
    with _starting, _Pipes(context) as pipes:
        tickets = new_tickets(is_fork, pipes.one_way)
        lifeline, ours = pipes.one_way()
        channel, theirs = pipes.both_ways()
        outbox = Outbox() if is_fork else None
        ends = Ends(theirs, tickets, lifeline, outbox)
        if is_fork:
            process = context.Process(target=_work, args=((channel, ours), ends, common))
        else:
            process = context.Process(target=work, args=(ends, common, _levels()))
        with _unwarned():
            process.start()
        pipes.keep()
        hand = Hand(process, channel, tickets, ours, outbox)
        _all.add(hand)
        theirs.close()
        lifeline.close()
    return hand


class _Pipes:
    """Make pipes, and close them all if something goes wrong."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.ends: list[Connection] = []

    def one_way(self) -> tuple[Connection, Connection]:
        pair = self.context.Pipe(duplex=False)
        self.ends += pair
        return pair  # type: ignore[no-any-return]

    def both_ways(self) -> tuple[Connection, Connection]:
        pair = self.context.Pipe()
        self.ends += pair
        return pair  # type: ignore[no-any-return]

    def keep(self) -> None:
        self.ends = []

    def __enter__(self) -> "_Pipes":
        return self

    def __exit__(self, *error: object) -> None:
        for end in self.ends:
            end.close()


def _work(not_mine: tuple[Connection, ...], ends: Ends, common: Any) -> None:
    """Close the owner's ends, or nobody would see them close when it dies; then work."""
    for end in not_mine:
        end.close()
    work(ends, common)


def _levels() -> dict[str, int]:
    """Return the levels that loggers have been given, for a worker that does not inherit them."""
    known: dict[str, Any] = {"": logging.getLogger(), **logging.Logger.manager.loggerDict}
    return {name: logger.level for name, logger in known.items() if getattr(logger, "level", 0)}


@contextmanager
def _unwarned() -> Iterator[None]:
    """Let a process be forked that has threads of its user's: Python 3.12 warns of that, for a good reason.

    What a thread holds at that moment (a lock) stays held in the worker. Python sees to its own locks, and logging
    to its; so nothing hangs but a task that wants a lock of the user's which another thread held.
    """
    if sys.version_info < (3, 12) or threading.active_count() == 1:
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)
        yield


class Hand:
    """Be a worker process.

    Attributes:
        calls: its batch; empty if it is idle.
        heard: when it was heard of last, by `time.monotonic`.
        limit: when it is late with its call; None if that has no limit.
        is_late: whether it was killed for that.
        sources: what can be read, or waited for, when there is news of it.
    """

    def __init__(
        self,
        process: Any,
        channel: Connection,
        tickets: Tickets | PipedTickets,
        lifeline: Connection,
        outbox: Outbox | None,
    ) -> None:
        self.process = process
        self.channel = channel
        self._tickets = tickets
        self._lifeline = lifeline
        self._outbox = outbox
        self._pid_file = _pid_file(process.pid)
        self.death = process.sentinel if self._pid_file is None else self._pid_file
        self.sources = (channel, self.death)
        self._poll = select.poll()
        self._poll.register(channel.fileno(), select.POLLIN)
        self.calls: Sequence[Any] = []
        self.heard = 0.0
        self.limit: float | None = None
        self.is_late = False

    def has_said(self) -> bool:
        """Say whether there is a message of it; `Connection.poll` takes ten times as long."""
        return bool(self._poll.poll(0))

    # ------------------------------------------------------------------ a batch

    def begin(self, batch: Sequence[Any]) -> None:
        """Get a batch, and a ticket for each call of it; the calls themselves are sent afterwards."""
        self.calls = batch
        self.limit = None
        self.heard = time.monotonic()
        if self._outbox is not None:
            self._outbox.empty()
        self._tickets.give(len(batch))

    def collected(self) -> Iterable[tuple[int, bytes]]:
        """List the answers that have come into shared memory, each with the number of its call."""
        return () if self._outbox is None else self._outbox.take()

    def values(self) -> tuple[int, list[Any]]:
        """Return the plain values that have come into shared memory, and the number of the first one's call."""
        return (0, []) if self._outbox is None else self._outbox.column.take()

    def taken_back(self) -> Sequence[Any]:
        """Take back the calls that have not begun."""
        begun = len(self.calls) - self._tickets.take_back()
        rest, self.calls = self.calls[begun:], self.calls[:begun]
        return rest

    # ------------------------------------------------------------------ its end

    def obituary(self) -> str:
        """Say how it died."""
        self.process.join(1)
        code = self.process.exitcode
        if code is None:
            return "The worker process has gone."
        if code >= 0:
            return f"The worker process ended with exit code {code} while it ran this task."
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        hint = " The system does this to a process that needs more memory than there is." if code == -9 else ""
        return f"The worker process was killed by {name} while it ran this task.{hint}"

    def dismiss(self) -> None:
        """Say that there is no more to do."""
        self.channel.close()

    def stop(self) -> None:
        """Interrupt what it does, and have it end."""
        self.process.terminate()

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError, ValueError):  # it has ended, and perhaps been closed
            self.process.kill()

    def see_off(self, deadline: float) -> None:
        """Wait for its end until `deadline`, and no longer."""
        self.process.join(max(deadline - time.monotonic(), 0.01))
        if self.process.exitcode is None:
            self.kill()
            self.process.join()

    def close(self) -> None:
        """Close the pipes, and whatever else there is of it in this process."""
        _all.discard(self)
        for end in (self.channel, self._tickets, self._lifeline):
            end.close()
        if self._pid_file is not None:
            os.close(self._pid_file)
            self._pid_file = None
        if self._outbox is not None:
            self._outbox.close()
        if self.process.exitcode is not None:  # else this is a fork of the owner, or somebody else waited for it
            self.process.close()


def _pid_file(process_id: int) -> int | None:
    """Return a file that can be read when the process has ended, where the system has such."""
    opened: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
    try:
        return opened and opened(process_id)
    except OSError:
        return None
