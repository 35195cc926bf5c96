"""Retries: tasks that fail and are tried again."""

import datetime
from datetime import timedelta

import prefect
from observe import UTC, Watch, describe, logged_run, run, run_once, scenario, states
from prefect import Flow, Task, task, triggers
from prefect.engine import FlowRunner, TaskRunner, signals
from prefect.engine.state import Failed, Pending, Retrying, Running

NOW = timedelta(0)


def flaky(failures, *, error=ValueError, **arguments):
    """Make a task that fails so many times and then says in which run it is."""
    tries = []

    @task(name="flaky", **arguments)
    def function():
        tries.append(1)
        if len(tries) <= failures:
            raise error(f"failure {len(tries)}")
        return f"run {prefect.context.task_run_count}"

    return function


def flow_of(*tasks):
    with Flow("flow") as flow:
        for one in tasks:
            one()
    return flow


@scenario(since="0.10")
def a_task_succeeds_after_two_failures():
    return run(flow_of(flaky(2, max_retries=2, retry_delay=NOW)))


@scenario(since="0.10")
def a_task_fails_when_its_retries_are_used_up():
    return run(flow_of(flaky(5, max_retries=2, retry_delay=NOW)))


@scenario(since="0.10")
def downstream_tasks_wait_for_the_retry():
    with Flow("flow") as flow:
        task(lambda x: x, name="same")(flaky(1, max_retries=1, retry_delay=NOW)())
    return run(flow)


@scenario(since="0.10")
def others_are_not_run_again():
    calls = []

    @task
    def once():
        calls.append(1)

    with Flow("flow") as flow:
        flaky(2, max_retries=2, retry_delay=NOW)(upstream_tasks=[once()])
    flow.run()
    return len(calls)


@scenario(since="0.10")
def the_task_run_count_counts_from_one():
    seen = []

    @task(max_retries=2, retry_delay=NOW)
    def counts():
        seen.append(prefect.context.task_run_count)
        raise ValueError("boom")

    flow_of(counts).run()
    return seen


@scenario(since="0.10")
def handlers_see_running_failed_retrying():
    watch = Watch()
    flow_of(flaky(1, max_retries=1, retry_delay=NOW, state_handlers=[watch])).run()
    return watch.seen


@scenario(since="0.10")
def a_flow_runner_stops_at_the_retry():
    flow = flow_of(flaky(1, max_retries=1, retry_delay=timedelta(hours=1)))
    return run_once(flow)


@scenario(since="0.10")
def a_retry_in_the_future_stays_the_same_state():
    flow = flow_of(flaky(0))
    (one,) = flow.tasks
    later = Retrying("later", start_time=datetime.datetime.now(UTC) + timedelta(hours=1))
    state = FlowRunner(flow).run(task_states={one: later}, return_tasks=[one])
    return [state.result[one] is later, type(state).__name__, state.message]


@scenario(since="0.10")
def a_retry_that_is_due_runs():
    flow = flow_of(flaky(0))
    (one,) = flow.tasks
    due = Retrying("due", start_time=datetime.datetime.now(UTC) - timedelta(hours=1), run_count=4)
    return run_once(flow, task_states={one: due})


@scenario(since="0.10")
def a_flow_stays_running_while_a_terminal_task_retries():
    @task
    def fails():
        raise ValueError("boom")

    flow = flow_of(fails, flaky(1, max_retries=1, retry_delay=timedelta(hours=1)))
    flow.set_reference_tasks(flow.get_tasks("fails"))
    return run_once(flow)["flow"]


@scenario(since="0.10")
def downstream_of_a_retrying_task_is_pending():
    with Flow("flow") as flow:
        first = flaky(1, max_retries=1, retry_delay=timedelta(hours=1))()
        task(lambda: 1, name="default")(upstream_tasks=[first])
        task(lambda: 1, name="always", trigger=triggers.always_run)(upstream_tasks=[first])
    return run_once(flow)


@scenario
def retry_on_retries_only_these_errors():
    keywords = {"max_retries": 1, "retry_delay": NOW}
    return {
        "the error": states(flow_of(flaky(1, error=KeyError, retry_on=KeyError, **keywords))),
        "a subclass": states(flow_of(flaky(1, error=KeyError, retry_on=LookupError, **keywords))),
        "another": run(flow_of(flaky(1, error=KeyError, retry_on=ValueError, **keywords))),
        "one of two": states(flow_of(flaky(1, error=KeyError, retry_on=[ValueError, KeyError], **keywords))),
    }


@scenario(since="0.10")
def a_fail_signal_is_retried_too():
    return run(flow_of(flaky(1, error=signals.FAIL, max_retries=1, retry_delay=NOW)))


@scenario
def retry_on_does_not_know_a_fail_signal():
    return states(flow_of(flaky(1, error=signals.FAIL, max_retries=1, retry_delay=NOW, retry_on=ValueError)))


@scenario(since="0.10")
def a_trigger_failure_is_not_retried():
    @task
    def fails():
        raise ValueError("boom")

    calls = []
    with Flow("flow") as flow:
        again = task(lambda: calls.append(1), name="again", max_retries=3, retry_delay=NOW)
        again(upstream_tasks=[fails()])
    return [run(flow), len(calls)]


@scenario(since="0.10")
def a_retry_signal_goes_beyond_max_retries():
    tries = []

    @task
    def again():
        tries.append(prefect.context.task_run_count)
        if len(tries) < 4:
            raise signals.RETRY("once more")
        return len(tries)

    return {"run": run(flow_of(again)), "counts": tries}


@scenario(since="0.10")
def a_retry_signal_may_say_when():
    @task
    def later():
        raise signals.RETRY("later", start_time=datetime.datetime.now(UTC) + timedelta(hours=1))

    return run_once(flow_of(later))


@scenario(since="0.10", differed="the text of the log was another", where=[""])
def the_log_of_a_retry():
    return logged_run(flow_of(flaky(1, max_retries=1, retry_delay=NOW)))


@scenario(since="0.10")
def a_task_runner_returns_the_retry():
    runner = TaskRunner(flaky(1, max_retries=1, retry_delay=timedelta(hours=1)))
    return describe(runner.run())


@scenario(since="0.10")
def states_that_may_run_and_states_that_may_not():
    one = Task(name="one")
    return {
        type(state).__name__: describe(TaskRunner(one).run(state=state))
        for state in (Pending(), Retrying(), Running("r"), Failed("f"))
    }


@scenario(since="0.10")
def the_delay_shows_in_the_start_time():
    retry_delay = timedelta(minutes=10)
    state = TaskRunner(flaky(1, max_retries=1, retry_delay=retry_delay)).run()
    wait = state.start_time - datetime.datetime.now(UTC)
    return [type(state).__name__, 590 < wait.total_seconds() <= 600]


@scenario(since="0.10")
def two_flaky_tasks_retry_independently():
    with Flow("flow") as flow:
        first = flaky(1, max_retries=1, retry_delay=NOW)()
        flaky(2, max_retries=2, retry_delay=NOW)(upstream_tasks=[first])
    return run(flow)


@scenario(since="0.10")
def a_short_delay_is_waited_for():
    import time

    started = time.monotonic()
    seen = states(flow_of(flaky(1, max_retries=1, retry_delay=timedelta(milliseconds=50))))
    return [seen, time.monotonic() - started >= 0.05]


@scenario(since="0.10")
def a_function_decorated_twice_by_hand():
    @task(max_retries=1, retry_delay=NOW, name="original")
    def original():
        raise ValueError("boom")

    copy = original.copy(name="copy")
    return [copy.max_retries, copy.retry_delay.total_seconds(), states(flow_of(copy))]
