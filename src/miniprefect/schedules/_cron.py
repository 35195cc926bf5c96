"""Cron expressions: read once into tables of numbers, then asked for the wall times that they name.

    second 0-59 (sixth field, 0 if left out), year 1970-2099 (seventh field)
    |
    minute  hour  day of month  month  day of week
     0-59   0-23      1-31       1-12    0-7        0 and 7 are Sunday
                                 JAN     SUN

A field is a comma-separated list of `*`, `5`, `2-9`, `*/5`, `2-9/3` and `5/10` (from 5 on, every tenth). A range may
run over the end (`22-3`); one that ends where it starts (`5-5`) is the whole field. `?` is `*` in both day fields.
Days of the month also know `L` (the last), `25-L`, and `15W` alone (the working day nearest to the 15th, within
the month); days of the week know `5#2` (the second Friday) and `L5` (the last Friday), not mixed with plain days.

The tables of days depend on nothing but the weekday of the first of the month and the month's length: 28 kinds of
month. So a search looks at whole months, and a rare date ("29 February, if a Monday") is found in microseconds.
"""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

# Compiled when first needed, which `re` remembers: importing is to be quick.
_ITEM = r"(?a:(?:\*|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?)"
_NEAREST = r"(?a:(\d+)w|w(\d+))"
_NTH = r"(?a:(?P<day>\w+)#(?P<n>\d+))"
_LAST = r"(?a:l(?P<day>\d+))"

_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

# The longest wait of a possible date, 29 February on one weekday across a year such as 2100, is 40 years.
_PATIENCE_IN_YEARS = 41

_NO_NAMES: Mapping[str, int] = {}
_LAST_OF_MONTH = 6  # stands for n in "the n-th Friday", next to 1 to 5


def _numbered(names: str, first: int) -> dict[str, int]:
    return {name: number for number, name in enumerate(names.split(), first)}


class _Field(NamedTuple):
    """What may stand in a field."""

    name: str
    first: int
    last: int
    names: Mapping[str, int] = _NO_NAMES

    def number(self, text: str) -> int:
        value = int(text) if text.isdigit() else self.names.get(text, -1)
        if not self.first <= value <= self.last:
            raise ValueError(f"{text!r} is no {self.name} ({self.first} to {self.last})")
        return value


_SECOND = _Field("second", 0, 59)
_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY = _Field("day of the month", 1, 31)
_MONTH = _Field("month", 1, 12, _numbered("jan feb mar apr may jun jul aug sep oct nov dec", 1))
_WEEKDAY = _Field("day of the week", 0, 7, _numbered("sun mon tue wed thu fri sat", 0))
_WEEKDAY_RANGE = _Field("day of the week", 0, 6)
_YEAR = _Field("year", 1970, 2099)


# ---------------------------------------------------------------------- reading


def parse(expression: str, day_or: bool = True) -> "Cron":
    """Read a cron expression of five to seven fields, or an alias such as ``@daily``.

    Args:
        expression: see the top of this module. Letters may be small or capital.
        day_or: where both day fields say something, whether one of them is enough.

    Raises:
        TypeError: the expression is not a string.
        ValueError: it says nothing that cron knows.
    """
    if not isinstance(expression, str):
        raise TypeError(f"A cron expression is a string such as '0 9 * * MON-FRI', not {expression!r}.")
    lowered = expression.lower()
    fields = _ALIASES.get(lowered, lowered).split()
    try:
        return _read(fields, day_or)
    except ValueError as error:
        raise ValueError(f"Invalid cron string: {expression!r}: {error}.") from None


def _read(fields: Sequence[str], day_or: bool) -> "Cron":
    if not 5 <= len(fields) <= 7:
        raise ValueError(f"it has {len(fields)} fields, and needs 5 (or 6 with seconds, 7 with years)")
    minute, hour, day, month, weekday, second, year = (*fields, *("0", "*")[len(fields) - 5 :])
    return Cron(
        seconds=_values(_SECOND, second),
        minutes=_values(_MINUTE, minute),
        hours=_values(_HOUR, hour),
        months=_values(_MONTH, month),
        years=None if year == "*" else _values(_YEAR, year),
        days=_read_days(day, weekday, day_or),
    )


