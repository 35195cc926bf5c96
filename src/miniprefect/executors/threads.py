"""Run calls in threads: for tasks that wait for networks, disks, databases or other programs."""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from miniprefect.executors.base import Executor, checked_number, gathered
from miniprefect.utilities.aio import LoopOfSeveral
from miniprefect.utilities.timeouts import raise_in_thread

# Calls that lie ready beside those that run, so that no thread waits for the next one to be chosen. Not more: what
# lies ready has been chosen, and what becomes ready later may be further downstream.
_LOOK_AHEAD = 2
# Coroutines wait together in one event loop, and each needs a thread that waits for it.
_OVERLAP = 500
# In seconds: how long the calls that run have for their end after an interruption.
_GRACE = 0.5


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
    ) -> Future[Any]:
        """Have a thread call `fn`; return a future."""
        if not self._started:
            raise RuntimeError(f"{self!r} has not been started. Submit calls within `with executor.start():`.")
        return self._started[-1].submit(fn, *args, extra_context=extra_context, **kwargs)

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        return _values(futures)


class Threads(Executor):
    """Be the threads of one run.

    Args:
        number: how many there may be for calls that are no coroutines.
    """

    def __init__(self, number: int) -> None:
        self.workers = _Workers(number)
        self.waiters = _Workers(_OVERLAP)
        self.loop = LoopOfSeveral()
        self.width = number + _LOOK_AHEAD
        self.overlap = _OVERLAP

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Future[Any]:
        """Have a thread call `fn`; return a future."""
        if extra_context and extra_context.get("is_async"):
            return self.waiters.submit(self.loop.around, (fn, *args), kwargs)
        return self.workers.submit(fn, args, kwargs)

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
        self.loop.close()
        deadline = time.monotonic() + _GRACE
        for workers in (self.workers, self.waiters):
            workers.drop()
            workers.dismiss()
            workers.ask_to_stop()
        for workers in (self.workers, self.waiters):
            workers.join(deadline)


def _values(futures: Any) -> Any:
    return gathered(futures, lambda future: future.result() if isinstance(future, Future) else future)


class _Workers:
    """Make calls in a number of threads. They are daemons: a call that was given up keeps no program from ending."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.threads: list[threading.Thread] = []
        self.idle = threading.Semaphore(0)

    def submit(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls.put((future, fn, args, kwargs))
        if len(self.threads) < self.number and not self.idle.acquire(blocking=False):
            thread = threading.Thread(target=self._work, name=f"worker-{len(self.threads)}", daemon=True)
            self.threads.append(thread)
            thread.start()
        return future

    def _work(self) -> None:
        try:
            while (call := self.calls.get()) is not None:
                if not _make(*call):
                    return
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
                self.calls.get_nowait()
            except queue.Empty:
                return

    def ask_to_stop(self) -> None:
        for thread in self.threads:
            if thread.ident is not None and thread.is_alive():
                raise_in_thread(thread.ident, KeyboardInterrupt)

    def join(self, deadline: float) -> None:
        for thread in self.threads:
            thread.join(None if deadline == float("inf") else max(deadline - time.monotonic(), 0.01))


def _make(future: Future[Any], fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Make a call, unless it was cancelled. Return False if it raised what Ctrl-C raises: then no other is to begin."""
    if not future.set_running_or_notify_cancel():
        return True
    try:
        value = fn(*args, **kwargs)
    except BaseException as error:
        future.set_exception(error)
        return not isinstance(error, KeyboardInterrupt)
    future.set_result(value)
    return True
