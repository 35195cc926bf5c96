"""Mapping: from the upstream states of a mapped task to those of its children."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from miniprefect.engine.children import Children, any_results, children_of, some
from miniprefect.engine.result.base import Result
from miniprefect.engine.state import PLAINLY_WELL, Mapped, Pending, State, Success
from miniprefect.utilities.logging import get_logger

UpstreamStates = dict[Any, State]
# Arguments by name, each with its values by index.
Columns = list[tuple[str, Sequence[Any]]]


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

    The state of a task that failed may have nothing to take apart, and gives None: a child gets it without a result.

    Raises:
        Exception: what the result raises when it is read by index, a TypeError if it has none.
    """
    if isinstance(state, Mapped):
        return children_of(state)
    result = state.result
    if isinstance(result, list | tuple):
        # A copy, for a child may change the list that it is mapped over.
        return list(result)
    if isinstance(result, Mapping) or not hasattr(result, "__getitem__") or not hasattr(result, "__len__"):
        if not state.is_successful():
            return None
        raise TypeError(
            f"A {type(result).__name__} can't be mapped over. Return a list, or pass it whole: unmapped(...)."
        )
    return [result[index] for index in range(len(result))]


class Inputs:
    """Be what the children of a mapped task take: of each mapped input one part, of the others the whole.

    The shortest mapped input decides how many children there are.

    Args:
        upstream_states: the states that the mapped task depends on, by edge. A part of one may be None: the state
            of a child that is still on its way, to be read when it is there.

    Raises:
        Exception: an input can't be taken apart.
    """

    def __init__(self, upstream_states: UpstreamStates) -> None:
        self._mapped = [(edge, s, elements(s)) for edge, s in upstream_states.items() if edge.mapped]
        self._whole = {edge: s for edge, s in upstream_states.items() if not edge.mapped}
        self.size = min(len(parts) for _, _, parts in self._mapped if parts is not None)

    def of(self, index: int) -> UpstreamStates:
        """Return the upstream states of one child."""
        upstream = {edge: _part(state, parts, index) for edge, state, parts in self._mapped}
        upstream.update(self._whole)
        return upstream

    def at(self, indexes: Sequence[int]) -> Columns | None:
        """Return the arguments that differ, by name, with their values for some children.

        None unless all are values that are here, of upstream tasks that plainly succeeded.
        """
        columns: Columns = []
        for edge, state, parts in self._mapped:
            if parts is None:
                return None
            values = parts.values(indexes) if isinstance(parts, Children) else _plain_parts(state, parts, indexes)
            if values is None:
                return None
            if edge.key is not None:
                columns.append((edge.key, values))
        return columns

    def whole(self) -> dict[str, Any] | None:
        """Return the arguments that are the same for all children, or None unless all are values that are here."""
        states = self._whole.values()
        if not PLAINLY_WELL.issuperset(map(type, states)) or any(isinstance(s._held, Result) for s in states):
            return None
        return {edge.key: state._held for edge, state in self._whole.items() if edge.key is not None}

    def plain(self) -> tuple[Columns, dict[str, Any]] | None:
        """Return the arguments of the children, or None unless all upstream states are plain successes.

        Those that differ come by name, each with its values by index; those that are the same for all by name.
        """
        columns = []
        for edge, state, parts in self._mapped:
            values = _plain_values(state, parts)
            if values is None:
                return None
            if edge.key is not None:
                columns.append((edge.key, values))
        if not PLAINLY_WELL.issuperset(map(type, self._whole.values())):
            return None
        return columns, {edge.key: state.result for edge, state in self._whole.items() if edge.key is not None}


def _part(state: State, parts: Sequence[Any] | None, index: int) -> State:
    """Return what one child gets in the place of `state`."""
    if parts is None:
        return element(state, None)
    part = parts[index]
    return part if isinstance(state, Mapped) else element(state, part)


def _plain_parts(state: State, parts: Sequence[Any], indexes: Sequence[int]) -> Sequence[Any] | None:
    """Return some elements of the result of `state`, or None unless it plainly succeeded and they are here."""
    values = some(parts, indexes) if type(state) in PLAINLY_WELL else None
    return None if values is None or any_results(values) else values


def _plain_values(state: State, parts: Sequence[Any] | None) -> Sequence[Any] | None:
    """Return what the children get in the place of `state`, or None if one of them gets no plain success."""
    if type(state) in PLAINLY_WELL:
        return parts
    return parts.results() if isinstance(parts, Children) and parts.are_plain() else None


class Fan:
    """Be the children of a mapped task: what they take and what has become of them.

    Args:
        place: where in the plan the task is.
        inputs: what the children take.
        parent: says that the task can be mapped.
        known: the state that the task had before the run.
        tags: of the task.

    Attributes:
        states: of the children; as `Children.states`, not to be shown to anybody.
        children: what becomes of them.
        state: the state of the mapped task, which holds them.
    """

    def __init__(self, place: int, inputs: Inputs, parent: Mapped, known: State | None, tags: Collection[str]) -> None:
        self.place = place
        self.inputs = inputs
        self.known = known.map_states[: inputs.size] if isinstance(known, Mapped) else []
        finished = [state if _needs_no_run(state) else None for state in self.known]
        self.states: list[Any] = finished + [None] * (inputs.size - len(finished))
        self.children = Children(self.states, tags)
        self.state = Mapped(parent.message, None, None, parent.context, parent._cached_inputs)
        self.state._children = self.children

    def known_of(self, index: int) -> State | None:
        """Return the state that a child had before the run."""
        return self.known[index] if index < len(self.known) else None

    def unfinished(self) -> Iterator[int]:
        """List the children that have not ended."""
        return (index for index, state in enumerate(self.states) if state is None)

    def close(self) -> None:
        """Make the results of the children that of the mapped task; children that have not ended are pending."""
        if not all(self.states):
            for index in self.unfinished():
                self.states[index] = Pending("Task not run.")
        self.state.result = self.children.results()


def _needs_no_run(state: State | None) -> bool:
    """Say whether a child has ended: one that was cached is to be put to its validator first."""
    return state is not None and state.is_finished() and not state.is_cached()


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
    return Mapped(state.message, result=Children(states).results(), map_states=states)
