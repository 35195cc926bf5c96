"""Filters: callables that take the time of an event and say whether it counts. Pass them to `Schedule`.

They look at the event's date and time of day in its own time zone. Datetimes without a time zone are in UTC.
"""

import datetime
from collections.abc import Callable

from miniprefect.schedules._bound import Bound
from miniprefect.schedules._local import aware

Filter = Callable[[datetime.datetime], bool]


def on_datetime(dt: datetime.datetime) -> Filter:
    """Make a filter that lets the moment `dt` pass."""
    return Bound(_on_datetime, aware(dt, "dt"))


def _on_datetime(dt: datetime.datetime, moment: datetime.datetime) -> bool:
    return aware(moment, "The time") == dt


def on_date(month: int, day: int) -> Filter:
    """Make a filter that lets one day of every year pass."""
    return Bound(_on_date, month, day)


def _on_date(month: int, day: int, moment: datetime.datetime) -> bool:
    return (moment.month, moment.day) == (month, day)


def at_time(t: datetime.time) -> Filter:
    """Make a filter that lets one time of day pass, to the microsecond."""
    return Bound(_at_time, t)


def _at_time(t: datetime.time, moment: datetime.datetime) -> bool:
    return moment.time() == t


def between_datetimes(start: datetime.datetime, end: datetime.datetime) -> Filter:
    """Make a filter that lets the moments from `start` to `end` pass, both included."""
    return Bound(_between_datetimes, aware(start, "start"), aware(end, "end"))


def _between_datetimes(start: datetime.datetime, end: datetime.datetime, moment: datetime.datetime) -> bool:
    return start <= aware(moment, "The time") <= end


def between_times(start: datetime.time, end: datetime.time) -> Filter:
    """Make a filter that lets the times of day from `start` to `end` pass, both included, perhaps over midnight."""
    return Bound(_between_times, start, end)


def _between_times(start: datetime.time, end: datetime.time, moment: datetime.datetime) -> bool:
    time = moment.time()
    return start <= time <= end if start <= end else time >= start or time <= end


def between_dates(start_month: int, start_day: int, end_month: int, end_day: int) -> Filter:
    """Make a filter that lets a part of every year pass, both days included, perhaps over New Year."""
    return Bound(_between_dates, start_month, start_day, end_month, end_day)


def _between_dates(start_month: int, start_day: int, end_month: int, end_day: int, moment: datetime.datetime) -> bool:
    start, end, date = (start_month, start_day), (end_month, end_day), (moment.month, moment.day)
    return start <= date <= end if start <= end else date >= start or date <= end


def is_weekday(dt: datetime.datetime) -> bool:
    """Let Monday to Friday pass."""
    return dt.weekday() < 5


def is_weekend(dt: datetime.datetime) -> bool:
    """Let Saturday and Sunday pass."""
    return dt.weekday() >= 5


def is_month_start(dt: datetime.datetime) -> bool:
    """Let the first day of each month pass."""
    return dt.day == 1


def is_month_end(dt: datetime.datetime) -> bool:
    """Let the last day of each month pass."""
    is_new_years_eve = (dt.month, dt.day) == (12, 31)
    return is_new_years_eve or (datetime.date(dt.year, dt.month, dt.day) + datetime.timedelta(days=1)).day == 1


def is_day_of_week(day_of_week: int) -> Filter:
    """Make a filter that lets one day of the week pass: 0 is Monday, 6 is Sunday."""
    return Bound(_is_day_of_week, day_of_week)


def _is_day_of_week(day_of_week: int, moment: datetime.datetime) -> bool:
    return moment.weekday() == day_of_week
