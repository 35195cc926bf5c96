"""The environment of a Kubernetes job."""

from collections.abc import Callable, Iterable
from typing import Any

from miniprefect.environments.execution.base import Environment


class KubernetesJobEnvironment(Environment):
    """Say that a flow runs as a Kubernetes job."""

    def __init__(
        self,
        job_spec_file: str | None = None,
        executor_kwargs: dict[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        on_start: Callable[[], Any] | None = None,
        on_exit: Callable[[], Any] | None = None,
    ) -> None:
        self.keep(locals())
        super().__init__(labels=labels, on_start=on_start, on_exit=on_exit)
