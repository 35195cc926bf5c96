"""Schedules: clocks put together, with filters that leave events out and adjustments that move them."""

import datetime
import warnings
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Any, Literal, overload

from miniprefect.schedules._local import aware
from miniprefect.schedules.adjustments import Adjustment
from miniprefect.schedules.clocks import Clock, ClockEvent, CronClock, DatesClock, IntervalClock, RRuleClock
from miniprefect.schedules.filters import Filter
from miniprefect.utilities.clock import utc_now

# Filters that let nothing pass would make a search endless. A month has fewer minutes than this.
_LONGEST_SEARCH = datetime.timedelta(days=50 * 366)
_MOST_LEFT_OUT = 50_000


class Schedule:
    """Say when a flow runs: at the events of its clocks that pass its filters, moved by its adjustments.

    Args:
        clocks: where events come from; equal ones count once.
        filters: all of them must let an event pass.
        or_filters: one of them must let an event pass, if there are any.
        not_filters: none of them may let an event pass.
        adjustments: called one after the other with the time of an event that has passed; each returns a new one.

    Raises:
        TypeError: there is no list of clocks, or a filter or adjustment cannot be called.
    """

    def __init__(
        self,
        clocks: list[Clock],
        filters: list[Filter] | None = None,
        or_filters: list[Filter] | None = None,
        not_filters: list[Filter] | None = None,
        adjustments: list[Adjustment] | None = None,
    ) -> None:
        self.clocks = _listed(clocks, "clocks", "clocks", lambda clock: hasattr(clock, "events"))
        self.filters = _listed(filters or [], "filters", "functions", callable)
        self.or_filters = _listed(or_filters or [], "or_filters", "functions", callable)
        self.not_filters = _listed(not_filters or [], "not_filters", "functions", callable)
        self.adjustments = _listed(adjustments or [], "adjustments", "functions", callable)

    @property
    def start_date(self) -> datetime.datetime | None:
        """The earliest start date of the clocks, or None if none has one."""
        return min((clock.start_date for clock in self.clocks if clock.start_date is not None), default=None)

    @property
    def end_date(self) -> datetime.datetime | None:
        """The latest end date of the clocks, or None if none has one."""
        return max((clock.end_date for clock in self.clocks if clock.end_date is not None), default=None)

    @overload
    def next(
        self, n: int, after: datetime.datetime | None = None, return_events: Literal[False] = False
    ) -> list[datetime.datetime]: ...

    @overload
    def next(
        self, n: int, after: datetime.datetime | None = None, *, return_events: Literal[True]
    ) -> list[ClockEvent]: ...

    @overload
    def next(
        self, n: int, after: datetime.datetime | None = None, return_events: bool = False
    ) -> list[datetime.datetime] | list[ClockEvent]: ...

    def next(
        self, n: int, after: datetime.datetime | None = None, return_events: bool = False
    ) -> list[datetime.datetime] | list[ClockEvent]:
        """Return the next events, in the order of their clocks' times; fewer than `n` where there are no more.

        When 50 years of events in a row do not pass the filters, there are no more. The search also ends, with a
        warning, when 50,000 events in a row do not.

        Args:
            n: how many.
            after: clocks fire later than this; by default, than now.
            return_events: whether to return events, with their parameters, rather than their times.

        Raises:
            ValueError: `after` is not a datetime.
        """
        after = utc_now() if after is None else aware(after, "after")
        events = list(islice(self._events(after), max(0, n)))
        return events if return_events else [event.start_time for event in events]

    def __repr__(self) -> str:
        parts = (self.clocks, self.filters, self.or_filters, self.not_filters, self.adjustments)
        names = ("clocks", "filters", "or_filters", "not_filters", "adjustments")
        return f"<Schedule: {', '.join(f'{name}={part!r}' for name, part in zip(names, parts, strict=True) if part)}>"

    def _events(self, after: datetime.datetime) -> Iterator[ClockEvent]:
        last_passed, left_out = after, 0
        for event in _without_repetitions(merge(*(clock.events(after) for clock in self.clocks), key=_time)):
            if self._passes(event.start_time):
                last_passed, left_out = event.start_time, 0
                yield self._adjusted(event)
                continue
            left_out += 1
            if event.start_time - last_passed > _LONGEST_SEARCH:
                return
            if left_out == _MOST_LEFT_OUT:
                self._warn_of_filters(last_passed, event.start_time)
                return

    def _warn_of_filters(self, since: datetime.datetime, until: datetime.datetime) -> None:
        warnings.warn(
            f"The search for times of {self!r} ended at {until}: {_MOST_LEFT_OUT} of its events in a row, since "
            f"{since}, did not pass its filters. Use clocks with fewer events, or filters that let more of them pass.",
            UserWarning,
            stacklevel=4,
        )

    def _passes(self, moment: datetime.datetime) -> bool:
        return (
            all(passes(moment) for passes in self.filters)
            and (not self.or_filters or any(passes(moment) for passes in self.or_filters))
            and not any(passes(moment) for passes in self.not_filters)
        )

    def _adjusted(self, event: ClockEvent) -> ClockEvent:
        moment = event.start_time
        for adjust in self.adjustments:
            moment = adjust(moment)
        return ClockEvent(moment, parameter_defaults=event.parameter_defaults, labels=event.labels)


