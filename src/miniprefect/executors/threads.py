"""Run calls in threads: for tasks that wait for networks, disks, databases or other programs."""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any

from miniprefect.executors.base import Executor, checked_number, gathered
from miniprefect.utilities.aio import LoopOfSeveral
from miniprefect.utilities.timeouts import raise_in_thread

# Calls that lie ready beside those that run, so that no thread waits for the next one to be chosen. Not more: what
# lies ready has been chosen, and what becomes ready later may be further downstream. But of short calls as many as take
# some _MOMENT, in seconds, up to _FAR_AHEAD: for Python to go from thread to thread takes longer than to make them.
_LOOK_AHEAD = 2
_FAR_AHEAD = 16
_MOMENT = 0.0005
# Coroutines wait together in one event loop, and each needs a thread that waits for it.
_OVERLAP = 500
# In seconds: how long the calls that run have for their end after an interruption.
_GRACE = 0.5


logger = logging.getLogger("prefect.ThreadExecutor")


class ThreadExecutor(Executor):
    """Run calls in threads, several at a time, and any number of coroutines besides.

    Args:
        num_workers: how many threads; by default a few more than the machine has processors, as most calls wait.
    """

    overlap = _OVERLAP

    def __init__(self, num_workers: int | None = None) -> None:
        self.num_workers = checked_number(num_workers, (os.cpu_count() or 1) + 4)
        self.width = self.num_workers + _LOOK_AHEAD
        self._started: list[Threads] = []

    @contextmanager
    def start(self) -> Iterator["Threads"]:
        """Hold the threads, each of which is started when it is first needed."""
        threads = Threads(self.num_workers)
        self._started.append(threads)
        try:
            yield threads
        except BaseException:
            threads.interrupt()
            raise
        else:
            threads.end()
        finally:
            self._started.remove(threads)

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> "Call":
        """Have a thread call `fn`; return a future."""
        if not self._started:
            raise RuntimeError(f"{self!r} has not been started. Submit calls within `with executor.start():`.")
        return self._started[-1].submit(fn, *args, extra_context=extra_context, **kwargs)

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        return _values(futures)


