"""Caching: cache_for, cache_validator, cache_key."""

import datetime
from datetime import timedelta

import prefect
from observe import UTC, Watch, checkpointing, describe, folder, plain, run, scenario
from prefect import Flow, Parameter, task
from prefect.engine import FlowRunner, cache_validators
from prefect.engine.cache_validators import (
    all_inputs,
    all_parameters,
    duration_only,
    never_use,
    partial_inputs_only,
    partial_parameters_only,
)
from prefect.engine.result import Result
from prefect.engine.results import LocalResult
from prefect.engine.state import Cached, Mapped

HOUR = timedelta(hours=1)
FUTURE = datetime.datetime.now(UTC) + HOUR
PAST = datetime.datetime.now(UTC) - HOUR


def counting(name, **arguments):
    """Make a task that counts its runs."""
    calls = []

    @task(name=name, **arguments)
    def function(x=None):
        calls.append(x)
        return len(calls)

    return function, calls


def runs(flow, *parameters):
    """Run a flow several times; return the state and result of its counting task in each."""
    (counted,) = flow.get_tasks("counted")
    states = [flow.run(**given).result[counted] for given in parameters]
    return [[type(state).__name__, state.message, plain(state.result)] for state in states]


@scenario(since="0.10")
def a_cached_result_is_used_in_the_next_run():
    counted, calls = counting("counted", cache_for=HOUR)
    with Flow("flow") as flow:
        counted()
    return [runs(flow, {}, {}), len(calls)]


@scenario(since="0.10")
def without_cache_for_nothing_is_cached():
    counted, calls = counting("counted")
    with Flow("flow") as flow:
        counted()
    return [runs(flow, {}, {}), len(calls)]


@scenario(since="0.10")
def cache_for_alone_means_duration_only():
    counted, _ = counting("counted", cache_for=HOUR)
    return counted.cache_validator.__name__


@scenario(since="0.10")
def an_expired_result_is_not_used():
    counted, calls = counting("counted", cache_for=timedelta(microseconds=1))
    with Flow("flow") as flow:
        counted()
    return [runs(flow, {}, {}), len(calls)]


@scenario(since="0.10")
def all_inputs_decide():
    counted, calls = counting("counted", cache_for=HOUR, cache_validator=all_inputs)
    with Flow("flow") as flow:
        counted(Parameter("x"))
    return [runs(flow, {"x": 1}, {"x": 1}, {"x": 2}, {"x": 1}), calls]


@scenario(since="0.10")
def all_parameters_decide():
    counted, calls = counting("counted", cache_for=HOUR, cache_validator=all_parameters)
    with Flow("flow") as flow:
        counted(upstream_tasks=[Parameter("x")])
    return [runs(flow, {"x": 1}, {"x": 1}, {"x": 2}), len(calls)]


@scenario(since="0.10")
def duration_only_ignores_inputs():
    counted, calls = counting("counted", cache_for=HOUR, cache_validator=duration_only)
    with Flow("flow") as flow:
        counted(Parameter("x"))
    return [runs(flow, {"x": 1}, {"x": 2}), calls]


@scenario(since="0.10")
def a_validator_of_ones_own_is_asked():
    seen = []

    def validator(state, inputs, parameters):
        seen.append([type(state).__name__, plain(inputs), plain(parameters)])
        return False

    counted, calls = counting("counted", cache_for=HOUR, cache_validator=validator)
    with Flow("flow") as flow:
        counted(Parameter("x"))
    return {"runs": runs(flow, {"x": 1}, {"x": 1}), "calls": calls, "asked": seen}


@scenario(since="0.10")
def tasks_of_one_name_share_a_cache():
    first, first_calls = counting("shared", cache_for=HOUR)
    second, second_calls = counting("shared", cache_for=HOUR)
    with Flow("one") as one:
        first()
    with Flow("two") as two:
        second()
    one.run()
    two.run()
    return [len(first_calls), len(second_calls)]


@scenario(since="0.10")
def a_cache_key_is_shared_by_tasks_of_different_names():
    first, first_calls = counting("first", cache_for=HOUR, cache_key="key")
    second, second_calls = counting("second", cache_for=HOUR, cache_key="key")
    with Flow("one") as one:
        first()
    with Flow("two") as two:
        second()
    one.run()
    two.run()
    return [len(first_calls), len(second_calls), list(prefect.context.caches)]


@scenario(since="0.10")
def two_runs_of_a_flow_runner_do_not_share_a_cache():
    counted, calls = counting("counted", cache_for=HOUR)
    with Flow("flow") as flow:
        counted()
    FlowRunner(flow).run()
    FlowRunner(flow).run()
    return len(calls)


@scenario(since="0.10")
def a_failed_run_is_not_cached():
    calls = []

    @task(name="counted", cache_for=HOUR)
    def fails_once():
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("boom")
        return len(calls)

    with Flow("flow") as flow:
        fails_once()
    return runs(flow, {}, {}, {})


@scenario(since="0.10")
def the_state_of_a_run_that_will_be_cached():
    counted, _ = counting("counted", cache_for=HOUR)
    with Flow("flow") as flow:
        counted()
    return [run(flow), run(flow)]


@scenario(since="0.10")
def handlers_see_the_cached_state():
    watch = Watch()
    counted, _ = counting("counted", cache_for=HOUR, state_handlers=[watch])
    with Flow("flow") as flow:
        counted()
    flow.run()
    first, watch.seen = watch.seen, []
    flow.run()
    return [first, watch.seen]


