"""What has become of the children of a mapped task.

Of a child that plainly succeeded in another process, its value is all that comes back. Its state is made when somebody
asks for it, which mostly nobody does: to make a hundred thousand, and have the garbage collector look at them, takes
longer than their calls.
"""

import operator
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import repeat
from typing import Any

from miniprefect.engine.making import succeeded
from miniprefect.engine.result.base import Result
from miniprefect.engine.state import PLAINLY_WELL, Mapped, State

# In the place of the state of a child that plainly succeeded, and whose value is known. It has the class of that state,
# and nothing else of it, so nobody outside of the engine is to see it.
TOLD = succeeded(None, ())

_held = operator.attrgetter("_held")


class Children(Sequence[Any]):
    """Hold the states of the children of a mapped task, or the values that these can be made of.

    Args:
        states: by index; None for a child that has not ended.
        tags: of the task.

    Attributes:
        states: the same list, which is filled by and by; `TOLD` where the state has not been made.
    """

    __slots__ = ("_is_shown", "_tags", "_values", "states")

    def __init__(self, states: list[Any], tags: Collection[str] = ()) -> None:
        self.states = states
        self._tags = tuple(tags)
        # By index, the values of those that are told; None when there are none.
        self._values: list[Any] | None = None
        self._is_shown = False

    def __reduce__(self) -> Any:
        return Children, (self.shown(), self._tags)

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, index: Any) -> Any:
        values, state = self._values, self.states[index]
        if state is TOLD and values is not None:
            state = self.states[index] = succeeded(values[index], self._tags)
        return state

    def tell(self, indexes: Sequence[int], values: list[Any]) -> None:
        """Take in the values of children that plainly succeeded; none of these is a `Result`.

        Only in the thread of the run, which is also the only one to show states that are still to come.
        """
        if len(indexes) != len(values):
            raise ValueError(f"{len(indexes)} children, but {len(values)} values")
        if self._is_shown:
            for index, value in zip(indexes, values, strict=True):
                self.states[index] = succeeded(value, self._tags)
            return
        if self._values is None:
            self._values = [None] * len(self.states)
        if isinstance(indexes, range):
            at = slice(indexes.start, indexes.stop)
            self._values[at], self.states[at] = values, [TOLD] * len(values)
            return
        for index, value in zip(indexes, values, strict=True):
            self._values[index], self.states[index] = value, TOLD

    def shown(self) -> list[Any]:
        """Return the states, all of them made; those of children that have not ended come into the same list."""
        self._is_shown = True
        if self._values is not None:
            for index in range(len(self.states)):
                self[index]
            self._values = None
        return self.states

    def are_plain(self) -> bool:
        """Say whether all children plainly succeeded."""
        return PLAINLY_WELL.issuperset(map(type, self.states))

    def values(self, indexes: Sequence[int]) -> Sequence[Any] | None:
        """Return the values of some children, or None unless these plainly succeeded and their values are here."""
        states = some(self.states, indexes)
        if self._values is not None:
            if _are_told(states):
                return some(self._values, indexes)
            states = [self[index] for index in indexes]
        if not PLAINLY_WELL.issuperset(map(type, states)):
            return None
        held = [*map(_held, states)]
        return None if any_results(held) else held

    def results(self) -> Sequence[Any]:
        """Return the results of all children."""
        values = self.values(range(len(self.states)))
        return [state.result for state in self.shown()] if values is None else values


def some(items: Sequence[Any], indexes: Sequence[int]) -> Sequence[Any]:
    """Return the items at some indexes."""
    return items[indexes.start : indexes.stop] if isinstance(indexes, range) else [items[index] for index in indexes]


def any_results(values: Sequence[Any]) -> bool:
    """Say whether there is a `Result` among values, whose own value may be elsewhere."""
    try:
        kinds: Collection[type] = set(map(type, values))
    except TypeError:  # a class may have made itself unhashable
        kinds = [*map(type, values)]
    return any(issubclass(kind, Result) for kind in kinds)


def _are_told(states: Iterable[Any]) -> bool:
    return all(map(operator.is_, states, repeat(TOLD)))


def children_of(state: Mapped) -> Children:
    """Return the children of a mapped task."""
    return Children(state.map_states) if state._children is None else state._children


def each_child(states: Iterable[State]) -> list[State]:
    """List `states` with those of mapped tasks replaced by their children's."""
    return _listed(states, lambda state: state.map_states)


def each_kind_of_child(states: Iterable[State]) -> list[State]:
    """List `states` as `each_child` does, but of children that are all told, `TOLD` only: for who asks for kinds."""
    return _listed(states, _one_or_all)


def _listed(states: Iterable[State], children: Callable[[Any], Iterable[State]]) -> list[State]:
    found: list[State] = []
    for state in states:
        if isinstance(state, Mapped):
            found.extend(children(state))
        else:
            found.append(state)
    return found


def _one_or_all(state: Mapped) -> Iterable[State]:
    children = state._children
    return children.states[:1] if children is not None and _are_told(children.states) else state.map_states
