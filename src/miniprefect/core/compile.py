"""From a graph to a plan."""

from collections.abc import Sequence
from typing import Any

from miniprefect.core.edge import Edge
from miniprefect.core.graph import Graph, in_order
from miniprefect.core.task import Task
from miniprefect.engine.plan import EdgeLike, Node, Plan, TaskLike


def compile_plan(graph: Graph) -> Plan:
    """Compile `graph` into a plan.

    Raises:
        ValueError: there is a cycle.
    """
    index = graph._current_index()
    tasks = list(in_order(graph.tasks, index.upstream, graph.name))
    place = {task: number for number, task in enumerate(tasks)}
    slugs, constants, upstream = graph.slugs, graph.constants, index.upstream
    nodes = [_node(task, slugs[task], upstream.get(task, ()), place, constants[task]) for task in tasks]
    return Plan(
        nodes,
        terminal=[number for number, task in enumerate(tasks) if task not in index.downstream],
        reference=sorted(place[task] for task in graph.reference_tasks()),
        setups=[task for task in tasks if task.is_setup],
        parameters=[task for task in tasks if task.is_parameter],
    )


def _node(task: Task, slug: str, edges: Sequence[Edge], place: dict[Task, int], constants: dict[str, Any]) -> Node:
    # A list for the tuple: a generator would cost more than the few edges that a task has.
    return Node(task, slug, tuple(edges), tuple([place[edge.upstream_task] for edge in edges]), constants)


# The contracts that the engine asks for, held by the classes themselves: checked by the type checker.
def _keeps_contracts(task: Task, edge: Edge) -> tuple[TaskLike, EdgeLike]:
    return task, edge
