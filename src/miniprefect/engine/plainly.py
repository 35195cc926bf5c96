"""Ordinary runs: those of tasks upstream of which all went well, run here and now, one straight after the other.

They need no gates (`engine.gates`): all would say yes. Most of them are *plain* as well: the task wants nothing but to
be called, and nobody watches. Then this is all that the life of a task run (`engine.task_runner`) comes down to: its
context, the call, a `Success`, a note of its beginning and end. As most tasks of most flows are so, it is written
as a loop over them. When a call raises, or there is more to a run than its call, the task runner takes over.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from miniprefect.engine.crew import Crew
from miniprefect.engine.frames import TaskFrame
from miniprefect.engine.making import succeeded
from miniprefect.engine.mapping import Columns
from miniprefect.engine.result.base import Result
from miniprefect.engine.runner import logger_of
from miniprefect.engine.state import PLAINLY_WELL, State
from miniprefect.engine.task_runner import FINISHED, STARTING, TaskRunner
from miniprefect.engine.times import timed
from miniprefect.utilities.clock import clock
from miniprefect.utilities.context import Frame, current_frame, enter_frame

_log = logger_of(TaskRunner.__name__)


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
            held = state._held
            self.values[place] = held.value if isinstance(held, Result) else held
        else:
            self.odd.add(place)


def run_tasks(places: Iterator[int], crew: Crew, outcomes: Outcomes, parent: Frame) -> int | None:
    """Run the tasks at `places` up to the first that is not to be run ordinarily; return its place.

    Args:
        places: where the tasks are, from the first that has not run; used up to the place that is returned.
        crew: the task runners of the plan.
        outcomes: what became of the tasks before them; takes in what becomes of these.
        parent: the context of the flow run.
    """
    plan, may_be_plain, keeps_times = crew.plan, crew.is_plain, crew.keeps_times
    may_be_quiet = crew.is_ordinary and not crew.handlers
    tasks, slugs, constants_of, (keys, sources, spans) = plan.tasks, plan.slugs, plan.constants.get, plan.feeds
    states, values, odd = outcomes.states, outcomes.values, outcomes.odd
    tells, before = _log.isEnabledFor, current_frame()
    # Serves all tasks whose runs nobody watches but the tasks' own handlers.
    quiet: TaskRunner | None = None
    try:
        for place in places:
            task, span = tasks[place], spans[place]
            if span is None or (odd and not odd.isdisjoint(plan.sources(place))):
                return place
            inputs = {}
            for at in span:
                inputs[keys[at]] = values[sources[at]]
            if constants := constants_of(task):
                inputs.update(constants)
            # Left when all is done: nothing of the user's runs between two tasks.
            frame = TaskFrame(parent, None, task, slugs[place])
            enter_frame(frame)
            is_noted = keeps_times or tells(logging.INFO)
            if not may_be_plain or not task.wants.plain or task.state_handlers or (is_noted and tells(logging.DEBUG)):
                if not may_be_quiet or is_noted:
                    outcomes.add(place, crew.runner(place).run_ordinarily(frame, inputs))
                    continue
                if quiet is None:
                    quiet = TaskRunner(task, None, crew.result, slugs[place])
                else:
                    quiet.go_over_to(task, crew.result, slugs[place])
                outcomes.add(place, quiet.run_quietly(inputs))
                continue
            if is_noted:
                begun = _begin(frame)
            try:
                value = task.run(**inputs)
            except BaseException as error:
                outcomes.add(place, crew.runner(place).recovered(error, inputs))
            else:
                values[place] = value.value if isinstance(value, Result) else value
                states[place] = succeeded(value, task.labels)
            if is_noted:
                states[place] = _end(frame, states[place], begun)
    finally:
        enter_frame(before)
    return None


def run_children(
    indexes: Iterable[int],
    states: Any,
    crew: Crew,
    place: int,
    columns: Columns,
    whole: dict[str, Any],
    parent: Frame,
) -> None:
    """Run children of a mapped task.

    Args:
        indexes: which children; the next is asked for when the state of the one before is there.
        states: takes in the states of the children, by index.
        crew: the task runners of the plan.
        place: where in the plan the task is.
        columns: the arguments that differ, by name and index.
        whole: the arguments that are the same for all.
        parent: the context of the flow run.
    """
    task, slug, runner = crew.plan.tasks[place], crew.plan.slugs[place], crew.runner(place)
    plain, is_noted = is_plain(crew, task), are_noted(crew)
    run, tags = task.run, task.labels
    before = current_frame()
    try:
        for index in indexes:
            inputs = {}
            for name, values in columns:
                inputs[name] = values[index]
            if whole:
                inputs.update(whole)
            frame = TaskFrame(parent, {"map_index": index}, task, slug)
            enter_frame(frame)
            if not plain:
                states[index] = runner.run_ordinarily(frame, inputs)
                continue
            if is_noted:
                begun = _begin(frame)
            try:
                value = run(**inputs)
            except BaseException as error:
                states[index] = runner.recovered(error, inputs)
            else:
                states[index] = succeeded(value, tags)
            if is_noted:
                states[index] = _end(frame, states[index], begun)
    finally:
        enter_frame(before)


def is_plain(crew: Crew, task: Any) -> bool:
    """Say whether the runs of a task are plain now: it wants nothing but to be called, and nobody watches."""
    is_watched = task.state_handlers or _log.isEnabledFor(logging.DEBUG)
    return crew.is_plain and task.wants.plain and not is_watched


def are_noted(crew: Crew) -> bool:
    """Say whether it is noted, in the log or in states, when runs begin and end."""
    return crew.keeps_times or _log.isEnabledFor(logging.INFO)


def _begin(frame: TaskFrame) -> float:
    """Note that a run begins, in the log and by the clock."""
    begun = clock().timestamp()
    _log.info(STARTING, frame.full_name)
    return begun


def _end(frame: TaskFrame, state: State, begun: float) -> State:
    """Note that a run has ended in `state`; return that with its times."""
    _log.info(FINISHED, frame.full_name, type(state).__name__)
    return timed(state, begun)
