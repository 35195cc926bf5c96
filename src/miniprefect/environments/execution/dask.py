"""The environments that run on dask."""

from collections.abc import Callable, Iterable
from typing import Any

from miniprefect.environments.execution.base import Environment
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


class DaskKubernetesEnvironment(Environment):
    """Say that tasks run on a dask cluster in Kubernetes."""

    def __init__(
        self,
        min_workers: int = 1,
        max_workers: int = 2,
        work_stealing: bool = False,
        scheduler_logs: bool = False,
        private_registry: bool = False,
        docker_secret: str | None = None,
        labels: Iterable[str] | None = None,
        on_start: Callable[[], Any] | None = None,
        on_exit: Callable[[], Any] | None = None,
        scheduler_spec_file: str | None = None,
        worker_spec_file: str | None = None,
    ) -> None:
        self.keep(locals())
        super().__init__(labels=labels, on_start=on_start, on_exit=on_exit)
