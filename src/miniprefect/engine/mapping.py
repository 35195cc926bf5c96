"""Mapping: from the upstream states of a mapped task to those of its children."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from miniprefect.engine.state import Mapped, State, Success
from miniprefect.utilities.logging import get_logger

UpstreamStates = dict[Any, State]


def element(state: State, value: Any) -> State:
    """Return a state like `state` that holds one element of its result."""
    new = object.__new__(type(state))
    new.message, new._held = state.message, value
    new._context, new._cached_inputs = state._context, state._cached_inputs
    if type(state) is not Success:
        for name in state.particulars():
            setattr(new, name, getattr(state, name))
    return new


def elements(state: State) -> Sequence[Any] | None:
    """Take a state apart: into its children, if it is mapped, or else into the elements of its result.

    A state without a result to take apart, such as that of a failed task, gives None: all children get it whole.

    Raises:
        Exception: what the result raises when it is read by index, a TypeError if it has none.
    """
    if isinstance(state, Mapped):
        return state.map_states
    if not state.is_successful():
        return None
    result = state.result
    if isinstance(result, list | tuple):
        return result
    if isinstance(result, Mapping) or not hasattr(result, "__len__"):
        raise TypeError(
            f"A {type(result).__name__} can't be mapped over. Return a list, or pass it whole: unmapped(...)."
        )
    return [result[index] for index in range(len(result))]


def children(upstream_states: UpstreamStates) -> tuple[int, Iterator[UpstreamStates]]:
    """Return how many children a mapped task has, and the upstream states of each, made when it is its turn.

    The shortest mapped input decides how many there are.

    Raises:
        Exception: an input can't be taken apart.
    """
    mapped = {edge: elements(state) for edge, state in upstream_states.items() if edge.mapped}
    size = min(len(parts) for parts in mapped.values() if parts is not None)
    columns = [_column(upstream_states[edge], parts) for edge, parts in mapped.items()]
    whole = {edge: state for edge, state in upstream_states.items() if not edge.mapped}
    rows = zip(*columns, strict=False)
    return size, ({**dict(zip(mapped, row, strict=True)), **whole} for row in itertools.islice(rows, size))


def _column(state: State, parts: Sequence[Any] | None) -> Iterator[State]:
    """Yield what each child gets in the place of `state`."""
    if parts is None:
        return itertools.repeat(state)
    if isinstance(state, Mapped):
        return iter(parts)
    return (element(state, part) for part in parts)


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
