"""Cache validators, asked directly."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from miniprefect.engine import cache_validators as validators
from miniprefect.engine.result import Result
from miniprefect.engine.state import Cached
from miniprefect.utilities.clock import use_clock
from tests.engine.helpers import NOON, FakeClock

HOUR = datetime.timedelta(hours=1)
NAMED: dict[str, Any] = {
    "never_use": validators.never_use,
    "duration_only": validators.duration_only,
    "all_inputs": validators.all_inputs,
    "all_parameters": validators.all_parameters,
    "partial_inputs": validators.partial_inputs_only(validate_on=["x"]),
    "partial_inputs of none": validators.partial_inputs_only(),
    "partial_parameters": validators.partial_parameters_only(validate_on=["p"]),
    "partial_parameters of none": validators.partial_parameters_only(),
}


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with use_clock(FakeClock(NOON)):
        yield


def cached(**changes: Any) -> Cached:
    """Return the state of a run with x = 1 and p = 1, good for another hour."""
    settings = {
        "cached_inputs": {"x": Result(1)},
        "cached_parameters": {"p": 1},
        "cached_result_expiration": NOON + HOUR,
    }
    return Cached(**{**settings, **changes})


def valid(state: Cached, inputs: Any, parameters: Any) -> set[str]:
    """Return the names of the validators that let `state` be used."""
    return {name for name, validator in NAMED.items() if validator(state, inputs, parameters)}


ALL = set(NAMED) - {"never_use"}
BY_DURATION = {"duration_only", "partial_inputs of none", "partial_parameters of none"}


@pytest.mark.parametrize(
    ("changes", "inputs", "parameters", "expected"),
    [
        ({}, {"x": 1}, {"p": 1}, ALL),
        ({"cached_result_expiration": None}, {"x": 1}, {"p": 1}, ALL),
        ({"cached_result_expiration": NOON - HOUR}, {"x": 1}, {"p": 1}, set()),
        ({}, {"x": 2}, {"p": 2}, BY_DURATION),
        ({}, {"x": 1, "y": 2}, {"p": 1, "q": 2}, ALL - {"all_inputs", "all_parameters"}),
        ({"cached_inputs": None, "cached_parameters": None}, {"x": 1}, {"p": 1}, BY_DURATION),
        ({}, {"x": Result(1)}, {"p": 1}, ALL),
        (
            {"cached_inputs": None, "cached_parameters": None},
            {},
            {},
            ALL - {"all_parameters"},
        ),
        ({"cached_inputs": None, "cached_parameters": None}, None, None, ALL - {"all_inputs"}),
    ],
    ids=[
        *("same", "same for ever", "same, expired", "other", "extra", "unknown", "result objects"),
        *("empty against unknown", "none"),
    ],
)
def test_which_validators_let_a_state_be_used(changes: Any, inputs: Any, parameters: Any, expected: set[str]) -> None:
    assert valid(cached(**changes), inputs, parameters) == expected


def test_a_cache_ends_at_its_expiration() -> None:
    assert not validators.duration_only(cached(cached_result_expiration=NOON), {}, {})


def test_partial_validators_look_at_the_names_they_are_given() -> None:
    state = cached(cached_inputs={"x": Result(1), "y": Result(2)}, cached_parameters={"p": 1, "q": 2})
    only_y = validators.partial_inputs_only(validate_on=["y"])
    assert only_y(state, {"x": 9, "y": 2}, {})
    assert not only_y(state, {"x": 1, "y": 9}, {})
    only_q = validators.partial_parameters_only(validate_on=["q"])
    assert only_q(state, {}, {"p": 9, "q": 2})
    assert not only_q(state, {}, {"p": 1, "q": 9})
