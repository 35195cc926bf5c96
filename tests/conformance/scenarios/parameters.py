"""Parameters: values given to a run."""

import datetime

import prefect
from observe import describe, graph, plain, raises, results, run, run_once, scenario
from prefect import Flow, Parameter, task


@task
def same(x):
    return x


def flow_of(*parameters):
    with Flow("flow") as flow:
        for parameter in parameters:
            same(parameter)
    return flow


@scenario(
    since="0.10",
    differed="None was no default, and any other made a parameter optional",
    where=["None/0", "required with default"],
)
def a_parameter_is_required_unless_it_has_a_default():
    return {
        "plain": [Parameter("x").required, Parameter("x").name, repr(Parameter("x"))],
        "default": [Parameter("x", default=1).required, Parameter("x", default=1).default],
        "None": [Parameter("x", default=None).required, Parameter("x", default=None).default],
        "not required": [Parameter("x", required=False).required, Parameter("x", required=False).default],
        "required with default": Parameter("x", default=1, required=True).required,
    }


@scenario(since="0.10")
def the_slug_of_a_parameter_is_its_name():
    flow = flow_of(Parameter("x"))
    return {"slug": Parameter("x").slug, **graph(flow)}


@scenario(since="0.10")
def values_come_as_keywords_or_as_a_dictionary():
    flow = flow_of(Parameter("x"))
    return {"keyword": run(flow, x=1), "dictionary": run(flow, parameters={"x": 2})}


@scenario(since="0.10")
def a_keyword_beats_the_dictionary():
    flow = flow_of(Parameter("x"), Parameter("y"))
    return results(flow, parameters={"x": 1, "y": 1}, y=2)


@scenario(since="0.10")
def a_default_is_used_when_no_value_is_given():
    return results(flow_of(Parameter("x", default=3), Parameter("y", required=False)))


@scenario(since="0.10")
def none_is_a_value():
    return results(flow_of(Parameter("x", default=3)), x=None)


@scenario(since="0.10")
def a_missing_parameter_is_refused_before_anything_runs():
    ran = []
    with Flow("flow") as flow:
        task(lambda: ran.append(1), name="before")()
        same(Parameter("dt"))
    refused = raises(flow.run, says="Flow.run did not receive the following required parameters: dt")
    return {"refused": refused, "ran": ran}


@scenario(since="0.10")
def an_unknown_parameter_is_refused():
    flow = flow_of(Parameter("x", default=1))
    return {
        "dictionary": raises(lambda: flow.run(parameters={"y": 1}), says=["unexpected parameters", "y"]),
        "keyword": raises(lambda: flow.run(y=1), says="y"),
    }


@scenario(since="0.10")
def a_flow_runner_lets_the_parameter_task_fail():
    return run_once(flow_of(Parameter("x")))


@scenario(since="0.10")
def two_parameters_with_one_name_are_refused():
    return raises(lambda: flow_of(Parameter("x"), Parameter("x")))


@scenario(since="0.10")
def one_parameter_can_be_used_twice():
    parameter = Parameter("x")
    flow = flow_of(parameter, parameter)
    return {**graph(flow), "results": results(flow, x=5)}


@scenario(since="0.10")
def calling_a_parameter_adds_it():
    with Flow("flow") as flow:
        parameter = Parameter("x", default=1)
        same_object = parameter() is parameter
    return {**graph(flow), "same": same_object, "results": results(flow)}


@scenario(since="0.10")
def calling_a_parameter_takes_only_the_flow():
    def attempt(**keywords):
        with Flow("flow"):
            Parameter("x")(**keywords)

    return {
        "mapped": raises(attempt, mapped=True),
        "task_args": raises(attempt, task_args={}),
        "upstream_tasks": raises(attempt, upstream_tasks=[]),
    }


@scenario(since="0.10")
def copying_a_parameter_needs_a_new_name():
    parameter = Parameter("x", default=1)
    copy = parameter.copy("y")
    return {"no name": raises(lambda: parameter.copy()), "copy": [copy.name, copy.slug, copy.default]}


@scenario(since="0.10")
def running_a_parameter_by_hand_gives_the_default():
    with prefect.context(parameters={"x": 7}):
        in_context = Parameter("x", default=1).run()
    return [Parameter("x", default=1).run(), in_context]


@scenario(since="0.10")
def the_parameters_of_a_flow():
    flow = flow_of(Parameter("x"), Parameter("y", default=2))
    return sorted(parameter.name for parameter in flow.parameters())


@scenario(since="0.10")
def parameters_of_the_context_fill_what_is_not_given():
    flow = flow_of(Parameter("x"), Parameter("y", default=2))
    return run_once(flow, context={"parameters": {"x": 1, "y": 1}}, parameters={"y": 3})


@scenario(since="0.10", differed="defaults were not in the context", where=["seen-1/y"])
def the_context_holds_all_parameters_including_defaults():
    @task
    def seen():
        return dict(prefect.context.parameters)

    with Flow("flow") as flow:
        same(Parameter("x"))
        same(Parameter("y", default=2))
        seen()
    return results(flow, x=1)


@scenario(since="0.10")
def a_parameter_can_hold_any_object():
    value = lambda: 5  # noqa: E731
    flow = flow_of(Parameter("x"))
    state = flow.run(x=value)
    (last,) = flow.get_tasks("same")
    return state.result[last].result is value


@scenario(since="0.10", differed="all items were called GetItem", where=["GetItem-1", "numbers[0]-1"])
def parameters_can_be_mapped_over_and_indexed():
    with Flow("flow") as flow:
        numbers = Parameter("numbers")
        same.map(numbers)
        same(numbers[0])
    return results(flow, numbers=[3, 4])


@scenario
def a_date_time_parameter_takes_datetimes_texts_and_none():
    flow = flow_of(prefect.core.parameter.DateTimeParameter("dt", required=False))

    def value(**keywords):
        state = flow.run(**keywords)
        (task,) = flow.get_tasks("dt")
        result = state.result[task].result
        return result if result is None else [isinstance(result, datetime.datetime), result.isoformat()[:16]]

    seen = value(dt="2020-02-03T04:05:00"), value(dt=datetime.datetime(2020, 2, 3)), value(dt=None)
    return {"values": [one and [one[0], one[1].replace("T", " at ")] for one in seen], "none given": value()}


@scenario
def a_date_time_parameter_refuses_what_is_no_time():
    flow = flow_of(prefect.core.parameter.DateTimeParameter("dt"))
    state = flow.run(dt="not a time")
    (parameter,) = flow.get_tasks("dt")
    seen = describe(state.result[parameter])
    return [type(state).__name__, seen["state"]]


@scenario(since="0.10")
def tags_of_a_parameter():
    return plain(Parameter("x", tags=["a"]).tags)
