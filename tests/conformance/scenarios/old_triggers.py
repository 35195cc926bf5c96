"""Triggers, which got a set of states in 0.10."""

from observe import plain, raises, run, scenario, states
from prefect import Flow, task, triggers
from prefect.engine import signals
from prefect.engine.state import Failed, Pending, Retrying, Skipped, Success, TriggerFailed

SITUATIONS = {
    "none": set(),
    "all good": {Success("one"), Success("two")},
    "all failed": {Failed("one"), TriggerFailed("two")},
    "mixed": {Success("one"), Failed("two")},
    "all skipped": {Skipped("one"), Skipped("two")},
    "skipped and failed": {Skipped("one"), Failed("two")},
    "unfinished": {Success("one"), Retrying("two")},
}


def in_each_situation(trigger):
    seen = {name: raises(trigger, upstream) for name, upstream in SITUATIONS.items()}
    return {name: one["raised"] or one["returned"] for name, one in seen.items()}


@scenario(only="0.10")
def all_successful_of_a_set():
    return in_each_situation(triggers.all_successful)


@scenario(only="0.10")
def all_failed_of_a_set():
    return in_each_situation(triggers.all_failed)


@scenario(only="0.10")
def any_successful_of_a_set():
    return in_each_situation(triggers.any_successful)


@scenario(only="0.10")
def any_failed_of_a_set():
    return in_each_situation(triggers.any_failed)


@scenario(only="0.10")
def all_finished_of_a_set():
    return in_each_situation(triggers.all_finished)


@scenario(only="0.10")
def always_run_of_a_set():
    return in_each_situation(triggers.always_run)


@scenario(only="0.10")
def not_all_skipped_of_a_set():
    return in_each_situation(triggers.not_all_skipped)


@scenario(only="0.10")
def manual_only_of_a_set():
    return in_each_situation(triggers.manual_only)


@scenario(only="0.10")
def some_failed_of_a_set():
    upstream = {Failed("one"), Failed("two"), Success("three"), Success("four")}
    limits = [{"at_least": 2}, {"at_least": 3}, {"at_least": 0.5}, {"at_most": 1}, {"at_most": 0.5}]
    return {str(limit): raises(triggers.some_failed(**limit), upstream)["raised"] for limit in limits}


@scenario(only="0.10")
def some_successful_of_a_set():
    upstream = {Failed("one"), Failed("two"), Success("three"), Success("four")}
    limits = [{"at_least": 2}, {"at_least": 3}, {"at_least": 0.5}, {"at_most": 1}, {"at_most": 0.5}]
    return {str(limit): raises(triggers.some_successful(**limit), upstream)["raised"] for limit in limits}


def after(trigger):
    """Make a flow of one good and one bad task, and a last one with this trigger behind both."""

    @task
    def good():
        return 1

    @task
    def bad():
        raise ValueError("boom")

    @task(trigger=trigger)
    def last():
        return "ran"

    with Flow("flow") as flow:
        last(upstream_tasks=[good(), bad()])
    return flow


@scenario(only="0.10")
def a_trigger_that_asks_each_state():
    return states(after(lambda upstream_states: any(state.is_failed() for state in upstream_states)))


@scenario(only="0.10")
def a_trigger_that_says_no():
    return states(after(lambda upstream_states: all(state.is_successful() for state in upstream_states)))


@scenario(only="0.10")
def a_trigger_that_collects_results():
    def none_is_none(upstream_states):
        return all(state.result is not None for state in upstream_states)

    return states(after(none_is_none))


@scenario(only="0.10")
def a_trigger_that_raises_a_signal():
    def stop(upstream_states):
        if any(state.is_failed() for state in upstream_states):
            raise signals.TRIGGERFAIL("one has failed")
        return True

    return run(after(stop))["tasks"]["last-1"]


@scenario(only="0.10")
def a_trigger_that_skips():
    def skip(upstream_states):
        if any(state.is_failed() for state in upstream_states):
            raise signals.SKIP("not needed")
        return True

    return run(after(skip))["tasks"]["last-1"]


@scenario(only="0.10")
def a_trigger_that_calls_a_ready_made_one():
    def at_least_one(upstream_states):
        return triggers.any_successful(upstream_states)

    return states(after(at_least_one))


@scenario(only="0.10")
def a_trigger_that_counts():
    return states(after(lambda upstream_states: len(upstream_states) == 2))


@scenario(
    only="0.10",
    differs="a trigger gets a dict from edges to states, as in 1.4",
    here={"last-1": "TriggerFailed", "flow flow": "Failed"},
)
def a_trigger_that_compares_classes():
    return states(after(lambda upstream_states: any(isinstance(state, Success) for state in upstream_states)))


@scenario(only="0.10")
def a_pending_upstream_state_is_no_failure():
    return plain(raises(triggers.all_successful, {Pending()}))
