"""What a run puts into the context: the keys that a flow run and a task run define, each made when it is read."""

import datetime
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from miniprefect.engine.plan import FlowLike, TaskLike
from miniprefect.utilities.clock import utc_now
from miniprefect.utilities.context import Frame
from miniprefect.utilities.identity import new_id
from miniprefect.utilities.logging import get_logger


def _day(offset: int, text_format: str) -> Callable[[Frame], str]:
    """Make a maker of a day, counted from the date of the run."""

    def make(frame: Frame) -> str:
        date = frame.get("date")
        day: datetime.date = date if isinstance(date, datetime.date) else utc_now()
        return (day + datetime.timedelta(days=offset)).strftime(text_format)

    return make


class FlowFrame(Frame):
    """Hold the context of one flow run. Its dates are those of the moment when this is made, whenever they are read.

    Args:
        parent: the context that the run was started in.
        values: what the run was given.
        flow: what runs.
    """

    __slots__ = ("begun", "flow")

    makers: ClassVar[Mapping[str, Any]] = {
        "flow_name": lambda frame: frame.flow.name,
        "flow_id": lambda frame: frame.flow.name,
        "flow_run_id": lambda frame: new_id(),
        "flow_run_name": lambda frame: new_id(),
        "caches": lambda frame: {},
    }
    defaults: ClassVar[Mapping[str, Any]] = {
        "date": lambda frame: frame.begun,
        "today": _day(0, "%Y-%m-%d"),
        "yesterday": _day(-1, "%Y-%m-%d"),
        "tomorrow": _day(1, "%Y-%m-%d"),
        "today_nodash": _day(0, "%Y%m%d"),
        "yesterday_nodash": _day(-1, "%Y%m%d"),
        "tomorrow_nodash": _day(1, "%Y%m%d"),
        "scheduled_start_time": lambda frame: frame.begun,
        "checkpointing": lambda frame: frame.get("config").flows.checkpointing,
    }

    def __init__(self, parent: Frame, values: dict[str, Any], flow: FlowLike) -> None:
        super().__init__(parent, values)
        self.flow = flow
        self.begun = utc_now()


class TaskFrame(Frame):
    """Hold the context of one task run.

    Args:
        parent: the context of the flow run.
        values: what this task run was given.
        task: what runs.
        slug: its unique name in the flow.
    """

    __slots__ = ("slug", "task")

    makers: ClassVar[Mapping[str, Any]] = {
        "task_name": lambda frame: frame.task.name,
        "task_full_name": lambda frame: frame.full_name,
        "task_slug": lambda frame: frame.slug,
        "task_id": lambda frame: frame.slug,
        "task_tags": lambda frame: frame.task.tags,
        "task_run_id": lambda frame: new_id(),
        "task_run_count": lambda frame: 1,
        "map_index": lambda frame: None,
        "logger": lambda frame: get_logger(frame.full_name),
    }

    def __init__(self, parent: Frame, values: dict[str, Any] | None, task: TaskLike, slug: str | None) -> None:
        # Not by way of `Frame`: there is one frame for each task run.
        self.parent = parent
        self.values = values
        self.task = task
        self.slug = slug

    @property
    def task_tags(self) -> Collection[str]:
        """The tags of the task."""
        return self.task.labels

    @property
    def full_name(self) -> str:
        """The task's name, with its place in the map if it has one: ``clean`` or ``clean[3]``."""
        index = None if self.values is None else self.values.get("map_index")
        return self.task.name if index is None else f"{self.task.name}[{index}]"
