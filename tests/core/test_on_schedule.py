"""Flows that run on a schedule: which of its times count, and when it ends."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

import miniprefect
from miniprefect import Flow, Parameter, task
from miniprefect.engine.state import Cancelled
from miniprefect.schedules import IntervalSchedule, Schedule, adjustments
from miniprefect.schedules.clocks import DatesClock, IntervalClock
from miniprefect.utilities.clock import clock, use_clock
from tests.core.helpers import StoppedClock

HOUR = datetime.timedelta(hours=1)
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def stopped() -> Iterator[StoppedClock]:
    with use_clock(StoppedClock()) as stopped:
        yield stopped  # type: ignore[misc]


def minutes(moment: datetime.datetime, start: datetime.datetime) -> float:
    return (moment - start) / MINUTE


class Noted:
    """Make a flow on a schedule whose task notes when it ran for which time, in minutes from now."""

    def __init__(self, schedule: Schedule, takes: tuple[datetime.timedelta, ...] = (), **settings: Any) -> None:
        self.runs: list[tuple[float, float]] = []
        self.start = clock().now()
        durations = iter(takes)

        @task(**settings)
        def note() -> None:
            due = miniprefect.context.scheduled_start_time
            self.runs.append((minutes(due, self.start), minutes(clock().now(), self.start)))
            clock().sleep(next(durations, datetime.timedelta()).total_seconds())
            if settings and miniprefect.context.task_run_count == 1:
                raise ValueError

        with Flow("noted", schedule=schedule) as self.flow:
            note()


def every_hour(hours: int) -> Schedule:
    now = clock().now()
    return IntervalSchedule(start_date=now + HOUR, interval=HOUR, end_date=now + hours * HOUR)


def test_each_time_is_waited_for() -> None:
    noted = Noted(every_hour(3))
    assert noted.flow.run().is_successful()
    assert noted.runs == [(60, 60), (120, 120), (180, 180)]


def test_times_that_pass_during_a_run_are_left_out() -> None:
    noted = Noted(every_hour(5), takes=(150 * MINUTE,))
    assert noted.flow.run().is_successful()
    assert noted.runs == [(60, 60), (240, 240), (300, 300)]


def test_retries_may_take_longer_than_the_next_start() -> None:
    noted = Noted(every_hour(4), max_retries=1, retry_delay=90 * MINUTE)
    assert noted.flow.run().is_successful()
    assert noted.runs == [(60, 60), (60, 150), (180, 180), (180, 270)]


def test_the_last_run_may_last_beyond_the_end() -> None:
    noted = Noted(every_hour(2), takes=(5 * HOUR,))
    assert noted.flow.run().is_successful()
    assert len(noted.runs) == 1


@pytest.mark.parametrize("moved", [-90 * MINUTE, -MINUTE, MINUTE, 90 * MINUTE])
def test_a_time_that_is_moved_comes_once(moved: datetime.timedelta) -> None:
    schedule = every_hour(5)
    schedule.adjustments = [adjustments.add(moved)]
    noted = Noted(schedule)
    assert noted.flow.run().is_successful()
    dues = [due for due, _ in noted.runs]
    assert dues == sorted(set(dues))
    assert dues[-1] == 300 + moved / MINUTE


def test_times_that_are_all_moved_to_one_end() -> None:
    noon = clock().now()
    schedule = Schedule(clocks=[IntervalClock(HOUR)], adjustments=[lambda moment: noon])
    noted = Noted(schedule)
    assert noted.flow.run().is_successful()
    assert noted.runs == [(0, 0)]


def test_a_run_that_fails_does_not_stop_the_schedule() -> None:
    noted = Noted(every_hour(3), max_retries=0)
    assert noted.flow.run().is_failed()
    assert len(noted.runs) == 3


def test_without_the_schedule_it_runs_once_and_now() -> None:
    noted = Noted(every_hour(3))
    noted.flow.run(run_on_schedule=False)
    assert noted.runs == [(0, 0)]


def test_parameters_of_the_clock_and_of_the_call() -> None:
    seen = []
    now = clock().now()
    first = DatesClock([now + HOUR], parameter_defaults={"x": "clock", "y": "clock"})
    second = DatesClock([now + 2 * HOUR])

    @task
    def see(*, x: str, y: str, z: str) -> None:
        seen.append((x, y, z))

    with Flow("flow", schedule=Schedule(clocks=[first, second])) as flow:
        see(**{name: Parameter(name, default="default") for name in "xyz"})
    flow.run(y="call")
    assert seen == [("clock", "call", "default"), ("default", "call", "default")]


def test_a_flow_that_is_cancelled_ends_the_schedule() -> None:
    @task
    def interrupted() -> None:
        raise KeyboardInterrupt

    with Flow("flow", schedule=every_hour(3)) as flow:
        interrupted()
    start = clock().now()
    assert isinstance(flow.run(), Cancelled)
    assert clock().now() == start + HOUR
