"""Tasks that start, await and read flow runs on Prefect's server. There is none, so they fail when run."""

import datetime
from collections.abc import Iterable
from typing import Any, NoReturn

from miniprefect.core.task import Task
from miniprefect.exceptions import no_backend
from miniprefect.utilities.tasks import task

INSTEAD = "Import the other flow, and call its run() in a @task."


class StartFlowRun(Task):
    """Stand for the start of a run of another flow, by its name."""

    def __init__(
        self,
        flow_name: str | None = None,
        project_name: str | None = None,
        parameters: dict[str, Any] | None = None,
        run_config: Any = None,
        wait: bool = False,
        new_flow_context: dict[str, Any] | None = None,
        run_name: str | None = None,
        scheduled_start_time: datetime.datetime | None = None,
        poll_interval: datetime.timedelta = datetime.timedelta(seconds=10),
        create_link_artifact: bool = True,
        **kwargs: Any,
    ) -> None:
        self.flow_name = flow_name
        self.project_name = project_name
        self.parameters = parameters
        self.run_config = run_config
        self.wait = wait
        self.new_flow_context = new_flow_context
        self.run_name = run_name
        self.scheduled_start_time = scheduled_start_time
        self.poll_interval = poll_interval
        self.create_link_artifact = create_link_artifact
        super().__init__(**({"name": f"Flow {flow_name}"} if flow_name else {}) | kwargs)

    def run(
        self,
        flow_name: str | None = None,
        project_name: str | None = None,
        parameters: dict[str, Any] | None = None,
        run_config: Any = None,
        new_flow_context: dict[str, Any] | None = None,
        run_name: str | None = None,
        idempotency_key: str | None = None,
        scheduled_start_time: datetime.datetime | None = None,
    ) -> NoReturn:
        """Raise NoBackendError."""
        raise no_backend(f"StartFlowRun of {flow_name or self.flow_name!r}", INSTEAD)


@task
def create_flow_run(
    flow_id: str | None = None,
    flow_name: str | None = None,
    project_name: str = "",
    parameters: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
    labels: Iterable[str] | None = None,
    run_name: str | None = None,
    run_config: Any = None,
    scheduled_start_time: datetime.datetime | datetime.timedelta | None = None,
    idempotency_key: str | None = None,
) -> str:
    """Raise NoBackendError: a flow run can't be created elsewhere."""
    raise no_backend(f"create_flow_run() of {flow_name or flow_id!r}", INSTEAD)


@task
def wait_for_flow_run(
    flow_run_id: str,
    stream_states: bool = True,
    stream_logs: bool = False,
    raise_final_state: bool = False,
    max_duration: datetime.timedelta = datetime.timedelta(hours=12),
) -> Any:
    """Raise NoBackendError: there is no flow run to wait for."""
    raise no_backend("wait_for_flow_run()", INSTEAD)


@task
def get_task_run_result(flow_run_id: str, task_slug: str, map_index: int = -1, poll_time: int = 5) -> Any:
    """Raise NoBackendError: there is no task run to read."""
    raise no_backend("get_task_run_result()", INSTEAD)
