import copy
import datetime
import pickle
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from miniprefect.schedules.clocks import Clock, ClockEvent, CronClock, DatesClock, IntervalClock, RRuleClock
from miniprefect.utilities.clock import Clock as Time
from miniprefect.utilities.clock import use_clock

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def at(*when: int) -> datetime.datetime:
    return datetime.datetime(*when, tzinfo=datetime.UTC)  # type: ignore[misc, arg-type]


def local(zone: str, *when: int) -> datetime.datetime:
    return datetime.datetime(*when, tzinfo=ZoneInfo(zone))  # type: ignore[misc, arg-type]


def times(clock: Clock, count: int, after: datetime.datetime) -> list[datetime.datetime]:
    return [event.start_time for event in islice(clock.events(after), count)]


def said(clock: Clock, count: int, after: datetime.datetime) -> list[str]:
    return [moment.strftime("%d %H:%M %z") for moment in times(clock, count, after)]


class MyDatetime(datetime.datetime):
    """Stands for pendulum's."""


class FixedTime(Time):
    def now(self) -> datetime.datetime:
        return at(2020, 1, 1, 12, 30)


NEW_YORK, SANTIAGO, LORD_HOWE = "America/New_York", "America/Santiago", "Australia/Lord_Howe"


# ---------------------------------------------------------------------- events


def test_events_are_equal_by_value() -> None:
    event = ClockEvent(at(2020, 1, 1), {"x": 1}, ["a"])
    assert event == ClockEvent(at(2020, 1, 1), {"x": 1}, ["a"]) == at(2020, 1, 1)
    assert event != ClockEvent(at(2020, 1, 1), {"x": 2}, ["a"])
    assert event != ClockEvent(at(2020, 1, 1), {"x": 1}, ["b"])
    assert event != "2020"
    with pytest.raises(TypeError, match="unhashable"):
        hash(event)


def test_events_have_an_order_in_time() -> None:
    event, later = ClockEvent(at(2020, 1, 1)), ClockEvent(at(2020, 1, 2))
    assert event < later
    assert event < at(2020, 1, 2)
    assert later > event
    assert later > at(2020, 1, 1)
    for compare in ("__lt__", "__gt__"):
        assert getattr(event, compare)(5) is NotImplemented


def test_events_show_themselves() -> None:
    assert repr(ClockEvent(at(2020, 1, 1))) == "<ClockEvent: 2020-01-01 00:00:00+00:00>"
    assert repr(ClockEvent(at(2020, 1, 1), {"x": 1}, ["a"])).endswith("parameter_defaults={'x': 1}, labels=['a']>")


# ---------------------------------------------------------------------- all clocks


class Rule:
    """Stands for dateutil's rrule: daily at six from 3 January 2020."""

    def __init__(self, zone: datetime.tzinfo | None = None, count: int = 100) -> None:
        self.zone, self.count = zone, count

    def __str__(self) -> str:
        return "FREQ=DAILY"

    def __iter__(self) -> Iterator[datetime.datetime]:
        start = datetime.datetime(2020, 1, 3, 6, tzinfo=self.zone)
        return (start + number * DAY for number in range(self.count))

    def xafter(self, dt: datetime.datetime) -> Iterator[datetime.datetime]:
        return (moment for moment in self if moment > dt)


CLOCKS = [
    IntervalClock(6 * HOUR, at(2020, 1, 1), parameter_defaults={"x": 1}, labels=["a"]),
    CronClock("0 */6 * * *", parameter_defaults={"x": 1}, labels=["a"]),
    DatesClock([at(2020, 1, 5), at(2020, 1, 4)], parameter_defaults={"x": 1}, labels=["a"]),
    RRuleClock(Rule(), parameter_defaults={"x": 1}, labels=["a"]),
]
each_clock = pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: type(clock).__name__)


@each_clock
def test_events_come_after_a_moment_in_order(clock: Clock) -> None:
    moments = times(clock, 10, at(2020, 1, 2))
    assert len(moments) > 1
    assert moments == sorted(moments)
    assert times(clock, 1, moments[0])[0] == moments[1]
    assert times(clock, 1, moments[0] - timedelta.resolution)[0] == moments[0]


@each_clock
def test_events_carry_parameters_and_labels(clock: Clock) -> None:
    event = next(iter(clock.events(at(2020, 1, 2))))
    assert (event.parameter_defaults, event.labels) == ({"x": 1}, ["a"])


