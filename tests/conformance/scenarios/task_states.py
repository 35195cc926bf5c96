"""Running again: task states given to a run, paused flows, states that go on."""

import datetime
from datetime import timedelta

from observe import UTC, describe, outcome, plain, run, run_once, scenario, states
from prefect import Flow, task
from prefect.engine import FlowRunner
from prefect.engine.signals import SKIP
from prefect.engine.state import (
    Failed,
    Mapped,
    Paused,
    Pending,
    Resume,
    Retrying,
    Running,
    Scheduled,
    Skipped,
    Submitted,
    Success,
    TriggerFailed,
)
from prefect.triggers import manual_only
from prefect.utilities.tasks import pause_task


@task
def one():
    return 1


@task
def double(x):
    return 2 * x


def two_steps():
    with Flow("flow") as flow:
        first = one()
        last = double(first)
    return flow, first, last


@scenario(since="0.10")
def a_finished_task_is_not_run_again():
    flow, first, _ = two_steps()
    return run(flow, task_states={first: Success("before", result=10)})


@scenario(since="0.10")
def a_failed_task_is_not_run_again():
    flow, first, _ = two_steps()
    return run(flow, task_states={first: Failed("before")})


def given_when_upstream(trouble, state):
    @task
    def up():
        raise trouble

    with Flow("flow") as flow:
        down = double(up())
    return run_once(flow, task_states={down: state})


@scenario
def a_paused_task_stays_so_when_an_upstream_task_fails():
    return given_when_upstream(ValueError("no"), Paused("wait"))


@scenario
def a_paused_task_stays_so_when_an_upstream_task_is_skipped():
    return given_when_upstream(SKIP("no"), Paused("wait"))


@scenario
def a_scheduled_task_stays_so_when_an_upstream_task_fails():
    tomorrow = Scheduled("later", start_time=datetime.datetime(2999, 1, 1, tzinfo=UTC))
    return given_when_upstream(ValueError("no"), tomorrow)


@scenario
def a_running_task_stays_so_when_an_upstream_task_fails():
    return given_when_upstream(ValueError("no"), Running("busy"))


@scenario(since="0.10")
def the_given_states_are_not_modified():
    flow, first, _ = two_steps()
    given = {first: Success("before", result=10)}
    flow.run(task_states=given)
    return [len(given), plain(given[first])]


@scenario(since="0.10")
def a_running_task_is_returned_as_it_is():
    flow, first, _ = two_steps()
    return run_once(flow, task_states={first: Running("elsewhere")})


@scenario(since="0.10")
def a_paused_task_stays_paused_and_the_flow_running():
    flow, first, _ = two_steps()
    return run_once(flow, task_states={first: Paused("wait")})


@scenario(since="0.10")
def a_resumed_task_runs():
    flow, first, _ = two_steps()
    return run_once(flow, task_states={first: Resume("go on")})


@scenario(since="0.10")
def a_submitted_task_and_a_scheduled_one():
    flow, first, _ = two_steps()
    soon = datetime.datetime.now(UTC) - timedelta(seconds=1)
    return {
        "submitted": states_of_once(flow, {first: Submitted(state=Pending())}),
        "due": states_of_once(flow, {first: Scheduled("due", start_time=soon)}),
        "pending": states_of_once(flow, {first: Pending("p")}),
    }


def states_of_once(flow, task_states):
    seen = run_once(flow, task_states=task_states)
    return {**{slug: entry["state"] for slug, entry in seen["tasks"].items()}, "flow": seen["flow"]["state"]}


@scenario(since="0.10")
def a_task_scheduled_in_the_future_waits():
    flow, first, _ = two_steps()
    later = Scheduled("later", start_time=datetime.datetime.now(UTC) + timedelta(hours=1))
    state = FlowRunner(flow).run(task_states={first: later}, return_tasks=flow.tasks)
    return [state.result[first] is later, outcome(flow, state)["flow"]]


@scenario(since="0.10")
def a_flow_waits_for_a_task_scheduled_soon():
    flow, first, _ = two_steps()
    soon = Scheduled("soon", start_time=datetime.datetime.now(UTC) + timedelta(milliseconds=100))
    return states(flow, task_states={first: soon})


