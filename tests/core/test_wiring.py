"""Edges are recorded when tasks are called, and made when somebody looks: nobody can tell the difference."""

import copy
import pickle

import pytest

from miniprefect import Flow, Parameter, Task, task
from miniprefect.core.edge import Edge


@task
def one():
    return 1


@task
def inc(x):
    return x + 1


@task
def total(left, right):
    return sum(left) + sum(right)


def chain():
    with Flow("chain") as flow:
        tasks = [one()]
        for _ in range(3):
            tasks.append(inc(tasks[-1]))
    return flow, tasks


def names(flow):
    return [(edge.upstream_task, edge.downstream_task, edge.key) for edge in flow.edges]


def test_edges_come_in_the_order_of_the_calls():
    flow, (a, b, c, d) = chain()
    assert names(flow) == [(a, b, "x"), (b, c, "x"), (c, d, "x")]


def test_the_set_of_edges_is_always_the_same_one():
    flow, tasks = chain()
    edges = flow.edges
    flow.add_edge(tasks[0], tasks[3])
    assert flow.edges is edges
    assert len(edges) == 4


def test_an_edge_recorded_twice_is_one():
    flow, (a, b, *_) = chain()
    b.set_upstream(a, flow=flow, key="x")
    assert len(flow.edges) == 3
    assert len(flow.edges_to(b)) == 1
    assert flow.run().result[b].result == 2


def test_what_somebody_takes_out_of_the_set_is_gone_though_more_is_recorded():
    flow, (a, b, c, d) = chain()
    edges = flow.edges
    last = next(iter(flow.edges_to(d)))
    with flow:
        e = inc(d)
    edges.discard(last)
    assert names(flow) == [(a, b, "x"), (b, c, "x"), (d, e, "x")]
    assert flow.edges_to(d) == set()
    assert flow.edges_from(d) == {Edge(d, e, "x")}
    assert flow.root_tasks() == {a, d}


def test_what_somebody_puts_into_the_set_counts():
    flow, (a, _, _, d) = chain()
    assert flow.run().is_successful()
    flow.edges.add(Edge(a, d))
    assert flow.upstream_tasks(d) == flow.root_tasks() | {flow.sorted_tasks()[2]}
    flow.edges.add(Edge(d, a))
    with pytest.raises(ValueError, match="Cycle found"):
        flow.run()


def test_looking_makes_no_new_plan():
    flow, (_, b, *_) = chain()
    plan = flow.compiled()
    assert flow.edges
    assert flow.edges_to(b)
    assert flow.compiled() is plan


@pytest.mark.parametrize("looked", [False, True])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda flow: pickle.loads(pickle.dumps(flow))])
def test_copies_have_the_edges_between_their_own_tasks(copied, looked):
    flow, tasks = chain()
    if looked:
        assert len(flow.edges) == 3
    with flow:
        inc(tasks[-1])
    new = copied(flow)
    assert [edge.key for edge in new.edges] == ["x"] * 4
    assert {task for edge in new.edges for task in edge.tasks} == set(new.tasks)
    assert new.run().is_successful()


def test_a_copied_flow_gets_edges_of_its_own():
    flow, (a, *_) = chain()
    new = flow.copy()
    new.add_edge(Task("late"), a)
    assert (len(flow.edges), len(new.edges)) == (3, 4)


def test_a_plan_keeps_the_edges_that_there_were():
    flow, (a, b, *_) = chain()
    plan = flow.compiled()
    flow.add_edge(Task("late"), b)
    assert plan.edges(1) == [Edge(a, b, "x")]


def test_a_task_comes_after_what_it_is_called_with():
    with Flow("order") as flow:
        total([one(), Parameter("p")], [inc(2), one()])
    assert [each.name for each in flow.tasks] == ["one", "inc", "one", "p", "List", "List", "total"]
    assert [each.name for each in flow.sorted_tasks()] == [each.name for each in flow.tasks]
    assert flow.run(p=3).result[next(iter(flow.terminal_tasks()))].result == 1 + 3 + 3 + 1


def test_edges_in_any_order():
    flow, (a, b, c) = Flow("mixed"), (inc.copy(name=letter) for letter in "abc")
    start = one.copy()
    for left, right in ((b, c), (start, a), (a, b)):
        flow.add_edge(left, right, key="x")
    flow.add_edge(start, c)
    assert [each.name for each in flow.sorted_tasks()] == ["one", "a", "b", "c"]
    assert flow.run().result[c].result == 4
