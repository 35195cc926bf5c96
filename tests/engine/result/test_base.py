"""Results as such: what they hold, how locations are filled in, what is equal, what has no place."""

import copy
import pickle
import re
import threading
from typing import Any

import pytest

from miniprefect.engine.result import CorruptResultError, NoResult, NoResultType, Result, ResultNotImplementedError
from miniprefect.engine.result.base import corrupt, format_context
from miniprefect.engine.serializers import JSONSerializer, PickleSerializer
from miniprefect.utilities.context import context


class Kept(Result):
    """A result with a setting of its own."""

    def __init__(self, shelf: str = "", **kwargs: Any) -> None:
        self.shelf = shelf
        super().__init__(**kwargs)


def test_it_holds_a_value_and_a_place() -> None:
    result = Result(5, "here", JSONSerializer())
    assert (result.value, result.location, result.serializer) == (5, "here", JSONSerializer())
    assert repr(result) == "<Result: 5>"
    assert result.logger.name == "prefect.Result"


def test_it_holds_nothing_by_default_and_pickles() -> None:
    result = Result()
    assert (result.value, result.location, result.serializer) == (None, None, PickleSerializer())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Result(1), Result(2)),
        (Result(1, "a"), Result(1, "b")),
        (Result(1), Result(1, serializer=JSONSerializer())),
        (Result(1), NoResultType(1)),
        (Result(1), 1),
        (Kept("a"), Kept("b")),
    ],
)
def test_results_that_differ(one: Result, other: Any) -> None:
    assert one != other


def test_results_that_are_equal() -> None:
    assert Result([1], "a", JSONSerializer()) == Result([1], "a", JSONSerializer())
    assert Kept("a", value=1) == Kept("a", value=1)
    assert NoResult == NoResultType()


def test_a_result_has_no_hash_as_it_can_change() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Result(1))


def test_a_copy_shares_the_value() -> None:
    result = Kept("a", value=[1])
    assert result.copy() == result
    assert result.copy() is not result
    assert result.copy().value is result.value


def test_a_copy_with_another_value_is_kept_nowhere_yet() -> None:
    result = Kept("a", value=1, location="x")
    other = result.from_value(2)
    assert (other.value, other.location, other.shelf) == (2, None, "a")
    assert (result.value, result.location) == (1, "x")


def test_another_value_has_the_same_function_for_its_location() -> None:
    other = Result(location=lambda x: f"at {x}").from_value(2)
    assert other.format(x=1).location == "at 1"


@pytest.mark.parametrize("again", [lambda r: pickle.loads(pickle.dumps(r)), copy.deepcopy, copy.copy])
@pytest.mark.parametrize("result", [Result({"a": [1]}, "x", JSONSerializer()), NoResult, Kept("a")])
def test_copies_are_equal(again: Any, result: Result) -> None:
    assert again(result) == result
    assert type(again(result)) is type(result)


# Locations


def test_a_template_is_filled_in_on_a_copy() -> None:
    template = Result(location="{flow_name}/{x[a].real}-{y:>03}.txt")
    assert template.format(flow_name="f", x={"a": 1}, y=7, unused=0).location == "f/1-007.txt"
    assert template.location == "{flow_name}/{x[a].real}-{y:>03}.txt"


def test_a_template_that_names_what_is_not_there() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        Result(location="{nonsense}").format(x=1)


def test_a_function_gets_the_keywords_and_is_asked_each_time() -> None:
    result = Result(location=lambda **given: "-".join(sorted(given)))
    assert result.location is None
    assert result.format(b=1, a=2).location == "a-b"
    assert result.format(c=1).location == "c"


def test_braces_in_what_a_function_returns_are_left_alone() -> None:
    assert Result(location=lambda **_: "{x}").format(x=1).location == "{x}"


def test_a_location_set_later_wins_over_the_function() -> None:
    result = Result(location=lambda **_: "function")
    result.location = "set"
    assert result.format().location == "set"


def test_a_fresh_place_each_time() -> None:
    places = {Result().format(x=1).location for _ in range(100)}
    assert len(places) == 100
    assert all(re.fullmatch(r"\d{4}/\d\d/\d\d/[0-9a-f-]{36}\.prefect_result", place or "") for place in places)


def test_a_template_may_name_the_context_parameters_and_inputs() -> None:
    with context(today="1", parameters={"p": 2, "today": "parameter"}, task_name="t"):
        known = format_context(p=3)
    assert (
        Result(location="{task_name} {today} {p} {parameters[p]} {config.logging.level}").format(**known).location
        == "t parameter 3 2 INFO"
    )


# No place


@pytest.mark.parametrize("method", ["exists", "read", "write"])
def test_the_bare_class_has_no_place(method: str) -> None:
    with pytest.raises(ResultNotImplementedError, match=rf"Result\.{method} is not implemented.*LocalResult"):
        getattr(Result(), method)("x")
    assert issubclass(ResultNotImplementedError, NotImplementedError)


# Corrupt


class Odd(Exception):
    """An exception without a text."""

    def __str__(self) -> str:
        raise RuntimeError("no str")


@pytest.mark.parametrize("error", [ValueError("bad"), Odd(), EOFError()])
def test_the_error_names_the_place_and_the_reason(error: Exception) -> None:
    made = corrupt("/x/y.txt", "PickleSerializer", error)
    assert str(made).startswith("'/x/y.txt' holds no value that PickleSerializer can read: ")
    assert type(error).__name__ in str(made)
    assert "\n" not in str(made)


def test_the_error_survives_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(corrupt("/x", "JSONSerializer", ValueError("bad"))))
    assert isinstance(error, CorruptResultError)
    assert isinstance(error, ValueError)
    assert "'/x'" in str(error)


def test_a_result_that_holds_what_can_not_be_pickled_compares_and_copies() -> None:
    result = Result(threading.Lock())
    assert result.copy() == result