@each_clock
def test_clocks_can_be_copied_and_pickled(clock: Clock) -> None:
    for twin in (copy.deepcopy(clock), pickle.loads(pickle.dumps(clock))):
        assert times(twin, 5, at(2020, 1, 2)) == times(clock, 5, at(2020, 1, 2))


@each_clock
def test_a_naive_moment_is_in_utc(clock: Clock) -> None:
    assert times(clock, 2, datetime.datetime(2020, 1, 2)) == times(clock, 2, at(2020, 1, 2))


@each_clock
def test_after_is_a_datetime(clock: Clock) -> None:
    with pytest.raises(ValueError, match="after must be a datetime, not '2020'"):
        next(iter(clock.events("2020")))  # type: ignore[arg-type]


@each_clock
def test_by_default_events_come_after_now(clock: Clock) -> None:
    with use_clock(FixedTime()):
        assert next(iter(clock.events())) == next(iter(clock.events(FixedTime().now())))


@pytest.mark.parametrize(
    "make", [lambda **dates: IntervalClock(DAY, **dates), lambda **dates: CronClock("* * * * *", **dates)]
)
def test_dates_are_datetimes(make: Any) -> None:
    assert make(start_date=datetime.datetime(2020, 1, 1)).start_date == at(2020, 1, 1)
    assert make(end_date=datetime.datetime(2020, 1, 1)).end_date == at(2020, 1, 1)
    for name in ("start_date", "end_date"):
        with pytest.raises(ValueError, match=f"{name} must be a datetime"):
            make(**{name: "2020-01-01"})


def test_a_clock_of_ones_own_says_its_events() -> None:
    with pytest.raises(NotImplementedError, match="Clock is to say"):
        Clock().events()
    assert repr(Clock()) == "<Clock>"


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        (IntervalClock(HOUR), "<IntervalClock: every 1:00:00>"),
        (CronClock("@daily", end_date=at(2020, 1, 1)), "<CronClock: '@daily', until 2020-01-01 00:00:00+00:00>"),
        (RRuleClock(Rule(), labels=["a"]), "<RRuleClock: FREQ=DAILY, labels=['a']>"),
        (
            DatesClock([at(2020, 1, 1)]),
            "<DatesClock: 1 dates, from 2020-01-01 00:00:00+00:00, until 2020-01-01 00:00:00+00:00>",
        ),
    ],
)
def test_clocks_show_themselves(clock: Clock, text: str) -> None:
    assert repr(clock) == text


@pytest.mark.parametrize("make", [lambda start: IntervalClock(DAY, start), lambda start: CronClock("0 9 * * *", start)])
def test_events_are_of_the_class_and_zone_of_the_start(make: Any) -> None:
    start = MyDatetime(2020, 3, 6, 9, tzinfo=ZoneInfo(NEW_YORK))
    moments = times(make(start), 3, at(2020, 3, 6))
    assert {type(moment) for moment in moments} == {MyDatetime}
    assert [moment.isoformat() for moment in moments] == [
        "2020-03-06T09:00:00-05:00",
        "2020-03-07T09:00:00-05:00",
        "2020-03-08T09:00:00-04:00",
    ]


@pytest.mark.parametrize("clock", [IntervalClock(DAY), CronClock("0 0 * * *")])
def test_without_a_start_they_are_of_the_class_of_after_and_in_utc(clock: Clock) -> None:
    (moment,) = times(clock, 1, MyDatetime(2020, 1, 1, 3, tzinfo=ZoneInfo(NEW_YORK)))
    assert type(moment) is MyDatetime
    assert moment.isoformat() == "2020-01-02T00:00:00+00:00"


@pytest.mark.parametrize("clock", [IntervalClock(DAY, at(9999, 12, 25)), CronClock("0 0 * * *", at(9999, 12, 25))])
def test_the_calendar_has_an_end(clock: Clock) -> None:
    assert times(clock, 2, at(1, 1, 1)) == [at(9999, 12, 25), at(9999, 12, 26)]
    assert len(times(clock, 100, at(1, 1, 1))) < 8


# ---------------------------------------------------------------------- intervals


def test_intervals_are_counted_from_the_start() -> None:
    clock = IntervalClock(6 * HOUR, at(2020, 1, 1), at(2020, 1, 1, 12))
    assert times(clock, 9, at(2019, 1, 1)) == [at(2020, 1, 1), at(2020, 1, 1, 6), at(2020, 1, 1, 12)]
    assert times(clock, 9, at(2020, 1, 1, 7)) == [at(2020, 1, 1, 12)]
    assert times(IntervalClock(DAY), 1, at(2018, 1, 1)) == [at(2019, 1, 1)]


