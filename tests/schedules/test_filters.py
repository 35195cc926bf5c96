import datetime
from zoneinfo import ZoneInfo

import pytest

from miniprefect.schedules import filters

NOON = datetime.time(12)


def at(*when: int) -> datetime.datetime:
    return datetime.datetime(*when, tzinfo=datetime.UTC)  # type: ignore[misc, arg-type]


SATURDAY, MONDAY, MONTH_END = at(2020, 2, 1, 12), at(2020, 2, 3, 9, 30), at(2020, 2, 29, 23)


@pytest.mark.parametrize(
    ("passes", "those"),
    [
        (filters.is_weekday, [MONDAY]),
        (filters.is_weekend, [SATURDAY, MONTH_END]),
        (filters.is_month_start, [SATURDAY]),
        (filters.is_month_end, [MONTH_END]),
        (filters.is_day_of_week(0), [MONDAY]),
        (filters.is_day_of_week(5), [SATURDAY, MONTH_END]),
        (filters.on_date(2, 3), [MONDAY]),
        (filters.on_datetime(MONDAY.astimezone(ZoneInfo("Asia/Tokyo"))), [MONDAY]),
        (filters.on_datetime(datetime.datetime(2020, 2, 1, 12)), [SATURDAY]),
        (filters.at_time(NOON), [SATURDAY]),
        (filters.at_time(datetime.time(12, 0, 1)), []),
        (filters.between_datetimes(SATURDAY, MONDAY), [SATURDAY, MONDAY]),
        (filters.between_datetimes(MONDAY, SATURDAY), []),
        (filters.between_times(datetime.time(9, 30), NOON), [SATURDAY, MONDAY]),
        (filters.between_times(datetime.time(23), datetime.time(9, 30)), [MONDAY, MONTH_END]),
        (filters.between_dates(2, 3, 2, 29), [MONDAY, MONTH_END]),
        (filters.between_dates(2, 29, 2, 1), [SATURDAY, MONTH_END]),
        (filters.between_dates(12, 1, 2, 3), [SATURDAY, MONDAY]),
    ],
)
def test_filters_let_some_pass(passes: filters.Filter, those: list[datetime.datetime]) -> None:
    assert [moment for moment in (SATURDAY, MONDAY, MONTH_END) if passes(moment)] == those


def test_filters_show_themselves() -> None:
    assert repr(filters.between_dates(12, 1, 2, 3)) == "between_dates(12, 1, 2, 3)"


def test_the_end_of_the_calendar_is_a_month_end() -> None:
    assert filters.is_month_end(at(2020, 12, 31))
    assert filters.is_month_end(at(9999, 12, 31))
