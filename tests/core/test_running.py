"""Running a flow: what it is given, what stays as it was, and what happens in between."""

import datetime
import threading

import pytest

from miniprefect import Flow, Parameter, Task, context, task
from miniprefect.engine import FlowRunner
from miniprefect.engine.signals import SKIP
from miniprefect.engine.state import Failed, Pending, Scheduled, Success, TriggerFailed
from miniprefect.executors import LocalExecutor
from miniprefect.triggers import all_finished
from miniprefect.utilities.clock import use_clock
from tests.core.helpers import StoppedClock

A_MINUTE = datetime.timedelta(minutes=1)


@task
def one():
    return 1


@task
def add(x, y=2):
    return x + y


@task
def fail():
    raise ValueError("boom")


def noted(seen):
    @task
    def note(x=None):
        seen.append(x)

    return note


# ---------------------------------------------------------------------- the state of a run


def test_every_task_has_its_state_in_the_result():
    with Flow("etl") as flow:
        last = add(one(), y=add(1))
    state = flow.run()
    assert state.is_successful()
    assert set(state.result) == flow.tasks
    assert state.result[last].result == 4


def test_the_message_of_a_run_says_how_it_went():
    with Flow("good") as good:
        one()
    with Flow("bad") as bad:
        fail()
    assert [good.run().message, bad.run().message] == [
        "All reference tasks succeeded.",
        "Some reference tasks failed.",
    ]


def test_the_result_of_a_failed_task_is_its_exception():
    with Flow("etl") as flow:
        call = fail()
    state = flow.run().result[call]
    assert isinstance(state.result, ValueError)
    assert state.message == "Error during execution of task: ValueError('boom')"


def test_behind_a_failure_nothing_runs():
    seen = []
    with Flow("etl") as flow:
        call = noted(seen)(fail())
    assert isinstance(flow.run().result[call], TriggerFailed)
    assert not seen


def test_reference_tasks_decide():
    with Flow("etl") as flow:
        bad = fail()
        good = one(upstream_tasks=[bad], task_args={"trigger": all_finished})
    assert flow.run().is_successful()
    flow.set_reference_tasks([bad])
    assert flow.run().is_failed()
    flow.set_reference_tasks([good])
    assert flow.run().is_successful()


def test_an_empty_flow_succeeds():
    assert Flow("etl").run().is_successful()


def test_a_signal_of_an_imperative_task_decides_its_state():
    class Skip(Task):
        def run(self):
            raise SKIP("nothing to do")

    flow = Flow("etl")
    skip = flow.add_task(Skip())
    state = flow.run()
    assert state.result[skip].is_skipped()
    assert state.result[skip].message == "nothing to do"


# ---------------------------------------------------------------------- what a run is given


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), ((), {"parameters": {"y": 2}}), ((), {"x": 1, "z": 2}), ((), {"parameters": {"x": 1, "z": 2}})],
)
def test_nothing_runs_when_parameters_are_wrong(args, kwargs):
    seen = []
    with Flow("etl") as flow:
        noted(seen)(0)
        add(Parameter("x"))
    with pytest.raises((ValueError, TypeError)):
        flow.run(*args, **kwargs)
    assert not seen


def test_all_missing_parameters_are_named_in_order():
    with Flow("etl") as flow:
        add(Parameter("b"), Parameter("a"))
    with pytest.raises(ValueError, match=r"Flow\.run did not receive the following required parameters: a, b"):
        flow.run()


def test_a_misspelt_parameter_is_named_with_the_right_one():
    with Flow("etl") as flow:
        add(Parameter("number", default=1))
    with pytest.raises(TypeError, match="did you mean 'number'"):
        flow.run(nubmer=2)


@pytest.mark.parametrize("name", ["context", "state", "executor", "parameters"])
def test_a_parameter_may_have_the_name_of_an_option(name):
    with Flow("etl") as flow:
        call = add(Parameter(name, default=1))
    assert flow.run(parameters={name: 5}).result[call].result == 7


