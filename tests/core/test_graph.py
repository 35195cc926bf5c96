"""The graph: adding tasks and edges, asking about them, names of tasks, order, cycles."""

import gc
import itertools
import logging

import pytest

from miniprefect import Flow, Parameter, Task, flatten, task, unmapped
from miniprefect.core.edge import Edge
from miniprefect.core.graph import in_order
from miniprefect.core.wiring import Wiring
from tests.core.helpers import script_output

A_LONG_CHAIN = 100_000


@task
def same(x):
    return x


def letters(text):
    return [Task(letter) for letter in text]


def diamond():
    flow = Flow("diamond")
    a, b, c, d = letters("abcd")
    flow.chain(a, b, d)
    flow.chain(a, c, d)
    return flow, a, b, c, d


# ---------------------------------------------------------------------- adding


def test_adding_a_task_again_changes_nothing():
    flow, a = Flow("etl"), Task("a")
    assert flow.add_task(flow.add_task(a)) is a
    assert (len(flow.tasks), flow.slugs) == (1, {a: "a-1"})


def test_adding_an_edge_adds_both_ends_and_returns_the_edge():
    flow, (a, b) = Flow("etl"), letters("ab")
    edge = flow.add_edge(a, b)
    assert edge == Edge(a, b)
    assert (flow.tasks, flow.edges) == ({a, b}, {edge})


def test_adding_an_edge_again_changes_nothing():
    flow, (a, b) = Flow("etl"), letters("ab")
    flow.add_edge(a, b)
    flow.add_edge(a, b)
    assert len(flow.edges) == 1


def test_a_plain_value_for_an_argument_becomes_no_task():
    flow = Flow("etl")
    flow.add_edge([1, 2], same, key="x")
    assert flow.tasks == {same}
    assert flow.constants[same] == {"x": [1, 2]}


def test_a_plain_value_without_argument_becomes_a_task():
    flow = Flow("etl")
    flow.add_edge("begin", same)
    assert [t.name for t in flow.sorted_tasks()] == ["'begin'", "same"]


def test_a_plain_value_that_is_mapped_over_becomes_a_task():
    flow = Flow("etl")
    flow.add_edge([1, 2], same, key="x", mapped=True)
    assert len(flow.tasks) == 2
    assert flow.run().result[same].result == [1, 2]


def test_annotations_of_an_edge_beat_its_arguments():
    flow, (a, b) = Flow("etl"), letters("ab")
    assert not flow.add_edge(unmapped(a), b, mapped=True).mapped
    assert flow.add_edge(flatten(a), b, key="x").flattened


def test_chain_returns_its_edges_in_order():
    flow, (a, b, c) = Flow("etl"), letters("abc")
    assert flow.chain(a, b, c) == [Edge(a, b), Edge(b, c)]


def test_a_constant_given_later_wins_over_an_edge():
    flow = Flow("etl")
    flow.add_edge(Task("other"), same, key="x")
    flow.set_dependencies(same, keyword_tasks={"x": 7})
    assert flow.run().result[same].result == 7


def test_set_dependencies_takes_values_and_collections_of_tasks():
    flow = Flow("etl")
    flow.set_dependencies(same, keyword_tasks={"x": [Parameter("p"), 2]})
    assert flow.run(p=1).result[same].result == [1, 2]


@pytest.mark.parametrize("how", [{"validate": True}, {}])
def test_an_argument_given_twice_is_refused_when_validated(how):
    flow = Flow("etl")
    flow.add_edge(Task("a"), same, key="x")
    if how:
        with pytest.raises(ValueError, match='Argument "x" for task <Task: same> has already been assigned'):
            flow.add_edge(Task("b"), same, key="x", **how)
    else:
        flow.add_edge(Task("b"), same, key="x", **how)
        assert len(flow.edges_to(same)) == 2


# ---------------------------------------------------------------------- slugs


def slugs_of(*tasks):
    flow = Flow("etl")
    return [flow.slugs[flow.add_task(t)] for t in tasks]


def test_slugs_are_counted_by_name():
    assert slugs_of(Task("a"), Task("b"), Task("a")) == ["a-1", "b-1", "a-2"]


def test_slugs_carry_sorted_tags():
    assert slugs_of(Task("a", tags=["y", "x"]), Task("a", tags=["x", "y"])) == ["a-x-y-1", "a-x-y-2"]


def test_a_slug_of_the_user_is_kept_and_skipped():
    assert slugs_of(Task("a", slug="a-1"), Task("a")) == ["a-1", "a-2"]


def test_a_parameter_may_have_the_name_of_a_task_that_came_before():
    assert slugs_of(Task("date"), Parameter("date")) == ["date-1", "date"]


def test_a_parameter_may_have_the_name_of_a_task_that_comes_after():
    assert slugs_of(Parameter("date"), Task("date")) == ["date", "date-1"]