class Call:
    """Be a call on its way: a future. Those of the standard library have locks, which take longer than a short call.

    Args:
        kind: calls of one kind take about as long.
        fn: what is called, with `args` and `kwargs`.
    """

    __slots__ = ("_call", "_callbacks", "_error", "_is_cancelled", "_is_done", "_value", "kind")

    def __init__(self, kind: Any, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.kind = kind
        self._call: Any = (fn, args, kwargs)
        self._callbacks: list[Callable[[Any], Any]] = []
        self._is_cancelled = self._is_done = False
        self._value: Any = None
        self._error: BaseException | None = None

    def make(self) -> bool:
        """Make the call, unless it was cancelled. Return False if it raised what Ctrl-C raises: it is the last one."""
        (fn, args, kwargs), self._call = self._call, None
        try:
            if self._is_cancelled:
                raise CancelledError
            self._value = fn(*args, **kwargs)
        except BaseException as error:
            self._error = error
        self._end()
        return not isinstance(self._error, KeyboardInterrupt)

    def drop(self) -> None:
        """End the call, which has not begun, as a cancelled one."""
        self._error = CancelledError()
        self._end()

    def cancel(self) -> None:
        """Have the call not made, if it has not begun."""
        self._is_cancelled = True

    def done(self) -> bool:
        """Say whether the call is done, or was dropped."""
        return self._is_done

    def add_done_callback(self, fn: Callable[[Any], Any]) -> None:
        """Have `fn` called with this call when it is done."""
        self._callbacks.append(fn)
        if self._is_done:
            self._tell()

    def _end(self) -> None:
        self._is_done = True
        self._tell()

    def _tell(self) -> None:
        # Two threads may do this at the same time; to take something off a list is one step, so each is told once.
        while self._callbacks:
            try:
                fn = self._callbacks.pop(0)
            except IndexError:
                return
            try:
                fn(self)
            except Exception:
                logger.exception("What was to be called when a call is done raised an error.")

    def result(self, timeout: float | None = None) -> Any:
        """Return or raise what the call did, when it is done.

        Raises:
            TimeoutError: it is not done after so many seconds.
        """
        if not self._is_done:
            done = threading.Event()
            self.add_done_callback(lambda call: done.set())
            if not done.wait(timeout):
                raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._value


class Threads(Executor):
    """Be the threads of one run.

    Args:
        number: how many there may be for calls that are no coroutines.
    """

    def __init__(self, number: int) -> None:
        self.workers = _Workers(number)
        self.waiters = _Workers(_OVERLAP)
        self.loop = LoopOfSeveral()
        self.overlap = _OVERLAP

    @property
    def width(self) -> int:  # type: ignore[override]
        """How many calls it can use: those that run, and some that lie ready."""
        workers = self.workers
        # Of calls of which nothing is known, such as the first of a task, no more are to lie ready than of long ones.
        pace = workers.paces.get(workers.last_kind, 1.0)
        return workers.number + max(_LOOK_AHEAD, min(int(_MOMENT / pace), _FAR_AHEAD))

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Call:
        """Have a thread call `fn`; return a future."""
        facts = extra_context or {}
        kind = facts.get("task_name")
        if facts.get("is_async"):
            return self.waiters.submit(kind, self.loop.around, (fn, *args), kwargs)
        return self.workers.submit(kind, fn, args, kwargs)

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        return _values(futures)

    def end(self) -> None:
        """Let what runs come to its end."""
        for workers in (self.workers, self.waiters):
            workers.dismiss()
            workers.join(float("inf"))
        self.loop.close()

    def interrupt(self) -> None:
        """Drop the calls that wait, and ask those that run to stop; what does not, for long, is given up."""
        self.loop.close(is_interrupted=True)
        deadline = time.monotonic() + _GRACE
        for workers in (self.workers, self.waiters):
            workers.drop()
            workers.dismiss()
            workers.ask_to_stop()
        for workers in (self.workers, self.waiters):
            workers.join(deadline)


def _values(futures: Any) -> Any:
    return gathered(futures, lambda future: future.result() if isinstance(future, Call | Future) else future)


class _Workers:
    """Make calls in a number of threads. They are daemons: a call that was given up keeps no program from ending.

    Attributes:
        paces: how long a call takes, in seconds, by kind.
        last_kind: that of the call which came last.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.paces: dict[Any, float] = {}
        self.last_kind: Any = None
        self.calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.threads: list[threading.Thread] = []
        self.idle = threading.Semaphore(0)

    def submit(self, kind: Any, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        call = Call(kind, fn, args, kwargs)
        self.last_kind = kind
        self.calls.put(call)
        if len(self.threads) < self.number and not self.idle.acquire(blocking=False):
            thread = threading.Thread(target=self._work, name=f"worker-{len(self.threads)}", daemon=True)
            self.threads.append(thread)
            thread.start()
        return call

    def _work(self) -> None:
        try:
            while (call := self.calls.get()) is not None:
                begun = time.perf_counter()
                if not call.make():
                    return
                # Several threads do this, and one may undo what another did: an estimate will do.
                took = time.perf_counter() - begun
                pace = self.paces.get(call.kind, took)
                self.paces[call.kind] = max(pace + (took - pace) / 4, 1e-6)
                del call  # or it would keep the result alive until the next one
                if len(self.threads) < self.number:
                    self.idle.release()
        except KeyboardInterrupt:  # `ask_to_stop` came between two calls
            pass

    def dismiss(self) -> None:
        for _ in self.threads:
            self.calls.put(None)

    def drop(self) -> None:
        while not self.calls.empty():
            try:
                call = self.calls.get_nowait()
            except queue.Empty:
                return
            if call is not None:
                call.drop()

    def ask_to_stop(self) -> None:
        for thread in self.threads:
            if thread.ident is not None and thread.is_alive():
                raise_in_thread(thread.ident, KeyboardInterrupt)

    def join(self, deadline: float) -> None:
        for thread in self.threads:
            if thread.ident is None:  # Ctrl-C came before it was started
                continue
            thread.join(None if deadline == float("inf") else max(deadline - time.monotonic(), 0.01))
