"""What is being built right now: the active flow, and the tasks made in its block but not yet part of a flow."""

import sys
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from miniprefect.core.checks import MisuseError
from miniprefect.utilities.context import Frame, current_frame

if TYPE_CHECKING:
    from miniprefect.core.flow import Flow
    from miniprefect.core.task import Task


def active_flow(task: "Task", flow: "Flow | None") -> "Flow":
    """Return `flow`, or else the flow whose ``with`` block runs.

    Raises:
        ValueError: there is neither.
    """
    found: Flow | None = flow if flow is not None else current_frame().get("flow")
    if found is None:
        call = f"{type(task).__name__}(...)" if task.is_class_task else task.name
        raise ValueError(
            f"Could not infer an active Flow context while creating edge to {task}. Call tasks inside a "
            f"`with Flow(...)` block, or give them `flow=`. To run this task by itself, call `{call}.run(...)`."
        )
    if not hasattr(found, "set_dependencies"):
        raise MisuseError(f"{task}: `flow` is a Flow, not {found!r}.")
    return found


class Surroundings:
    """What the blocks around the making or the call of a task say."""

    # No named tuple: to define one takes as long as ten classes, at each import of the package.
    __slots__ = ("case", "created", "flow", "mapped", "resource", "tags")

    def __init__(
        self, flow: Any, tags: Any, case: Any, resource: Any, mapped: Any, created: "list[Task] | None"
    ) -> None:
        self.flow, self.tags, self.created = flow, tags, created
        self.case, self.resource, self.mapped = case, resource, mapped


def surroundings() -> Surroundings:
    """Read what the blocks around say. It is kept with the frame: mostly, many tasks are called in one block."""
    frame, now = current_frame(), Frame.last_write
    when, values, found = getattr(frame, "gathered", (None, None, None))
    if found is None or when is not now or values is not frame.values:
        found = Surroundings(*frame.gather("flow", "tags", "case", "resource", "mapped", "_created_tasks"))
        frame.gathered = (now, frame.values, found)
    return found


def warn_of_unused(tasks: Iterable[Any]) -> None:
    """Warn about those of `tasks`, made inside a flow block, that were neither called nor added to a flow."""
    unused = [task for task in tasks if not (task.is_used or task.auto_generated)]
    if unused:
        warnings.warn(
            f"Tasks were created but not added to the flow: {{{', '.join(map(str, unused))}}}. Call a task, or pass it "
            "to a call, to make it part of the flow; a class task takes two calls: `MyTask(...)(...)`.",
            stacklevel=3,
        )


def outside_of(file: str) -> int:
    """Return the stack level, for a warning of the caller, of the code outside `file` that called it."""
    level, frame = 2, sys._getframe(2)
    while frame.f_code.co_filename == file and frame.f_back is not None:
        level, frame = level + 1, frame.f_back
    return level
