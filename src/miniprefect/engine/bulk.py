"""Children of a mapped task that travel together: in a worker process, run them.

They run as they do where there are no processes (`plainly.run_children`). But each needs its turn, for it may have been
taken back; and what it returned is handed in before the next one begins, which may be the end of the worker.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from sys import getrefcount
from typing import Any, Protocol

from miniprefect.engine.crew import Crew
from miniprefect.engine.frames import TaskFrame
from miniprefect.engine.making import SUCCEEDED, succeeded
from miniprefect.engine.mapping import Columns
from miniprefect.engine.plainly import are_noted, is_plain
from miniprefect.engine.state import State, Success
from miniprefect.executors.processes import Turns
from miniprefect.utilities.context import Frame, current_frame, enter_frame


class Common(Protocol):
    """Be what all task runs of a flow run have in common, as `remote.Shared` is."""

    crew: Crew
    frame: Frame

    def encoded_state(self, state: State, is_bare: bool, before: dict[str, int]) -> bytes:
        """Return a state as bytes; see `remote.Shared`."""


def run_together(
    common: Common, turns: Turns, place: int, indexes: Sequence[int], columns: Columns, whole: dict[str, Any]
) -> None:
    """Run children of a mapped task until there is no more turn for them.

    Args:
        common: what all task runs have in common.
        turns: of these children.
        place: where in the plan the task is.
        indexes: which children.
        columns: the arguments that differ, by name, each with the values for these children.
        whole: the arguments that are the same for all.
    """
    numbered, answers, before = enumerate(indexes), _Answers(common, turns), current_frame()
    try:
        while True:
            try:
                _run_children(numbered, answers, place, columns, whole)
            except BaseException as error:  # what no run holds up: its owner is to hear of it
                turns.answer(_raising(error))
            else:
                return
    finally:
        enter_frame(before)


def _run_children(
    numbered: Iterator[tuple[int, int]], hand_in: "_Answers", place: int, columns: Columns, whole: dict[str, Any]
) -> None:
    common, turns = hand_in.common, hand_in.turns
    crew, parent, caches = common.crew, common.frame, common.frame.get("caches")
    task, slug, runner = crew.plan.tasks[place], crew.plan.slugs[place], crew.runner(place)
    run, tags, is_quiet = task.run, task.labels, is_plain(crew, task) and not are_noted(crew)
    begins, keeps = turns.begins, turns.keeps
    # They serve the children by turns: making one for each takes a fifth of the time of a tiny child. One that others
    # hold by then (a thread, a generator, a copy of the context) is left to them.
    frame, spare = TaskFrame(parent, None, task, slug), TaskFrame(parent, None, task, slug)
    holders = getrefcount(spare)
    for turns.number, index in numbered:
        if not begins():
            return
        inputs = {}
        for name, values in columns:
            inputs[name] = values[turns.number]
        if whole:
            inputs.update(whole)
        if getrefcount(spare) > holders:
            spare = TaskFrame(parent, None, task, slug)
        frame, spare = spare, frame
        frame.values = {"map_index": index}
        enter_frame(frame)
        if not is_quiet:
            hand_in(runner.run_ordinarily(frame, inputs))
            continue
        try:
            value = run(**inputs)
        except BaseException as error:
            hand_in(runner.recovered(error, inputs))
        else:
            if caches or not keeps(value):  # what it put into a cache has to go with its answer
                hand_in(succeeded(value, tags))


class _Answers:
    """Hand in the states of children whose value alone does not tell all, or can't be kept in the column."""

    def __init__(self, common: Common, turns: Turns) -> None:
        self.common = common
        self.turns = turns
        self.growth = _Growth(common.frame.get("caches"))

    def __call__(self, state: State) -> None:
        growth = self.growth
        is_bare = not growth and _is_bare(state)
        if not is_bare or not self.turns.keeps(state._held):
            self.turns.answer(functools.partial(self.common.encoded_state, state, is_bare, growth.before))
        if growth:
            growth.take_in()


class _Growth:
    """Be true when the run of a child has put something into the cache, as a flow may do that runs in it."""

    def __init__(self, caches: dict[str, list[Any]] | None) -> None:
        self.caches = {} if caches is None else caches
        self.before = self._sizes()

    def __bool__(self) -> bool:
        return bool(self.caches) and self._sizes() != self.before

    def _sizes(self) -> dict[str, int]:
        return {key: len(found) for key, found in self.caches.items()}

    def take_in(self) -> None:
        """Take what is there now for what was there before the next run."""
        self.before = self._sizes()


def _is_bare(state: State) -> bool:
    """Say whether a state tells no more than that the run went well, and its result."""
    if type(state) is not Success or state.message is not SUCCEEDED or vars(state):
        return False
    return state._cached_inputs is None and not isinstance(state._context, dict)


def _raising(error: BaseException) -> Callable[[], bytes]:
    def attempt() -> bytes:
        raise error

    return attempt
