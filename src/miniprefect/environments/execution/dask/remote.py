"""The environment of a dask cluster that is there already."""

from collections.abc import Callable, Iterable
from typing import Any

from miniprefect.environments.execution.remote import RemoteEnvironment

DASK = "miniprefect.executors.DaskExecutor"


class RemoteDaskEnvironment(RemoteEnvironment):
    """Say that tasks run on the dask cluster at an address."""

    def __init__(
        self,
        address: str,
        security: Any = None,
        executor_kwargs: dict[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        on_start: Callable[[], Any] | None = None,
        on_exit: Callable[[], Any] | None = None,
    ) -> None:
        executor_kwargs = {"address": address, **(executor_kwargs or {})}
        self.keep(locals())
        super().__init__(DASK, executor_kwargs, labels, on_start, on_exit)
