"""Mapping: from the upstream states of a mapped task to those of its children."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from miniprefect.engine.state import Mapped, State
from miniprefect.utilities.logging import get_logger

UpstreamStates = dict[Any, State]


def element(state: State, value: Any) -> State:
    """Return a state like `state` that holds one element of its result."""
    new = object.__new__(type(state))
    for cls in type(state).__mro__:
        for name in getattr(cls, "__slots__", ()):
            setattr(new, name, getattr(state, name))
    new.result = value
    return new


def elements(state: State) -> Iterable[State]:
    """Take a state apart: into its children, if it is mapped, or else by the elements of its result.

    A state without a result to take apart, such as that of a failed task, is the same for all children.
    """
    if isinstance(state, Mapped):
        return list(state.map_states)
    if not state.is_successful():
        return itertools.repeat(state)
    result = state.result
    if isinstance(result, Mapping) or not hasattr(result, "__len__"):
        raise TypeError(
            f"A {type(result).__name__} can't be mapped over. Return a list, or pass it whole: unmapped(...)."
        )
    return [element(state, result[index]) for index in range(len(result))]


def children(upstream_states: UpstreamStates) -> Iterator[UpstreamStates]:
    """Yield the upstream states of each child in turn; the shortest mapped input decides how many there are.

    Raises:
        Exception: whatever an input raises that can't be taken apart.
    """
    mapped = {edge: elements(state) for edge, state in upstream_states.items() if edge.mapped}
    for states in zip(*mapped.values(), strict=False):
        yield upstream_states | dict(zip(mapped, states, strict=True))


def flattened(upstream_states: UpstreamStates) -> UpstreamStates:
    """Take one level of nesting off the states whose edges ask for it."""
    return {edge: _flat(state) if edge.flattened else state for edge, state in upstream_states.items()}


def _flat(state: State) -> State:
    """Return `state` with its result flattened; a result that has an item without items stays as it is."""
    if isinstance(state, Mapped):
        return _flat_map(state)
    try:
        return element(state, list(itertools.chain.from_iterable(state.result)))
    except TypeError:
        return state


def _flat_map(state: Mapped) -> Mapped:
    states: list[State] = []
    for child in state.map_states:
        try:
            states.extend([element(child, item) for item in child.result])
        except TypeError:
            if child.is_successful():
                get_logger("FlowRunner").warning(
                    "`flatten` was used on upstream task that did not return an iterable: it returned %r", child.result
                )
            states.append(child)
    return Mapped(state.message, result=[child.result for child in states], map_states=states)