def test_the_dictionaries_given_are_left_alone():
    given = {"parameters": {"x": 1}, "context": {"a": 1}, "task_states": {}, "task_contexts": {}}
    with Flow("etl") as flow:
        add(Parameter("x"))
    flow.run(**given)
    assert given == {"parameters": {"x": 1}, "context": {"a": 1}, "task_states": {}, "task_contexts": {}}


def test_the_context_given_reaches_the_tasks_and_ends_with_the_run():
    @task
    def read():
        return context.colour

    with Flow("etl") as flow:
        call = read()
    assert flow.run(context={"colour": "blue"}).result[call].result == "blue"
    assert "colour" not in context


def test_a_part_of_the_configuration_may_be_given():
    @task
    def read():
        return context.config.get("mine"), context.config.flows.checkpointing, context.config.cloud.use_local_secrets

    with Flow("etl") as flow:
        first, second = read(), read()
    state = flow.run(
        context={"config": {"flows": {"checkpointing": "yes"}}}, task_contexts={second: {"config": {"mine": 1}}}
    )
    assert [state.result[call].result for call in (first, second)] == [(None, "yes", True), (1, "yes", True)]


def test_task_contexts_reach_single_tasks():
    @task
    def read():
        return context.get("colour")

    with Flow("etl") as flow:
        first, second = read(), read()
    state = flow.run(task_contexts={first: {"colour": "blue"}})
    assert [state.result[call].result for call in (first, second)] == ["blue", None]


def test_tasks_with_a_finished_state_do_not_run():
    seen = []
    with Flow("etl") as flow:
        first = noted(seen)(1)
        last = add(first)
    state = flow.run(task_states={first: Success(result=10)})
    assert (seen, state.result[last].result) == ([], 12)


def test_a_finished_state_comes_back_with_every_task_pending():
    with Flow("etl") as flow:
        call = one()
    given = Success()
    state = flow.run(state=given)
    assert state is given
    assert isinstance(state.result[call], Pending)


def test_the_executor_of_the_run_beats_that_of_the_flow():
    used = []

    class Noting(LocalExecutor):
        def __init__(self, name):
            super().__init__()
            self.name = name

        def submit(self, fn, *args, **kwargs):
            used.append(self.name)
            return super().submit(fn, *args, **kwargs)

    with Flow("etl", executor=Noting("flow")) as flow:
        one()
    flow.run()
    flow.run(executor=Noting("run"))
    assert used == ["flow", "run"]


def test_a_runner_class_may_be_given():
    class Runner(FlowRunner):
        def run(self, **kwargs):
            return Failed("not today")

    with Flow("etl") as flow:
        one()
    assert flow.run(runner_cls=Runner).message == "not today"


def test_a_runner_class_may_take_options_of_its_own():
    class Runner(FlowRunner):
        def run(self, colour=None, **kwargs):
            state = super().run(**kwargs)
            state.message = colour
            return state

    with Flow("etl") as flow:
        one()
    assert flow.run(runner_cls=Runner, colour="blue").message == "blue"


# ---------------------------------------------------------------------- waiting


def test_a_retry_waits_its_delay_and_no_longer():
    attempts = []

    @task(max_retries=2, retry_delay=A_MINUTE)
    def sometimes():
        attempts.append(1)
        return 1 // (len(attempts) - 1)

    with Flow("etl") as flow:
        call = sometimes()
    with use_clock(StoppedClock()) as clock:
        state = flow.run()
    assert state.result[call].result == 1
    assert sum(clock.waits) == 60


def test_tasks_that_succeeded_do_not_run_again_for_a_retry():
    seen, attempts = [], []

    @task(max_retries=1, retry_delay=A_MINUTE)
    def sometimes(x):
        attempts.append(1)
        return 1 // (len(attempts) - 1)

    with Flow("etl") as flow:
        sometimes(noted(seen)(1))
    with use_clock(StoppedClock()):
        assert flow.run().is_successful()
    assert (len(seen), len(attempts)) == (1, 2)


