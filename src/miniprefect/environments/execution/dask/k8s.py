"""The environment of a dask cluster in Kubernetes."""

from collections.abc import Callable, Iterable
from typing import Any

from miniprefect.environments.execution.base import Environment


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
