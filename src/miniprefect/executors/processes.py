"""Run calls in worker processes: for tasks that compute, which threads of one process do one after the other."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from miniprefect.executors._many import Turns
from miniprefect.executors._pool import COROUTINES, Call, Pool, WorkerDied
from miniprefect.executors._sending import NotSendable, decode, encode
from miniprefect.executors.base import Executor, checked_number

__all__ = ["COROUTINES", "NotSendable", "ProcessExecutor", "Turns", "WorkerDied", "decode", "encode"]


class ProcessExecutor(Executor):
    """Run calls in processes of this machine, several at a time.

    Args:
        num_workers: how many; by default as many as the machine has processors.
        start_method: how they are started: ``fork`` (the default where there is such), ``forkserver`` or ``spawn``.
            A forked worker has all that its parent had, such as lambdas and functions in functions; of the others,
            the workers import anew what they need.
    """

    is_remote = True

    def __init__(self, num_workers: int | None = None, start_method: str | None = None) -> None:
        self.num_workers = checked_number(num_workers, os.cpu_count() or 1)
        known = multiprocessing.get_all_start_methods()
        if start_method not in (None, *known):
            raise ValueError(f"`start_method` is one of {', '.join(known)}, not {start_method!r}.")
        self.start_method = start_method or ("fork" if "fork" in known else "spawn")
        self._started: list[Pool] = []

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_started": []}

    def start(self) -> Any:
        """Hold the workers, each of which is started when it is first needed."""
        return self.start_with(None)

    @contextmanager
    def start_with(self, common: Callable[..., Any] | None) -> Iterator[Pool]:
        """Hold workers that know `common` from their start, so that `Pool.call` can send what differs only."""
        pool = Pool(self.num_workers, common, self.start_method)
        self._started.append(pool)
        try:
            yield pool
            pool.end()
        finally:
            pool.interrupt()  # nobody, if all have gone
            self._started.remove(pool)

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Call:
        """Have a worker call `fn`; return a future."""
        if not self._started:
            raise RuntimeError(f"{self!r} has not been started. Submit calls within `with executor.start():`.")
        return self._started[-1].submit(fn, *args, extra_context=extra_context, **kwargs)

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        return self._started[-1].wait(futures) if self._started else futures
