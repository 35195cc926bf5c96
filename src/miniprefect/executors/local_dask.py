"""The executor that Prefect users know for threads and processes of this machine. It needs no Dask here."""

from collections.abc import Callable
from typing import Any

from miniprefect.executors.base import Executor, checked_number
from miniprefect.executors.local import LocalExecutor
from miniprefect.executors.processes import ProcessExecutor
from miniprefect.executors.threads import ThreadExecutor

# What Dask calls its schedulers.
_SCHEDULERS = {
    "threads": "threads",
    "threading": "threads",
    "processes": "processes",
    "multiprocessing": "processes",
    "sync": "synchronous",
    "synchronous": "synchronous",
    "single-threaded": "synchronous",
}


class LocalDaskExecutor(Executor):
    """Run calls as one of the other executors does.

    Args:
        scheduler: ``threads`` (see `ThreadExecutor`), ``processes`` (see `ProcessExecutor`) or ``synchronous`` (see
            `LocalExecutor`), or another of the names that Dask has for these.
        num_workers: how many threads or processes.
        **kwargs: further settings of Dask's schedulers; they are kept as `dask_config` and have no effect.
    """

    def __init__(self, scheduler: str = "threads", num_workers: int | None = None, **kwargs: Any) -> None:
        known = _SCHEDULERS.get(str(scheduler).lower())
        if known is None:
            raise ValueError(f"Unknown scheduler {scheduler!r}. There are: {', '.join(_SCHEDULERS)}.")
        self.scheduler = known
        self.dask_config = kwargs if num_workers is None else {"num_workers": num_workers, **kwargs}
        self.executor = _executor(known, num_workers)

    @property
    def runs_at_once(self) -> bool:  # type: ignore[override]
        """Whether the scheduler is the synchronous one."""
        return self.executor.runs_at_once

    @property
    def width(self) -> int | None:  # type: ignore[override]
        """How many calls it can use at a time."""
        return self.executor.width

    @property
    def overlap(self) -> int | None:  # type: ignore[override]
        """How many calls of coroutines it can use besides."""
        return self.executor.overlap

    @property
    def is_remote(self) -> bool:  # type: ignore[override]
        """Whether the calls run in other processes."""
        return self.executor.is_remote

    def start(self) -> Any:
        """Hold the threads or processes for the length of a flow run."""
        return self.executor.start()

    def start_with(self, common: Any) -> Any:
        """Hold processes that know what their calls have in common."""
        executor: Any = self.executor
        return executor.start_with(common)

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """Begin a call; return its value or a future."""
        return self.executor.submit(fn, *args, extra_context=extra_context, **kwargs)

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        return self.executor.wait(futures)


def _executor(scheduler: str, num_workers: int | None) -> Executor:
    if scheduler == "threads":
        return ThreadExecutor(num_workers)
    if scheduler == "processes":
        return ProcessExecutor(num_workers)
    checked_number(num_workers, 1)
    return LocalExecutor()
