"""The plan of a flow is made once, and made anew whenever something that decides a run has changed."""

import datetime
import logging
import threading
import time

import pytest

from miniprefect import Flow, Parameter, Task, task
from miniprefect.core.compile import compile_plan
from miniprefect.core.edge import Edge
from miniprefect.engine.plan import GivenValue
from miniprefect.engine.state import TriggerFailed
from miniprefect.triggers import all_finished


@task
def one():
    return 1


@task
def add(x, y=2):
    return x + y


def flow_of_one_call():
    with Flow("etl") as flow:
        call = add(1)
    flow.run()
    return flow, call


def value(flow, call):
    return flow.run().result[call].result


# ---------------------------------------------------------------------- the plan


def test_a_plan_lists_tasks_with_what_feeds_them():
    with Flow("etl") as flow:
        first = one()
        last = add(first, y=5)
    plan = compile_plan(flow)
    assert (plan.tasks, plan.slugs) == ([first, last], ["one-1", "add-1"])
    assert plan.feeds == (["x"], [0], [range(0), range(1)])
    assert [plan.constants[node] for node in plan.tasks] == [{}, {"y": 5}]
    assert (plan.terminal, plan.reference) == ([1], [1])


def test_tasks_that_were_added_before_what_they_depend_on_are_put_after_it():
    flow, (a, b, c) = Flow("etl"), (Task("a"), Task("b"), Task("c"))
    for node in (a, b, c):
        flow.add_task(node)
    flow.chain(c, b, a)
    assert compile_plan(flow).tasks == [c, b, a]


def test_cleaning_up_decides_nothing():
    flow, (a, b) = Flow("etl"), (Task("a"), Task("b"))
    b.is_cleanup = True
    b.name = "b"  # a setting, so that what the task wants is found again
    flow.add_edge(a, b)
    plan = compile_plan(flow)
    assert (plan.terminal, plan.reference) == ([1], [0])


def test_a_plan_knows_the_reference_tasks():
    flow, (a, b) = Flow("etl"), (Task("a"), Task("b"))
    flow.add_edge(a, b)
    flow.set_reference_tasks([a])
    assert compile_plan(flow).reference == [0]


def test_a_given_value_looks_like_a_constant_task():
    given = GivenValue([1])
    assert (given.name, given.value, given.is_constant, repr(given)) == ("[1]", [1], True, "<Task: [1]>")


def test_a_cycle_has_no_plan():
    flow, (a, b) = Flow("etl"), (Task("a"), Task("b"))
    flow.chain(a, b, a)
    with pytest.raises(ValueError, match="Cycle found"):
        flow.compiled()


def test_a_plan_is_kept_while_nothing_changes():
    flow, _ = flow_of_one_call()
    plan = flow.compiled()
    flow.run()
    assert flow.compiled() is plan


# ---------------------------------------------------------------------- changes of the flow


def test_a_new_task_runs():
    flow, _ = flow_of_one_call()
    with flow:
        new = one()
    assert value(flow, new) == 1


def test_a_new_edge_passes_its_value():
    flow, call = flow_of_one_call()
    flow.constants[call].clear()
    flow.add_edge(Parameter("x"), call, key="x")
    assert flow.run(x=10).result[call].result == 12


def test_an_edge_that_was_taken_away_orders_nothing():
    flow, (a, b) = Flow("etl"), (Task("a"), Task("b"))
    a.run = lambda: 1 / 0
    edge = flow.add_edge(a, b)
    assert flow.run().result[b].is_failed()
    flow.edges.remove(edge)
    assert flow.run().result[b].is_successful()


def test_a_task_that_was_taken_away_does_not_run():
    flow, call = flow_of_one_call()
    with flow:
        new = one()
    flow.run()
    flow.tasks.remove(new)
    assert set(flow.run().result) == {call}


def test_a_constant_that_was_set_again_is_used():
    flow, call = flow_of_one_call()
    flow.set_dependencies(call, keyword_tasks={"x": 10})
    assert value(flow, call) == 12


def test_a_constant_that_was_changed_directly_is_used():
    flow, call = flow_of_one_call()
    flow.constants[call]["x"] = 10
    assert value(flow, call) == 12


def test_a_constant_that_was_added_directly_is_used():
    flow, call = flow_of_one_call()
    flow.constants[call].update(y=10)
    assert value(flow, call) == 11