_time = attrgetter("start_time")


def _without_repetitions(events: Iterable[ClockEvent]) -> Iterator[ClockEvent]:
    """Leave out events that equal another one. They come in order, so equal ones are near."""
    at_this_time: list[ClockEvent] = []
    for event in events:
        if at_this_time and at_this_time[0].start_time != event.start_time:
            at_this_time = []
        if event not in at_this_time:
            at_this_time.append(event)
            yield event


def _listed(given: Any, name: str, of: str, fits: Callable[[Any], bool]) -> list[Any]:
    if not isinstance(given, Iterable):
        raise TypeError(f"{name} should be a list of {of}.")
    found = list(given)
    if wrong := [each for each in found if not fits(each)]:
        raise TypeError(f"{name} should be a list of {of}; {wrong[0]!r} is none.")
    return found


def IntervalSchedule(
    start_date: datetime.datetime | None = None,
    interval: datetime.timedelta | None = None,
    end_date: datetime.datetime | None = None,
) -> Schedule:
    """Make a schedule of equal intervals: see `IntervalClock`.

    Raises:
        TypeError: there is no interval.
        ValueError: the interval is not greater than 0.
    """
    if interval is None:
        raise TypeError("Interval must be a timedelta, such as timedelta(hours=1).")
    return Schedule(clocks=[IntervalClock(interval=interval, start_date=start_date, end_date=end_date)])


def CronSchedule(
    cron: str,
    start_date: datetime.datetime | None = None,
    end_date: datetime.datetime | None = None,
    day_or: bool | None = None,
) -> Schedule:
    """Make a schedule of the times that a cron expression names: see `CronClock`.

    Raises:
        ValueError: it is not a cron expression.
    """
    return Schedule(clocks=[CronClock(cron=cron, start_date=start_date, end_date=end_date, day_or=day_or)])


def RRuleSchedule(
    rrule_obj: Any, start_date: datetime.datetime | None = None, end_date: datetime.datetime | None = None
) -> Schedule:
    """Make a schedule of a recurrence rule of `dateutil`: see `RRuleClock`.

    Raises:
        TypeError: it is no rule.
    """
    return Schedule(clocks=[RRuleClock(rrule_obj=rrule_obj, start_date=start_date, end_date=end_date)])


def OneTimeSchedule(start_date: datetime.datetime) -> Schedule:
    """Make a schedule of one moment. Deprecated since Prefect 0.10: use a `DatesClock`."""
    _warn("OneTimeSchedule", "Schedule(clocks=[DatesClock([date])])")
    return Schedule(clocks=[DatesClock(dates=[start_date])])


def UnionSchedule(schedules: list[Schedule]) -> Schedule:
    """Make a schedule of the clocks of several; their filters and adjustments are left out. Deprecated since 0.10."""
    _warn("UnionSchedule", "a Schedule with several clocks")
    return Schedule(clocks=[clock for schedule in schedules for clock in schedule.clocks])


def _warn(name: str, instead: str) -> None:
    warnings.warn(f"{name} is deprecated. Use {instead}.", UserWarning, stacklevel=3)
