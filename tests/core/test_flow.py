"""Flows: what they are given, `with` blocks, copies and changes, and what is kept of them."""

import copy
import pickle
import threading

import pytest

from miniprefect import Flow, Parameter, Task, context, task
from miniprefect.core.edge import Edge
from miniprefect.engine.state import Failed, Success
from miniprefect.executors import LocalExecutor
from tests.core.helpers import script_output


@task
def one():
    return 1


@task
def add(x, y=2):
    return x + y


class Named(Flow):
    """A flow of a user's own kind."""

    def __init__(self, name, team, **kwargs):
        super().__init__(name, **kwargs)
        self.team = team

    def run(self, *args, **kwargs):
        return self.team, super().run(*args, **kwargs)


def note_failure(flow, state):
    """Do nothing; used as a handler that can be pickled."""


def duplicated(thing):
    return pickle.loads(pickle.dumps(thing))


def small_flow():
    with Flow("small") as flow:
        last = add(one(), Parameter("y", default=5))
    return flow, last


# ---------------------------------------------------------------------- what a flow is given


def test_tasks_edges_and_reference_tasks_may_be_given_at_once():
    a, b, c = Task("a"), Task("b"), Task("c")
    flow = Flow("etl", tasks=[c], edges=[Edge(a, b)], reference_tasks=[c])
    assert (flow.tasks, flow.edges, flow.reference_tasks()) == ({a, b, c}, {Edge(a, b)}, {c})


def test_edges_given_at_once_can_be_validated():
    a, b = Task("a"), Task("b")
    with pytest.raises(ValueError, match="Cycle found"):
        Flow("etl", edges=[Edge(a, b), Edge(b, a)], validate=True)


def test_what_only_a_backend_would_use_is_kept():
    storage, run_config, environment = object(), object(), object()
    flow = Flow("etl", storage=storage, run_config=run_config, environment=environment)
    assert (flow.storage, flow.run_config, flow.environment) == (storage, run_config, environment)


def test_what_only_a_backend_would_use_can_be_set_later():
    flow = Flow("etl")
    flow.storage = flow.run_config = flow.executor = 5
    assert (flow.storage, flow.run_config, flow.executor) == (5, 5, 5)


def test_handlers_are_kept_in_order_and_on_failure_comes_last():
    seen = []

    def first(flow, old, new):
        seen.append("first")

    flow = Flow("etl", state_handlers=[first], on_failure=lambda flow, state: seen.append("failure"))
    assert flow.state_handlers[0] is first
    for handler in flow.state_handlers:
        handler(flow, Success(), Failed())
    assert seen == ["first", "failure"]


def test_the_logger_has_the_name_of_the_flow():
    assert Flow("etl").logger.name == "prefect.etl"


def test_the_repr_shows_kind_and_name():
    assert [repr(Flow("etl")), repr(Named("etl", team="x"))] == ['<Flow: name="etl">', '<Named: name="etl">']


def test_a_task_is_in_the_flow_that_it_was_added_to():
    flow, last = small_flow()
    assert last in flow
    assert add not in flow


# ---------------------------------------------------------------------- equality


def test_flows_of_the_same_content_are_equal():
    a = Task("a")
    assert Flow("etl", tasks=[a]) == Flow("etl", tasks=[a])


def test_every_part_of_a_flow_counts_for_equality():
    a, b = Task("a"), Task("b")
    flow = Flow("etl", edges=[Edge(a, b)])
    assert flow != Flow("other", edges=[Edge(a, b)])
    assert flow != Flow("etl", tasks=[a, b])
    assert flow != Flow("etl", tasks=[a], edges=[Edge(a, b)], reference_tasks=[a])
    assert flow != Flow("etl", edges=[Edge(a, b)], tasks=[Task("c")])
    assert flow != 1


def test_flows_have_no_hash():
    with pytest.raises(TypeError, match="unhashable"):
        hash(Flow("etl"))


# ---------------------------------------------------------------------- `with` blocks


def test_calls_in_nested_blocks_go_to_the_inner_flow():
    with Flow("outer") as outer:
        first = one()
        with Flow("inner") as inner:
            second = one()
        third = one()
    assert (outer.tasks, inner.tasks) == ({first, third}, {second})


def test_a_block_can_be_entered_again():
    flow = Flow("etl")
    with flow:
        first = one()
    with flow:
        second = add(first)
    assert flow.run().result[second].result == 3


def test_a_block_can_be_entered_inside_itself():
    with Flow("etl") as flow:
        first = one()
        with flow:
            second = one()
        third = one()
    assert flow.tasks == {first, second, third}


def test_a_block_inside_another_flow_of_the_same_block():
    with Flow("outer") as outer:
        with Flow("inner") as inner:
            with outer:
                first = one()
            second = one()
        third = one()
    assert (outer.tasks, inner.tasks) == ({first, third}, {second})


def test_there_is_no_flow_after_a_block():
    with Flow("etl") as flow:
        assert context.flow is flow
    assert "flow" not in context


