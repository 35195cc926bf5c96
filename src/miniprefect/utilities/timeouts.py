"""Time limits for calls: what takes too long is interrupted, not only given up.

There are two ways, and `call_with_timeout` takes the first where it can.

*In the main thread of a process* a timer of the operating system (SIGALRM) interrupts the code wherever it is:
in a loop, in `time.sleep`, waiting for a lock or for another process. Only a C function that neither returns nor
looks for signals is out of reach.

*In any other thread* (and on Windows) there is no such timer. The call runs in a helper thread while the caller
waits. When the time is up the helper is asked to stop; Python asks at the next bytecode, so a loop stops at once,
but a sleep goes on to its end. Then the call is abandoned, and the log says so.

Either way the interruption travels through the user's code as `TimeUp`, which `except Exception` does not catch,
and becomes a `TaskTimeoutSignal` where it leaves `call_with_timeout`. Calls with limits may lie within each other:
each keeps its own, and when several are over, the outermost call ends.
"""

import contextvars
import functools
import gc
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Any, Generic, TypeVar

from miniprefect.exceptions import TaskTimeoutSignal, TimeUp

T = TypeVar("T")

# Told how many seconds a call in the main thread has from now on, and -1 when it has ended, so that somebody outside of
# this process can end what nothing inside can. A worker process of an executor puts something in here.
announce: Callable[[float], None] | None = None

_HAS_ALARM = hasattr(signal, "setitimer")

# All in seconds. An interruption that was lost (a bare `except`, a `__del__`) is repeated after _TICK; one that
# comes where it must not hit is put off by _SOON; a helper thread that was asked to stop has _GRACE.
_TICK = 0.1
_SOON = 0.001
_GRACE = 0.25
_LONGEST_WAIT = min(1e8, threading.TIMEOUT_MAX)

logger = logging.getLogger("prefect.TaskRunner")


class Deadline:
    """Know when the time of one call is up, and whether the call was interrupted."""

    __slots__ = ("fired", "gentle", "moment")

    def __init__(self, seconds: float) -> None:
        self.moment = time.monotonic() + seconds
        self.fired = False
        self.gentle: Callable[[], bool] | None = None  # see `interrupted_gently`


class _Local(threading.local):
    """Hold the deadlines of the calls that a thread is in, the outermost first, and the lock for asking it to stop."""

    def __init__(self) -> None:
        self.deadlines: list[Deadline] = []
        self.asking = threading.Lock()


_local = _Local()

if hasattr(os, "register_at_fork"):
    # A child process has no timer, and its parent's calls are not its own.
    os.register_at_fork(after_in_child=lambda: _local.deadlines.clear())


def call_with_timeout(fn: Callable[..., T], seconds: float, /, *args: Any, **kwargs: Any) -> T:
    """Call ``fn(*args, **kwargs)`` and return its value, if it takes no longer than `seconds`.

    What `fn` raises passes. Changes of context variables by `fn` are seen afterwards when it ran in the main
    thread, and are lost when it ran in a helper thread, as that works on a copy of the context.

    In the main thread `fn` must leave SIGALRM alone: `signal.alarm` in it would replace the timer.

    Raises:
        TaskTimeoutSignal: it takes longer, even if `fn` swallows the interruption and returns.
    """
    if is_main_thread_interruptible():
        return _call_with_alarm(fn, seconds, args, kwargs)
    return _call_in_helper(fn, seconds, args, kwargs)


