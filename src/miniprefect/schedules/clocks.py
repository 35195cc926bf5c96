"""Clocks: when something shall run, as streams of events.

A clock is asked for its events after some moment, and yields them in order, perhaps without end. All datetimes may
be of any subclass of datetime (pendulum's, say): events are of the class and in the time zone of the start date.
Datetimes without a time zone are taken to be in UTC.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from heapq import heappop, heappush
from typing import Any

from miniprefect.schedules._cron import parse
from miniprefect.schedules._local import UTC, LocalTime, aware, in_utc
from miniprefect.utilities.clock import utc_now

_INSTANT = datetime.timedelta.resolution
_DAY = datetime.timedelta(days=1)
_MINUTE = datetime.timedelta(minutes=1)
_BEGINNING = datetime.datetime(1, 1, 3)  # so that there is a day before, even in UTC
_DEFAULT_START = datetime.datetime(2019, 1, 1, tzinfo=UTC)


class ClockEvent:
    """One moment at which a clock fires.

    An event equals another with the same time, parameters and labels, and a datetime that is its time.

    Args:
        start_time: when.
        parameter_defaults: values of the flow's parameters for this run.
        labels: kept; they mean nothing without a backend.
    """

    def __init__(
        self,
        start_time: datetime.datetime,
        parameter_defaults: dict[str, Any] | None = None,
        labels: list[str] | None = None,
    ) -> None:
        self.start_time = start_time
        self.parameter_defaults = parameter_defaults or {}
        self.labels = labels

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ClockEvent):
            return (
                self.start_time == other.start_time
                and self.parameter_defaults == other.parameter_defaults
                and self.labels == other.labels
            )
        return self.start_time == other if isinstance(other, datetime.datetime) else NotImplemented

    # An event is compared by value and holds a dict, so it has no hash, as in Prefect.
    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: object) -> bool:
        if isinstance(other, ClockEvent):
            return self.start_time < other.start_time
        return self.start_time < other if isinstance(other, datetime.datetime) else NotImplemented

    def __gt__(self, other: object) -> bool:
        if isinstance(other, ClockEvent):
            return self.start_time > other.start_time
        return self.start_time > other if isinstance(other, datetime.datetime) else NotImplemented

    def __repr__(self) -> str:
        extras = {"parameter_defaults": self.parameter_defaults, "labels": self.labels}
        return _described("ClockEvent", [str(self.start_time)], extras)


class Clock:
    """Stand above all clocks; a subclass says when by `events`.

    Args:
        start_date: there are no events before it; it may be one itself.
        end_date: there are no events after it; it may be one itself.
        parameter_defaults: values of the flow's parameters for the runs of this clock.
        labels: kept; they mean nothing without a backend.

    Raises:
        ValueError: a date is not a datetime.
    """

    def __init__(
        self,
        start_date: datetime.datetime | None = None,
        end_date: datetime.datetime | None = None,
        parameter_defaults: dict[str, Any] | None = None,
        labels: list[str] | None = None,
    ) -> None:
        self.start_date = None if start_date is None else aware(start_date, "start_date")
        self.end_date = None if end_date is None else aware(end_date, "end_date")
        self.parameter_defaults = parameter_defaults or {}
        self.labels = labels

    def events(self, after: datetime.datetime | None = None) -> Iterable[ClockEvent]:
        """Return the events later than `after` (by default: than now), in order."""
        raise NotImplementedError(f"{type(self).__name__} is to say its events in a method `events`.")

    def __repr__(self) -> str:
        dates = [
            f"{word} {date}" for word, date in (("from", self.start_date), ("until", self.end_date)) if date is not None
        ]
        extras = {"parameter_defaults": self.parameter_defaults, "labels": self.labels}
        return _described(type(self).__name__, [self._rule(), *dates], extras)

    def _rule(self) -> str:
        """Return the rule of this clock in a few words, for its repr."""
        return ""

    def _event(self, moment: datetime.datetime) -> ClockEvent:
        return ClockEvent(moment, parameter_defaults=self.parameter_defaults, labels=self.labels)

    def _firing(
        self, moments: Callable[[datetime.datetime], Iterator[datetime.datetime]], local: LocalTime, after: Any
    ) -> Iterator[ClockEvent]:
        """Yield the events at `moments`: a search that, given a moment, yields those about then and later.

        Moments are naive, in UTC and in order. Those not after `after` or not between the dates of the clock are
        left out, and so are repetitions. The end of the calendar, the year 9999, is the end.
        """
        latest = max(in_utc(after), _BEGINNING)
        if self.start_date is not None and in_utc(self.start_date) > latest:
            latest = in_utc(self.start_date) - _INSTANT
        end = datetime.datetime.max if self.end_date is None else in_utc(self.end_date)
        try:
            for moment in moments(latest):
                if moment > end:
                    return
                if moment > latest:
                    latest = moment
                    yield self._event(local.moment(moment))
        except OverflowError:
            return


def _described(name: str, words: Iterable[str], extras: dict[str, Any]) -> str:
    said = [word for word in words if word] + [f"{key}={value!r}" for key, value in extras.items() if value]
    return f"<{name}: {', '.join(said)}>" if said else f"<{name}>"


def _starting(after: datetime.datetime | None) -> datetime.datetime:
    return utc_now() if after is None else aware(after, "after")


class IntervalClock(Clock):
    """Fire in equal intervals, counted from the start date.

    Intervals are counted on the wall clock of the start date's time zone, as in Prefect: a clock that fires every day
    at nine does so in summer and in winter, and hours that come twice when clocks are put back count once, the
    second time. A time that clocks skip when put forward comes as much later as they are put forward. Within the
    first day after the start, and for intervals below a minute, true time counts.

    Args:
        interval: the time between two events.
        start_date: the first event; 2019-01-01 in UTC by default.
        end_date, parameter_defaults, labels: see `Clock`.

    Raises:
        TypeError: the interval is not a timedelta.
        ValueError: the interval is not greater than 0, or a date is not a datetime.
    """

    def __init__(
        self,
        interval: datetime.timedelta,
        start_date: datetime.datetime | None = None,
        end_date: datetime.datetime | None = None,
        parameter_defaults: dict[str, Any] | None = None,
        labels: list[str] | None = None,
    ) -> None:
        if not isinstance(interval, datetime.timedelta):
            raise TypeError(f"Interval must be a timedelta, not {interval!r}.")
        if interval <= datetime.timedelta():
            raise ValueError(f"Interval must be greater than 0, not {interval}.")
        self.interval = interval
        super().__init__(start_date, end_date, parameter_defaults, labels)

    def events(self, after: datetime.datetime | None = None) -> Iterator[ClockEvent]:
        """Yield the events later than `after` (by default: than now), without end if there is no end date."""
        after = _starting(after)
        grid = _Grid(self.interval, self.start_date or _like(after, _DEFAULT_START))
        return self._firing(grid.moments, grid.local, after)

    def _rule(self) -> str:
        return f"every {self.interval}"


def _like(example: datetime.datetime, utc: datetime.datetime) -> datetime.datetime:
    """Return a moment in UTC in the class of `example`."""
    return utc if type(example) is datetime.datetime else type(example).fromtimestamp(utc.timestamp(), UTC)


class _Grid:
    """The moments of an interval clock, by number: the start is the 0th."""

    def __init__(self, interval: datetime.timedelta, start: datetime.datetime) -> None:
        self.local = LocalTime(start)
        self.interval = interval
        self.start = in_utc(start)
        self.wall = self.local.wall(self.start)

    def moments(self, about: datetime.datetime) -> Iterator[datetime.datetime]:
        """Yield the moments from a little before `about` on, in order."""
        if self.interval < _MINUTE or self.local.is_even:
            number = max(0, (about - self.start) // self.interval)
            while True:
                yield self.start + number * self.interval
                number += 1
        yield from self._in_order(self._number(about))

    def _number(self, about: datetime.datetime) -> int:
        """Return the number of a moment that is not after `about`, but near it."""
        if about < self.start + 2 * _DAY:
            return 0
        wall = about + min(self.local.offsets_around(about))
        return max(0, (wall - self.wall) // self.interval)

    def _in_order(self, number: int) -> Iterator[datetime.datetime]:
        # A wall time that is skipped comes later than some that follow it, so it is held back until they are out.
        held: list[datetime.datetime] = []
        while True:
            heappush(held, self._moment(number))
            number += 1
            earliest = self._earliest(number)
            while held and held[0] <= earliest:
                yield heappop(held)

    def _moment(self, number: int) -> datetime.datetime:
        passed = number * self.interval
        return self.start + passed if passed < _DAY else self.local.utc_of(self.wall + passed)

    def _earliest(self, number: int) -> datetime.datetime:
        """Return a moment before which neither this one nor a later one can be."""
        wall = self.wall + number * self.interval
        return min(self.start + number * self.interval, wall - max(self.local.offsets_around(wall)))


class CronClock(Clock):
    """Fire at the times that a cron expression names.

    They are wall times, in the time zone of the start date, or in UTC. A time that clocks show twice, when they are
    put back, fires once, the second time. One that they skip, when put forward, fires when they are; but an
    expression that means every hour just goes on in the next.

    Args:
        cron: five fields (minute, hour, day of the month, month, day of the week), a sixth for seconds and a seventh
            for years if wanted, or one of @hourly, @daily, @weekly, @monthly, @yearly. `*/5`, `1-5`, `MON,WED`, `L`
            (last day of the month), `5#2` (second Friday), `L5` (last Friday), `15W` (nearest working day).
        day_or: where both day fields say something, whether one of them is enough (the default), as cron has it.
        start_date, end_date, parameter_defaults, labels: see `Clock`.

    Raises:
        TypeError: `cron` is not a string.
        ValueError: `cron` is not a cron expression, or a date is not a datetime.
    """

    def __init__(
        self,
        cron: str,
        start_date: datetime.datetime | None = None,
        end_date: datetime.datetime | None = None,
        parameter_defaults: dict[str, Any] | None = None,
        labels: list[str] | None = None,
        day_or: bool | None = None,
    ) -> None:
        self.cron = cron
        self.day_or = True if day_or is None else day_or
        self._cron = parse(cron, self.day_or)
        super().__init__(start_date, end_date, parameter_defaults, labels)

    def events(self, after: datetime.datetime | None = None) -> Iterator[ClockEvent]:
        """Yield the events later than `after` (by default: than now)."""
        after = _starting(after)
        local = LocalTime(self.start_date or _like(after, _DEFAULT_START))

        return self._firing(partial(self._moments, local), local, after)

    def _moments(self, local: LocalTime, about: datetime.datetime) -> Iterator[datetime.datetime]:
        cron = self._cron
        for wall in cron.walls(about + min(local.offsets_around(about))):
            moment = local.utc_of_shown(wall)
            if moment is not None:
                yield moment
            elif not cron.every_hour:
                yield local.end_of_gap(wall).replace(second=cron.seconds[0])

    def _rule(self) -> str:
        return repr(self.cron)


class DatesClock(Clock):
    """Fire at given moments, each once.

    Args:
        dates: the moments, in any order.
        parameter_defaults, labels: see `Clock`.

    Raises:
        ValueError: there are no dates, or one is not a datetime.
    """

    def __init__(
        self,
        dates: list[datetime.datetime],
        parameter_defaults: dict[str, Any] | None = None,
        labels: list[str] | None = None,
    ) -> None:
        moments = [aware(date, "A date") for date in dates]
        if not moments:
            raise ValueError("A DatesClock needs at least one date.")
        super().__init__(min(moments), max(moments), parameter_defaults, labels)
        self.dates = dates

    def events(self, after: datetime.datetime | None = None) -> Iterator[ClockEvent]:
        """Yield an event for each date later than `after` (by default: than now)."""
        after = _starting(after)
        dates = {aware(date, "A date") for date in self.dates}
        return map(self._event, sorted(date for date in dates if date > after))

    def _rule(self) -> str:
        return f"{len(self.dates)} dates"


class RRuleClock(Clock):
    """Fire by a recurrence rule of the `dateutil` library, which has to be there to make one.

    The rule starts at its own `dtstart` and has its own time zone; without one it is in UTC.

    Args:
        rrule_obj: a `dateutil.rrule.rrule` or `rruleset`.
        start_date, end_date, parameter_defaults, labels: see `Clock`.

    Raises:
        TypeError: `rrule_obj` is something else.
        ValueError: a date is not a datetime.
    """

    def __init__(
        self,
        rrule_obj: Any,
        start_date: datetime.datetime | None = None,
        end_date: datetime.datetime | None = None,
        parameter_defaults: dict[str, Any] | None = None,
        labels: list[str] | None = None,
    ) -> None:
        if isinstance(rrule_obj, type) or not callable(getattr(rrule_obj, "xafter", None)):
            raise TypeError(f"rrule_obj must be an rrule or rruleset of dateutil, not {rrule_obj!r}.")
        super().__init__(start_date, end_date, parameter_defaults, labels)
        self.rrule_obj = rrule_obj

    def events(self, after: datetime.datetime | None = None) -> Iterator[ClockEvent]:
        """Yield the events later than `after` (by default: than now)."""
        latest = _starting(after)
        if self.start_date is not None and self.start_date > latest:
            latest = self.start_date - _INSTANT
        for moment in map(_in_utc_if_naive, self._moments(latest)):
            if self.end_date is not None and moment > self.end_date:
                return
            yield self._event(moment)

    def _moments(self, latest: datetime.datetime) -> Iterator[datetime.datetime]:
        first = next(iter(self.rrule_obj), None)
        is_naive = first is not None and first.tzinfo is None
        moments: Iterator[datetime.datetime] = self.rrule_obj.xafter(in_utc(latest) if is_naive else latest)
        return moments

    def _rule(self) -> str:
        return " ".join(str(self.rrule_obj).split())


def _in_utc_if_naive(moment: datetime.datetime) -> datetime.datetime:
    return aware(moment, "An event")