def test_an_error_in_a_block_comes_out_and_ends_it():
    with pytest.raises(KeyError), Flow("etl"):
        raise KeyError("x")
    assert "flow" not in context


def test_an_error_in_a_block_is_not_covered_by_warnings():
    def build():
        with Flow("etl"):
            Task("unused")
            raise KeyError("x")

    with pytest.raises(KeyError):
        build()


def test_other_flows_may_run_inside_a_block():
    flow, last = small_flow()
    with Flow("other") as other:
        state = flow.run()
    assert state.result[last].result == 6
    assert not other.tasks


def test_a_task_may_build_and_run_a_flow():
    @task
    def run_inner():
        flow, last = small_flow()
        return flow.run(y=1).result[last].result

    with Flow("outer") as outer:
        call = run_inner()
    assert outer.run().result[call].result == 2
    assert len(outer.tasks) == 1


def test_blocks_of_two_threads_do_not_meet():
    together, made = threading.Barrier(2, timeout=20), {}

    def build(name):
        with Flow(name) as flow:
            together.wait()
            made[name] = flow, one()
            together.wait()

    threads = [threading.Thread(target=build, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(flow.tasks == {call} for flow, call in made.values())


# ---------------------------------------------------------------------- changes


def test_a_copy_is_equal_and_goes_its_own_way():
    flow, last = small_flow()
    other = flow.copy()
    assert other == flow
    with other:
        add(last)
    other.constants[last]["y"] = 100
    other.set_reference_tasks([last])
    other.state_handlers.append(print)
    assert (len(flow.tasks), len(flow.edges), flow.constants[last]) == (3, 2, {})
    assert (flow.reference_tasks(), flow.state_handlers, len(flow.slugs)) == ({last}, [], 3)


def test_a_copy_runs_as_it_is_now():
    flow, last = small_flow()
    flow.run()
    other = flow.copy()
    with other:
        further = add(last, 10)
    assert other.run().result[further].result == 16
    assert set(flow.run().result) == flow.tasks


def test_a_replaced_task_leaves_its_place_to_the_new_one():
    flow, last = small_flow()
    (old,) = flow.get_tasks(name="one")
    ten = task(lambda: 10, name="ten")
    flow.set_reference_tasks([old])
    flow.replace(old, ten)
    assert old not in flow
    assert (flow.reference_tasks(), ten in flow.slugs, old in flow.slugs) == ({ten}, True, False)
    assert flow.run().result[last].result == 15


def test_a_replaced_task_keeps_how_its_edges_map():
    numbers = task(lambda: [1, 2], name="numbers")
    with Flow("etl") as flow:
        old = numbers()
        last = add.map(old)
    flow.replace(old, task(lambda: [10, 20], name="tens"))
    assert flow.run().result[last].result == [12, 22]


def test_a_task_can_be_replaced_by_a_value():
    flow, last = small_flow()
    flow.replace(flow.get_tasks(name="one")[0], 7)
    assert flow.run().result[last].result == 12


def test_a_task_can_be_replaced_by_a_collection_of_tasks():
    with Flow("etl") as flow:
        first, other = one(), one()
        last = add(first, [])
    flow.replace(first, [other, 2])
    assert flow.run().result[last].result == [1, 2]


def test_a_parameter_can_be_replaced_by_one_of_the_same_name():
    flow, last = small_flow()
    (old,) = flow.parameters()
    flow.replace(old, Parameter("y"))
    assert flow.run(y=1).result[last].result == 2


def test_replacing_a_stranger_is_refused():
    with pytest.raises(ValueError, match="was not found in Flow"):
        Flow("etl").replace(Task("a"), Task("b"))


def test_an_update_brings_tasks_edges_and_constants():
    with Flow("other") as other:
        add.map([1, 2], y=one())
        constant = add(1)
    flow = Flow("etl")
    flow.update(other)
    state = flow.run()
    assert (flow.tasks, flow.edges) == (other.tasks, other.edges)
    assert state.result[constant].result == 3


def test_an_update_after_a_run_counts_even_if_only_a_constant_differs():
    flow = Flow("etl")
    add.bind(1, flow=flow)
    assert flow.run().result[add].result == 3
    other = flow.copy()
    other.set_dependencies(add, keyword_tasks={"x": 10})
    flow.update(other)
    assert flow.run().result[add].result == 12


def test_an_update_can_merge_parameters():
    flow, last = small_flow()
    other, other_last = small_flow()
    flow.update(other, merge_parameters=True)
    state = flow.run(y=1)
    assert len(flow.parameters()) == 1
    assert [state.result[call].result for call in (last, other_last)] == [2, 2]


def test_an_update_refuses_a_parameter_of_the_same_name():
    flow, other = small_flow()[0], small_flow()[0]
    with pytest.raises(ValueError, match='A task with the slug "y" already exists'):
        flow.update(other)


def test_an_update_leaves_the_other_flow_alone():
    flow, (other, _) = Flow("etl"), small_flow()
    before = other.copy()
    flow.update(other)
    with flow:
        one()
    assert other == before


# ---------------------------------------------------------------------- a user's own kind of flow


def test_a_subclass_may_have_its_own_arguments_and_run():
    with Named("etl", team="blue") as flow:
        one()
    team, state = flow.run()
    assert team == "blue"
    assert state.is_successful()


@pytest.mark.parametrize("duplicate", [Flow.copy, copy.deepcopy, duplicated])
def test_a_duplicate_of_a_subclass_is_of_that_class(duplicate):
    made = duplicate(Named("etl", team="blue"))
    assert (type(made), made.name, made.team) == (Named, "etl", "blue")


# ---------------------------------------------------------------------- pickle and files


@pytest.mark.parametrize("duplicate", [copy.deepcopy, duplicated])
def test_a_duplicate_runs_like_the_original(duplicate):
    flow, last = small_flow()
    made = duplicate(flow)
    (place,) = [at for at, each in enumerate(flow.sorted_tasks()) if each is last]
    assert [*made.slugs.values()] == [*flow.slugs.values()]
    assert made.run(y=1).result[made.sorted_tasks()[place]].result == 2


@pytest.mark.parametrize("duplicate", [copy.deepcopy, duplicated])
def test_a_duplicate_keeps_everything_that_decides_a_run(duplicate):
    flow = Flow("etl", executor=LocalExecutor(), on_failure=note_failure)
    with flow:
        first = one()
        add.map([1, 2])
        add(first, y=[5])
    flow.set_reference_tasks([first])
    made = duplicate(flow)
    assert [each.name for each in made.reference_tasks()] == ["one"]
    assert sorted(map(repr, made.edges)) == sorted(map(repr, flow.edges))
    assert sorted(map(repr, made.constants.values())) == sorted(map(repr, flow.constants.values()))
    assert (type(made.executor), len(made.state_handlers)) == (LocalExecutor, 1)
    assert made.run().is_failed() is False


@pytest.mark.parametrize("duplicate", [copy.deepcopy, duplicated])
def test_a_duplicate_shares_no_tasks_and_goes_its_own_way(duplicate):
    flow, last = small_flow()
    made = duplicate(flow)
    with made:
        one()
    assert made.tasks.isdisjoint(flow.tasks)
    assert (len(flow.tasks), last in made) == (3, False)


def test_a_flow_that_ran_still_pickles():
    flow, _ = small_flow()
    flow.run()
    assert duplicated(flow).run().is_successful()


def test_a_flow_can_be_pickled_inside_its_block():
    with Flow("etl") as flow:
        one()
        made = duplicated(flow)
    assert len(made.tasks) == 1


def test_a_flow_and_its_state_pickle_together():
    flow, last = small_flow()
    made, state = duplicated((flow, flow.run()))
    assert set(state.result) == made.tasks
    assert [state.result[each].result for each in made.get_tasks(name=last.name)] == [6]


def test_a_flow_with_a_closure_refuses_with_the_error_of_pickle():
    with Flow("etl") as flow:
        task(lambda: 1)()
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(flow)


def test_a_long_flow_pickles_without_recursion():
    with Flow("long") as flow:
        last = one()
        for _ in range(5000):
            last = add(last)
    assert len(duplicated(flow).sorted_tasks()) == 5001


def test_a_long_flow_deep_copies_without_recursion():
    with Flow("long") as flow:
        last = one()
        for _ in range(2000):
            last = add(last)
    assert len(copy.deepcopy(flow).sorted_tasks()) == 2001


def test_a_task_may_hold_its_own_flow():
    flow = Flow("etl")
    holder = flow.add_task(Task("holder"))
    holder.flow = flow
    flow.add_edge(Task("before"), holder)
    made = duplicated(flow)
    (again,) = made.get_tasks(name="holder")
    assert again.flow is made
    assert len(made.edges_to(again)) == 1


def test_a_saved_flow_is_loaded_by_path_or_name(tmp_path):
    flow, _ = small_flow()
    assert flow.save(str(tmp_path / "deep" / "x.prefect")) == str(tmp_path / "deep" / "x.prefect")
    assert Flow.load(str(tmp_path / "deep" / "x.prefect")).run().is_successful()


def test_a_saved_flow_has_a_place_of_its_own():
    flow = Flow("My Flow!")
    path = flow.save()
    assert path.endswith("/flows/my-flow.prefect")
    assert [Flow.load(known).name for known in ("My Flow!", "my-flow", path)] == ["My Flow!"] * 3


def test_a_flow_of_a_script_pickles_there(tmp_path):
    text = """
import copy, pickle
from miniprefect import Flow, Parameter, task

@task(max_retries=0)
def add(x, y=2):
    return x + y

with Flow("etl") as flow:
    last = add(add(Parameter("x")), y=[1, 2][0])

for made in (pickle.loads(pickle.dumps(flow)), copy.deepcopy(flow)):
    state = made.run(x=1)
    print(state.result[made.sorted_tasks()[-1]].result, len(pickle.loads(pickle.dumps(state)).result))
"""
    assert script_output(tmp_path, text) == "4 3\n4 3\n"
