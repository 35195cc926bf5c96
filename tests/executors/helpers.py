"""An executor as a user would write it, for all tests that need more than one thread."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from miniprefect.executors import Executor


class Threads(Executor):
    """A pool of threads whose futures can call back."""

    def __init__(self, workers: int = 4) -> None:
        self.workers = workers
        self.pool: ThreadPoolExecutor | None = None

    @contextmanager
    def start(self) -> Iterator[None]:
        with ThreadPoolExecutor(self.workers) as self.pool:
            yield
        self.pool = None

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Future[Any]:
        assert self.pool is not None, "submit outside of start"
        return self.pool.submit(fn, *args, **kwargs)

    def wait(self, futures: Any) -> Any:
        if isinstance(futures, list):
            return [self.wait(future) for future in futures]
        if isinstance(futures, dict):
            return {key: self.wait(future) for key, future in futures.items()}
        return futures.result() if isinstance(futures, Future) else futures
