"""What a report tells: tasks, times, and what the end of a run waited for."""

import datetime

import pytest

from miniprefect import Flow, flatten, task, unmapped
from miniprefect.engine.state import Failed, Mapped, Success
from miniprefect.executors import ProcessExecutor
from miniprefect.pictures.history import MOST_TRACEBACKS, history_of
from miniprefect.tasks.secrets import EnvVarSecret
from tests.pictures.helpers import flow_with_everything

BEGUN = datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC)


@task
def source():
    return [[1], [2]]


@task
def step(x=None, y=None):
    return x


def at(state, *moments):
    """The state with times: seconds since the beginning."""
    state._times = tuple(BEGUN.timestamp() + moment for moment in moments)
    return state


def told(flow, states):
    """The history of a run of `flow` that ended in `states`, by task."""
    final = flow.run()
    final._ran.begun = BEGUN
    final.result = states
    return history_of(final)


def path_of(history):
    return [(history.tasks[s.task].name, s.child, s.since) for s in history.critical]


def named(flow, name):
    return flow.get_tasks(name=name)[0]


def test_tasks_come_upstream_first_with_what_they_depend_on():
    flow = flow_with_everything()
    history = history_of(flow.run())
    places = {known.name: number for number, known in enumerate(history.tasks)}
    assert history.tasks[places["inverse"]].upstream == {places["numbers"]: True}
    assert history.tasks[places["add up"]].upstream == {places["numbers"]: False, places["case(True)"]: False}
    assert all(upstream < number for number, known in enumerate(history.tasks) for upstream in known.upstream)
    assert history.kinds() == {"Success": 11, "Skipped": 2, "Failed": 1}
    assert (history.has_times, history.retries) == (True, 0)
    assert history.seconds > 0


def test_what_came_of_each_run():
    flow = flow_with_everything()
    tasks = {known.name: known for known in history_of(flow.run()).tasks}
    assert tasks["numbers"].run.result == "[0, 1, 2, 3]"
    assert tasks["only one"].run.message.startswith("Upstream task was skipped")
    children = tasks["inverse"].children
    assert [child.result for child in children] == ["", "2.0", "1.0", "0.6666666666666666"]
    assert children[0].error.startswith("Traceback (most recent call last):")
    assert "ZeroDivisionError" in children[0].error
    (span,) = tasks["inverse"].run.spans
    assert span == (min(child.begin for child in children), max(child.end for child in children))


def test_settings_that_explain_are_named():
    with Flow("f") as flow:
        step(task_args={"max_retries": 2, "retry_delay": datetime.timedelta(seconds=3), "tags": {"b", "a"}})
        step(task_args={"name": "usual"})
    settings = [known.settings for known in history_of(flow.run()).tasks]
    assert settings == ["max_retries=2; retry_delay=0:00:03; tags=a, b", ""]


def test_results_can_be_left_out_and_secrets_are():
    with Flow("f") as flow:
        step("shown")
        step(EnvVarSecret("HOME"), task_args={"name": "takes a secret"})
    state = flow.run()
    assert {known.name: known.run.result for known in history_of(state).tasks}["step"] == "'shown'"
    assert {known.name: known.run.result for known in history_of(state).tasks}["HOME"] == "(not shown)"
    assert {known.run.result for known in history_of(state, with_results=False).tasks} == {"(not shown)"}


def test_a_large_result_in_a_file_is_not_read():
    with Flow("f") as flow:
        step("x" * 3_000_000)
    (known,) = history_of(flow.run(executor=ProcessExecutor(1))).tasks
    assert known.run.result == "(a large result in a file)"


def test_equal_tracebacks_are_made_once_and_not_of_any_number():
    error = ValueError("the same")
    same = Mapped(map_states=[Failed(result=error) for _ in range(3)])
    many = Mapped(map_states=[Failed(result=ValueError(n)) for n in range(MOST_TRACEBACKS + 5)])
    tasks = {known.name: known for known in history_of(Success(result={step: same, source: many})).tasks}
    assert {id(child.error) for child in tasks["step"].children} == {id(tasks["step"].children[0].error)}
    assert sum("tracebacks are shown" in child.error for child in tasks["source"].children) == 6