def _values(spec: _Field, text: str) -> tuple[int, ...]:
    return tuple(sorted(set().union(*(_values_of_item(spec, item) for item in text.split(",")))))


def _values_of_item(spec: _Field, item: str) -> Iterable[int]:
    found = re.fullmatch(_ITEM, item)
    if found is None:
        raise ValueError(f"{item!r} is no {spec.name}")
    step = int(found["step"] or 1)
    if step == 0:
        raise ValueError(f"the step of {item!r} is 0")
    if found["low"] is None:
        return _stepped(spec, spec.first, spec.last, step)
    low = spec.number(found["low"])
    if found["high"] is not None:
        return _range(spec, low, spec.number(found["high"]), step)
    return _stepped(spec, low, spec.last, step) if found["step"] else (low,)


def _stepped(spec: _Field, low: int, high: int, step: int) -> Iterable[int]:
    if spec is _WEEKDAY:
        return _stepped(_WEEKDAY_RANGE, low % 7, min(high, 6), step)
    return range(low, high + 1, step)


def _range(spec: _Field, low: int, high: int, step: int) -> Iterable[int]:
    """Return the numbers of a range, which may run over the end of the field."""
    if spec is _WEEKDAY:
        return _range(_WEEKDAY_RANGE, low % 7, high % 7, step)
    if low < high:
        return range(low, high + 1, step)
    if low == high:
        return range(spec.first, spec.last + 1, step)
    until_end = range(low, spec.last + 1, step)
    over = until_end[-1] + step - spec.last - 1
    # Prefect's parser counts one too many here, unless the step lands on the very first: "50-10/7" is 50, 57, 5.
    return {*until_end, *range(spec.first + (over and over + 1), high + 1, step)}


def _read_days(day: str, weekday: str, day_or: bool) -> "Days":
    day, weekday = ("*" if text == "?" else text for text in (day, weekday))
    nearest = re.fullmatch(_NEAREST, day)
    items = [] if nearest else day.split(",")
    plain = [re.sub(r"-l(?=/|$)", "-31", item) for item in items if item != "l"]
    days = frozenset(_values(_DAY, ",".join(plain)) if plain else ())
    weekdays, nth = _read_weekdays(weekday.split(","))
    # As in Prefect: `1-31` is `*` if the other field has a star in it, such as `*/2`, and a list of days if not.
    return Days(
        days=days,
        last="l" in items,
        nearest=_DAY.number(nearest[1] or nearest[2]) if nearest else 0,
        any_day="*" in items or (len(days) == 31 and "*" in weekday),
        weekdays=frozenset(weekdays),
        nth=frozenset(nth),
        any_weekday="*" in weekday.split(",") or (len(weekdays) == 7 and "*" in day),
        one_is_enough=day_or,
    )


def _read_weekdays(items: Sequence[str]) -> tuple[set[int], set[tuple[int, int]]]:
    """Return plain days of the week, and those of `5#2` and `L5` as pairs (day, which)."""
    plain: set[int] = set()
    nth: set[tuple[int, int]] = set()
    for item in items:
        if found := re.fullmatch(_NTH, item):
            nth.add((_WEEKDAY.number(found["day"]) % 7, _Field("week", 1, 5).number(found["n"])))
        elif found := re.fullmatch(_LAST, item):
            nth.add((_WEEKDAY.number(found["day"]) % 7, _LAST_OF_MONTH))
        else:
            plain.update(value % 7 for value in _values_of_item(_WEEKDAY, item))
    if nth and plain and "*" not in items:
        raise ValueError("days such as 5#2 or L5 do not mix with plain days of the week")
    return plain, nth


# ---------------------------------------------------------------------- days


