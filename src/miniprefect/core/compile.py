"""From a graph to a plan."""

import contextlib
from collections.abc import Iterable

from miniprefect.core.edge import Edge
from miniprefect.core.graph import Graph, in_order
from miniprefect.core.task import Task
from miniprefect.core.wiring import Wires
from miniprefect.engine.plan import EdgeLike, Feeds, Plan, TaskLike


def compile_plan(graph: Graph) -> Plan:
    """Compile `graph` into a plan.

    Raises:
        ValueError: there is a cycle.
    """
    # A copy: another thread may add tasks meanwhile.
    tasks, wires = list(graph.tasks), graph.wires()
    places, feeds = _placed(graph.name, tasks, wires)
    if len(places) > len(tasks):
        graph.check_edges()
    sources = set(wires.upstream)
    terminal = [place for task, place in places.items() if task not in sources]
    return Plan(
        places,
        slugs=[*map(graph.slugs.__getitem__, places)],
        constants=graph.constants,
        edges_to=wires.edges_to,
        feeds=feeds,
        terminal=terminal,
        reference=_reference(graph, places, feeds, terminal),
    )


def _placed(flow_name: str, tasks: list[Task], wires: Wires) -> tuple[dict[Task, int], Feeds]:
    """Give each task a place, so that it comes after those it depends on, and find the places of those that feed it."""
    with contextlib.suppress(KeyError):
        return _place(tasks, wires)
    ordered = [*in_order(tasks, wires, flow_name)]
    return _place(ordered, wires.arranged(place for task in ordered for place in wires.into.get(task, ())))


def _place(tasks: Iterable[Task], wires: Wires) -> tuple[dict[Task, int], Feeds]:
    """Give the tasks places as they come, if the edges that end at them come in the same order.

    Raises:
        KeyError: they don't, or a task comes before one that it depends on.
    """
    upstream, arguments, mapped, flattened = wires.upstream, wires.keys, wires.mapped, wires.flattened
    ends = [*wires.downstream, None]
    places: dict[Task, int] = {}
    keys, sources, spans = feeds = Feeds([], [], [])
    edge = 0
    for task in tasks:
        begin = len(keys)
        is_ordinary = task.wants.ordinary
        while ends[edge] is task:
            source = places[upstream[edge]]
            if mapped[edge] or flattened[edge]:
                is_ordinary = False
            elif (key := arguments[edge]) is not None:
                keys.append(key)
                sources.append(source)
            edge += 1
        places[task] = len(spans)
        spans.append(range(begin, len(keys)) if is_ordinary else None)
    if edge < len(wires):
        raise KeyError(ends[edge])
    return places, feeds


def _reference(graph: Graph, places: dict[Task, int], feeds: Feeds, terminal: list[int]) -> list[int]:
    """Return where the tasks are that decide the state of a run: mostly those at the end."""
    cleans_up = any(span is None and task.is_cleanup for task, span in zip(places, feeds.spans, strict=True))
    if graph._reference_tasks or cleans_up:
        return sorted(places[task] for task in graph.reference_tasks())
    return terminal


# The contracts that the engine asks for, held by the classes themselves: checked by the type checker.
def _keeps_contracts(task: Task, edge: Edge) -> tuple[TaskLike, EdgeLike]:
    return task, edge
