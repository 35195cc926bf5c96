"""The filter of results."""

import logging
from typing import Any

import pytest

from miniprefect import Flow, task
from miniprefect.engine.signals import SKIP
from miniprefect.tasks.control_flow.filter import FilterTask
from miniprefect.triggers import all_finished, all_successful


def test_the_defaults() -> None:
    assert FilterTask().name == "FilterTask"
    assert FilterTask().trigger is all_finished
    assert FilterTask().skip_on_upstream_skip is False


def test_they_can_be_changed() -> None:
    changed = FilterTask(trigger=all_successful, skip_on_upstream_skip=True, name="mine")
    assert (changed.trigger, changed.skip_on_upstream_skip, changed.name) == (all_successful, True, "mine")


def test_none_and_exceptions_are_dropped() -> None:
    signal = SKIP("a signal is no exception")
    assert FilterTask().run([1, None, ValueError(), 0, "", [], signal, StopIteration()]) == [1, 0, "", [], signal]


def test_a_test_of_ones_own() -> None:
    assert FilterTask(filter_func=lambda x: x > 1).run([1, 2, 3]) == [2, 3]
    with pytest.raises(ZeroDivisionError):
        FilterTask(filter_func=lambda x: 1 / x > 0).run([0])


@pytest.mark.parametrize("results", [[1, 2], [1, 2, None]])
def test_what_passes_is_logged_on_request(caplog: pytest.LogCaptureFixture, results: list[Any]) -> None:
    with caplog.at_level(logging.INFO, "prefect"):
        FilterTask(log_func=lambda passed: f"kept {passed}").run(results)
    assert [(record.name, record.getMessage()) for record in caplog.records] == [("prefect.FilterTask", "kept [1, 2]")]


def test_behind_a_map_whose_children_fail() -> None:
    @task
    def fails_at_two(x: int) -> int:
        if x == 2:
            raise ValueError("two")
        return x

    with Flow("f") as flow:
        kept = FilterTask()(fails_at_two.map([1, 2, 3]))
    state = flow.run()
    assert state.result[kept].result == [1, 3]
    assert state.is_successful()
