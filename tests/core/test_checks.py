"""What the settings of tasks and flows become; tests/misuse has what is refused."""

import datetime

import pytest

from miniprefect import Task
from miniprefect.engine.cache_validators import all_inputs, duration_only, never_use

A_MINUTE = datetime.timedelta(minutes=1)


@pytest.mark.parametrize("tags", [["a", "b"], ("a", "b"), {"a", "b"}, iter(["a", "b"])])
def test_tags_become_a_set(tags):
    assert Task(tags=tags).tags == {"a", "b"}


def test_tags_are_not_shared_with_what_was_given():
    given = {"a"}
    Task(tags=given).tags.add("b")
    assert given == {"a"}


@pytest.mark.parametrize(
    ("timeout", "seconds"), [(None, None), (5, 5), (A_MINUTE, 60), (datetime.timedelta(seconds=2), 2)]
)
def test_a_timeout_is_kept_in_seconds(timeout, seconds):
    assert Task(timeout=timeout).timeout == seconds


def test_a_timeout_of_half_seconds_is_cut_with_a_warning():
    with pytest.warns(UserWarning, match="sub-second"):
        assert Task(timeout=datetime.timedelta(seconds=1.5)).timeout == 1


@pytest.mark.parametrize(
    ("retry_on", "kinds"),
    [
        (None, None),
        (ValueError, {ValueError}),
        ([ValueError, KeyError], {ValueError, KeyError}),
        ({KeyError}, {KeyError}),
    ],
)
def test_retry_on_becomes_a_set(retry_on, kinds):
    assert Task(max_retries=1, retry_delay=A_MINUTE, retry_on=retry_on).retry_on == kinds


def test_handlers_compare_equal_to_the_list_given():
    handlers = [print, len]
    assert Task(state_handlers=handlers).state_handlers == handlers


def test_handlers_added_to_a_task_do_not_reach_the_list_given():
    handlers = [print]
    Task(state_handlers=handlers).state_handlers.append(len)
    assert handlers == [print]


@pytest.mark.parametrize(
    ("settings", "validator"),
    [
        ({}, never_use),
        ({"cache_for": A_MINUTE}, duration_only),
        ({"cache_for": A_MINUTE, "cache_validator": all_inputs}, all_inputs),
    ],
)
def test_a_cache_without_validator_asks_for_the_duration_only(settings, validator):
    assert Task(**settings).cache_validator is validator


def test_a_validator_without_cache_for_warns():
    with pytest.warns(UserWarning, match="Task will not be cached"):
        Task(cache_validator=all_inputs)
