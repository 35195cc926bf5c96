"""Views of flow runs on Prefect's server. There is none here, and fetching one says so."""

from typing import Any

from miniprefect.utilities.records import Record
from miniprefect.utilities.refusal import refusal

INSTEAD = "The state that flow.run() returns has the result of each task."


class FlowRunView(Record):
    """Keep what a server would know of a flow run."""

    def __init__(
        self,
        flow_run_id: str,
        name: str,
        flow_id: str,
        labels: list[str],
        parameters: dict[str, Any],
        context: dict[str, Any],
        state: Any,
        states: list[Any],
        updated_at: Any,
        run_config: Any,
        task_runs: Any = None,
    ) -> None:
        self.keep(locals())

    from_flow_run_id = staticmethod(refusal("FlowRunView.from_flow_run_id()", INSTEAD))
    get_all_task_runs = refusal("FlowRunView.get_all_task_runs()", INSTEAD)
    get_flow_metadata = refusal("FlowRunView.get_flow_metadata()", INSTEAD)
    get_latest = refusal("FlowRunView.get_latest()", INSTEAD)
    get_logs = refusal("FlowRunView.get_logs()", INSTEAD)
    get_task_run = refusal("FlowRunView.get_task_run()", INSTEAD)
    get_task_run_ids = refusal("FlowRunView.get_task_run_ids()", INSTEAD)


watch_flow_run = refusal("watch_flow_run()", INSTEAD)
stream_flow_run_logs = refusal("stream_flow_run_logs()", INSTEAD)
check_for_compatible_agents = refusal("check_for_compatible_agents()", INSTEAD)
