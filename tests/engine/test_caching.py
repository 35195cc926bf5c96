"""The cached states of a process: a run finds those that may pass its validator without asking about all."""

import copy
import datetime
import math
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from miniprefect import Flow, Parameter, context, task
from miniprefect.engine.cache_validators import all_inputs, all_parameters, duration_only, partial_inputs_only
from miniprefect.engine.caching import CachedStates
from miniprefect.engine.result.base import Result
from miniprefect.engine.state import Cached
from miniprefect.triggers import always_run

HOUR = datetime.timedelta(hours=1)


def cached(parameters: Any = None, **inputs: Any) -> Cached:
    return Cached(cached_inputs={name: Result(value) for name, value in inputs.items()}, cached_parameters=parameters)


def listed(*states: Cached) -> CachedStates:
    known = CachedStates()
    known.extend(states)
    return known


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        (1, 1.0),
        (True, 1),
        ("a", "a"),
        (b"a", b"a"),
        (None, None),
        ([1, "a", [2]], [1.0, "a", [2]]),
        ((1, 2), (1, 2)),
        ({"a": 1}, {"a": 1.0}),
        ({1, 2}, {2, 1}),
        (math.inf, math.inf),
    ],
    ids=repr,
)
def test_what_equals_is_found(kept: Any, asked: Any) -> None:
    state = cached(x=kept)
    found = [one for one in listed(state).candidates(all_inputs, {"x": asked}, {}) if all_inputs(one, {"x": asked}, {})]
    assert found == [state]


def test_what_differs_is_not_asked_about() -> None:
    known = listed(*(cached(x=n, y=0) for n in range(100)))
    (found,) = known.candidates(all_inputs, {"x": 7, "y": 0}, {})
    assert found is known[7]
    assert not list(known.candidates(all_inputs, {"x": 7, "y": 1}, {}))
    assert not list(known.candidates(all_inputs, {"x": 7}, {}))


def test_the_newest_comes_first() -> None:
    known = listed(*(cached(x=n % 2, number=n) for n in range(6)))

    def numbers(candidates: Iterator[Cached]) -> list[int]:
        return [state.cached_inputs["number"].value for state in candidates]

    assert numbers(known.candidates(duration_only, {}, {})) == [5, 4, 3, 2, 1, 0]
    assert numbers(known.candidates(partial_inputs_only(["x"]), {"x": 0}, {})) == [4, 2, 0]


def test_parameters_are_told_apart() -> None:
    known = listed(cached({"p": 1}), cached({"p": 2}), cached(None))
    assert list(known.candidates(all_parameters, {}, {"p": 2})) == [known[1]]
    assert list(known.candidates(all_parameters, {}, {})) == [known[2]]


def test_a_validator_that_does_not_say_what_it_compares_is_asked_about_all() -> None:
    known = listed(cached(x=1), cached(x=2))
    assert list(known.candidates(lambda state, inputs, parameters: True, {"x": 1}, {})) == known[::-1]


def test_states_that_were_added_or_taken_away_since_count() -> None:
    known = listed(cached(x=1))
    assert len(list(known.candidates(all_inputs, {"x": 1}, {}))) == 1
    known.append(cached(x=1))
    assert len(list(known.candidates(all_inputs, {"x": 1}, {}))) == 2
    known.clear()
    known.append(cached(x=2))
    assert not list(known.candidates(all_inputs, {"x": 1}, {}))


def test_a_map_asks_its_validator_once_for_each_child() -> None:
    asked: list[None] = []

    def counting(state: Cached, inputs: Any, parameters: Any) -> bool:
        asked.append(None)
        return all_inputs(state, inputs, parameters)

    counting.compared = all_inputs.compared  # type: ignore[attr-defined]
    runs: list[int] = []

    @task(cache_for=HOUR, cache_validator=counting)
    def once(x: int) -> int:
        runs.append(x)
        return 10 * x

    with Flow("flow") as flow:
        mapped = once.map(Parameter("xs"))
    with context(caches={}):
        flow.run(xs=list(range(300)))
        again = flow.run(xs=list(range(300)))
    assert len(runs) == len(asked) == 300
    assert again.result[mapped].result == [10 * n for n in range(300)]


def test_lists_of_a_users_own_are_used() -> None:
    @task(cache_for=HOUR, trigger=always_run)
    def one() -> int:
        return 1

    with Flow("flow") as flow:
        first = one()
    with context(caches={"one": [Cached(result=5, cached_result_expiration=None)]}):
        assert flow.run().result[first].result == 5


class Unsendable:
    """Be an input that can't be pickled."""

    def __reduce__(self) -> Any:
        raise TypeError("no")


def test_a_state_that_is_cached_shows_no_inputs_and_can_be_sent_without_them() -> None:
    with Flow("flow") as flow:
        made = task(lambda x: "made", name="made", cache_for=HOUR, cache_validator=all_inputs)(task(Unsendable)())
    with context(caches={}):
        state = flow.run().result[made]
    for seen in (state, pickle.loads(pickle.dumps(state)), copy.copy(state)):
        assert (seen.result, seen.cached_inputs) == ("made", {})
        assert seen == state


def looking(state: Cached, inputs: Any, parameters: Any) -> bool:
    return bool(state.cached_inputs["x"].value == inputs["x"])


@pytest.mark.parametrize("validator", [all_inputs, looking])
@pytest.mark.parametrize("known", [lambda caches: caches, copy.deepcopy, lambda caches: {"made": caches["made"][-2:]}])
def test_the_inputs_of_what_is_cached_are_there_for_validators_whatever_the_list(validator: Any, known: Any) -> None:
    runs: list[int] = []
    with Flow("flow") as flow:
        made = task(lambda x: runs.append(x) or 10 * x, name="made", cache_for=HOUR, cache_validator=validator)(
            Parameter("x")
        )
    with context(caches={"made": []}):
        for x in (1, 2, 1):
            assert flow.run(x=x).result[made].result == 10 * x
        with context(caches=known(context.caches)):
            for x in (1, 2, 3, 3):
                assert flow.run(x=x).result[made].result == 10 * x
    assert runs == [1, 2, 3]


def test_what_becomes_of_the_state_that_a_run_ended_in_is_nothing_to_the_cache() -> None:
    with Flow("flow") as flow:
        made = task(lambda: "made", name="made", cache_for=HOUR)()
    with context(caches={}):
        flow.run().result[made].result = None
        again = flow.run().result[made]
        assert (type(again), again.result) == (Cached, "made")
        context.caches["made"][0].cached_result_expiration = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
        assert flow.run().result[made].cached_result_expiration > again.cached_result_expiration
