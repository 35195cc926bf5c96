"""Tasks made of what a flow finds: functions, plain values, collections that hold tasks."""

import functools
import inspect
import os
import subprocess
import sys
import traceback
from collections import OrderedDict, namedtuple

import pytest

from miniprefect import Flow, Parameter, Task, task, unmapped
from miniprefect.core.builtin import (
    Constant,
    Dict,
    FunctionTask,
    List,
    Set,
    Tuple,
    as_task,
    holds_task,
)
from tests.core.helpers import script_output
from tests.ids import without_address

Pair = namedtuple("Pair", "first second")


@task
def one():
    return 1


@task
def same(x):
    return x


def given(make):
    """Return what a task is given when `make`, called in a flow block, says the argument."""
    with Flow("etl") as flow:
        call = same(make())
    return flow.run().result[call].result


# ---------------------------------------------------------------------- constants


@pytest.mark.parametrize(
    "value", [0, "", None, False, [1, [2]], (1,), {"a": {"b": 1}}, {1, 2}, object(), len, Task], ids=without_address
)
def test_a_plain_value_is_a_constant_and_no_task(value):
    with Flow("etl") as flow:
        call = same(value)
    assert flow.tasks == {call}
    assert flow.constants == {call: {"x": value}}
    assert flow.run().result[call].result is value


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (5, "5"),
        ("text", "'text'"),
        (None, "None"),
        ([1], "[1]"),
        ({"a": 1}, "{'a': 1}"),
        ("x" * 50, "Constant[str]"),
        ([1] * 100, "Constant[list]"),
        (len, "Constant[builtin_function_or_method]"),
    ],
)
def test_a_constant_is_named_after_its_value(value, name):
    assert Constant(value).name == name


def test_a_constant_knows_its_value():
    constant = Constant([1], name="numbers")
    assert (constant.value, constant.run(), constant.name) == ([1], [1], "numbers")


def test_a_constant_task_runs_in_a_flow():
    flow = Flow("etl")
    constant = flow.add_task(Constant(5))
    assert flow.run().result[constant].result == 5


# ---------------------------------------------------------------------- collections


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (lambda: [one(), 2], [1, 2]),
        (lambda: (one(), 2), (1, 2)),
        (lambda: {one(), 2}, {1, 2}),
        (lambda: {"a": one(), "b": 2}, {"a": 1, "b": 2}),
        (lambda: {one(): "a"}, {1: "a"}),
        (lambda: [[[one()]]], [[[1]]]),
        (lambda: {"a": [one(), (2, one())], "b": {"c": {one()}}}, {"a": [1, (2, 1)], "b": {"c": {1}}}),
        (lambda: OrderedDict(a=one()), {"a": 1}),
        (lambda: Pair(one(), 2), (1, 2)),
        (lambda: [*range(11), one()], [*range(11), 1]),
        (lambda: [None, one(), ""], [None, 1, ""]),
        (lambda: {None: one(), 5: 2, (1, 2): 3}, {None: 1, 5: 2, (1, 2): 3}),
        (lambda: [unmapped(one()), 2], [1, 2]),
    ],
)
def test_a_collection_with_tasks_arrives_with_their_results(make, value):
    assert given(make) == value


@pytest.mark.parametrize(
    ("make", "kinds"),
    [
        (lambda: [one(), 2], [List]),
        (lambda: (one(), 2), [Tuple]),
        (lambda: {one(), 2}, [Set]),
        (lambda: {"a": one()}, [Dict, List]),
    ],
)
def test_a_collection_with_tasks_becomes_tasks(make, kinds):
    with Flow("etl") as flow:
        same(make())
    made = [t for t in flow.tasks if t.auto_generated]
    assert sorted(type(t).__name__ for t in made) == [kind.__name__ for kind in kinds]


def test_a_collection_with_one_task_twice_makes_no_copy():
    with Flow("etl") as flow:
        first = one()
        call = same([first, first])
    assert len(flow.tasks) == 3
    assert flow.run().result[call].result == [1, 1]


def test_a_list_that_holds_itself_is_no_endless_search(tmp_path):
    text = """
from miniprefect import Flow, task

@task
def length(x):
    return len(x)

knot = []
knot.append(knot)
try:
    with Flow("etl"):
        length(knot)
except RecursionError:
    pass
print("done")
"""
    assert script_output(tmp_path, text, timeout=10) == "done\n"


