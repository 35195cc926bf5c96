"""Parameters: values that a run is given."""

import datetime

import pytest

from miniprefect import Flow, Parameter, context, task
from miniprefect.core.parameter import DateTimeParameter
from miniprefect.engine import FlowRunner

MIDNIGHT = datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)


@task
def same(x):
    return x


def flow_with(parameter):
    with Flow("etl") as flow:
        call = same(parameter)
    return flow, call


@pytest.mark.parametrize(
    ("parameter", "required", "default"),
    [
        (Parameter("x"), True, None),
        (Parameter("x", default=5), False, 5),
        (Parameter("x", default=None), False, None),
        (Parameter("x", required=False), False, None),
    ],
)
def test_a_parameter_without_default_is_required(parameter, required, default):
    assert (parameter.required, parameter.default) == (required, default)


def test_a_parameter_has_its_name_for_a_slug():
    flow, _ = flow_with(Parameter("x"))
    assert [flow.slugs[each] for each in flow.parameters()] == ["x"]


def test_a_parameter_takes_tags():
    assert Parameter("x", tags=["a"]).tags == {"a"}


@pytest.mark.parametrize("given", [{"x": 5}, {"parameters": {"x": 5}}, {"x": 5, "parameters": {"x": 6}}])
def test_values_come_by_keyword_and_by_dictionary_and_keywords_win(given):
    flow, call = flow_with(Parameter("x"))
    assert flow.run(**given).result[call].result == 5


@pytest.mark.parametrize("value", [None, 0, "", [], lambda: 5, object()])
def test_any_value_arrives_as_it_is(value):
    flow, call = flow_with(Parameter("x", default="other"))
    assert flow.run(x=value).result[call].result is value


def test_a_default_is_used_when_nothing_is_given():
    flow, call = flow_with(Parameter("x", default=5))
    assert flow.run().result[call].result == 5


def test_one_parameter_serves_many_tasks_and_flows():
    x = Parameter("x")
    first, first_call = flow_with(x)
    second, second_call = flow_with(x)
    assert [first.run(x=1).result[first_call].result, second.run(x=2).result[second_call].result] == [1, 2]


def test_calling_a_parameter_adds_the_parameter_itself():
    x = Parameter("x")
    with Flow("etl") as flow:
        assert x() is x
    assert x in flow


def test_calling_a_parameter_takes_a_flow():
    flow, x = Flow("etl"), Parameter("x")
    x(flow=flow)
    assert flow.parameters() == {x}


def test_a_parameter_that_no_task_takes_is_still_a_parameter():
    with Flow("etl") as flow:
        x = Parameter("x")()
    assert flow.run(x=5).result[x].result == 5


def test_a_copy_has_another_name():
    copied = Parameter("x", default=5, tags=["a"]).copy("y")
    assert (copied.name, copied.slug, copied.default, copied.tags) == ("y", "y", 5, {"a"})


def test_a_task_may_read_all_values_in_the_context():
    read = task(lambda: dict(context.parameters), name="read")
    with Flow("etl") as flow:
        same(Parameter("x"))
        same(Parameter("y", default=2))
        call = read()
    assert flow.run(x=1).result[call].result == {"x": 1, "y": 2}


def test_a_parameter_can_be_mapped_over():
    with Flow("etl") as flow:
        call = same.map(Parameter("numbers"))
    assert flow.run(numbers=[1, 2]).result[call].result == [1, 2]


def test_run_by_hand_gives_the_default_or_what_the_context_says():
    x = Parameter("x", default=5)
    with context(parameters={"x": 6}):
        inside = x.run()
    assert (x.run(), inside) == (5, 6)


def test_in_a_flow_runner_a_missing_value_fails_the_parameter():
    flow, _ = flow_with(Parameter("x"))
    (x,) = flow.parameters()
    state = FlowRunner(flow).run(return_tasks=[x])
    assert state.is_failed()
    assert state.result[x].message == 'Parameter "x" was required but not provided.'


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (MIDNIGHT, MIDNIGHT),
        ("2020-01-02", MIDNIGHT),
        ("2020-01-02T00:00:00", MIDNIGHT),
        ("2020-01-02T00:00:00Z", MIDNIGHT),
        ("2020-01-02T02:00:00+02:00", MIDNIGHT),
        (datetime.datetime(2020, 1, 2), MIDNIGHT),
        (None, None),
    ],
)
def test_a_datetime_parameter_takes_datetimes_and_texts(given, value):
    flow, call = flow_with(DateTimeParameter("moment", required=False))
    assert flow.run(moment=given).result[call].result == value


def test_a_datetime_parameter_keeps_the_moment_aware():
    flow, call = flow_with(DateTimeParameter("moment"))
    assert flow.run(moment="2020-01-02").result[call].result.utcoffset() == datetime.timedelta(0)


def test_a_datetime_parameter_that_is_no_time_fails():
    flow, call = flow_with(DateTimeParameter("moment"))
    state = flow.run(moment="soon")
    assert state.result[call].is_failed()
    assert any("moment" in str(each.result) for each in state.result.values())
