"""The times of task runs: kept where the log is on or where asked for, and nowhere else."""

import copy
import datetime
import pickle

import pytest

from miniprefect import Flow, config, task, unmapped
from miniprefect.engine.cache_validators import all_inputs
from miniprefect.engine.state import State, Success
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.engine.times import timekeeping
from miniprefect.executors import LocalExecutor, ProcessExecutor, ThreadExecutor
from miniprefect.utilities.clock import Clock, use_clock
from miniprefect.utilities.logging import get_logger, temporary_logger_config

EXECUTORS = pytest.mark.parametrize("executor", [LocalExecutor, ThreadExecutor, ProcessExecutor])
START = datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC)


class Ticking(Clock):
    """A clock that goes on by a second each time it is looked at."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime.datetime:
        self.moment += datetime.timedelta(seconds=1)
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += datetime.timedelta(seconds=seconds)


@task
def one() -> list[int]:
    return [1, 2, 3]


@task
def add(x: int, y: int = 1) -> int:
    return x + y


def mapped_flow() -> tuple[Flow, State]:
    with Flow("f") as flow:
        added = add.map(one(), unmapped(5))
    return flow, added


@EXECUTORS
@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_times_are_kept_if_the_log_is_on_or_if_asked_for(executor, log, asked):
    flow, added = mapped_flow()
    config.flows.keep_times = asked
    with temporary_logger_config("INFO" if log else "CRITICAL"):
        result = flow.run(executor=executor()).result
    runs = [result[flow.get_tasks(name="one")[0]], *result[added].map_states]
    assert [run.result for run in runs] == [[1, 2, 3], 6, 7, 8]
    assert [len(run._times) for run in runs] == [2 if log or asked else 0] * 4
    assert all(run._times[0] <= run._times[1] for run in runs if run._times)
    if log or asked:
        assert all(runs[0]._times[1] <= child._times[0] for child in runs[1:])


def test_every_attempt_has_its_times():
    attempts = []

    @task(max_retries=2, retry_delay=datetime.timedelta(minutes=1))
    def third_time():
        attempts.append(1)
        if len(attempts) < 3:
            raise ValueError

    with Flow("f") as flow:
        third_time()
    with use_clock(Ticking()):
        state = flow.run()
    (times,) = [s._times for s in state.result.values()]
    assert len(times) == 6
    assert list(times) == sorted(times)
    assert times[2] - times[1] > 50
    assert START.timestamp() < times[0] < times[5] < START.timestamp() + 1000


@pytest.mark.parametrize("executor", [ThreadExecutor, ProcessExecutor])
def test_attempts_that_an_executor_makes_have_their_times(executor, tmp_path):
    @task(max_retries=1, retry_delay=datetime.timedelta(0))
    def second_time():
        mark = tmp_path / "tried"
        if not mark.exists():
            mark.touch()
            raise ValueError

    with Flow("f") as flow:
        second_time()
    (state,) = flow.run(executor=executor()).result.values()
    assert state.is_successful()
    assert len(state._times) == 4


def test_a_task_that_does_not_run_again_keeps_its_times():
    flow, added = mapped_flow()
    first = flow.run()
    second = flow.run(task_states=first.result)
    assert second.result[added].map_states[0]._times == first.result[added].map_states[0]._times


def test_a_cached_state_keeps_the_times_of_the_run_that_made_it():
    @task(cache_for=datetime.timedelta(hours=1), cache_validator=all_inputs)
    def slow(x):
        return x

    with Flow("f") as flow:
        made = slow(1)
    first = flow.run().result[made]
    before = first._times
    second = flow.run().result[made]
    assert second.is_cached()
    assert first._times == before
    assert second._times[0] >= before[1]


def test_a_run_of_its_own_runner_class_keeps_times():
    class Own(TaskRunner):
        """Mine."""

        def get_task_run_state(self, state, inputs):
            return super().get_task_run_state(state, inputs)

    cls = timekeeping(Own)
    assert (cls.__name__, cls.__doc__, timekeeping(Own)) == ("Own", "Mine.", cls)
    config.engine.task_runner.default_class = Own
    with Flow("f") as flow:
        one()
    (state,) = flow.run().result.values()
    assert len(state._times) == 2


def test_the_log_names_the_runner_as_ever(caplog):
    with Flow("f") as flow:
        one()
    flow.run()
    assert {record.name for record in caplog.records} == {"prefect.FlowRunner", "prefect.TaskRunner"}


def test_switching_between_runs_is_noticed():
    flow, added = mapped_flow()
    kept = []
    for level in ("CRITICAL", "INFO", "CRITICAL"):
        with temporary_logger_config(level):
            kept.append(bool(flow.run().result[added].map_states[0]._times))
    assert kept == [False, True, False]
    assert get_logger().level


def test_times_travel_with_a_state_and_make_no_difference_to_it():
    flow, added = mapped_flow()
    child = flow.run().result[added].map_states[0]
    assert pickle.loads(pickle.dumps(child))._times == child._times
    assert copy.copy(child)._times == child._times
    assert child == Success(child.message, result=child.result)
