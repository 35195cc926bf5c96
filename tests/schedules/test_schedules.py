import copy
import datetime
import pickle
from datetime import timedelta
from typing import Any

import pytest

from miniprefect.schedules import (
    CronSchedule,
    IntervalSchedule,
    OneTimeSchedule,
    RRuleSchedule,
    Schedule,
    UnionSchedule,
    adjustments,
    filters,
)
from miniprefect.schedules.clocks import CronClock, DatesClock, IntervalClock
from miniprefect.utilities.clock import Clock as Time
from miniprefect.utilities.clock import use_clock

DAY = timedelta(days=1)


def at(*when: int) -> datetime.datetime:
    return datetime.datetime(*when, tzinfo=datetime.UTC)  # type: ignore[misc, arg-type]


DAILY = IntervalClock(DAY, at(2020, 1, 3))  # a Friday


def days(schedule: Schedule, count: int) -> list[int]:
    return [moment.day for moment in schedule.next(count, after=at(2020, 1, 1))]


def test_clocks_are_merged_and_repetitions_left_out() -> None:
    clocks = [IntervalClock(12 * timedelta(hours=1), at(2020, 1, 1)), IntervalClock(DAY, at(2020, 1, 1))]
    moments = Schedule(clocks=clocks).next(4, after=at(2019, 12, 31))
    assert moments == [at(2020, 1, 1), at(2020, 1, 1, 12), at(2020, 1, 2), at(2020, 1, 2, 12)]


def test_events_differ_by_parameters_and_labels() -> None:
    given: list[tuple[dict[str, Any] | None, list[str] | None]]
    given = [({"x": 1}, None), ({"x": 1}, ["a"]), ({"x": 2}, None), ({"x": 1}, None), (None, None)]
    clocks = [DatesClock([at(2020, 1, 4)], parameters, labels) for parameters, labels in given]
    events = Schedule(clocks).next(9, after=at(2020, 1, 1), return_events=True)
    assert [(event.parameter_defaults, event.labels) for event in events] == [
        ({"x": 1}, None),
        ({"x": 1}, ["a"]),
        ({"x": 2}, None),
        ({}, None),
    ]


def test_filters() -> None:
    assert days(Schedule([DAILY], filters=[filters.is_weekend, filters.is_day_of_week(5)]), 2) == [4, 11]
    assert days(Schedule([DAILY], or_filters=[filters.is_weekend, filters.on_date(1, 8)]), 3) == [4, 5, 8]
    assert days(Schedule([DAILY], not_filters=[filters.is_weekend, filters.on_date(1, 6)]), 3) == [3, 7, 8]


def test_adjustments_come_after_filters_and_one_after_the_other() -> None:
    moved = Schedule(
        [DAILY], filters=[filters.is_weekday], adjustments=[adjustments.add(DAY), adjustments.next_weekday]
    )
    assert days(moved, 3) == [6, 7, 8]
    event = moved.next(1, after=at(2020, 1, 1), return_events=True)[0]
    assert event.start_time == at(2020, 1, 6)


def test_there_may_be_fewer_events() -> None:
    schedule = Schedule([DatesClock([at(2020, 1, 4)])])
    assert days(schedule, 5) == [4]
    assert days(schedule, 0) == []
    assert Schedule([]).next(3) == []


def test_filters_that_let_nothing_pass_end_the_search() -> None:
    assert Schedule([IntervalClock(30 * DAY)], filters=[lambda moment: False]).next(1) == []


def test_filters_that_let_little_pass_end_the_search_with_a_warning() -> None:
    asked = []
    clock = IntervalClock(timedelta(minutes=1), at(2020, 1, 1))
    schedule = Schedule([clock], filters=[asked.append])  # type: ignore[list-item]
    with pytest.warns(UserWarning, match="ended at 2020-02-04 17:20:00.*: 50000 of its events") as warned:
        assert schedule.next(2, after=at(2020, 1, 1)) == []
    assert warned[0].filename == __file__
    assert len(asked) == 50_000


def test_one_minute_of_a_month_is_found_every_time() -> None:
    clock = IntervalClock(timedelta(minutes=1), at(2020, 1, 1))
    schedule = Schedule([clock], filters=[filters.is_month_start, filters.at_time(datetime.time())])
    assert [moment.month for moment in schedule.next(3, after=at(2020, 1, 1))] == [2, 3, 4]


