"""When task runs began and ended: kept with their states, for reports, by task runners that look at the clock.

Whether they do is decided once for a flow run (`FlowRunner._crew`). Where times are not kept, other task runners are at
work, and nothing asks.
"""

import copy
from typing import Any

from miniprefect.engine.frames import TaskFrame
from miniprefect.engine.state import Retrying, State
from miniprefect.engine.task_runner import Part, TaskRunner
from miniprefect.utilities.clock import clock


class Timekeeping(TaskRunner):
    """Take a task through its runs, and write down when each began and ended."""

    def _logged(self, frame: TaskFrame, part: Part, state: State | None, data: Any) -> State:
        begun = clock().timestamp()
        ended = super()._logged(frame, part, state, data)
        return ended if ended is state else timed(ended, begun, state._times if isinstance(state, Retrying) else ())


def timed(state: State, begun: float, before: tuple[float, ...] = ()) -> State:
    """Write down that a run has just ended in `state`, when it began, and the times of the attempts before."""
    if state._times:  # one that was cached, say: the run that made it keeps its times
        state = copy.copy(state)
    state._times = (*before, begun, clock().timestamp())
    return state


_made: dict[type[TaskRunner], type[TaskRunner]] = {TaskRunner: Timekeeping}


def timekeeping(cls: type[TaskRunner]) -> type[TaskRunner]:
    """Return a class like `cls`, of the same name, whose runners keep times."""
    made = _made.get(cls)
    if made is None:
        made = _made[cls] = type(cls.__name__, (Timekeeping, cls), {"__doc__": cls.__doc__})
    return made


# It logs under the name that Prefect's has.
Timekeeping.__name__ = TaskRunner.__name__
