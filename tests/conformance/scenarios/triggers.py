"""Triggers: whether a task runs, given how its upstream tasks ended."""

import prefect
from observe import plain, raises, run, run_once, scenario, states
from prefect import Flow, task, triggers
from prefect.core.edge import Edge
from prefect.engine import signals
from prefect.engine.state import (
    Failed,
    Mapped,
    Resume,
    Retrying,
    Skipped,
    Success,
    TriggerFailed,
)


@task
def good():
    return 1


@task
def bad():
    raise ValueError("boom")


@task
def skips():
    raise signals.SKIP("not today")


NAMES = [
    "all_successful",
    "all_finished",
    "always_run",
    "any_successful",
    "any_failed",
    "all_failed",
    "not_all_skipped",
]
SITUATIONS = {
    "nothing upstream": [],
    "all good": [Success(), Success()],
    "one failed": [Success(), Failed()],
    "all failed": [Failed(), TriggerFailed()],
    "one skipped": [Success(), Skipped()],
    "all skipped": [Skipped(), Skipped()],
    "skipped and failed": [Skipped(), Failed()],
    "one retrying": [Success(), Retrying()],
    "mapped": [Mapped(map_states=[Success(), Failed()])],
}


def upstream(states):
    """Return what a trigger gets: a state for each edge."""
    last = good.copy(name="last")
    return {Edge(good.copy(), last): state for state in states}


def judge(trigger):
    """Say what a trigger does in each situation."""
    return {name: raises(trigger, upstream(states)) for name, states in SITUATIONS.items()}


def after(*tasks, **arguments):
    """Return a flow whose last task comes after the given ones."""
    with Flow("flow") as flow:
        last = task(lambda: "ran", name="last", **arguments)
        last(upstream_tasks=[one() for one in tasks])
    return flow


@scenario
def all_successful_in_each_situation():
    return judge(triggers.all_successful)


@scenario
def all_finished_in_each_situation():
    return judge(triggers.all_finished)


@scenario
def any_successful_in_each_situation():
    return judge(triggers.any_successful)


@scenario
def any_failed_in_each_situation():
    return judge(triggers.any_failed)


@scenario
def all_failed_in_each_situation():
    return judge(triggers.all_failed)


@scenario
def not_all_skipped_in_each_situation():
    return judge(triggers.not_all_skipped)


@scenario(since="0.10")
def manual_only_in_each_situation():
    return judge(triggers.manual_only)


@scenario(since="0.10")
def always_run_is_all_finished():
    return triggers.always_run is triggers.all_finished or judge(triggers.always_run) == judge(triggers.all_finished)


@scenario
def the_messages_of_the_triggers():
    one_of_each = upstream([Success(), Failed()])
    none_good, none_bad = upstream([Failed()]), upstream([Success()])
    return {
        "all_successful": raises(triggers.all_successful, one_of_each, says='Trigger was "all_successful"'),
        "all_failed": raises(triggers.all_failed, one_of_each, says='Trigger was "all_failed"'),
        "any_successful": raises(triggers.any_successful, none_good, says='Trigger was "any_successful"'),
        "any_failed": raises(triggers.any_failed, none_bad, says='Trigger was "any_failed"'),
        "some_failed": raises(triggers.some_failed(at_least=2), one_of_each, says='Trigger was "some_failed"'),
        "not_all_skipped": raises(triggers.not_all_skipped, one_of_each, says='Trigger was "not_all_skipped"'),
        "manual_only": raises(triggers.manual_only, one_of_each, says="manual_only"),
    }


@scenario
def some_failed_takes_counts_and_shares():
    half = upstream([Success(), Failed(), Failed(), Success()])

    def verdict(**limits):
        return raises(triggers.some_failed(**limits), half)

    return {
        "at least 1": verdict(at_least=1),
        "at least 3": verdict(at_least=3),
        "at least 0.5": verdict(at_least=0.5),
        "at least 0.6": verdict(at_least=0.6),
        "at most 1": verdict(at_most=1),
        "at most 2": verdict(at_most=2),
        "at most 0.4": verdict(at_most=0.4),
        "between": verdict(at_least=1, at_most=3),
        "no limits": verdict(),
        "name": triggers.some_failed(at_least=1).__name__,
    }


@scenario
def some_successful_takes_counts_and_shares():
    half = upstream([Success(), Failed(), Failed(), Skipped()])

    def verdict(**limits):
        return raises(triggers.some_successful(**limits), half)

    return {
        "at least 2": verdict(at_least=2),
        "at least 3": verdict(at_least=3),
        "at most 0.5": verdict(at_most=0.5),
        "at most 1": verdict(at_most=1),
        "nothing upstream": raises(triggers.some_successful(at_least=1), {}),
    }


