"""From a graph to a plan."""

from collections.abc import Iterable, Mapping

from miniprefect.core.edge import Edge
from miniprefect.core.graph import Graph, in_order
from miniprefect.core.task import Task
from miniprefect.engine.plan import EdgeLike, Feeds, Plan, TaskLike


def compile_plan(graph: Graph) -> Plan:
    """Compile `graph` into a plan.

    Raises:
        ValueError: there is a cycle.
    """
    # A copy: another thread may add tasks meanwhile.
    tasks, index = list(graph.tasks), graph._shared_index()
    places: dict[Task, int] = {}
    feeds = Feeds([], [], [])
    try:
        _place(tasks, index.upstream, places, feeds)
    except KeyError:
        # A task was added before one that it depends on, or that one is not part of the flow.
        _place(in_order(tasks, index.upstream, graph.name, placed=places), index.upstream, places, feeds)
        if len(places) > len(tasks):
            graph.check_edges()
    terminal = [place for place, task in enumerate(places) if task not in index.sources]
    return Plan(
        places,
        slugs=[*map(graph.slugs.__getitem__, places)],
        constants=graph.constants,
        edges=index.upstream,
        feeds=feeds,
        terminal=terminal,
        reference=_reference(graph, places, feeds, terminal),
    )


def _place(tasks: Iterable[Task], upstream: Mapping[Task, list[Edge]], places: dict[Task, int], feeds: Feeds) -> None:
    """Give each task the next place, and find the places of those that feed it.

    Raises:
        KeyError: a task comes before one that it depends on; those before it have their places.
    """
    keys, sources, spans = feeds
    for task in tasks:
        begin = len(keys)
        is_ordinary = task.wants.ordinary
        for edge in upstream.get(task, ()):
            source = places[edge.upstream_task]
            if edge.mapped or edge.flattened:
                is_ordinary = False
            elif edge.key is not None:
                keys.append(edge.key)
                sources.append(source)
        places[task] = len(spans)
        spans.append(range(begin, len(keys)) if is_ordinary else None)


def _reference(graph: Graph, places: dict[Task, int], feeds: Feeds, terminal: list[int]) -> list[int]:
    """Return where the tasks are that decide the state of a run: mostly those at the end."""
    cleans_up = any(span is None and task.is_cleanup for task, span in zip(places, feeds.spans, strict=True))
    if graph._reference_tasks or cleans_up:
        return sorted(places[task] for task in graph.reference_tasks())
    return terminal


# The contracts that the engine asks for, held by the classes themselves: checked by the type checker.
def _keeps_contracts(task: Task, edge: Edge) -> tuple[TaskLike, EdgeLike]:
    return task, edge