def call_in_thread(fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Call ``fn(*args, **kwargs)`` in a helper thread and return its value; calls around this one keep their limits."""
    return _call_in_helper(fn, math.inf, args, kwargs)


def is_main_thread_interruptible() -> bool:
    """Say whether this is the main thread of its process and a timer can interrupt it."""
    if not _HAS_ALARM or threading.current_thread() is not threading.main_thread():
        return False
    return signal.getsignal(signal.SIGALRM) is not None  # None: a handler written in C, which could not be put back


@contextmanager
def interrupted_gently(gentle: Callable[[], bool]) -> Iterator[None]:
    """Have `gentle` called in place of raising `TimeUp` when the time is up, for the length of a ``with`` block.

    `gentle` is called from a signal handler or from another thread, and again every tenth of a second. It returns
    whether it sees to the end of the call; as soon as it returns False, `TimeUp` is raised after all.
    """
    deadline = _local.deadlines[-1] if _local.deadlines else Deadline(0)
    before, deadline.gentle = deadline.gentle, gentle
    try:
        yield
    finally:
        deadline.gentle = before


def _expired(deadlines: list[Deadline]) -> list[Deadline]:
    now = time.monotonic()
    return [deadline for deadline in deadlines if deadline.moment <= now]


def _remaining(moment: float) -> float:
    return min(max(moment - time.monotonic(), 1e-6), _LONGEST_WAIT)


def _is_its_end(error: BaseException, deadline: Deadline) -> bool:
    """Say whether `error` left the user's code because of `deadline`: all does that comes after the interruption."""
    if isinstance(error, TimeUp) and error.deadline is not None:
        return error.deadline is deadline
    return deadline.fired and not isinstance(error, KeyboardInterrupt)


def _fire(deadline: Deadline, deadlines: list[Deadline]) -> None:
    """Mark a deadline as the one by which its call ends; with it end the calls within, whatever their own limits."""
    deadline.fired = True
    for inner in deadlines[deadlines.index(deadline) + 1 :]:
        inner.moment = math.inf


# ---------------------------------------------------------------------- in the main thread


def _call_with_alarm(fn: Callable[..., T], seconds: float, args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    deadline, deadlines = Deadline(seconds), _local.deadlines
    others = None if deadlines else _OthersAlarm()
    if others is not None:
        others.replace()
    deadlines.append(deadline)
    try:
        if others is not None and announce is not None:
            announce(seconds)
        _set_alarm()
        value = _user_code(fn, args, kwargs)
    except BaseException as error:
        if not _is_its_end(error, deadline):
            raise
        raise TaskTimeoutSignal("Execution timed out.") from error
    finally:
        _remove(deadline)
        if others is None:
            _set_alarm()
        else:
            others.restore()
            if announce is not None:
                announce(-1)
    if deadline.fired:  # and swallowed
        raise TaskTimeoutSignal("Execution timed out.")
    return value


def _user_code(fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    """Call `fn`. Of all code of this module, only this and what it calls may be interrupted by the alarm."""
    return fn(*args, **kwargs)


def _remove(deadline: Deadline) -> None:
    """Forget a deadline and those within it. It may be gone already, in a child process that was forked in a call."""
    if deadline in _local.deadlines:
        del _local.deadlines[_local.deadlines.index(deadline) :]


class _OthersAlarm:
    """Keep the alarm that was set before the outermost call; it still rings when due, and is put back at the end."""

    current: "_OthersAlarm | None" = None

    def __init__(self) -> None:
        self.handler: Any = signal.getsignal(signal.SIGALRM)
        self.moment: float | None = None
        self.interval = 0.0

    def replace(self) -> None:
        """Take over the signal and its timer."""
        # `signal.signal` first serves a signal that is under way, so that none reaches the wrong handler.
        signal.signal(signal.SIGALRM, _on_alarm)
        delay, self.interval = signal.setitimer(signal.ITIMER_REAL, 0)
        self.moment = time.monotonic() + delay if delay else None
        _OthersAlarm.current = self

    def restore(self) -> None:
        """Give the signal and its timer back."""
        _OthersAlarm.current = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.handler)
        if self.moment is not None:
            signal.setitimer(signal.ITIMER_REAL, _remaining(self.moment), self.interval)

    def is_due(self) -> bool:
        """Say whether it would have rung by now."""
        return self.moment is not None and self.moment <= time.monotonic()

    def ring(self, signum: int, frame: FrameType | None) -> None:
        """Do what would have happened without us."""
        self.moment = time.monotonic() + self.interval if self.interval else None
        if callable(self.handler):
            self.handler(signum, frame)
        elif self.handler is signal.SIG_DFL:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.raise_signal(signum)


def _set_alarm() -> None:
    """Have the signal sent when the next deadline passes, or soon if one has passed already."""
    moments = [max(deadline.moment, time.monotonic() + _TICK * deadline.fired) for deadline in _local.deadlines]
    others = _OthersAlarm.current
    if others is not None and others.moment is not None:
        moments.append(others.moment)
    signal.setitimer(signal.ITIMER_REAL, _remaining(min(moments)) if moments else 0)


def _on_alarm(signum: int, frame: FrameType | None) -> None:
    """Interrupt the outermost call whose time is up."""
    others = _OthersAlarm.current
    if others is None:  # the outermost call is ending: this came just too late
        return
    if _must_not_be_hit(frame):
        signal.setitimer(signal.ITIMER_REAL, _SOON)
        return
    if others.is_due():
        _ring_in_turn(others, signum, frame)
    interruption = _interruption()
    _set_alarm()
    if interruption is not None:
        raise interruption


def _ring_in_turn(others: _OthersAlarm, signum: int, frame: FrameType | None) -> None:
    try:
        others.ring(signum, frame)
    finally:
        _set_alarm()


def _must_not_be_hit(frame: FrameType | None) -> bool:
    """Say whether the alarm came in the middle of this module's own work, or where it would be lost."""
    gc_callbacks = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    while frame is not None and frame.f_globals is not globals():
        if frame.f_code in gc_callbacks:  # Python prints what they raise, and goes on
            return True
        frame = frame.f_back
    return frame is not None and frame.f_code is not _user_code.__code__


def _interruption() -> TimeUp | None:
    """Return what to raise in this thread now, if anything."""
    for deadline in _expired(_local.deadlines):
        if not _is_unwinding(deadline):
            _fire(deadline, _local.deadlines)
            gentle = _local.deadlines[-1].gentle
            return None if gentle is not None and gentle() else TimeUp(deadline)
    return None


def _is_unwinding(deadline: Deadline) -> bool:
    """Say whether the user's code is in a `finally` or `except` block because of `deadline`: it may take its time."""
    error, seen = sys.exception(), set()
    while error is not None and id(error) not in seen:
        if isinstance(error, TimeUp) and error.deadline is deadline:
            return True
        seen.add(id(error))
        error = error.__context__
    return False


# ---------------------------------------------------------------------- in other threads


def _call_in_helper(fn: Callable[..., T], seconds: float, args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    helper = _Helper(functools.partial(fn, *args, **kwargs), Deadline(seconds), _local.deadlines)
    helper.start()
    try:
        over = helper.wait()
    except BaseException:
        helper.ask_to_stop()
        raise
    if over is None:
        return _outcome(helper)
    if not helper.stop():
        logger.warning(_ABANDONED, _name(fn))
    if over is helper.deadline:
        raise TaskTimeoutSignal("Execution timed out.")
    raise TimeUp(over)


def _outcome(helper: "_Helper[T]") -> T:
    """Return or raise what the call did, which a call within may have ended because the time of this one was up."""
    try:
        value = helper.outcome()
    except BaseException as error:
        if not _is_its_end(error, helper.deadline):
            raise
        raise TaskTimeoutSignal("Execution timed out.") from error
    if helper.deadline.fired:  # and swallowed
        raise TaskTimeoutSignal("Execution timed out.")
    return value


def _name(fn: Callable[..., Any]) -> str:
    """Return what to call `fn` in a log line: in a partial such as ``partial(call_async, fn)``, the inner function."""
    while isinstance(fn, functools.partial):
        fn = fn.args[0] if fn.args and callable(fn.args[0]) else fn.func
    return getattr(fn, "__qualname__", None) or type(fn).__qualname__


_ABANDONED = (
    "%s did not stop when its time was up: outside the main thread, Python can interrupt neither a sleep "
    "nor C code. It is abandoned and may go on in the background."
)


class _Helper(Generic[T]):
    """Make a call in a thread of its own.

    Args:
        call: the call.
        deadline: when its time is up.
        around: the deadlines of the calls that the caller is in: the helper takes part in those too.
    """

    def __init__(self, call: Callable[[], T], deadline: Deadline, around: list[Deadline]) -> None:
        self.call = call
        self.deadline = deadline
        self.deadlines = [*around, deadline]
        self.value: T | None = None
        self.error: BaseException | None = None
        self.done = threading.Event()
        self._asking = threading.Lock()
        self._may_be_asked = False  # only while it makes the call: Python's own code for threads must not be hit
        self._is_too_late = False
        name = f"{threading.current_thread().name} (with timeout)"
        self._thread = threading.Thread(
            target=contextvars.copy_context().run, args=(self._run,), name=name, daemon=True
        )

    # In the caller's thread

    def start(self) -> None:
        """Begin the call."""
        # In Python 3.11 a thread that is just being made goes by the ident of its maker, and would be hit in its place.
        with _local.asking:
            self._thread.start()

    def wait(self) -> Deadline | None:
        """Wait for the end of the call (None), or for the deadline that comes before it."""
        while not self.done.wait(_remaining(min(deadline.moment for deadline in self.deadlines))):
            for deadline in _expired(self.deadlines):
                deadline.fired = True
                return deadline
        return None

    def outcome(self) -> T:
        """Return or raise what the call did."""
        self._thread.join()
        if self.error is None:
            return self.value  # type: ignore[return-value]
        try:
            raise self.error
        finally:
            self.error = None  # its traceback holds this object, and this object would hold it

    def stop(self) -> bool:
        """Ask the helper to stop, and return whether it does so before long."""
        end = time.monotonic() + _GRACE
        asked_hard = False
        while not self.done.is_set() and time.monotonic() < end:
            asked_hard = asked_hard or self.ask_to_stop()
            self.done.wait(min(_TICK, _remaining(end)))
        if self.done.is_set():
            self._thread.join()
        return self.done.is_set()

    def ask_to_stop(self) -> bool:
        """Have `TimeUp` raised in the helper, unless it can be asked gently; return whether it was raised."""
        gentle = self.deadline.gentle
        if gentle is not None and gentle():
            return False
        with self._asking:
            self._is_too_late = True
            if self._may_be_asked and self._thread.ident is not None:
                raise_in_thread(self._thread.ident, TimeUp)
        return True

    # In the helper thread

    def _run(self) -> None:
        """Make the call, and catch a `TimeUp` that comes when it has just ended."""
        try:
            self._make_call()
        except BaseException as error:
            self.error = error
        finally:
            self.done.set()

    def _make_call(self) -> None:
        _local.deadlines = self.deadlines
        _local.asking = self._asking
        with self._asking:
            if self._is_too_late:
                return
            self._may_be_asked = True
        try:
            self.value = self.call()
        except BaseException as error:
            self.error = error
        with self._asking:
            self._may_be_asked = False
        if self._is_too_late:
            raise_in_thread(threading.get_ident(), None)


def raise_in_thread(ident: int, kind: type[BaseException] | None) -> None:
    """Have an exception of class `kind` raised in another thread at its next bytecode; None takes it back."""
    ctypes = import_module("ctypes")  # loaded when needed: most programs never stop a thread
    target = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), target)
