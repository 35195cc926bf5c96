"""From a graph to a plan."""

from miniprefect.core.edge import Edge
from miniprefect.core.graph import Graph, in_order
from miniprefect.core.task import Task
from miniprefect.engine.plan import EdgeLike, Node, Plan, TaskLike


def compile_plan(graph: Graph) -> Plan:
    """Compile `graph` into a plan.

    Raises:
        ValueError: there is a cycle.
    """
    upstream = graph._current_index().upstream
    tasks = list(in_order(graph.tasks, upstream, graph.name))
    place = {task: number for number, task in enumerate(tasks)}
    nodes = [_node(graph, task, upstream.get(task, []), place) for task in tasks]
    return Plan(
        nodes,
        terminal=[place[task] for task in tasks if not graph._current_index().downstream.get(task)],
        reference=sorted(place[task] for task in graph.reference_tasks()),
        setups=[task for task in tasks if task.is_setup],
    )


def _node(graph: Graph, task: Task, edges: list[Edge], place: dict[Task, int]) -> Node:
    return Node(
        task,
        graph.slugs[task],
        edges=tuple(edges),
        sources=tuple([place[edge.upstream_task] for edge in edges]),
        constants=graph.constants[task],
    )


# The contracts that the engine asks for, held by the classes themselves: checked by the type checker.
def _keeps_contracts(task: Task, edge: Edge) -> tuple[TaskLike, EdgeLike]:
    return task, edge
