"""Schedules against what real Prefect 1.4.1 answered: see crosscheck.py, which also says how it was recorded."""

from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.schedules import crosscheck

RECORDED = crosscheck.read(str(Path(__file__).with_name("recorded_cron.json")))


def of_kind(kind: str) -> list[crosscheck.Case]:
    return [case for case in RECORDED if case[0] == kind]


def verdicts(kind: str) -> Counter[str]:
    return Counter(crosscheck.verdict(case, crosscheck.ours(case)) for case in of_kind(kind))


@pytest.mark.parametrize("kind", ["cron", "interval"])
def test_schedules_give_what_prefect_gives(kind: str) -> None:
    different = [
        (case, crosscheck.ours(case))
        for case in of_kind(kind)
        if crosscheck.verdict(case, crosscheck.ours(case)) == "DIFFERENT"
    ]
    assert different == []


@pytest.mark.skipif(find_spec("dateutil") is None, reason="dateutil is not installed")
def test_rules_give_what_prefect_gives() -> None:
    assert set(verdicts("rrule")) == {"equal"}


def test_differences_from_prefect_are_few() -> None:
    cron, interval = verdicts("cron"), verdicts("interval")
    assert cron["equal"] > 0.97 * cron.total()
    assert interval["equal"] > 0.9 * interval.total()


def test_cases_can_be_made_again() -> None:
    assert [case[:-1] for case in RECORDED[:50]] == list(crosscheck.cases(50))


def test_the_sample_holds_cases_of_all_kinds() -> None:
    assert len(RECORDED) >= 2000
    assert min(len(of_kind(kind)) for kind in ("cron", "interval", "rrule")) > 80
    assert sum(case[-1] == "refused" for case in RECORDED) > 20
