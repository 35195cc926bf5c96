"""Children of a mapped task that travel together: in a worker process, run them.

They run in the very loop that runs them where there are no processes (`plainly.run_children`). All that is added is
that each needs its turn, for it may have been taken back; and that what it returned is handed in before the next one
begins, which may be the end of the worker.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Protocol

from miniprefect.engine.crew import Crew
from miniprefect.engine.making import SUCCEEDED, succeeded
from miniprefect.engine.mapping import Columns
from miniprefect.engine.plainly import are_noted, run_children
from miniprefect.engine.state import State, Success
from miniprefect.executors.processes import Turns
from miniprefect.utilities.context import Frame


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
    by_index: Any = [(name, dict(zip(indexes, values, strict=True))) for name, values in columns]
    states: dict[int, State | None] = {}
    growth, keeps = _Growth(common.frame.get("caches")), turns.keeps

    def unless_kept(value: Any, tags: Collection[str]) -> State | None:
        return None if not growth and keeps(value) else succeeded(value, tags)

    due = _due(common, turns, indexes, states, growth)
    made = succeeded if are_noted(common.crew) else unless_kept
    while True:
        try:
            run_children(due, states, common.crew, place, by_index, whole, common.frame, made)
        except BaseException as error:  # what no run holds up: its owner is to hear of it
            turns.answer(_raising(error))
        else:
            return


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


def _due(
    common: Common, turns: Turns, indexes: Sequence[int], states: dict[int, State | None], growth: _Growth
) -> Iterator[int]:
    """List the children whose turn it is; in between, hand in the states of those whose values are not kept."""
    begins, take = turns.begins, states.pop
    for turns.number, index in enumerate(indexes):
        if not begins():
            return
        yield index
        state = take(index, None)
        if state is None:
            continue
        is_bare = not growth and _is_bare(state)
        if not is_bare or not turns.keeps(state._held):
            turns.answer(_encoding(common, state, is_bare, growth.before))
        if growth:
            growth.take_in()


def _is_bare(state: State) -> bool:
    """Say whether a state tells no more than that the run went well, and its result."""
    if type(state) is not Success or state.message is not SUCCEEDED or vars(state):
        return False
    return state._cached_inputs is None and not isinstance(state._context, dict)


def _encoding(common: Common, *state: Any) -> Callable[[], bytes]:
    return lambda: common.encoded_state(*state)


def _raising(error: BaseException) -> Callable[[], bytes]:
    def attempt() -> bytes:
        raise error

    return attempt
