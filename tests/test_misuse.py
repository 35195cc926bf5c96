"""Misuse of the API: what goes wrong, which error it gives, and what the message must say.

The tables are in tests/misuse/, one row for each misuse; `rows.py` says how a row reads.
"""

import warnings
from typing import Any

import pytest

from tests.misuse.building import BUILDING
from tests.misuse.outcomes import FAILS, WARNS, WORKS
from tests.misuse.rows import Misuse
from tests.misuse.running import RUNNING

RAISES = BUILDING + RUNNING


def ids(table: list[Any]) -> list[str]:
    return [row.id.replace(" ", "-") for row in table]


def missing(row: Misuse, message: str) -> list[str | tuple[str, ...]]:
    """List the fragments that the message lacks."""
    alternatives = [(says, (says,) if isinstance(says, str) else says) for says in row.says]
    return [says for says, any_of in alternatives if not any(text in message for text in any_of)]


def test_ids_are_unique():
    names = ids(RAISES + WARNS + FAILS + WORKS)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", RAISES, ids=ids(RAISES))
def test_misuse_raises(row):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(row.error) as caught:
            row.do()
    assert not missing(row, str(caught.value)), str(caught.value)


@pytest.mark.parametrize("row", WARNS, ids=ids(WARNS))
def test_misuse_warns(row):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        row.do()
    messages = [str(warning.message) for warning in caught if issubclass(warning.category, row.error)]
    assert any(not missing(row, message) for message in messages), messages


@pytest.mark.parametrize("row", FAILS, ids=ids(FAILS))
def test_misuse_fails_the_run(row):
    state = row.do()
    assert isinstance(state, row.error)
    assert not missing(row, f"{state.message} {state.result}"), state


@pytest.mark.parametrize("row", WORKS, ids=ids(WORKS))
def test_lookalike_works(row):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert row.do() == row.value
