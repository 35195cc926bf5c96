"""Help with finding faults."""

import pickle
import threading

import pytest

from miniprefect import Flow, context, task
from miniprefect.engine.signals import FAIL
from miniprefect.utilities.debug import is_serializable, raise_on_exception


@task
def fail():
    raise ValueError("boom")


@task
def signal():
    raise FAIL("no")


def test_errors_of_tasks_come_out_in_the_block():
    with Flow("etl") as flow:
        fail()
    with pytest.raises(ValueError, match="boom"), raise_on_exception():
        flow.run()


def test_errors_of_tasks_stay_in_after_the_block():
    with Flow("etl") as flow:
        fail()
    with raise_on_exception():
        pass
    assert flow.run().is_failed()


def test_signals_stay_in():
    with Flow("etl") as flow:
        call = signal()
    with raise_on_exception():
        assert flow.run().result[call].message == "no"


def test_the_context_knows_in_the_block_only():
    with raise_on_exception():
        assert context.raise_on_exception
    assert "raise_on_exception" not in context


@pytest.mark.parametrize(("thing", "answer"), [(1, True), ([1, "a"], True), (fail, True), (threading.Lock(), False)])
def test_whether_something_can_be_pickled(thing, answer):
    assert is_serializable(thing) is answer


def test_the_error_of_pickle_may_be_asked_for():
    with pytest.raises((TypeError, pickle.PicklingError), match="lock"):
        is_serializable(threading.Lock(), raise_on_error=True)