class Days(NamedTuple):
    """Which days of a month are meant. Days of the week count from Sunday, 0, to Saturday, 6."""

    days: frozenset[int]
    last: bool
    nearest: int
    any_day: bool
    weekdays: frozenset[int]
    nth: frozenset[tuple[int, int]]
    any_weekday: bool
    one_is_enough: bool

    def of_month(self, first: int, length: int) -> tuple[int, ...]:
        """Return the days of a month that has `length` days, the first of them on the weekday `first`."""
        by_date, by_weekday = self._by_date(first, length), self._by_weekday(first, length)
        if self.one_is_enough and not self.any_day and not self.any_weekday:
            return tuple(sorted(self._either(by_date, by_weekday)))
        return tuple(sorted(by_date & by_weekday))

    def _either(self, by_date: set[int], by_weekday: set[int]) -> set[int]:
        # As in Prefect: 15W, 5#2 and L5 hold in any case, whatever the other field says.
        if self.nearest and self.nth:
            return by_date & by_weekday
        if self.nearest or self.nth:
            return by_date if self.nearest else by_weekday
        return by_date | by_weekday

    def _by_date(self, first: int, length: int) -> set[int]:
        if self.nearest:
            return {_nearest_working_day(min(self.nearest, length), first, length)}
        days = set(self.days.intersection(range(1, length + 1)))
        return days | {length} if self.last else days

    def _by_weekday(self, first: int, length: int) -> set[int]:
        by_weekday = [range(1 + (weekday - first) % 7, length + 1, 7) for weekday in range(7)]
        if not self.nth:
            return {day for weekday in self.weekdays for day in by_weekday[weekday]}
        return {by_weekday[weekday][-1 if n == _LAST_OF_MONTH else n - 1] for weekday, n in self._existing(by_weekday)}

    def _existing(self, by_weekday: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
        return ((weekday, n) for weekday, n in self.nth if n == _LAST_OF_MONTH or n <= len(by_weekday[weekday]))


def _nearest_working_day(day: int, first: int, length: int) -> int:
    weekday = (first + day - 1) % 7
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 0:
        return day + 1 if day < length else day - 2
    return day


# ---------------------------------------------------------------------- searching


class Cron:
    """A cron expression that has been read: numbers in order, for each field. All years are meant by None."""

    def __init__(
        self,
        seconds: tuple[int, ...],
        minutes: tuple[int, ...],
        hours: tuple[int, ...],
        months: tuple[int, ...],
        years: tuple[int, ...] | None,
        days: Days,
    ) -> None:
        self.seconds, self.minutes, self.hours = seconds, minutes, hours
        self.months, self.years, self.days = months, years, days
        self._months_seen: dict[tuple[int, int], tuple[int, ...]] = {}

    @property
    def every_hour(self) -> bool:
        """Whether no hour is left out."""
        return len(self.hours) == 24

    def walls(self, start: datetime.datetime) -> Iterator[datetime.datetime]:
        """Yield the wall times from `start` on (naive, itself included), in order; end where there are no more."""
        start = start.replace(microsecond=0) + datetime.timedelta(seconds=start.microsecond > 0)
        for day in self._dates(start.date()):
            times = self._times(start.time() if day == start.date() else datetime.time())
            yield from (datetime.datetime.combine(day, time) for time in times)

    def _times(self, earliest: datetime.time) -> Iterator[datetime.time]:
        from_hour, from_minute, from_second = earliest.hour, earliest.minute, earliest.second
        for hour in self.hours:
            if hour < from_hour:
                continue
            for minute in self.minutes:
                if (hour, minute) < (from_hour, from_minute):
                    continue
                for second in self.seconds:
                    if (hour, minute, second) >= (from_hour, from_minute, from_second):
                        yield datetime.time(hour, minute, second)

    def _dates(self, start: datetime.date) -> Iterator[datetime.date]:
        empty = 0
        for year, month in self._year_months(start):
            days = self._days_of(year, month)
            empty = 0 if days else empty + 1
            if empty > _PATIENCE_IN_YEARS * len(self.months) and self.years is None:
                return
            dates = (datetime.date(year, month, day) for day in days)
            yield from (date for date in dates if date >= start)

    def _year_months(self, start: datetime.date) -> Iterator[tuple[int, int]]:
        years = range(start.year, datetime.MAXYEAR + 1) if self.years is None else self.years
        months = ((year, month) for year in years if year >= start.year for month in self.months)
        return (pair for pair in months if pair >= (start.year, start.month))

    def _days_of(self, year: int, month: int) -> tuple[int, ...]:
        leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        kind = datetime.date(year, month, 1).isoweekday() % 7, _MONTH_LENGTHS[month - 1] + leap
        if kind not in self._months_seen:
            self._months_seen[kind] = self.days.of_month(*kind)
        return self._months_seen[kind]