@scenario(since="0.10")
def manual_only_accepts_a_set_of_states():
    return raises(triggers.manual_only, {Success()})


@scenario(since="0.10")
def the_default_trigger_in_a_flow():
    return run(after(good, bad))


@scenario(since="0.10")
def all_finished_in_a_flow():
    return run(after(good, bad, trigger=triggers.all_finished))


@scenario(since="0.10")
def any_failed_in_a_flow():
    return {
        "one failed": run(after(good, bad, trigger=triggers.any_failed)),
        "none failed": run(after(good, trigger=triggers.any_failed)),
    }


@scenario(since="0.10")
def all_failed_in_a_flow():
    return {
        "all failed": states(after(bad, bad, trigger=triggers.all_failed)),
        "one failed": states(after(good, bad, trigger=triggers.all_failed)),
    }


@scenario(since="0.10")
def any_successful_in_a_flow():
    return {
        "one": states(after(good, bad, trigger=triggers.any_successful)),
        "none": run(after(bad, trigger=triggers.any_successful)),
    }


@scenario(since="0.10")
def not_all_skipped_in_a_flow():
    keywords = {"trigger": triggers.not_all_skipped, "skip_on_upstream_skip": False}
    return {"one": run(after(good, skips, **keywords)), "all": run(after(skips, skips, **keywords))}


@scenario(since="0.10")
def a_trigger_failure_goes_on_downstream():
    with Flow("flow") as flow:
        first = bad()
        second = good(upstream_tasks=[first])
        third = good(upstream_tasks=[second])
        good.copy(name="cleanup", trigger=triggers.always_run)(upstream_tasks=[third])
    return run(flow)


@scenario(since="0.10", differed="a trigger was given a set of states", where=["run", "seen"])
def a_custom_trigger_sees_a_state_for_each_edge():
    seen = []

    def look(upstream_states):
        seen.extend(
            [type(edge).__name__, edge.upstream_task.name, type(state).__name__]
            for edge, state in upstream_states.items()
        )
        return True

    return {"run": states(after(bad, trigger=look)), "seen": seen}


@scenario(since="0.10")
def a_custom_trigger_that_returns_false():
    return run(after(good, trigger=lambda upstream_states: False))


@scenario(since="0.10")
def a_custom_trigger_that_raises():
    def broken(upstream_states):
        raise ValueError("broken trigger")

    return run(after(good, trigger=broken))


@scenario(since="0.10")
def a_custom_trigger_that_raises_a_signal():
    def skip(upstream_states):
        raise signals.SKIP("by trigger")

    def fail(upstream_states):
        raise signals.FAIL("by trigger")

    def success(upstream_states):
        raise signals.SUCCESS("by trigger", result=3)

    return [run(after(good, trigger=trigger)) for trigger in (skip, fail, success)]


@scenario(since="0.10")
def a_trigger_is_asked_even_when_nothing_is_upstream():
    seen = []

    def look(upstream_states):
        seen.append(len(upstream_states))
        return True

    with Flow("flow") as flow:
        good.copy(trigger=look)()
    return {"run": states(flow), "asked": seen}


@scenario(since="0.10")
def manual_only_pauses_the_task_and_the_flow_stays_running():
    return run_once(after(good, trigger=triggers.manual_only))


@scenario(since="0.10")
def manual_only_passes_with_a_resume_state():
    flow = after(good, trigger=triggers.manual_only)
    (last,) = flow.get_tasks("last")
    (first,) = flow.get_tasks("good")
    return {
        "own state": run_once(flow, task_states={last: Resume()}),
        "upstream": run_once(flow, task_states={first: Resume()}),
        "context": run_once(flow, context={"resume": True}),
        "task context": run_once(flow, task_contexts={last: {"resume": True}}),
    }


@scenario(since="0.10")
def a_paused_flow_goes_on_from_its_states():
    flow = after(good, trigger=triggers.manual_only)
    (last,) = flow.get_tasks("last")
    first = prefect.engine.FlowRunner(flow).run(return_tasks=flow.tasks)
    again = {**first.result, last: Resume()}
    return run_once(flow, task_states=again)


@scenario(since="0.10")
def a_trigger_sees_skips_as_success():
    keywords = {"skip_on_upstream_skip": False}
    return states(after(good, skips, **keywords))


@scenario(since="0.10")
def triggers_are_functions_with_these_names():
    named = {name: getattr(triggers, name).__name__ for name in NAMES}
    return {**named, "default": plain(good.trigger)}
