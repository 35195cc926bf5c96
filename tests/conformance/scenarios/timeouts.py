"""Timeouts: tasks that take too long."""

import time
from datetime import timedelta

import slugs
from observe import Watch, error_name, logged_run, scenario
from prefect import Flow, task
from prefect.engine.state import TimedOut


def slow(**arguments):
    @task(name="slow", timeout=1, **arguments)
    def function(x=None):
        time.sleep(3)

    return function


def end_of(flow):
    """Describe how a run ended, with what both spellings of the timeout's error have in common."""
    state = flow.run()
    tasks = {}
    for one, task_state in state.result.items():
        tasks[slugs.of(flow)[one]] = [type(task_state).__name__, task_state.message, str(task_state.result)]
    return {"flow": type(state).__name__, "tasks": tasks}


@scenario(since="0.10")
def a_task_that_takes_too_long_times_out():
    with Flow("flow") as flow:
        slow()()
    started = time.monotonic()
    seen = end_of(flow)
    return [seen, time.monotonic() - started < 2.5]


@scenario(since="0.10")
def a_task_in_time_is_not_disturbed():
    with Flow("flow") as flow:
        task(lambda: 5, name="quick", timeout=2)()
    return end_of(flow)


@scenario(since="0.10")
def an_error_in_time_is_an_ordinary_failure():
    def fails():
        raise ValueError("boom")

    with Flow("flow") as flow:
        task(fails, timeout=2)()
    return end_of(flow)


@scenario(since="0.10")
def behind_a_timeout_the_trigger_fails():
    with Flow("flow") as flow:
        task(lambda x: x, name="after")(slow()())
    return end_of(flow)


@scenario(since="0.10")
def a_timeout_in_the_log():
    with Flow("flow") as flow:
        slow()()
    return logged_run(flow)


@scenario(since="0.10")
def a_timeout_is_retried():
    watch = Watch()
    tries = []

    @task(timeout=1, max_retries=1, retry_delay=timedelta(0), state_handlers=[watch])
    def once_slow():
        tries.append(1)
        if len(tries) == 1:
            time.sleep(3)
        return len(tries)

    with Flow("flow") as flow:
        once_slow()
    return [end_of(flow), watch.seen]


@scenario(since="0.10")
def the_timed_out_function_stops():
    after = []

    @task(timeout=1)
    def slow_then_writes():
        for _ in range(15):
            time.sleep(0.1)
        after.append(1)

    with Flow("flow") as flow:
        slow_then_writes()
    seen = end_of(flow)
    time.sleep(0.8)
    return [seen["flow"], after]


@scenario(since="0.10", differed="a TimeoutError of the task's own counted as its time limit", where=["0", "1", "2"])
def a_task_may_raise_its_own_timeout_error():
    def fails():
        raise TimeoutError("mine")

    with Flow("flow") as flow:
        task(fails)()
    state = flow.run()
    (end,) = state.result.values()
    return [type(end).__name__, isinstance(end, TimedOut), end.message, error_name(end.result)]