@pytest.mark.parametrize("bad", [None, 5, "a"])
def test_an_interval_is_a_timedelta(bad: Any) -> None:
    with pytest.raises(TypeError, match="Interval must be a timedelta"):
        IntervalClock(bad)


@pytest.mark.parametrize("bad", [timedelta(), -DAY])
def test_an_interval_is_positive(bad: timedelta) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        IntervalClock(bad)


def test_days_keep_their_local_time() -> None:
    daily = IntervalClock(DAY, local(NEW_YORK, 2020, 1, 1, 9))
    assert said(daily, 2, at(2020, 3, 7, 15)) == ["08 09:00 -0400", "09 09:00 -0400"]
    assert said(daily, 2, at(2020, 10, 31, 15)) == ["01 09:00 -0500", "02 09:00 -0500"]


def test_a_day_whose_time_is_skipped_comes_later() -> None:
    daily = IntervalClock(DAY, local(NEW_YORK, 2020, 1, 1, 2, 30))
    assert said(daily, 3, at(2020, 3, 7, 6)) == ["07 02:30 -0500", "08 03:30 -0400", "09 02:30 -0400"]
    assert said(IntervalClock(DAY, local(SANTIAGO, 2019, 9, 1)), 2, at(2019, 9, 7, 5)) == [
        "08 01:00 -0300",
        "09 00:00 -0300",
    ]


def test_events_around_a_skipped_hour_stay_in_order() -> None:
    clock = IntervalClock(45 * MINUTE, local(NEW_YORK, 2020, 1, 1, 0, 0))
    assert said(clock, 5, at(2020, 3, 8, 6, 30)) == [
        "08 03:00 -0400",
        "08 03:15 -0400",
        "08 03:45 -0400",
        "08 04:30 -0400",
        "08 05:15 -0400",
    ]


def test_an_hour_that_comes_twice_counts_once() -> None:
    hourly = IntervalClock(HOUR, local(NEW_YORK, 2020, 7, 1))
    assert said(hourly, 3, at(2020, 11, 1, 3, 30)) == ["01 00:00 -0400", "01 01:00 -0500", "01 02:00 -0500"]


def test_the_first_day_counts_true_hours() -> None:
    hourly = IntervalClock(HOUR, local(NEW_YORK, 2020, 10, 31, 23))
    assert said(hourly, 4, at(2020, 11, 1, 3)) == [
        "01 00:00 -0400",
        "01 01:00 -0400",
        "01 01:00 -0500",
        "01 02:00 -0500",
    ]


def test_no_event_is_lost_in_another_offset_than_at_the_start() -> None:
    hourly = IntervalClock(HOUR, local(NEW_YORK, 2019, 7, 1))
    assert times(hourly, 1, at(2020, 1, 15, 12)) == [at(2020, 1, 15, 13)]


def test_tiny_intervals_count_true_time() -> None:
    clock = IntervalClock(timedelta(microseconds=7), local(NEW_YORK, 2020, 1, 1))
    first, second = times(clock, 2, at(2020, 11, 1, 5, 30))
    assert timedelta() < first.astimezone(datetime.UTC) - at(2020, 11, 1, 5, 30) <= timedelta(microseconds=7)
    assert second.astimezone(datetime.UTC) - first.astimezone(datetime.UTC) == timedelta(microseconds=7)


# ---------------------------------------------------------------------- cron


def test_cron_lies_between_its_dates() -> None:
    clock = CronClock("0 0 * * *", at(2020, 1, 5, 1), at(2020, 1, 8))
    assert times(clock, 9, at(2020, 1, 1)) == [at(2020, 1, 6), at(2020, 1, 7), at(2020, 1, 8)]
    assert times(CronClock("0 0 * * *", at(2020, 1, 5)), 1, at(2020, 1, 1)) == [at(2020, 1, 5)]


def test_cron_knows_its_arguments() -> None:
    clock = CronClock("0 0 13 * 5", day_or=False)
    assert (clock.cron, clock.day_or, CronClock("* * * * *").day_or) == ("0 0 13 * 5", False, True)
    assert times(clock, 1, at(2020, 1, 1)) == [at(2020, 3, 13)]
    with pytest.raises(ValueError, match="Invalid cron string"):
        CronClock("hello")