def test_an_error_whose_author_broke_it():
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError

        __repr__ = __str__

    (known,) = history_of(Failed(result={step: Failed(result=Broken())})).tasks
    assert "Broken" in known.run.error


@pytest.mark.parametrize("state", [Success(), Success(result=3), Failed(result=ValueError())])
def test_a_state_that_is_not_of_a_flow_is_refused(state):
    with pytest.raises(ValueError, match=r"flow\.run\(\)"):
        history_of(state)


def test_a_run_that_an_error_ended_has_its_tasks():
    flow = flow_with_everything()
    state = flow.run()
    state.result = RuntimeError("the executor broke")
    history = history_of(state)
    assert len(history.tasks) == 11
    assert (history.has_times, history.critical, history.kinds()) == (False, [], {})


def test_times_of_an_earlier_run_do_not_count():
    with Flow("f") as flow:
        made = step(1)
    history = told(flow, {made: at(Success(), -7200, -7100)})
    assert (history.tasks[0].run.spans, history.seconds) == ([], 0.0)


# The critical path


def test_the_path_follows_what_ended_last():
    with Flow("f") as flow:
        quick, slow = step(1, task_args={"name": "quick"}), step(2, task_args={"name": "slow"})
        step(quick, slow, task_args={"name": "last"})
        step(0, task_args={"name": "aside"})
    history = told(
        flow,
        {
            quick: at(Success(), 0, 1),
            slow: at(Success(), 0, 3),
            named(flow, "last"): at(Success(), 3.5, 5),
            named(flow, "aside"): at(Success(), 0, 4),
        },
    )
    assert path_of(history) == [("slow", -1, 0.0), ("last", -1, 3.0)]
    assert {known.name for known in history.tasks if known.run.is_critical} == {"slow", "last"}


def test_the_path_goes_by_the_children_of_maps():
    with Flow("f") as flow:
        first = step.map(source(), task_args={"name": "first"})
        second = step.map(first, task_args={"name": "second"})
    history = told(
        flow,
        {
            named(flow, "source"): at(Success(), 0, 1),
            first: Mapped(map_states=[at(Success(), 1, 2), at(Success(), 1, 4)]),
            second: Mapped(map_states=[at(Success(), 2, 9), at(Success(), 4, 6)]),
        },
    )
    assert path_of(history) == [("source", -1, 0.0), ("first", 0, 1.0), ("second", 0, 2.0)]


@pytest.mark.parametrize("annotation", [unmapped, flatten])
def test_what_takes_a_map_whole_waits_for_its_last_child(annotation):
    with Flow("f") as flow:
        first = step.map(source(), task_args={"name": "first"})
        second = step.map(source(), y=annotation(first), task_args={"name": "second"})
    history = told(
        flow,
        {
            first: Mapped(map_states=[at(Success(), 1, 2), at(Success(), 1, 4)]),
            second: Mapped(map_states=[at(Success(), 4, 9), at(Success(), 4, 6)]),
        },
    )
    assert path_of(history) == [("first", 1, 0.0), ("second", 0, 4.0)]


def test_tasks_without_times_are_looked_through():
    with Flow("f") as flow:
        begin = step(1, task_args={"name": "begin"})
        between = step(begin, task_args={"name": "between"})
        end = step(between, task_args={"name": "end"})
    history = told(flow, {begin: at(Success(), 0, 2), between: Success(), end: at(Success(), 3, 4)})
    assert path_of(history) == [("begin", -1, 0.0), ("end", -1, 2.0)]


def test_attempts_are_spans():
    with Flow("f") as flow:
        made = step(1)
    history = told(flow, {made: at(Success(), 0, 1, 5, 6)})
    assert history.tasks[0].run.spans == [(0.0, 1.0), (5.0, 6.0)]
    assert history.retries == 1