def test_a_task_scheduled_for_later_is_waited_for():
    with Flow("etl") as flow:
        call = one()
    with use_clock(StoppedClock()) as clock:
        later = Scheduled(start_time=clock.now() + A_MINUTE)
        state = flow.run(task_states={call: later})
    assert state.result[call].result == 1
    assert sum(clock.waits) == 60


def test_a_run_that_waits_for_nothing_does_not_wait():
    with Flow("etl") as flow:
        one()
    with use_clock(StoppedClock()) as clock:
        flow.run()
    assert clock.waits == []


# ---------------------------------------------------------------------- a run changes nothing


def test_a_run_does_not_change_the_flow():
    with Flow("etl") as flow:
        last = add(one(), Parameter("y", default=1))
        add.map([1, 2], y=last)
        fail()
    before, slugs, digest = flow.copy(), dict(flow.slugs), flow.serialized_hash()
    constants = {each: dict(values) for each, values in flow.constants.items()}
    settings = [dict(vars(each)) for each in flow.tasks]
    flow.run(y=5)
    assert flow == before
    assert (flow.slugs, dict(flow.constants), flow.serialized_hash()) == (slugs, constants, digest)
    assert [vars(each) for each in flow.tasks] == settings


def test_a_run_leaves_nothing_in_the_context():
    with Flow("etl") as flow:
        one()
    before = {*context} | {"caches"}
    flow.run(context={"colour": "blue"})
    assert {*context} <= before


def test_a_flow_runs_again_without_remembering():
    with Flow("etl") as flow:
        call = add(Parameter("x"))
    assert [flow.run(x=number).result[call].result for number in (1, 2)] == [3, 4]


def test_a_state_of_a_run_is_not_changed_by_the_next():
    with Flow("etl") as flow:
        call = add(Parameter("x"))
    first = flow.run(x=1)
    flow.run(x=2)
    assert first.result[call].result == 3


# ---------------------------------------------------------------------- two threads


def in_two_threads(function):
    found, errors = {}, []

    def call(name):
        try:
            found[name] = function(name)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    return found


def test_one_flow_runs_in_two_threads_at_once():
    together = threading.Barrier(2, timeout=20)

    @task
    def meet(name):
        together.wait()
        return name, context.parameters["name"], context.task_name

    with Flow("etl") as flow:
        call = meet(Parameter("name"))
    states = in_two_threads(lambda name: flow.run(name=name))
    results = {name: state.result[call].result for name, state in states.items()}
    assert results == {name: (name, name, "meet") for name in ("left", "right")}


def test_handlers_of_two_runs_at_once_do_not_mix():
    together, seen = threading.Barrier(2, timeout=20), {"left": [], "right": []}

    @task
    def meet():
        together.wait()

    with Flow("etl") as flow:
        one(upstream_tasks=[meet(), meet()])

    def run(name):
        def note(runner, old, new):
            seen[name].append(type(new).__name__)

        return flow.run(task_runner_state_handlers=[note])

    in_two_threads(run)
    assert seen == {name: ["Running", "Success"] * 3 for name in ("left", "right")}


def test_a_flow_may_run_itself_in_a_task():
    flow = Flow("etl")

    @task
    def count_down(number):
        return [number, *flow.run(number=number - 1).result[call].result] if number else []

    with flow:
        call = count_down(Parameter("number"))
    assert flow.run(number=3).result[call].result == [3, 2, 1]


# ---------------------------------------------------------------------- while a file is loaded


def test_while_a_file_is_loaded_a_run_only_warns():
    seen = []
    with Flow("etl") as flow:
        noted(seen)(1)
    with context(loading_flow=True), pytest.warns(UserWarning, match=r"flow\.run") as caught:
        assert flow.run() is None
    assert not seen
    assert caught[0].filename == __file__