def test_by_default_events_come_after_now() -> None:
    class Fixed(Time):
        def now(self) -> datetime.datetime:
            return at(2020, 1, 4)

    with use_clock(Fixed()):
        assert Schedule([DAILY]).next(1) == [at(2020, 1, 5)]


def test_after_is_a_datetime() -> None:
    assert Schedule([DAILY]).next(1, after=datetime.datetime(2020, 1, 4)) == [at(2020, 1, 5)]
    with pytest.raises(ValueError, match="after must be a datetime"):
        Schedule([DAILY]).next(1, after="2020")  # type: ignore[call-overload]


def test_the_first_and_last_date() -> None:
    early, late = IntervalClock(DAY, at(2020, 1, 1), at(2020, 2, 1)), IntervalClock(DAY, at(2020, 1, 5), at(2020, 3, 1))
    schedule = Schedule([late, CronClock("* * * * *"), early])
    assert (schedule.start_date, schedule.end_date) == (at(2020, 1, 1), at(2020, 3, 1))
    schedule = Schedule([CronClock("* * * * *")])
    assert (schedule.start_date, schedule.end_date) == (None, None)


@pytest.mark.parametrize("bad", [None, DAILY, [1], "ab"])
def test_clocks_are_a_list_of_clocks(bad: Any) -> None:
    with pytest.raises(TypeError, match="clocks should be a list of clocks"):
        Schedule(clocks=bad)
    with pytest.raises(TypeError, match="clocks"):
        Schedule()  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["filters", "or_filters", "not_filters", "adjustments"])
@pytest.mark.parametrize("bad", [filters.is_weekday, [1]])
def test_filters_are_a_list_of_functions(name: str, bad: Any) -> None:
    with pytest.raises(TypeError, match=f"{name} should be a list of functions"):
        Schedule([DAILY], **{name: bad})


def test_schedules_can_be_copied_and_pickled() -> None:
    schedule = Schedule(
        [DAILY, CronClock("0 0 * * MON")],
        filters=[filters.between_dates(1, 5, 12, 1), filters.at_time(datetime.time(0))],
        or_filters=[filters.is_weekday],
        not_filters=[filters.on_datetime(at(2020, 1, 7))],
        adjustments=[adjustments.add(DAY)],
    )
    for twin in (copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert days(twin, 5) == days(schedule, 5) == [7, 9, 10, 11, 14]


def test_schedules_show_themselves() -> None:
    schedule = Schedule([CronClock("@daily")], filters=[filters.on_date(1, 2)], adjustments=[adjustments.add(DAY)])
    assert repr(schedule) == (
        "<Schedule: clocks=[<CronClock: '@daily'>], filters=[on_date(1, 2)], adjustments=[add(1 day, 0:00:00)]>"
    )


def test_short_ways() -> None:
    assert days(IntervalSchedule(at(2020, 1, 5), DAY, at(2020, 1, 6)), 9) == [5, 6]
    assert days(CronSchedule("0 0 13 * 5", at(2020, 1, 1), at(2020, 5, 1), day_or=False), 9) == [13]
    with pytest.raises(TypeError, match="Interval must be a timedelta"):
        IntervalSchedule()
    with pytest.raises(TypeError, match="must be an rrule"):
        RRuleSchedule(42)


def test_rules_of_dateutil() -> None:
    rrule = pytest.importorskip("dateutil.rrule")
    schedule = RRuleSchedule(
        rrule.rrule(rrule.DAILY, dtstart=datetime.datetime(2020, 1, 1, 5)), end_date=at(2020, 1, 3)
    )
    assert schedule.next(9, after=at(2020, 1, 1)) == [at(2020, 1, 1, 5), at(2020, 1, 2, 5)]
    assert pickle.loads(pickle.dumps(schedule)).next(9, after=at(2020, 1, 2)) == [at(2020, 1, 2, 5)]


def test_old_ways_still_work() -> None:
    with pytest.warns(UserWarning, match="OneTimeSchedule is deprecated") as warned:
        once = OneTimeSchedule(start_date=at(2020, 1, 7))
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match="UnionSchedule is deprecated"):
        union = UnionSchedule([once, Schedule([DatesClock([at(2020, 1, 4)])])])
    assert days(union, 9) == [4, 7]
