"""Cron expressions: reading and searching. What they mean is compared with Prefect's parser in test_crosscheck.py."""

import datetime
from collections.abc import Callable
from itertools import islice

import pytest

from miniprefect.schedules._cron import Cron, parse

NEW_YEAR = datetime.datetime(2020, 1, 1)  # a Wednesday


def walls(expression: str, count: int, start: datetime.datetime = NEW_YEAR, day_or: bool = True) -> list[str]:
    found = islice(parse(expression, day_or).walls(start), count)
    return [wall.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00") for wall in found]


def days(expression: str, count: int, day_or: bool = True) -> list[str]:
    return [wall[:10] for wall in walls(f"0 0 {expression}", count, day_or=day_or)]


@pytest.mark.parametrize(
    ("item", "minutes"),
    [
        ("*/20", (0, 20, 40)),
        ("5,50,5", (5, 50)),
        ("57-59", (57, 58, 59)),
        ("1-9/4", (1, 5, 9)),
        ("50/4", (50, 54, 58)),
        ("58-1", (0, 1, 58, 59)),
        ("5-5/30", (0, 30)),
        ("*/70", (0,)),
        ("50-10/7", (5, 50, 57)),
    ],
)
def test_a_field_lists_numbers(item: str, minutes: tuple[int, ...]) -> None:
    assert parse(f"{item} * * * *").minutes == minutes


@pytest.mark.parametrize(
    ("item", "first_days"),
    [
        ("MON", ["2020-01-06", "2020-01-13"]),
        ("sun,7,0", ["2020-01-05", "2020-01-12"]),
        ("5-7", ["2020-01-03", "2020-01-04", "2020-01-05", "2020-01-10"]),
        ("sat-mon", ["2020-01-04", "2020-01-05", "2020-01-06", "2020-01-11"]),
        ("7/2", ["2020-01-02", "2020-01-04", "2020-01-05"]),
        ("5#2", ["2020-01-10", "2020-02-14"]),
        ("fri#1,MON#5", ["2020-01-03", "2020-02-07", "2020-03-06", "2020-03-30"]),
        ("L5", ["2020-01-31", "2020-02-28"]),
    ],
)
def test_days_of_the_week(item: str, first_days: list[str]) -> None:
    assert days(f"* * {item}", len(first_days)) == first_days


@pytest.mark.parametrize(
    ("item", "first_days"),
    [
        ("L", ["2020-01-31", "2020-02-29"]),
        ("15,l", ["2020-01-15", "2020-01-31", "2020-02-15"]),
        ("30-L", ["2020-01-30", "2020-01-31", "2020-03-30"]),
        ("15W", ["2020-01-15", "2020-02-14", "2020-03-16"]),
        ("1W", ["2020-01-01", "2020-02-03", "2020-03-02"]),
        ("31W", ["2020-01-31", "2020-02-28", "2020-03-31", "2020-04-30", "2020-05-29"]),
        ("31", ["2020-01-31", "2020-03-31"]),
    ],
)
def test_days_of_the_month(item: str, first_days: list[str]) -> None:
    assert days(f"{item} * *", len(first_days)) == first_days


@pytest.mark.parametrize(
    ("fields", "one_is_enough", "first_days"),
    [
        ("13 * 5", True, ["2020-01-03", "2020-01-10", "2020-01-13"]),
        ("13 * 5", False, ["2020-03-13", "2020-11-13"]),
        ("13 * *", True, ["2020-01-13", "2020-02-13"]),
        ("? * 5", True, ["2020-01-03", "2020-01-10"]),
        ("1-31 * 5", True, ["2020-01-01", "2020-01-02"]),
        ("1-31 * */5", True, ["2020-01-03", "2020-01-05"]),
        ("13 * 5#2", True, ["2020-01-10", "2020-02-14"]),
        ("15W * 5", True, ["2020-01-15", "2020-02-14"]),
        ("15W * 5#2", True, ["2020-02-14", "2020-08-14"]),
    ],
)
def test_both_day_fields(fields: str, one_is_enough: bool, first_days: list[str]) -> None:
    assert days(fields, len(first_days), day_or=one_is_enough) == first_days


def test_months_have_names() -> None:
    assert parse("0 0 1 nov-JAN,6 *").months == (1, 6, 11, 12)


def test_seconds_and_years() -> None:
    assert walls("59 23 31 12 * 58,59", 3)[:2] == ["2020-12-31 23:59:58", "2020-12-31 23:59:59"]
    assert walls("0 0 1 1 * 0 2019-2024/4", 3) == ["2023-01-01 00:00"]


@pytest.mark.parametrize(
    ("alias", "fields"),
    [
        ("@hourly", "0 * * * *"),
        ("@midnight", "0 0 * * *"),
        ("@DAILY", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@annually", "0 0 1 1 *"),
        ("@yearly", "0 0 1 1 *"),
    ],
)
def test_aliases(alias: str, fields: str) -> None:
    assert walls(alias, 20) == walls(fields, 20)


def test_the_start_is_included_and_rounded_up() -> None:
    start = datetime.datetime(2020, 12, 31, 23, 59)
    assert walls("* * * * *", 1, start) == ["2020-12-31 23:59"]
    assert walls("* * * * *", 1, start.replace(microsecond=1)) == ["2021-01-01 00:00"]
    assert walls("30 5-7 * * *", 2, start.replace(hour=6)) == ["2020-12-31 07:30", "2021-01-01 05:30"]


BAD = """|hello|* * * *|* * * * * * * *|60 * * * *|* 24 * * *|* * 0 * *|* * 32 * *|* * * 13 *|* * * * 8|*/0 * * * *
5- * * * *|-5 * * * *|1,,2 * * * *|1-2-3 * * * *|*5 * * * *|*-5 * * * *|1.5 * * * *|+5 * * * *|1_0 * * * *
\N{FULLWIDTH DIGIT ONE} * * * *
* * L-3 * *|* * 0W * *|* * 1W,2 * *|* * * * L|* * * * 5L|* * * * 5#6|* * * * 5#0|* * * * 5#2,3
* * * January *
? * * * *|L * * * *|* * * * LFRI|@reboot| @daily|* * * * * 60|* * * * * 0 1969|MON * * * *|R * * * *|H * * * *"""


@pytest.mark.parametrize("expression", BAD.replace("\n", "|").split("|"))
def test_bad_expressions_are_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="Invalid cron string"):
        parse(expression)


def test_a_refusal_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"'0 24 \* \* \*': '24' is no hour \(0 to 23\)"):
        parse("0 24 * * *")
    with pytest.raises(TypeError, match="a string such as"):
        parse(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("fields", ["30 2 *", "31 4,6 *", "13 * L5", "L * 5#1"])
def test_the_search_ends_where_there_is_no_day(fields: str) -> None:
    assert days(fields, 1, day_or=False) == []


def looked_at(cron: Cron, search: Callable[[], object]) -> int:
    """Count the months that a search looks at."""
    seen = []
    days_of = cron._days_of
    cron._days_of = lambda *month: seen.append(month) or days_of(*month)  # type: ignore[assignment,func-returns-value,method-assign]
    search()
    return len(seen)


@pytest.mark.parametrize(("expression", "months"), [("0 0 29 2 1", 25), ("0 0 29 2 5#5", 17), ("0 0 31 2 *", 42)])
def test_a_search_looks_at_few_months(expression: str, months: int) -> None:
    cron = parse(expression, day_or=False)
    assert looked_at(cron, lambda: next(cron.walls(NEW_YEAR), None)) == months


def test_the_longest_wait_is_found() -> None:
    """Between 2096 and 2104 there is no 29 February."""
    assert walls("0 0 29 2 1", 1, datetime.datetime(2072, 3, 1), day_or=False) == ["2112-02-29 00:00"]
