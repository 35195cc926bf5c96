"""Operators on tasks."""

import pytest

from miniprefect import Flow, Parameter, Task, task
from miniprefect.core.operators import GetAttr, GetItem


@task
def same(x):
    return x


def value(make):
    """Return the result of what `make` makes of two tasks whose results are 7 and 2."""
    with Flow("etl") as flow:
        call = make(same(7), same(2))
    return flow.run().result[call].result


@pytest.mark.parametrize(
    ("make", "result"),
    [
        (lambda x, y: x + y, 9),
        (lambda x, y: x - y, 5),
        (lambda x, y: x * y, 14),
        (lambda x, y: x / y, 3.5),
        (lambda x, y: x // y, 3),
        (lambda x, y: x % y, 1),
        (lambda x, y: x**y, 49),
        (lambda x, y: x > y, True),
        (lambda x, y: x >= y, True),
        (lambda x, y: x < y, False),
        (lambda x, y: x <= y, False),
        (lambda x, y: x.is_equal(y), False),
        (lambda x, y: x.is_not_equal(y), True),
        (lambda x, y: x.not_(), False),
        (lambda x, y: (x + y) * 2 - 1 > x, True),
    ],
)
def test_an_operator_computes_with_results(make, result):
    assert value(make) == result


@pytest.mark.parametrize(
    ("make", "result"),
    [
        (lambda x, y: x + 1, 8),
        (lambda x, y: 1 + x, 8),
        (lambda x, y: 10 - x, 3),
        (lambda x, y: 3 * x, 21),
        (lambda x, y: 14 / x, 2.0),
        (lambda x, y: 15 // x, 2),
        (lambda x, y: 15 % x, 1),
        (lambda x, y: 2**x, 128),
        (lambda x, y: x < 10, True),
        (lambda x, y: x >= 10, False),
        (lambda x, y: "a" + same("b"), "ab"),
    ],
)
def test_either_side_may_be_a_plain_value(make, result):
    assert value(make) == result


@pytest.mark.parametrize(
    ("make", "result"),
    [
        (lambda x, y: x & y, 2),
        (lambda x, y: x & same(0), 0),
        (lambda x, y: same("") & x, ""),
        (lambda x, y: 1 & x, 7),
        (lambda x, y: x.or_(y), 7),
        (lambda x, y: same(0).or_(y), 2),
        (lambda x, y: same(0).or_(""), ""),
    ],
)
def test_and_and_or_return_one_of_the_values_as_in_python(make, result):
    found = value(make)
    assert (found, type(found)) == (result, type(result))


def test_equality_of_tasks_is_identity():
    left, right = Task("a"), Task("a")
    assert (left == left, left == right, left != right) == (True, False, True)


def test_a_bar_chains_and_returns_the_right_side():
    with Flow("etl") as flow:
        a, b, c = same(1), same(2), same(3)
        assert (a | b | c) is c
    assert [(e.upstream_task, e.downstream_task, e.key) for e in flow.edges] == [(a, b, None), (b, c, None)]


def test_a_plain_value_before_a_bar_becomes_a_task():
    with Flow("etl") as flow:
        a = same(1)
        1 | a
    assert [t.name for t in flow.upstream_tasks(a)] == ["1"]


def test_a_plain_value_after_a_bar_becomes_a_task():
    with Flow("etl") as flow:
        a = same(1)
        assert (a | 1) == 1
    assert [t.name for t in flow.downstream_tasks(a)] == ["1"]


def test_plain_values_beside_operators_are_no_tasks():
    with Flow("etl") as flow:
        call = same(1) + 5
    assert len(flow.tasks) == 2
    assert flow.constants[call] == {"y": 5}


@pytest.mark.parametrize(
    ("source", "take", "result"),
    [
        ([5, 6], lambda x: x[0], 5),
        ([5, 6], lambda x: x[-1], 6),
        ([5, 6, 7], lambda x: x[1:], [6, 7]),
        ({"a": 5}, lambda x: x["a"], 5),
        ({"a": [5, 6]}, lambda x: x["a"][1], 6),
        ([5, 6], lambda x: x[same(1)], 6),
        ("abc", lambda x: x[1], "b"),
    ],
)
def test_items_of_a_result(source, take, result):
    with Flow("etl") as flow:
        call = take(same(source))
    assert flow.run().result[call].result == result


def test_items_are_named_after_their_source():
    with Flow("etl"):
        x = Parameter("x")
        assert [x[0].name, x["a"].name, x[Parameter("key")].name] == ["x[0]", "x['a']", "x[key]"]


def test_an_item_that_is_not_there_fails_like_python():
    with Flow("etl") as flow:
        call = same([1])[5]
    assert isinstance(flow.run().result[call].result, IndexError)


def test_an_item_that_is_not_there_may_have_a_default():
    with Flow("etl") as flow:
        call = GetItem(default=None)(same({}), "a")
        other = GetItem()(same({}), "a", 3)
    state = flow.run()
    assert [state.result[call].result, state.result[other].result] == [None, 3]


def test_attributes_by_dotted_name_and_default():
    with Flow("etl") as flow:
        found = GetAttr()(same(5), "real.imag")
        missing = GetAttr(default="none")(same(5), "colour")
    state = flow.run()
    assert [state.result[call].result for call in (found, missing)] == [0, "none"]


def test_an_operator_that_fails_has_the_error_of_python():
    with Flow("etl") as flow:
        call = same(1) / 0
    assert isinstance(flow.run().result[call].result, ZeroDivisionError)


def test_an_operator_needs_a_flow():
    with pytest.raises(ValueError, match="Could not infer an active Flow context"):
        Task("a") + 1


def test_operators_may_meet_tasks_of_a_map():
    with Flow("etl") as flow:
        call = same.map([1, 2]) + same([3])
    assert flow.run().result[call].result == [1, 2, 3]