@scenario(since="0.10")
def the_states_of_one_run_feed_the_next():
    flow, *_ = two_steps()
    first = flow.run()
    calls = []
    with flow:
        task(lambda: calls.append(1), name="new")()
    second = flow.run(task_states=first.result)
    return [outcome(flow, second), len(calls)]


@scenario(since="0.10")
def failed_tasks_are_run_again_by_leaving_them_out():
    tries = []

    @task
    def flaky():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("boom")
        return "good"

    with Flow("flow") as flow:
        start = one()
        task(lambda x: x, name="after")(flaky(upstream_tasks=[start]))
    first = flow.run()
    good = {task_: state for task_, state in first.result.items() if state.is_successful()}
    return [states(flow, task_states=good), len(tries)]


@scenario(since="0.10", differed="a Mapped state given beforehand was made again", where=["0/message"])
def failed_children_of_a_map_are_run_again():
    calls = []

    @task
    def flaky(x):
        calls.append(x)
        if x == 2 and calls.count(2) == 1:
            raise ValueError("two")
        return x

    with Flow("flow") as flow:
        made = flaky.map([1, 2, 3])
    first = flow.run().result[made]
    again = Mapped(map_states=[state if state.is_successful() else None for state in first.map_states])
    second = flow.run(task_states={made: again}).result[made]
    return [describe(second), calls]


@scenario(since="0.10")
def pause_task_pauses_until_resumed():
    @task
    def careful():
        pause_task("m")
        return "went on"

    with Flow("flow") as flow:
        made = careful()
    return {
        "first": run_once(flow),
        "resumed": run_once(flow, task_states={made: Resume()}),
        "resume in context": run_once(flow, task_contexts={made: {"resume": True}}),
    }


@scenario(since="0.10")
def a_paused_task_may_have_a_time():
    @task
    def careful():
        pause_task("m", duration=timedelta(hours=1))

    with Flow("flow") as flow:
        made = careful()
    state = FlowRunner(flow).run(return_tasks=[made]).result[made]
    wait = state.start_time - datetime.datetime.now(UTC)
    return [type(state).__name__, timedelta(minutes=59) < wait <= timedelta(hours=1)]


@scenario(since="0.10", differed="0.10 kept the inputs of a task that pauses", where=["tasks/double-1/cached_inputs"])
def a_manual_task_of_a_flow_behind_a_failed_one():
    with Flow("flow") as flow:
        first = one()
        double.copy(trigger=manual_only)(first)
    return run_once(flow, task_states={first: Failed("before")})


@scenario(since="0.10")
def a_skipped_and_a_trigger_failed_state_beforehand():
    flow, first, _ = two_steps()
    return {
        "skipped": states(flow, task_states={first: Skipped("before")}),
        "trigger failed": states(flow, task_states={first: TriggerFailed("before")}),
    }


@scenario(since="0.10")
def a_retrying_state_that_is_due_counts_on():
    import prefect

    @task
    def count():
        return prefect.context.task_run_count

    with Flow("flow") as flow:
        made = count()
    return run(flow, task_states={made: Retrying("before", run_count=3)})


@scenario(since="0.10")
def a_flow_state_that_is_scheduled_in_the_future():
    flow, *_ = two_steps()
    later = Scheduled("later", start_time=datetime.datetime.now(UTC) + timedelta(hours=1))
    state = FlowRunner(flow).run(state=later)
    return [state is later, type(state).__name__]


@scenario(since="0.10", differed="0.10 kept the inputs of a task that pauses", where=["0/tasks/double-1/cached_inputs"])
def a_flow_that_waits_for_a_pause_and_is_resumed():
    with Flow("flow") as flow:
        first = one()
        last = double.copy(trigger=manual_only)(first)
    paused = FlowRunner(flow).run(return_tasks=flow.tasks)
    again = {**paused.result, last: Resume()}
    ended = FlowRunner(flow).run(task_states=again, return_tasks=flow.tasks)
    return [outcome(flow, paused), outcome(flow, ended)]


@scenario(since="0.10")
def states_of_tasks_that_are_not_in_the_flow_are_ignored():
    flow, first, _ = two_steps()
    return states(flow, task_states={double.copy(name="stranger"): Success(), first: Success(result=4)})
