"""Wall time and true time: what a clock on a wall in some time zone shows, and which moment that is.

All that is asked of a time zone is what it shows at a moment (`fromutc`), so those of zoneinfo, datetime, dateutil,
pytz and pendulum serve alike. Moments are handled as naive datetimes in UTC, wall times as naive ones too.
"""

import datetime

UTC = datetime.UTC
_DAY = datetime.timedelta(days=1)
_SECOND = datetime.timedelta(seconds=1)
_EPOCH = datetime.datetime(1970, 1, 1)


def aware(moment: datetime.datetime, name: str) -> datetime.datetime:
    """Return `moment`, in UTC if it says no time zone.

    Raises:
        ValueError: it is not a datetime.
    """
    if not isinstance(moment, datetime.datetime):
        raise ValueError(f"{name} must be a datetime, not {moment!r}.")
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)


def in_utc(moment: datetime.datetime) -> datetime.datetime:
    """Return an aware datetime as a plain naive one in UTC."""
    plain = datetime.datetime.combine(datetime.datetime.date(moment), datetime.datetime.time(moment))
    return plain - (moment.utcoffset() or datetime.timedelta())


class LocalTime:
    """Tell the time of one time zone, in datetimes of one class.

    Args:
        like: an aware datetime, whose time zone and class are taken.
    """

    def __init__(self, like: datetime.datetime) -> None:
        assert like.tzinfo is not None
        self.zone = like.tzinfo
        self._class = type(like)

    @property
    def is_even(self) -> bool:
        """Whether clocks are never put forward or back in this time zone, as far as is known without asking it."""
        return isinstance(self.zone, datetime.timezone)

    def moment(self, utc: datetime.datetime) -> datetime.datetime:
        """Return a moment as an aware datetime of this time zone."""
        if self._class is datetime.datetime:
            return self.zone.fromutc(utc.replace(tzinfo=self.zone))
        # Other classes (pendulum's) have ways of their own to store a time zone; this constructor they all keep.
        return self._class.fromtimestamp((utc - _EPOCH).total_seconds(), self.zone)

    def wall(self, utc: datetime.datetime) -> datetime.datetime:
        """Return what a wall clock shows at a moment."""
        shown = self.zone.fromutc(utc.replace(tzinfo=self.zone))
        return datetime.datetime.combine(datetime.datetime.date(shown), datetime.datetime.time(shown)).replace(fold=0)

    def offset(self, utc: datetime.datetime) -> datetime.timedelta:
        """Return how far wall clocks are ahead of UTC at a moment."""
        return self.wall(utc) - utc

    def offsets_around(self, when: datetime.datetime) -> tuple[datetime.timedelta, datetime.timedelta]:
        """Return the offsets a day before and a day after, which differ where clocks change about then."""
        return self.offset(when - _DAY), self.offset(when + _DAY)

    def utc_of_shown(self, wall: datetime.datetime) -> datetime.datetime | None:
        """Return the moment when clocks show a wall time, the later of two; None if they are put forward over it."""
        before, after = self.offsets_around(wall)
        if before == after or self.offset(wall - after) == after:
            return wall - after
        return wall - before if self.offset(wall - before) == before else None

    def utc_of(self, wall: datetime.datetime) -> datetime.datetime:
        """Return the moment of a wall time, the later of two; as if clocks were not put forward, if they skip it."""
        shown = self.utc_of_shown(wall)
        return wall - self.offset(wall - _DAY) if shown is None else shown

    def end_of_gap(self, wall: datetime.datetime) -> datetime.datetime:
        """Return the moment when clocks are put forward over `wall`, to the second."""
        before, after = self.offsets_around(wall)
        low, high = wall - after, wall - before  # not yet; done
        while high - low > _SECOND:
            middle = low + (high - low) // 2
            if self.offset(middle) == before:
                low = middle
            else:
                high = middle
        return high.replace(microsecond=0)
