"""`apply_map`: map a function that builds a piece of a flow, instead of a single task."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from miniprefect.core.builtin import as_task
from miniprefect.core.edge import Edge
from miniprefect.core.flow import Flow
from miniprefect.core.task import Task
from miniprefect.utilities.context import context
from miniprefect.utilities.edges import EdgeAnnotation, flatten, unmapped


class _StandIn(Task):
    """Stand for one element of a mapped argument, until the piece is part of the flow."""

    def __init__(self, argument: Any, **kwargs: Any) -> None:
        self.argument = argument
        super().__init__(**kwargs)


def apply_map(func: Callable[..., Any], *args: Any, flow: Flow | None = None, **kwargs: Any) -> Any:
    """Call `func` once, and map every task that it adds to the flow over the elements of the arguments.

    Args:
        func: a function that calls tasks; it may use `case`, `merge` and resource managers.
        *args: tasks or sequences to map over; `unmapped` ones are passed as they are.
        flow: the flow; by default the one whose ``with`` block this is.
        **kwargs: further arguments, by name.

    Returns:
        What `func` returns.

    Raises:
        ValueError: there is no flow, or this is inside another apply_map.
        TypeError: an argument is neither a task nor a sequence.
    """
    target = flow if flow is not None else context.get("flow")
    if target is None:
        raise ValueError(
            "Couldn't infer a flow in the current context: give apply_map `flow=`, or call it in a flow block."
        )
    if context.get("mapped"):
        raise ValueError("Cannot set `mapped=True` when running from inside a mapped context: apply_map does not nest.")
    stand_ins: dict[Task, Any] = {}
    given = [_prepared(value, stand_ins) for value in args]
    named = {name: _prepared(value, stand_ins) for name, value in kwargs.items()}
    piece = Flow("a mapped piece")
    with context(mapped=True, flow=piece, case=None, resource=None):
        result = func(*given, **named)
    _transplant(piece, target, stand_ins)
    return _with_arguments(result, stand_ins)


def _prepared(value: Any, stand_ins: dict[Task, Any]) -> Any:
    """Return what `func` is called with for one argument."""
    if isinstance(value, unmapped):
        return value.value
    inner = value.value if isinstance(value, EdgeAnnotation) else value
    if not isinstance(inner, Task) and not hasattr(inner, "__getitem__"):
        raise TypeError(
            f"Cannot map over non-sequence object of type {type(inner)}: {inner!r:.40}; wrap it in unmapped()."
        )
    name = inner.name if isinstance(inner, Task) else f"Constant[{type(inner).__name__}]"
    stand_in = _StandIn(value, name=name)
    stand_in.is_used = True
    stand_ins[stand_in] = value
    return stand_in


def _transplant(piece: Flow, target: Flow, stand_ins: dict[Task, Any]) -> None:
    """Make the tasks and edges of `piece` part of `target`, mapped."""
    arguments = {stand_in: _held(value, target) for stand_in, value in stand_ins.items()}
    own = [task for task in piece.tasks if task not in stand_ins and task not in target.tasks]
    for task in own:
        target.add_task(task)
        target.set_dependencies(task, keyword_tasks=piece.constants.get(task))
    moved = {*own, *stand_ins}
    for edge in piece.edges:
        upstream = arguments.get(edge.upstream_task, edge.upstream_task)
        target.add_edge(
            upstream,
            edge.downstream_task,
            key=edge.key,
            mapped=edge.upstream_task in moved,
            flattened=edge.flattened,
        )
    for task in _without_mapped_input(own, piece.edges, moved):
        for argument in arguments.values():
            target.add_edge(argument, task, mapped=True)


def _held(value: Any, target: Flow) -> Any:
    """Return an argument as a task, so that a value which many tasks are mapped over is one constant of the flow."""
    annotations = value.annotations if isinstance(value, EdgeAnnotation) else {}
    held: Any = as_task(value, target)
    return flatten(held) if annotations.get("flattened") else held


def _without_mapped_input(tasks: Iterable[Task], edges: Iterable[Edge], moved: set[Task]) -> Iterator[Task]:
    fed = {edge.downstream_task for edge in edges if edge.upstream_task in moved}
    return (task for task in tasks if task not in fed)


def _with_arguments(result: Any, stand_ins: dict[Task, Any]) -> Any:
    """Return the result of `func` with the arguments themselves in the place of their stand-ins."""
    if isinstance(result, tuple | list):
        return type(result)(_with_arguments(item, stand_ins) for item in result)
    return stand_ins.get(result, result) if isinstance(result, Task) else result
