"""A task that cancels flow runs on Prefect's server. There is none, so it fails when run."""

from typing import Any

from miniprefect.core.task import Task
from miniprefect.exceptions import no_backend


class CancelFlowRun(Task):
    """Stand for the cancellation of a flow run."""

    def __init__(self, flow_run_id: str | None = None, **kwargs: Any) -> None:
        self.flow_run_id = flow_run_id
        super().__init__(**kwargs)

    def run(self, flow_run_id: str | None = None) -> bool:
        """Raise NoBackendError."""
        raise no_backend("CancelFlowRun", "Raise signals.FAIL in a task to stop this run.")