def test_collections_can_be_bound_by_hand():
    with Flow("etl") as flow:
        numbers = List().bind(one(), 2)
        pairs = Dict().bind(keys=["a", "b"], values=numbers)
    state = flow.run()
    assert [state.result[numbers].result, state.result[pairs].result] == [[1, 2], {"a": 1, "b": 2}]


def test_a_dict_with_too_few_values_fails():
    with Flow("etl") as flow:
        call = Dict().bind(keys=["a", "b"], values=[one()])
    assert isinstance(flow.run().result[call].result, ValueError)


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        (one, True),
        ([1, [one]], True),
        ({"a": (one,)}, True),
        ({one: 1}, True),
        ({one}, True),
        (unmapped(one), True),
        ([unmapped([one])], True),
        ([1, "a", None], False),
        (frozenset([one]), False),
        (Task, False),
    ],
)
def test_whether_a_value_holds_a_task(value, holds):
    assert holds_task(value) is holds


# ---------------------------------------------------------------------- as_task


def test_a_task_is_its_own_task():
    assert as_task(one) is one
    assert not one.auto_generated


def test_an_annotation_is_taken_off():
    assert as_task(unmapped(one)) is one


def test_a_value_becomes_a_constant():
    made = as_task([1, 2])
    assert (type(made), made.value, made.auto_generated) == (Constant, [1, 2], True)


def test_a_collection_of_tasks_needs_a_flow():
    with pytest.raises(ValueError, match="Could not infer an active Flow context"):
        as_task([one])


def test_a_collection_of_tasks_is_added_to_the_flow_given():
    flow = Flow("etl")
    made = as_task([Parameter("x"), 2], flow)
    assert flow.run(x=1).result[made].result == [1, 2]


# ---------------------------------------------------------------------- functions


def test_a_function_task_shows_the_function_that_it_wraps():
    def load():
        """Load it."""
        return 5

    made = FunctionTask(load)
    assert made.__wrapped__ is load
    for name in functools.WRAPPER_ASSIGNMENTS[:5]:  # those of every Python
        assert getattr(made, name) == getattr(load, name), name
    assert functools.wraps(made)(lambda: 1).__qualname__ == load.__qualname__


def test_a_subclass_of_function_tasks_shows_the_function_too():
    class Loader(FunctionTask):
        """Load things."""

    def load():
        """Load it."""

    assert (Loader(load).__doc__, Loader(load).__name__, Loader.__doc__) == ("Load it.", "load", "Load things.")


def test_the_class_of_function_tasks_shows_itself():
    assert FunctionTask.__name__ == "FunctionTask"
    assert inspect.getdoc(FunctionTask).startswith("Be a task whose `run` is a function.")
    assert not hasattr(FunctionTask, "__wrapped__")


def test_without_docstrings_the_class_has_none():
    program = "from miniprefect.core.builtin import FunctionTask; print(FunctionTask.__doc__)"
    command = [sys.executable, "-OO", "-c", program]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(command, env=environment, capture_output=True, text=True).stdout == "None\n"


def test_a_task_of_a_callable_without_a_name_has_none():
    assert not hasattr(FunctionTask(functools.partial(lambda x: x, 1)), "__name__")


def test_a_function_task_may_have_another_name():
    assert FunctionTask(lambda: 1, name="load").name == "load"


def test_an_unknown_attribute_in_a_flow_block_is_explained():
    with pytest.raises(AttributeError) as caught, Flow("outer"), Flow("etl"):
        one().upper()
    text = "".join(traceback.format_exception(caught.value))
    assert text.count("A task has no value") == 1
    assert "'FunctionTask' object has no attribute 'upper'" in text
    assert "A task has no value before the flow runs. If its result is meant, use it in another task." in text


def test_an_unknown_attribute_is_named():
    with pytest.raises(AttributeError, match="'FunctionTask' object has no attribute 'column'"):
        one.column  # noqa: B018


def test_a_bound_method_can_be_a_task():
    class Counter:
        start = 10

        def count(self, x):
            return self.start + x

    with Flow("etl") as flow:
        call = task(Counter().count)(5)
    assert flow.run().result[call].result == 15


def test_a_class_can_be_the_function_of_a_task():
    class Point:
        def __init__(self, x):
            self.x = x

    with Flow("etl") as flow:
        call = task(Point)(5)
    assert flow.run().result[call].result.x == 5
