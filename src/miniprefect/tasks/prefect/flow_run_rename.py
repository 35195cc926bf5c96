"""A task that renames flow runs on Prefect's server. There is none, so it fails when run."""

from typing import Any

from miniprefect.core.task import Task
from miniprefect.exceptions import no_backend


class RenameFlowRun(Task):
    """Stand for the renaming of a flow run."""

    def __init__(self, flow_run_id: str | None = None, flow_run_name: str | None = None, **kwargs: Any) -> None:
        self.flow_run_id = flow_run_id
        self.flow_run_name = flow_run_name
        super().__init__(**kwargs)

    def run(self, flow_run_id: str | None = None, flow_run_name: str | None = None) -> bool:
        """Raise NoBackendError."""
        raise no_backend("RenameFlowRun", "Give the run its name with flow.run(flow_run_name=...).")