@scenario(since="0.10")
def a_cached_state_given_beforehand():
    counted, calls = counting("counted", cache_for=HOUR)
    with Flow("flow") as flow:
        made = counted()
    valid = Cached(result=Result("cached"), cached_result_expiration=FUTURE)
    expired = Cached(result=Result("cached"), cached_result_expiration=PAST)
    seen = [describe(flow.run(task_states={made: state}).result[made]) for state in (valid, expired)]
    return [seen, len(calls)]


@scenario
def an_invalid_cached_state_given_beforehand_becomes_pending():
    watch = Watch()
    counted, calls = counting("counted", cache_for=HOUR, state_handlers=[watch])
    with Flow("flow") as flow:
        made = counted()
    expired = Cached(result=Result("cached"), cached_result_expiration=PAST)
    with prefect.context(caches={}):
        state = flow.run(task_states={made: expired})
    return [describe(state.result[made]), len(calls), watch.seen]


@scenario
def cached_children_given_beforehand():
    counted, calls = counting("counted", cache_for=HOUR, cache_validator=all_inputs)
    with Flow("flow") as flow:
        made = counted.map(x=Parameter("x"))
    expired = Cached(result=Result("cached"), cached_inputs={"x": Result(1)}, cached_result_expiration=PAST)
    valid = Cached(result=Result("cached"), cached_inputs={"x": Result(2)}, cached_result_expiration=FUTURE)
    with prefect.context(caches={}):
        state = flow.run(x=[1, 2], task_states={made: Mapped(map_states=[expired, valid])})
    return [plain(state.result[made].result), calls]


@scenario(since="0.10")
def the_cache_of_mapped_children_goes_by_input():
    counted, calls = counting("counted", cache_for=HOUR, cache_validator=all_inputs)
    with Flow("flow") as flow:
        counted.map(Parameter("x"))
    flow.run(x=[1, 2])
    flow.run(x=[2, 1, 3])
    return calls


def runs_in_two_processes(**arguments):
    """Return how often a task runs whose flow runs twice, the second time without what was cached in memory."""
    counted, calls = counting("counted", cache_for=HOUR, **arguments)
    with Flow("flow") as flow:
        counted()
    for _ in range(2):
        with prefect.context(caches={}):
            flow.run()
    return len(calls)


@scenario(differs="cached states are kept beside the results, so that other processes find them", here={"": 1})
def a_cache_beside_the_results():
    with checkpointing():
        return runs_in_two_processes(result=LocalResult(dir=str(folder())))


@scenario
def a_cache_beside_the_results_needs_checkpointing():
    switched_off = runs_in_two_processes(result=LocalResult(dir=str(folder())))
    with checkpointing():
        return [switched_off, runs_in_two_processes(result=LocalResult(dir=str(folder())), checkpoint=False)]


def verdict(validator, state, inputs=None, parameters=None):
    return validator(state, inputs or {}, parameters or {})


@scenario(since="0.10")
def validators_on_duration():
    fresh, old, always = (Cached(cached_result_expiration=when) for when in (FUTURE, PAST, None))
    validators = [duration_only, never_use, all_inputs, all_parameters]
    return {one.__name__: [verdict(one, state) for state in (fresh, old, always)] for one in validators}


@scenario(since="0.10")
def validators_on_inputs():
    state = Cached(cached_inputs={"a": Result(1), "b": Result(2)}, cached_result_expiration=FUTURE)
    given = ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1, "b": 2, "c": 3}, {"a": 1})

    def answers(validator):
        return [verdict(validator, state, inputs) for inputs in given]

    return {
        "all_inputs": answers(all_inputs),
        "partial a": answers(partial_inputs_only(validate_on=["a"])),
        "partial none": answers(partial_inputs_only()),
    }


@scenario(since="0.10")
def validators_on_parameters():
    state = Cached(cached_parameters={"a": 1, "b": 2}, cached_result_expiration=FUTURE)

    def answers(validator):
        given = ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1})
        return [verdict(validator, state, parameters=parameters) for parameters in given]

    return {
        "all_parameters": answers(all_parameters),
        "partial a": answers(partial_parameters_only(validate_on=["a"])),
        "partial none": answers(partial_parameters_only()),
    }


@scenario(since="0.10")
def a_validator_that_raises():
    def broken(state, inputs, parameters):
        raise ValueError("broken validator")

    counted, calls = counting("counted", cache_for=HOUR, cache_validator=broken)
    with Flow("flow") as flow:
        counted()
    flow.run()
    state = flow.run()
    (end,) = state.result.values()
    return [type(state).__name__, type(end).__name__, type(end.result).__name__, len(calls)]


@scenario(since="0.10")
def a_validator_sees_the_context_of_the_task():
    seen = []

    def validator(state, inputs, parameters):
        context = prefect.context
        seen.append([context.task_full_name, context.map_index, context.task_run_count, plain(context.task_tags)])
        return True

    counted, _ = counting("counted", cache_for=HOUR, cache_validator=validator)
    with Flow("flow") as flow:
        counted()
    flow.run()
    flow.run()
    return seen


@scenario(since="0.10")
def the_module_of_validators():
    return sorted(name for name in dir(cache_validators) if name.endswith(("_only", "_use", "_inputs", "_parameters")))
