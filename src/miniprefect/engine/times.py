"""When task runs began and ended: kept with their states, for reports, by task runners that look at the clock.

Whether they do is decided once for a flow run (`FlowRunner._crew`). Where times are not kept, other task runners are at
work, and nothing asks.
"""

import copy
from collections.abc import Callable
from typing import Any

from miniprefect.engine.frames import TaskFrame
from miniprefect.engine.state import Retrying, State
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.utilities.clock import clock


class Timekeeping(TaskRunner):
    """Take a task through its runs, and write down when each began and ended."""

    def _logged(self, frame: TaskFrame, part: Callable[..., State], *given: Any) -> State:
        known = given[1]  # the state that the run begins with, if it has one
        now = clock().timestamp
        begun = now()
        state: State = super()._logged(frame, part, *given)
        if state is not known:
            if state._times:  # one that was cached, say: the run that made it keeps its times
                state = copy.copy(state)
            before = known._times if isinstance(known, Retrying) else ()
            state._times = (*before, begun, now())
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
