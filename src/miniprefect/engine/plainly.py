"""Plain runs: tasks that want nothing but to be called, run here and now, one straight after the other.

This is what the life of a task run (`engine.task_runner`) comes down to when a task has no settings, all upstream
tasks plainly succeeded, and nobody watches: its context, the call, a `Success`. As most tasks of most flows are so,
it is written as a loop over them. When a call raises, the task runner says what that means.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from miniprefect.engine.frames import TaskFrame
from miniprefect.engine.mapping import Columns
from miniprefect.engine.plan import Plan
from miniprefect.engine.result.base import Result
from miniprefect.engine.runner import logger_of
from miniprefect.engine.state import PLAINLY_WELL, State, succeeded
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.utilities.context import Frame, current_frame, enter_frame


class Outcomes:
    """Collect what became of the tasks of a plan, place by place.

    Attributes:
        states: the states; None where there is none yet.
        values: the results of those that plainly succeeded.
        odd: the places of those that ended in another way.
    """

    __slots__ = ("odd", "states", "values")

    def __init__(self, size: int) -> None:
        self.states: list[Any] = [None] * size
        self.values: list[Any] = [None] * size
        self.odd: set[int] = set()

    def add(self, place: int, state: State) -> None:
        """Take in the state of a task."""
        self.states[place] = state
        if type(state) in PLAINLY_WELL:
            self.values[place] = state.result
        else:
            self.odd.add(place)


def run_tasks(
    places: Iterator[int],
    plan: Plan,
    outcomes: Outcomes,
    parent: Frame,
    runner_of: Callable[[int], TaskRunner],
) -> int | None:
    """Run the tasks at `places` up to the first that can't be run plainly; return its place.

    Args:
        places: where the tasks are, from the first that has not run; used up to the place that is returned.
        plan: what they are part of.
        outcomes: what became of the tasks before them; takes in what becomes of these.
        parent: the context of the flow run.
        runner_of: gives the task runner of a place.
    """
    tasks, slugs, constants_of, (keys, sources, spans) = plan.tasks, plan.slugs, plan.constants.get, plan.feeds
    states, values, odd = outcomes.states, outcomes.values, outcomes.odd
    is_logged = logger_of(TaskRunner.__name__).isEnabledFor
    before = current_frame()
    try:
        for place in places:
            task, span = tasks[place], spans[place]
            if span is None or task.state_handlers or is_logged(logging.INFO):
                return place
            if odd and not odd.isdisjoint(plan.sources(place)):
                return place
            inputs = {}
            for at in span:
                inputs[keys[at]] = values[sources[at]]
            if constants := constants_of(task):
                inputs.update(constants)
            # Left when all is done: nothing of the user's runs between two tasks.
            enter_frame(TaskFrame(parent, None, task, slugs[place]))
            try:
                value = task.run(**inputs)
            except BaseException as error:
                outcomes.add(place, runner_of(place).recovered(error, inputs))
            else:
                values[place] = value.value if isinstance(value, Result) else value
                states[place] = succeeded(value, task.tags)
    finally:
        enter_frame(before)
    return None


def run_children(
    states: list[Any],
    task: Any,
    slug: str,
    columns: Columns,
    whole: dict[str, Any],
    parent: Frame,
    runner: TaskRunner,
) -> None:
    """Run the children of a mapped task.

    Args:
        states: takes in the states of the children; as long as there are children.
        task: the task.
        slug: its unique name in the flow.
        columns: the arguments that differ, by name and index.
        whole: the arguments that are the same for all.
        parent: the context of the flow run.
        runner: the task's runner.
    """
    run, tags = task.run, task.tags
    before = current_frame()
    try:
        for index in range(len(states)):
            inputs = {}
            for name, values in columns:
                inputs[name] = values[index]
            if whole:
                inputs.update(whole)
            enter_frame(TaskFrame(parent, {"map_index": index}, task, slug))
            try:
                value = run(**inputs)
            except BaseException as error:
                states[index] = runner.recovered(error, inputs)
            else:
                states[index] = succeeded(value, tags)
    finally:
        enter_frame(before)


def can_be_plain(task: Any) -> bool:
    """Say whether a task wants nothing but to be called, and nobody watches."""
    return (
        task.wants.plain and not task.state_handlers and not logger_of(TaskRunner.__name__).isEnabledFor(logging.INFO)
    )
