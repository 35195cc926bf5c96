"""The plan of a flow: flat, in order, made again only when the flow has changed."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from miniprefect import Flow, Parameter, Task, flatten, unmapped
from miniprefect.core.builtin import Constant
from miniprefect.engine.results import LocalResult
from miniprefect.engine.state import Success
from miniprefect.triggers import any_failed
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
    assert set(plan.tasks) == set(tasks)
    assert [plan.places[task] for task in plan.tasks] == [0, 1, 2, 3]
    assert all(plan.places[edge.upstream_task] < plan.places[edge.downstream_task] for edge in flow.edges)


def test_a_plan_knows_terminal_and_reference_tasks() -> None:
    flow, (_first, left, right, last) = diamond()
    plan = flow.compiled()
    assert [plan.tasks[place] for place in plan.terminal] == [last]
    assert [plan.tasks[place] for place in plan.reference] == [last]
    flow.set_reference_tasks([left, right])
    plan = flow.compiled()
    assert {plan.tasks[place] for place in plan.reference} == {left, right}
    assert [plan.tasks[place] for place in plan.terminal] == [last]


def test_a_plan_knows_slugs_and_what_each_task_depends_on() -> None:
    flow, (_first, left, right, last) = diamond()
    plan = flow.compiled()
    place = plan.places[last]
    assert plan.slugs[place] == "last-1"
    assert {plan.tasks[source] for source in plan.sources(place)} == {left, right}


def test_upstream_states_are_found_by_edge_those_of_constants_too() -> None:
    with Flow("flow") as flow:
        one = Returns(1)()
        total = Add()(one, y=5)
    plan = flow.compiled()
    states = plan.upstream_states(plan.places[total], [Success(result=1)] * 2)
    assert {edge.key: found.result for edge, found in states.items()} == {"x": 1, "y": 5}


def test_a_task_without_edges_has_no_upstream_states() -> None:
    flow = Flow("flow")
    flow.add_task(Task())
    assert flow.compiled().upstream_states(0, [None]) == {}


def test_a_plan_knows_which_tasks_are_mapped_and_which_flatten() -> None:
    with Flow("flow") as flow:
        mapped = Add().map([1], unmapped(2))
        plain = Add()(1, 2)
        flat = Add()(flatten(Returns([[1]])), 2)
    plan = flow.compiled()
    assert plan.mapped == {plan.places[mapped]}
    assert plan.flattening == {plan.places[flat]}
    assert plan.feeds.spans[plan.places[plain]] == range(0)


def test_feeds_are_the_arguments_that_are_results() -> None:
    with Flow("flow") as flow:
        before = Returns(1)()
        one = Returns(1)()
        total = Add()(one, y=5, upstream_tasks=[before])
    plan = flow.compiled()
    (at,) = plan.feeds.spans[plan.places[total]] or ()
    assert (plan.feeds.keys[at], plan.feeds.sources[at]) == ("x", plan.places[one])


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout": 1},
        {"log_stdout": True},
        {"cache_for": datetime.timedelta(1)},
        {"target": "t"},
        {"task_run_name": "n"},
        {"result": LocalResult()},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_a_task_that_wants_more_than_to_be_called_is_ordinary_but_not_plain(settings: dict[str, Any]) -> None:
    wanting, content = Returns(1, **settings), Returns(1, max_retries=1, retry_delay=datetime.timedelta(0))
    flow = Flow("flow", tasks=[wanting, content])
    assert flow.compiled().feeds.spans == [range(0), range(0)]
    assert (wanting.wants.plain, content.wants.plain) == (False, True)


@pytest.mark.parametrize(
    "special", [Returns(1, trigger=any_failed), Constant(1), Parameter("x")], ids=["trigger", "constant", "parameter"]
)
def test_a_task_that_is_not_ordinary_has_no_feeds(special: Task) -> None:
    assert Flow("flow", tasks=[special]).compiled().feeds.spans == [None]


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
    plan = Flow("empty").compiled()
    assert (plan.tasks, plan.terminal, plan.reference) == ([], [], [])


def test_the_edges_of_a_plan_are_its_own() -> None:
    """A flow may be changed, in another thread, while it runs."""
    flow, (first, *_, last) = diamond()
    plan = flow.compiled()
    flow.add_edge(first, last)
    assert [len(plan.edges(place)) for place in range(4)] == [0, 1, 1, 2]
    assert [len(flow.compiled().edges(place)) for place in range(4)] == [0, 1, 1, 3]