def test_a_tag_that_looks_like_a_number_is_counted_by_itself():
    assert slugs_of(Task("a"), Task("a", tags=["1"]), Task("a-1")) == ["a-1", "a-1-1", "a-1-2"]


def test_slugs_stay_when_a_task_is_renamed():
    flow, a = Flow("etl"), Task("a")
    flow.add_task(a)
    a.name = "b"
    assert flow.slugs[a] == "a-1"
    assert flow.get_tasks(slug="a-1") == [a]


# ---------------------------------------------------------------------- questions


def test_edges_and_neighbours_of_a_task():
    flow, a, b, c, d = diamond()
    assert flow.edges_to(d) == {Edge(b, d), Edge(c, d)}
    assert flow.edges_from(a) == {Edge(a, b), Edge(a, c)}
    assert (flow.upstream_tasks(d), flow.downstream_tasks(a)) == ({b, c}, {b, c})
    assert (flow.upstream_tasks(a), flow.downstream_tasks(d)) == (set(), set())


def test_roots_and_terminals():
    flow, a, _, _, d = diamond()
    assert (flow.root_tasks(), flow.terminal_tasks()) == ({a}, {d})


def test_all_edges_by_task():
    flow, a, b, c, _ = diamond()
    assert flow.all_upstream_edges()[b] == {Edge(a, b)}
    assert flow.all_downstream_edges()[a] == {Edge(a, b), Edge(a, c)}


def test_answers_are_not_the_graph_itself():
    flow, a, _, _, d = diamond()
    flow.edges_from(a).clear()
    flow.reference_tasks().clear()
    flow.root_tasks().clear()
    assert (len(flow.edges_from(a)), flow.reference_tasks(), flow.root_tasks()) == (2, {d}, {a})


def test_answers_follow_every_change():
    flow, a, b, c, d = diamond()
    flow.edges.discard(Edge(b, d))
    assert (flow.upstream_tasks(d), flow.terminal_tasks()) == ({c}, {b, d})
    e = Task("e")
    flow.add_edge(d, e)
    assert flow.terminal_tasks() == {b, e}
    flow.edges.remove(Edge(d, e))
    flow.tasks.remove(e)
    assert (flow.terminal_tasks(), flow.root_tasks()) == ({b, d}, {a})


def test_edges_that_are_replaced_as_a_whole_count():
    flow, a, b, c, d = diamond()
    flow.edges = {Edge(a, b)}
    assert flow.terminal_tasks() == {b, c, d}


def test_tasks_that_are_replaced_as_a_whole_count():
    flow, a, b, _, _ = diamond()
    flow.edges, flow.tasks = {Edge(a, b)}, {a, b}
    assert set(flow.run().result) == {a, b}


def test_get_tasks_fits_all_that_is_given_in_the_order_of_addition():
    flow = Flow("etl")
    first, second, third = (
        flow.add_task(t) for t in (Task("a", tags=["x", "y"]), Task("a", tags=["x"]), Parameter("p", tags=["x"]))
    )
    assert flow.get_tasks() == [first, second, third]
    assert flow.get_tasks(name="a") == [first, second]
    assert flow.get_tasks(tags=["x", "y"]) == [first]
    assert flow.get_tasks(name="a", tags=["x"]) == [first, second]
    assert flow.get_tasks(task_type=Parameter) == [third]
    assert flow.get_tasks(slug="p") == [third]
    assert flow.get_tasks(name="nobody") == []


def test_reference_tasks_follow_the_terminal_tasks_until_chosen():
    flow, _, b, _, d = diamond()
    assert flow.reference_tasks() == {d}
    flow.set_reference_tasks([b])
    assert flow.reference_tasks() == {b}
    flow.set_reference_tasks([])
    assert flow.reference_tasks() == {d}


# ---------------------------------------------------------------------- order


def names(tasks):
    return "".join(t.name for t in tasks)


def test_the_order_follows_the_edges_and_otherwise_the_additions():
    flow, (a, b, c, d, e) = Flow("etl"), letters("abcde")
    for each in (a, b, c, d, e):
        flow.add_task(each)
    flow.add_edge(d, b)
    assert names(flow.sorted_tasks()) == "adbce"


def test_independent_tasks_run_in_the_order_of_their_calls():
    seen = []
    note = task(lambda x: seen.append(x), name="note")
    with Flow("etl") as flow:
        for number in range(20):
            note(number)
    flow.run()
    assert seen == list(range(20))


def test_sorted_tasks_from_some_roots():
    flow, _, b, c, d = diamond()
    assert flow.sorted_tasks(root_tasks=[b]) == (b, d)
    assert set(flow.sorted_tasks(root_tasks=[b, c])) == {b, c, d}


def test_iterating_a_flow_sorts_it():
    flow, *_ = diamond()
    assert tuple(flow) == flow.sorted_tasks()


