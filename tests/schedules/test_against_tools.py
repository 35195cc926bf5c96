"""Cron expressions against croniter, which Prefect uses, and clocks against dateutil: 27,000 dates, from a fixed seed.

What Prefect itself makes of them, changes of clocks included, is in test_crosscheck.py.
"""

import datetime
import random
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from miniprefect.schedules import RRuleSchedule
from miniprefect.schedules._cron import parse
from miniprefect.schedules.clocks import Clock, CronClock, IntervalClock
from tests.schedules import crosscheck

REASON = "not installed: it is in the extra `dev`"
EXPRESSIONS = 2500
DATES = 8
SEED = 20_231_029
UTC = datetime.UTC


def some_time(rng: random.Random) -> datetime.datetime:
    day = datetime.datetime(rng.randint(1990, 2035), 1, 1) + datetime.timedelta(days=rng.randrange(365))
    return day.replace(hour=rng.randrange(24), minute=rng.randrange(60), second=rng.choice((0, 0, 59)))


# Cron

Search = list[datetime.datetime] | str


def croniters(croniter: Any, expression: str, day_or: bool, start: datetime.datetime) -> Search:
    """The next dates that croniter finds."""
    try:
        dates = croniter.croniter(expression, start, day_or=day_or)
    except ValueError:
        return "refused"
    found: list[datetime.datetime] = []
    try:
        while len(found) < DATES:
            found.append(dates.get_next(datetime.datetime))
    except croniter.CroniterBadDateError:
        pass  # it finds no more
    return found


def ours(expression: str, day_or: bool, start: datetime.datetime) -> Search:
    """The next dates that we find."""
    try:
        cron = parse(expression, day_or)
    except ValueError:
        return "refused"
    return list(islice(cron.walls(start + datetime.timedelta(seconds=1)), DATES))


def is_beyond_croniter(expression: str) -> bool:
    """Whether days such as 15W, 5#2 or L5 stand beside plain days in the other field, in which croniter gets lost."""
    _, _, day, _, weekday, *_ = expression.upper().split()
    return "W" in day or "#" in weekday or any(item.startswith("L") for item in weekday.split(","))


def test_cron_expressions_name_the_dates_that_croniter_finds() -> None:
    croniter = pytest.importorskip("croniter", reason=f"croniter is {REASON}")
    seen: Counter[str] = Counter()
    for number in range(EXPRESSIONS):
        rng = random.Random(SEED + number)
        asked = crosscheck.expression(rng), rng.random() < 0.7, some_time(rng)
        theirs, mine = croniters(croniter, *asked), ours(*asked)
        if mine == theirs:
            seen["dates"] += DATES if theirs == "refused" else len(theirs)
            seen["refused"] += theirs == "refused"
        else:
            assert theirs == [], asked
            assert is_beyond_croniter(asked[0]), asked
            seen["beyond"] += 1
    assert seen["dates"] > 0.93 * EXPRESSIONS * DATES
    assert 30 < seen["refused"] < 0.05 * EXPRESSIONS
    assert seen["beyond"] < 0.03 * EXPRESSIONS


# dateutil

FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
RULES = (
    "",
    ";BYDAY=-1FR",
    ";BYMONTHDAY=-1,15",
    ";BYMONTH=2,7",
    ";BYHOUR=2,3;BYMINUTE=30",
    ";BYSETPOS=1;BYDAY=TU,TH",
)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "UTC")


def a_rule(rng: random.Random, dateutil: Any) -> tuple[Any, datetime.datetime]:
    """A rule of dateutil, and its start: in a time zone or, for half of them, naive."""
    freq, by = rng.choice(FREQUENCIES), rng.choice(RULES)
    if freq in ("HOURLY", "DAILY", "WEEKLY"):
        by = by.replace("-1FR", "MO,FR")
    if freq == "HOURLY" and "BYHOUR" in by:
        by = ""
    start = some_time(rng)
    if rng.random() < 0.5:
        start = start.replace(tzinfo=ZoneInfo(rng.choice(ZONES)))
    return dateutil.rrulestr(f"FREQ={freq};INTERVAL={rng.randint(1, 5)}{by}", dtstart=start), start


def test_rules_fire_when_dateutil_says() -> None:
    dateutil = pytest.importorskip("dateutil.rrule", reason=f"dateutil is {REASON}")
    seen = 0
    for number in range(300):
        rng = random.Random(SEED + number)
        rule, start = a_rule(rng, dateutil)
        after = (start if start.tzinfo else start.replace(tzinfo=UTC)) + datetime.timedelta(days=rng.randint(-5, 40))
        asked = after if start.tzinfo else after.replace(tzinfo=None)
        expected = [moment if start.tzinfo else moment.replace(tzinfo=UTC) for moment in rule.xafter(asked, DATES)]
        assert RRuleSchedule(rule).next(DATES, after=after) == expected, str(rule)
        seen += len(expected)
    assert seen > 0.95 * 300 * DATES


def daily(zone: str, at: datetime.time, dateutil: Any) -> Iterator[datetime.datetime]:
    """What dateutil says is daily at a time of a wall clock, from 2015 on."""
    start = datetime.datetime.combine(datetime.date(2015, 1, 1), at, ZoneInfo(zone))
    return iter(dateutil.rrule(dateutil.DAILY, dtstart=start))


def is_plain(moment: datetime.datetime) -> bool:
    """Whether clocks show a time of a wall clock, and once only."""
    utc = moment.astimezone(UTC)
    return utc.astimezone(moment.tzinfo) == moment and moment.utcoffset() == moment.replace(fold=1).utcoffset()


@pytest.mark.parametrize("zone", ZONES)
def test_daily_means_the_wall_clock_in_summer_and_in_winter(zone: str) -> None:
    dateutil = pytest.importorskip("dateutil.rrule", reason=f"dateutil is {REASON}")
    days = 365 * 3
    for at in (datetime.time(0), datetime.time(2, 30), datetime.time(9, 15)):
        expected = [moment for moment in islice(daily(zone, at, dateutil), days) if is_plain(moment)]
        assert len(expected) >= days - 9
        clocks: list[Clock] = [
            CronClock(f"{at.minute} {at.hour} * * *", start_date=expected[0]),
            IntervalClock(datetime.timedelta(days=1), start_date=expected[0]),
        ]
        for clock in clocks:
            events = islice(clock.events(expected[0] - datetime.timedelta(hours=1)), days)
            found = {event.start_time.astimezone(UTC) for event in events}
            assert {moment.astimezone(UTC) for moment in expected} <= found
            assert len(found) == days
