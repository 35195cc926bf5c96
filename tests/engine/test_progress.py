"""Counting how far a run is. What a terminal shows of it is in tests/cli/test_progress.py."""

from typing import Any

import pytest

from miniprefect import Flow, task
from miniprefect.engine import progress
from miniprefect.engine.flow_runner import FlowRunner
from miniprefect.engine.progress import Rate, Series, Tally, watched
from miniprefect.engine.scheduling import Scheduling
from miniprefect.engine.state import Failed, Mapped, Pending, Retrying, Skipped, State, Success
from miniprefect.executors import LocalExecutor
from miniprefect.utilities.context import current_frame


def counts(series: Series) -> tuple[int, int, int]:
    seen = series.look()
    return seen["finished"], seen["failed"], seen["retrying"]


@pytest.mark.parametrize("in_order", [True, False])
def test_a_series_counts_what_is_there(in_order: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_CHUNK", 4)
    states: list[State | None] = [None] * 14
    series = Series(states, in_order)
    assert counts(series) == (0, 0, 0)
    states[:6] = [Success(), Failed(), Skipped(), Retrying(), Pending(), Success()]
    assert counts(series) == (4, 1, 1)
    assert counts(series) == (4, 1, 1)
    assert series.first_unfilled() == 6
    states[6:] = [Success()] * 8
    assert counts(series) == (12, 1, 1)
    assert counts(series) == (12, 1, 1)
    assert series.first_unfilled() is None


def test_a_series_that_is_filled_anyhow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_CHUNK", 4)
    states: list[State | None] = [None] * 20
    states[17] = Failed()
    assert counts(Series(states)) == (1, 1, 0)


def tally_of(flow: Flow) -> tuple[Tally, list[Any], list[Any]]:
    """A tally of a run that has not begun; the tasks of the flow; the states that the run would fill."""
    plan = flow.compiled()
    scheduling = Scheduling(plan, None, LocalExecutor(), current_frame(), {}, {})  # type: ignore[arg-type]
    return Tally(scheduling), plan.tasks, scheduling.outcomes.states


def test_a_mapped_task_counts_as_its_children() -> None:
    @task
    def numbers() -> list[int]:
        return []

    @task
    def crunch(x: int) -> None: ...

    with Flow("flow") as flow:
        crunch.map(numbers())
    tally, tasks, states = tally_of(flow)
    assert (tally.look()["finished"], tally.total, tally.running()) == (0, 2, "running numbers")
    children: list[Any] = [None] * 5
    states[:] = [Success(), Mapped(map_states=children)]
    children[:2] = [Success(), Failed()]
    seen = tally.look()
    assert (seen["finished"], seen["failed"], tally.total) == (3, 1, 6)
    assert tally.running_maps == [("crunch", 2, 5)]
    assert tally.running() == ""
    children[2:] = [Success()] * 3
    assert (tally.look()["finished"], tally.total, tally.running_maps) == (6, 6, [])
    assert [each.name for each in tasks] == ["numbers", "crunch"]


def test_the_rate_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    rate = Rate()
    assert (rate.words(), rate.time_left(10)) == ("", "")
    for seconds, finished, words, left in [
        (1, 20, "20/s", "0:05 left"),
        (9, 20, "2.0/s", "0:50 left"),
        (10, 24, "24/min", "4:10 left"),  # of the last ten seconds: what was before is too long ago
        (16, 25, "4/min", "26:40 left"),
    ]:
        now[0] += seconds
        rate.note(finished)
        assert (rate.words(), rate.time_left(100)) == (words, left)
    assert rate.time_left(0) == ""
    now[0] += 1
    rate.note(3)  # a new round, which takes those that have finished over
    assert rate.words() == ""


def test_runners_that_show_how_far_they_are() -> None:
    class Mine(FlowRunner): ...

    assert issubclass(watched(Mine), Mine)
    assert watched(Mine).__name__ == "Mine"
    assert watched(Mine) is watched(Mine)
    assert watched(watched(Mine)) is watched(Mine)
    assert watched(dict) is dict  # type: ignore[arg-type,comparison-overlap]


def test_without_a_terminal_nothing_is_watched() -> None:
    @task
    def one() -> int:
        return 1

    with Flow("flow") as flow:
        made = one()
    assert flow.run(runner_cls=watched(FlowRunner)).result[made].result == 1
