"""The record of a run on Google Vertex."""

from collections.abc import Iterable
from typing import Any

from miniprefect.run_configs.base import RunConfig


class VertexRun(RunConfig):
    """Say that a flow runs as a Vertex job."""

    def __init__(
        self,
        *,
        env: dict[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        image: str | None = None,
        machine_type: str = "e2-standard-4",
        scheduling: dict[str, Any] | None = None,
        service_account: str | None = None,
        network: str | None = None,
        worker_pool_specs: list[dict[str, Any]] | None = None,
    ) -> None:
        self.keep(locals())
        super().__init__(env=env, labels=labels)