def test_other_reference_tasks_decide():
    with Flow("etl") as flow:
        bad = task(lambda: 1 / 0, name="bad")()
        good = one()
    assert flow.run().is_failed()
    flow.set_reference_tasks([good])
    assert flow.run().is_successful()
    flow.set_reference_tasks([bad])
    assert flow.run().is_failed()


def test_a_handler_of_the_flow_that_was_added_is_called():
    seen = []
    flow, _ = flow_of_one_call()
    flow.state_handlers.append(lambda flow, old, new: seen.append(type(new).__name__))
    flow.run()
    assert seen == ["Running", "Success"]


def test_a_terminal_handler_that_was_set_is_asked():
    flow, _ = flow_of_one_call()

    def judge(flow, state, reference_states):
        state.message = "judged"
        return state

    flow.terminal_state_handler = judge
    assert flow.run().message == "judged"


# ---------------------------------------------------------------------- changes of a task


def test_retries_that_were_set_are_made():
    attempts = []
    with Flow("etl") as flow:
        call = task(lambda: attempts.append(1) or 1 / 0, name="bad")()
    flow.run()
    call.max_retries, call.retry_delay = 2, datetime.timedelta(0)
    flow.run()
    assert len(attempts) == 1 + 3


def test_a_trigger_that_was_set_is_asked():
    with Flow("etl") as flow:
        call = one(upstream_tasks=[task(lambda: 1 / 0, name="bad")()])
    assert isinstance(flow.run().result[call], TriggerFailed)
    call.trigger = all_finished
    assert flow.run().result[call].is_successful()


def test_a_handler_that_was_added_is_called():
    seen = []
    flow, call = flow_of_one_call()
    call.state_handlers.append(lambda task, old, new: seen.append(type(new).__name__))
    flow.run()
    assert seen == ["Running", "Success"]


def test_a_run_that_was_set_is_run():
    flow, call = flow_of_one_call()
    call.run = lambda x: x * 100
    assert value(flow, call) == 100


def test_an_attribute_of_a_class_task_that_was_set_is_used():
    class Multiply(Task):
        def __init__(self, factor):
            self.factor = factor
            super().__init__()

        def run(self, x):
            return self.factor * x

    with Flow("etl") as flow:
        call = Multiply(2)(5)
    flow.run()
    call.factor = 3
    assert value(flow, call) == 15


def test_a_default_of_a_parameter_that_was_set_is_used():
    with Flow("etl") as flow:
        parameter = Parameter("x", default=1)
        call = add(parameter)
    flow.run()
    parameter.default = 10
    assert value(flow, call) == 12


def test_a_parameter_that_became_required_is_missed():
    with Flow("etl") as flow:
        parameter = Parameter("x", default=1)
        add(parameter)
    flow.run()
    parameter.required = True
    with pytest.raises(ValueError, match="required parameters: x"):
        flow.run()


def test_the_plan_of_a_copy_is_its_own():
    flow, call = flow_of_one_call()
    other = flow.copy()
    other.add_edge(Task("before"), call)
    assert other.edges == {Edge(*other.sorted_tasks())}
    assert len(other.run().result) == 2
    assert len(flow.run().result) == 1


# ---------------------------------------------------------------------- changes of other kinds


def test_constants_that_were_replaced_as_a_whole_count():
    flow, call = flow_of_one_call()
    flow.constants = {call: {"x": 10}}
    assert value(flow, call) == 12


def test_an_edge_from_a_task_that_was_taken_away_is_refused_before_anything_runs():
    ran = []
    with Flow("etl") as flow:
        first = task(lambda: ran.append(1), name="first")()
        task(lambda x: ran.append(2), name="second")(first)
    flow.run()
    flow.tasks.remove(first)
    ran.clear()
    with pytest.raises(ValueError, match="Some edges refer to tasks not contained in this flow"):
        flow.run()
    assert ran == []


def test_a_flow_can_be_run_while_another_thread_adds_to_it(monkeypatch):
    monkeypatch.setattr(logging.getLogger("prefect"), "disabled", True)
    with Flow("etl") as flow:
        last = one()
        for _ in range(100):
            last = add(last)
        # A task that comes before what it depends on, so that the plan has to be sorted.
        late = Task("late")
        last.set_upstream(late)
    stop = threading.Event()

    def grow():
        while not stop.is_set():
            flow.add_edge(Task("new"), late)
            time.sleep(0.001)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        states = [flow.run() for _ in range(10)]
    finally:
        stop.set()
        thread.join()
    assert all(state.is_successful() for state in states)
    assert {state.result[last].result for state in states} == {201}
