"""The plan of a flow: flat, in order, made again only when the flow has changed."""

from collections.abc import Callable
from typing import Any

import pytest

from miniprefect import Flow, Task, unmapped
from miniprefect.engine.plan import Node, Plan
from miniprefect.engine.state import Success
from tests.engine.helpers import Add, Returns


def diamond() -> tuple[Flow, list[Task]]:
    first, left, right, last = (Returns(n, name=name) for n, name in enumerate(("first", "l", "r", "last")))
    flow = Flow("diamond")
    for middle in (left, right):
        flow.add_edge(first, middle)
        flow.add_edge(middle, last)
    return flow, [first, left, right, last]


def test_a_plan_lists_upstream_tasks_before_downstream_ones() -> None:
    flow, tasks = diamond()
    plan = flow.compiled()
    place = {node.task: number for number, node in enumerate(plan.nodes)}
    assert set(place) == set(tasks)
    assert all(place[edge.upstream_task] < place[edge.downstream_task] for edge in flow.edges)


def test_a_plan_knows_terminal_and_reference_tasks() -> None:
    flow, (_first, left, right, last) = diamond()
    plan = flow.compiled()
    assert [plan.nodes[place].task for place in plan.terminal] == [last]
    assert [plan.nodes[place].task for place in plan.reference] == [last]
    flow.set_reference_tasks([left, right])
    plan = flow.compiled()
    assert {plan.nodes[place].task for place in plan.reference} == {left, right}
    assert [plan.nodes[place].task for place in plan.terminal] == [last]


def test_a_node_knows_its_slug_and_where_its_edges_begin() -> None:
    flow, (_first, left, right, last) = diamond()
    plan = flow.compiled()
    node = next(node for node in plan.nodes if node.task is last)
    assert node.slug == "last-1"
    assert {plan.nodes[source].task for source in node.sources} == {left, right}


def test_upstream_states_are_found_by_edge_those_of_constants_too() -> None:
    with Flow("flow") as flow:
        one = Returns(1)()
        total = Add()(one, y=5)
    plan = flow.compiled()
    node = next(node for node in plan.nodes if node.task is total)
    state = Success(result=1)
    states = node.upstream_states([state] * len(plan.nodes))
    assert {edge.key: found.result for edge, found in states.items()} == {"x": 1, "y": 5}


def test_a_node_knows_whether_it_is_mapped() -> None:
    with Flow("flow") as flow:
        mapped = Add().map([1], unmapped(2))
        plain = Add()(1, 2)
    found = {node.task: node.mapped for node in flow.compiled().nodes}
    assert (found[mapped], found[plain]) == (True, False)


def test_a_plan_is_kept_while_the_flow_stays_the_same() -> None:
    flow, _ = diamond()
    plan = flow.compiled()
    flow.run()
    assert flow.compiled() is plan


@pytest.mark.parametrize(
    "change",
    [
        lambda flow, tasks: flow.add_task(Task()),
        lambda flow, tasks: flow.add_edge(tasks[3], Task()),
        lambda flow, tasks: flow.set_reference_tasks([tasks[0]]),
        lambda flow, tasks: flow.replace(tasks[1], Returns(9)),
        lambda flow, tasks: setattr(tasks[0], "max_retries", 3),
        lambda flow, tasks: tasks[1].set_upstream(5, key=None, flow=flow),
    ],
    ids=["task", "edge", "reference tasks", "replaced task", "setting", "constant"],
)
def test_a_plan_is_made_again_when_something_changes(change: Callable[..., Any]) -> None:
    flow, tasks = diamond()
    plan = flow.compiled()
    change(flow, tasks)
    assert flow.compiled() is not plan


def test_an_empty_plan() -> None:
    plan = Plan([], (), ())
    assert (plan.nodes, plan.terminal, plan.reference) == ([], (), ())


def test_a_node_without_edges_has_no_upstream_states() -> None:
    node = Node(Task(), "slug", (), (), {})
    assert node.upstream_states([]) == {}
    assert (node.mapped, node.flattens) == (False, False)
