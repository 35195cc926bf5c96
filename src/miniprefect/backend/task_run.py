"""Views of task runs on Prefect's server. There is none here, and fetching one says so."""

from typing import Any

from miniprefect.backend.flow_run import INSTEAD
from miniprefect.utilities.records import Record
from miniprefect.utilities.refusal import refusal


class TaskRunView(Record):
    """Keep what a server would know of a task run."""

    def __init__(
        self,
        task_run_id: str,
        task_id: str,
        task_slug: str,
        name: str,
        state: Any,
        map_index: int,
        flow_run_id: str,
    ) -> None:
        self.keep(locals())

    from_task_run_id = staticmethod(refusal("TaskRunView.from_task_run_id()", INSTEAD))
    from_task_slug = staticmethod(refusal("TaskRunView.from_task_slug()", INSTEAD))
    get_latest = refusal("TaskRunView.get_latest()", INSTEAD)
    get_result = refusal("TaskRunView.get_result()", INSTEAD)
    iter_mapped = refusal("TaskRunView.iter_mapped()", INSTEAD)
