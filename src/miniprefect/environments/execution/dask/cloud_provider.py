"""The environment of a dask cluster made by a cloud."""

from collections.abc import Callable, Iterable
from typing import Any

from miniprefect.environments.execution.dask.remote import RemoteDaskEnvironment


class DaskCloudProviderEnvironment(RemoteDaskEnvironment):
    """Say that tasks run on a dask cluster made for the run; keep more keywords as `cluster_kwargs`."""

    def __init__(
        self,
        provider_class: type,
        adaptive_min_workers: int | None = None,
        adaptive_max_workers: int | None = None,
        security: Any = None,
        executor_kwargs: dict[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        on_execute: Callable[[dict[str, Any], dict[str, Any]], None] | None = None,
        on_start: Callable[[], Any] | None = None,
        on_exit: Callable[[], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.cluster_kwargs = kwargs
        self.keep(locals())
        super().__init__("", security, executor_kwargs, labels, on_start, on_exit)