def test_an_event_within_the_same_second_is_not_forgotten() -> None:
    assert times(CronClock("0 0 * * *"), 1, at(2020, 5, 31, 23, 59, 59, 999_999)) == [at(2020, 6, 1)]


def test_cron_means_local_time() -> None:
    nine = CronClock("0 9 * * *", local(NEW_YORK, 2020, 1, 1))
    assert said(nine, 2, at(2020, 3, 7, 13)) == ["07 09:00 -0500", "08 09:00 -0400"]


def test_a_time_that_comes_twice_fires_once() -> None:
    hourly = CronClock("0 * * * *", local(NEW_YORK, 2020, 1, 1))
    assert said(hourly, 4, at(2020, 11, 1, 3, 30)) == [
        "01 00:00 -0400",
        "01 01:00 -0500",
        "01 02:00 -0500",
        "01 03:00 -0500",
    ]
    assert said(hourly, 1, at(2020, 11, 1, 5, 30)) == ["01 01:00 -0500"]
    half_past = CronClock("30 1 * * *", local(NEW_YORK, 2020, 1, 1))
    assert said(half_past, 2, at(2020, 11, 1, 5, 45)) == ["01 01:30 -0500", "02 01:30 -0500"]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["08 03:00 -0400", "09 02:30 -0400"]),
        ("*/20 2,3 * * *", ["08 03:00 -0400", "08 03:20 -0400"]),
        ("30 * * * *", ["08 03:30 -0400", "08 04:30 -0400"]),
    ],
)
def test_a_time_that_is_skipped(cron: str, expected: list[str]) -> None:
    assert said(CronClock(cron, local(NEW_YORK, 2020, 1, 1)), 2, at(2020, 3, 8, 6, 45)) == expected


@pytest.mark.parametrize(
    ("zone", "cron", "after", "expected"),
    [
        (SANTIAGO, "0 0 * * *", at(2019, 9, 7, 5), ["08 01:00 -0300", "09 00:00 -0300"]),
        (LORD_HOWE, "15 2 * * *", at(2019, 10, 5, 0), ["06 02:30 +1100", "07 02:15 +1100"]),
        ("Pacific/Apia", "0 12 * * *", at(2011, 12, 29), ["29 12:00 -1000", "31 00:00 +1400", "31 12:00 +1400"]),
    ],
)
def test_unusual_changes_of_clocks(zone: str, cron: str, after: datetime.datetime, expected: list[str]) -> None:
    assert said(CronClock(cron, local(zone, 2011, 1, 1)), len(expected), after) == expected


# ---------------------------------------------------------------------- dates, rules


def test_dates_fire_once_each_in_order() -> None:
    naive = datetime.datetime(2020, 1, 3)
    clock = DatesClock([at(2020, 1, 5), naive, at(2020, 1, 5), at(2020, 1, 1)])
    assert times(clock, 9, at(2020, 1, 1)) == [at(2020, 1, 3), at(2020, 1, 5)]
    assert (clock.start_date, clock.end_date) == (at(2020, 1, 1), at(2020, 1, 5))
    assert type(times(DatesClock([MyDatetime(2020, 1, 1)]), 1, at(2019, 1, 1))[0]) is MyDatetime


def test_dates_are_given_and_datetimes() -> None:
    with pytest.raises(ValueError, match="at least one date"):
        DatesClock([])
    with pytest.raises(ValueError, match="A date must be a datetime, not 1"):
        DatesClock([1])  # type: ignore[list-item]


@pytest.mark.parametrize("rule", [Rule(), Rule(datetime.UTC)], ids=["naive", "aware"])
def test_rules_lie_between_their_dates(rule: Rule) -> None:
    clock = RRuleClock(rule, at(2020, 1, 4, 6), at(2020, 1, 6, 6))
    assert times(clock, 9, at(2020, 1, 1)) == [at(2020, 1, day, 6) for day in (4, 5, 6)]
    assert times(clock, 9, local(NEW_YORK, 2020, 1, 5, 1)) == [at(2020, 1, 6, 6)]
    assert times(RRuleClock(Rule(count=0)), 1, at(2020, 1, 1)) == []


@pytest.mark.parametrize("bad", [42, None, "FREQ=DAILY", [1], Rule])
def test_a_rule_is_an_object_of_dateutil(bad: Any) -> None:
    with pytest.raises(TypeError, match="must be an rrule or rruleset"):
        RRuleClock(bad)
