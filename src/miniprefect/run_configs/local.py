"""The record of a run on this machine."""

from collections.abc import Iterable
from typing import Any

from miniprefect.run_configs.base import RunConfig


class LocalRun(RunConfig):
    """Say that a flow runs as a process of a local agent."""

    def __init__(
        self,
        *,
        env: dict[str, Any] | None = None,
        working_dir: str | None = None,
        labels: Iterable[str] | None = None,
    ) -> None:
        self.keep(locals())
        super().__init__(env=env, labels=labels)
