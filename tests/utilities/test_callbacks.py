"""State handlers made of small functions."""

import pickle

import pytest

from miniprefect.engine.state import Failed, Pending, Success, TriggerFailed
from miniprefect.utilities.callbacks import callback_factory, is_failed

SEEN = []


def note(tracked, state):
    SEEN.append((tracked, state))
    return "ignored"


@pytest.fixture(autouse=True)
def forget():
    SEEN.clear()


@pytest.mark.parametrize("state", [Failed("no"), TriggerFailed("no")])
def test_the_function_is_called_when_the_check_says_so(state):
    assert callback_factory(note, is_failed)("task", Pending(), state) is state
    assert len(SEEN) == 1
    assert SEEN[0] == ("task", state)


@pytest.mark.parametrize("state", [Success(), Pending()])
def test_the_function_is_not_called_otherwise(state):
    assert callback_factory(note, is_failed)("task", Pending(), state) is state
    assert SEEN == []


def test_an_error_of_the_function_comes_out():
    def fail(tracked, state):
        raise KeyError("x")

    with pytest.raises(KeyError):
        callback_factory(fail, is_failed)("task", Pending(), Failed())


def test_a_callback_pickles():
    handler = pickle.loads(pickle.dumps(callback_factory(note, is_failed)))
    handler("task", Pending(), Failed("no"))
    assert [tracked for tracked, _ in SEEN] == ["task"]
