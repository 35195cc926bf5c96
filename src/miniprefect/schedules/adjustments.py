"""Adjustments: callables that take the time of an event and return another one. Pass them to `Schedule`."""

import datetime
from collections.abc import Callable

from miniprefect.schedules._bound import Bound
from miniprefect.schedules._local import LocalTime, aware, in_utc

Adjustment = Callable[[datetime.datetime], datetime.datetime]


def add(interval: datetime.timedelta) -> Adjustment:
    """Make an adjustment that moves events by `interval`, in true time: a day is 24 hours.

    Raises:
        TypeError: the interval is not a timedelta.
    """
    if not isinstance(interval, datetime.timedelta):
        raise TypeError(f"interval must be a timedelta, not {interval!r}.")
    return Bound(_add, interval)


def _add(interval: datetime.timedelta, moment: datetime.datetime) -> datetime.datetime:
    moment = aware(moment, "The time")
    return LocalTime(moment).moment(in_utc(moment) + interval)


def next_weekday(dt: datetime.datetime) -> datetime.datetime:
    """Move events of Saturday and Sunday to Monday, at the same time of day; return others as they are."""
    if dt.weekday() < 5:
        return dt
    dt = aware(dt, "dt")
    local, days = LocalTime(dt), datetime.timedelta(days=7 - dt.weekday())
    return local.moment(local.utc_of(local.wall(in_utc(dt)) + days))
