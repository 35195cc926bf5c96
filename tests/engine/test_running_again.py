"""What the engine does for runs that go on with an earlier one, and for triggers written for Prefect 0.10."""

import pathlib

import pytest

from miniprefect import Flow, task
from miniprefect.engine.results import LocalResult
from miniprefect.engine.signals import LOOP
from miniprefect.engine.state import Running, Success
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.utilities.context import context


@task
def one() -> int:
    return 1


@task
def same(x: object) -> object:
    return x


def test_an_earlier_result_is_read_from_its_place(tmp_path: pathlib.Path) -> None:
    place = LocalResult(dir=str(tmp_path)).write("kept")
    with Flow("flow") as flow:
        first = one()
        last = same(first)
    known = Success(result=LocalResult(dir=str(tmp_path), location=place.location))
    assert flow.run(task_states={first: known}).result[last].result == "kept"


def test_an_earlier_result_that_is_gone_is_told_of_and_is_none(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Flow("flow") as flow:
        first = one()
        last = same(first)
    known = Success(result=LocalResult(dir=str(tmp_path), location="gone.txt"))
    state = flow.run(task_states={first: known})
    assert state.result[last].result is None
    assert "Task 'one': its earlier result can't be read" in caplog.text


def test_a_trigger_that_iterates_over_states_works() -> None:
    @task(trigger=lambda states: all(state.is_successful() for state in states))
    def last(x: int) -> int:
        return x + 1

    with Flow("flow") as flow:
        end = last(one())
    assert flow.run().result[end].result == 2


def test_an_attribute_error_of_a_trigger_is_not_hidden() -> None:
    @task(trigger=lambda states: states.no_such_thing)
    def last(x: int) -> int:
        return x

    with Flow("flow") as flow:
        end = last(one())
    assert "no_such_thing" in flow.run().result[end].message


def test_the_turns_of_a_loop_can_be_taken_by_hand() -> None:
    @task
    def count() -> int:
        turn = context.get("task_loop_count", 1)
        if turn < 4:
            raise LOOP(result=turn)
        return int(turn)

    runner = TaskRunner(count)
    first = runner.get_task_run_state(Running(), {})
    assert runner.check_task_is_looping(first, {}).result == 4
