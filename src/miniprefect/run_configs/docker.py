"""The record of a run in a container."""

from collections.abc import Iterable
from typing import Any

from miniprefect.run_configs.base import RunConfig


class DockerRun(RunConfig):
    """Say that a flow runs in a Docker container."""

    def __init__(
        self,
        *,
        image: str | None = None,
        env: dict[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        ports: Iterable[int] | None = None,
        host_config: dict[str, Any] | None = None,
    ) -> None:
        self.keep(locals())
        super().__init__(env=env, labels=labels)
