import datetime
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from miniprefect.schedules import adjustments

NEW_YORK = ZoneInfo("America/New_York")
SATURDAY = datetime.datetime(2020, 3, 7, 12, tzinfo=NEW_YORK)  # clocks are put forward that night


class MyDatetime(datetime.datetime):
    """Stands for pendulum's."""


def test_add_counts_true_time() -> None:
    moved = adjustments.add(timedelta(days=1))(SATURDAY)
    assert moved.isoformat() == "2020-03-08T13:00:00-04:00"
    assert adjustments.add(timedelta(0))(datetime.datetime(2020, 1, 1)).isoformat() == "2020-01-01T00:00:00+00:00"


def test_add_wants_a_timedelta() -> None:
    with pytest.raises(TypeError, match="must be a timedelta, not 5"):
        adjustments.add(5)  # type: ignore[arg-type]


def test_next_weekday_keeps_the_time_of_day() -> None:
    assert adjustments.next_weekday(SATURDAY).isoformat() == "2020-03-09T12:00:00-04:00"
    sunday = datetime.datetime(2020, 3, 8, 12)
    assert adjustments.next_weekday(sunday).isoformat() == "2020-03-09T12:00:00+00:00"


def test_next_weekday_leaves_weekdays_as_they_are() -> None:
    friday = datetime.datetime(2020, 3, 6, 12)
    assert adjustments.next_weekday(friday) is friday


def test_the_class_is_kept() -> None:
    moment = MyDatetime(2020, 3, 7, 12, tzinfo=NEW_YORK)
    assert type(adjustments.next_weekday(moment)) is MyDatetime
    assert type(adjustments.add(timedelta(1))(moment)) is MyDatetime