def test_the_order_is_the_same_whatever_the_hash_seed(tmp_path):
    text = """
from miniprefect import Flow, Parameter, Task, task

@task
def same(x, **more):
    return x

with Flow("etl") as flow:
    left, right = Parameter("left"), Parameter("right")
    first = same(left, other=right, third=Task("third"))
    same({"k": [left, right], "j": (first, same(1))}, upstream_tasks=[first, "begin"])
flow.set_reference_tasks({first, left, right})
print([flow.slugs[each] for each in flow.sorted_tasks()], [*flow.edges], flow.serialized_hash())
"""
    assert len({script_output(tmp_path, text, PYTHONHASHSEED=seed) for seed in "012"}) == 1


def test_the_digest_of_a_flow_with_a_set_is_the_same_whatever_the_hash_seed(tmp_path):
    text = """
from miniprefect import Flow, task

@task
def same(x):
    return x

with Flow("etl") as flow:
    same({"p", "q", "r"})
print(flow.serialized_hash())
"""
    assert len({script_output(tmp_path, text, PYTHONHASHSEED=seed) for seed in "0123"}) == 1


def test_the_order_of_tasks_given_in_a_set_is_always_the_same(tmp_path):
    text = """
from miniprefect import Flow, Task

flow = Flow("etl", tasks={Task(letter) for letter in "abcdefgh"})
print([each.name for each in flow.sorted_tasks()])
"""
    assert len({script_output(tmp_path, text, PYTHONHASHSEED=seed) for seed in "0123"}) == 1


def test_in_order_puts_upstream_first():
    a, b, c = letters("abc")
    wires = Wiring([Edge(c, a)]).wires()
    assert [*in_order([a, b, c], wires, "etl")] == [c, a, b]


# ---------------------------------------------------------------------- cycles


def test_a_cycle_is_found_with_its_names():
    flow, (a, b, c, d) = Flow("etl"), letters("abcd")
    flow.chain(d, a, b, c, a)
    with pytest.raises(ValueError, match="Cycle found") as caught:
        flow.validate()
    message = str(caught.value)
    assert any(cycle in message for cycle in ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"))
    assert "'etl'" in message
    assert "d ->" not in message


def test_a_cycle_is_refused_at_once_when_validated():
    flow, (a, b) = Flow("etl"), letters("ab")
    flow.add_edge(a, b)
    with pytest.raises(ValueError, match="Cycle found"):
        flow.add_edge(b, a, validate=True)


def test_a_cycle_is_refused_at_once_when_so_configured():
    from miniprefect.configuration import config

    config.flows.eager_edge_validation = True
    flow, (a, b) = Flow("etl"), letters("ab")
    flow.add_edge(a, b)
    with pytest.raises(ValueError, match="Cycle found"):
        flow.add_edge(b, a)


def test_nothing_runs_when_there_is_a_cycle():
    ran = []
    flow, (a, b), first = Flow("etl"), letters("ab"), task(lambda: ran.append(1))
    flow.chain(first, a, b, a)
    with pytest.raises(ValueError, match=r"a -> b -> a|b -> a -> b"):
        flow.run()
    assert not ran


def test_a_long_cycle_needs_no_recursion():
    flow, tasks = Flow("etl"), [Task(str(number)) for number in range(2000)]
    flow.chain(*tasks, tasks[0])
    with pytest.raises(ValueError, match="1998 -> 1999 -> 0"):
        flow.validate()


# ---------------------------------------------------------------------- size


@pytest.fixture
def quiet():
    """Without log lines and without searching a growing heap for garbage, large flows take seconds."""
    logging.disable(logging.CRITICAL)
    gc.disable()
    yield
    gc.enable()
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("quiet")
def test_a_chain_of_a_hundred_thousand_tasks_builds_sorts_and_runs():
    @task
    def increase(x):
        return x + 1

    with Flow("long") as flow:
        last = increase(0)
        for _ in range(A_LONG_CHAIN - 1):
            last = increase(last)
    assert flow.sorted_tasks()[-1] is last
    assert flow.run().result[last].result == A_LONG_CHAIN


@pytest.mark.usefixtures("quiet")
def test_a_chain_added_backwards_sorts_without_recursion():
    flow, tasks = Flow("long"), [Task("step") for _ in range(20_000)]
    for upstream, downstream in reversed([*itertools.pairwise(tasks)]):
        flow.add_edge(upstream, downstream)
    assert flow.sorted_tasks() == tuple(tasks)


def test_slugs_given_and_numbered_never_meet():
    flow = Flow("slugs")
    first, second = Task("a"), Task("a")
    flow.add_task(Task("other", slug="a-2"))
    flow.add_task(first)
    flow.add_task(second)
    assert [*flow.slugs.values()] == ["a-2", "a-1", "a-3"]
    for slug in ("a-1", "a-2", "a-3"):
        with pytest.raises(ValueError, match=f'"{slug}" already exists'):
            flow.add_task(Task("late", slug=slug))
    flow.replace(first, Task("new"))
    flow.add_task(Task("late", slug="a-1"))
    assert sorted(flow.slugs.values()) == ["a-1", "a-2", "a-3", "new-1"]
