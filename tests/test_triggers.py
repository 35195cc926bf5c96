"""Triggers, called directly and in flows."""

from typing import Any

import pytest

from miniprefect import Flow, context, task, triggers
from miniprefect.core.edge import Edge
from miniprefect.engine import FlowRunner
from miniprefect.engine.signals import PAUSE, SKIP, TRIGGERFAIL
from miniprefect.engine.state import (
    Cancelled,
    Failed,
    Looped,
    Mapped,
    Pending,
    Resume,
    Retrying,
    Skipped,
    State,
    Success,
    TriggerFailed,
)
from miniprefect.triggers import some_failed, some_successful
from tests.engine.helpers import FUTURE, Handler, Returns, upstream

# Letters for upstream states: success, failure, skip, retry, cancelled, looped, and maps in brackets.
LETTERS: dict[str, type[State]] = {
    "s": Success,
    "f": Failed,
    "k": Skipped,
    "r": Retrying,
    "c": Cancelled,
    "l": Looped,
}


def states(letters: str) -> dict[Edge, State]:
    """Read "sf[sf]" as a success, a failure, and a map over a success and a failure."""
    found: list[State] = []
    inside: list[State] | None = None
    for letter in letters:
        if letter == "[":
            inside = []
        elif letter == "]":
            found.append(Mapped(map_states=inside))
            inside = None
        else:
            (found if inside is None else inside).append(LETTERS[letter]())
    return upstream(*found)


# trigger: (upstreams that let the task run, upstreams that do not)
ANSWERS: dict[str, tuple[str, str]] = {
    "all_successful": ("s k ss kk ks []", "f r c l sf kf [sf] [ff]"),
    "all_failed": ("f ff [ff] []", "s k r c l sf kf [sf]"),
    "any_successful": ("s k sf kf ks ssf [sf]", "f r c l ff [ff] []"),
    "any_failed": ("f sf kf [sf] [ff]", "s k r c l ss []"),
    "all_finished": ("s f k c l sf [sf] []", "r sr [sr]"),
    "always_run": ("s f k c l sf [sf] []", "r sr [sr]"),
    "not_all_skipped": ("s ss ks", "f sf kf r"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_trigger_says_yes(name: str) -> None:
    for letters in ["", *ANSWERS[name][0].split()]:
        if letters or name != "not_all_skipped":
            assert getattr(triggers, name)(states(letters)) is True, letters


@pytest.mark.parametrize("name", ANSWERS)
def test_a_trigger_raises_rather_than_say_no(name: str) -> None:
    for letters in ANSWERS[name][1].split():
        with pytest.raises(TRIGGERFAIL):
            getattr(triggers, name)(states(letters))


@pytest.mark.parametrize(
    ("name", "letters", "message"),
    [
        ("all_successful", "f", 'Trigger was "all_successful" but some of the upstream tasks failed.'),
        ("all_failed", "s", 'Trigger was "all_failed" but some of the upstream tasks succeeded.'),
        ("any_successful", "f", 'Trigger was "any_successful" but none of the upstream tasks succeeded.'),
        ("any_failed", "s", 'Trigger was "any_failed" but none of the upstream tasks failed.'),
        ("all_finished", "r", 'Trigger was "all_finished" but some of the upstream tasks were not finished.'),
        ("always_run", "r", 'Trigger was "all_finished" but some of the upstream tasks were not finished.'),
        ("not_all_skipped", "f", 'Trigger was "not_all_skipped" but some of the upstream tasks failed.'),
    ],
)
def test_the_message_says_why(name: str, letters: str, message: str) -> None:
    with pytest.raises(TRIGGERFAIL) as caught:
        getattr(triggers, name)(states(letters))
    assert caught.value.state.message == message


@pytest.mark.parametrize("letters", ["k", "kk", "[kk]", ""])
def test_not_all_skipped_skips_with_nothing_else(letters: str) -> None:
    with pytest.raises(SKIP) as caught:
        triggers.not_all_skipped(states(letters))
    assert (caught.value.state.message, caught.value.state.result) == ("All upstreams were skipped", None)


@pytest.mark.parametrize(
    ("limits", "yes", "no"),
    [
        ({}, "s f sf r [ff]", ""),
        ({"at_least": 1}, "f sf ssf [sf]", "s k r []"),
        ({"at_least": 1.0}, "f sf", "s"),
        ({"at_least": 0.5}, "f sf [ff]", "s ssf"),
        ({"at_least": 0.01}, "f ssf", "s"),
        ({"at_least": 0}, "s f", ""),
        ({"at_most": 1}, "s f sf ssf [sf]", "ff [ff]"),
        ({"at_most": 0.5}, "s sf ssf", "f ff"),
        ({"at_most": 0}, "s r", "f sf"),
        ({"at_least": 1, "at_most": 2}, "f sf ff", "s fff"),
    ],
    ids=str,
)
def test_some_failed_counts_or_takes_shares(limits: Any, yes: str, no: str) -> None:
    trigger = some_failed(**limits)
    assert trigger({}) is True
    for letters in yes.split():
        assert trigger(states(letters)) is True, letters
    for letters in no.split():
        with pytest.raises(TRIGGERFAIL, match=r'^Trigger was "some_failed" but thresholds were not met\.$'):
            trigger(states(letters))


@pytest.mark.parametrize(
    ("limits", "yes", "no"),
    [
        ({"at_least": 2}, "ss kk ks ssf", "s f sf kf"),
        ({"at_least": 0.5}, "s sf", "f sff"),
        ({"at_most": 0}, "f r c l", "s k sf"),
    ],
    ids=str,
)
def test_some_successful_counts_or_takes_shares(limits: Any, yes: str, no: str) -> None:
    trigger = some_successful(**limits)
    assert trigger({}) is True
    for letters in yes.split():
        assert trigger(states(letters)) is True, letters
    for letters in no.split():
        with pytest.raises(TRIGGERFAIL, match=r'^Trigger was "some_successful" but'):
            trigger(states(letters))


def test_manual_only_pauses_unless_resumed() -> None:
    for letters in ("", "s", "f"):
        with pytest.raises(PAUSE, match='Trigger function is "manual_only"'):
            triggers.manual_only(states(letters))
    with context(resume=True):
        assert triggers.manual_only({}) is True
    with context(resume=False), pytest.raises(PAUSE):
        triggers.manual_only({})


def test_a_set_or_list_of_states_works_as_in_old_releases() -> None:
    assert triggers.all_successful({Success()}) is True  # type: ignore[arg-type]
    assert triggers.all_finished([Success(), Failed()]) is True  # type: ignore[arg-type]
    assert some_failed(at_least=1)({Failed()}) is True
    with pytest.raises(PAUSE):
        triggers.manual_only(set())  # type: ignore[arg-type]


# ---------------------------------------------------------------------- in flows


def flow_with(trigger: Any, *before: Any, **task_args: Any) -> tuple[Flow, Returns]:
    """Return a flow of a task with a trigger, after tasks that return or raise the values of `before`."""
    after = Returns("ran", trigger=trigger, **task_args)
    flow = Flow("flow")
    flow.add_task(after)
    for value in before:
        flow.add_edge(Returns(value), after)
    return flow, after


@pytest.mark.parametrize(
    ("trigger", "before", "runs"),
    [
        (triggers.all_successful, [1, 2], True),
        (triggers.all_successful, [1, ValueError()], False),
        (triggers.any_failed, [1, ValueError()], True),
        (triggers.any_failed, [1, 2], False),
        (triggers.all_failed, [ValueError(), KeyError()], True),
        (triggers.all_finished, [1, ValueError()], True),
        (triggers.some_failed(at_most=1), [1, ValueError()], True),
        (triggers.some_failed(at_most=1), [KeyError(), ValueError()], False),
        (triggers.any_successful, [KeyError(), ValueError()], False),
    ],
)
def test_a_trigger_decides_whether_the_task_runs(trigger: Any, before: list[Any], runs: bool) -> None:
    flow, after = flow_with(trigger, *before)
    state = flow.run().result[after]
    assert type(state) is (Success if runs else TriggerFailed)
    assert len(after.runs) is int(runs)


def test_a_custom_trigger_gets_a_dict_of_edge_to_state() -> None:
    seen: list[Any] = []

    def trigger(given: Any) -> bool:
        seen.append({edge.upstream_task.name: type(state).__name__ for edge, state in given.items()})
        return True

    before = Returns(1, name="before")
    after = Returns(2, trigger=trigger)
    flow = Flow("flow")
    flow.add_edge(before, after)
    flow.run()
    assert seen == [{"before": "Success"}]


def test_a_custom_trigger_is_asked_though_all_went_well() -> None:
    flow, after = flow_with(lambda given: False, 1)
    state = flow.run().result[after]
    assert (type(state), state.message) == (TriggerFailed, "Trigger failed")


def test_a_custom_trigger_is_asked_without_upstreams_too() -> None:
    flow, after = flow_with(lambda given: False)
    assert type(flow.run().result[after]) is TriggerFailed


def test_a_trigger_that_raises_fails_the_task_with_its_error() -> None:
    flow, after = flow_with(lambda given: 1 / 0, 1)
    state = flow.run().result[after]
    assert type(state) is TriggerFailed
    assert isinstance(state.result, ZeroDivisionError)


def test_constants_count_as_successful_upstreams() -> None:
    @task(trigger=triggers.all_failed)
    def unlucky(x: int) -> None:
        pass

    with Flow("flow") as flow:
        after = unlucky(5)
    assert type(flow.run().result[after]) is TriggerFailed


def test_the_trigger_of_a_mapped_task_is_asked_by_its_children() -> None:
    @task
    def not_one(x: int) -> int:
        if x == 1:
            raise ValueError("one")
        return x

    @task(trigger=triggers.all_failed, skip_on_upstream_skip=False)
    def repair(x: Any) -> str:
        return "repaired"

    with Flow("flow") as flow:
        repaired = repair.map(not_one.map([0, 1]))
    state = flow.run().result[repaired]
    assert [type(child).__name__ for child in state.map_states] == ["TriggerFailed", "Success"]


def test_a_manual_task_stays_paused_until_it_is_resumed() -> None:
    handler = Handler()
    flow, after = flow_with(triggers.manual_only, 1, state_handlers=[handler])
    final = FlowRunner(flow).run(return_tasks=flow.tasks)
    assert final.is_running()
    assert repr(final.result[after]) == '<Paused: "Trigger function is "manual_only"">'
    assert handler.changes == ["Pending > Paused"]
    again = FlowRunner(flow).run(task_states={**final.result, after: Resume()}, return_tasks=flow.tasks)
    assert again.result[after].result == "ran"
    assert flow.run(context={"resume": True}).result[after].result == "ran"


def test_resume_upstream_does_not_resume_what_follows() -> None:
    flow, after = flow_with(triggers.manual_only, 1)
    (before,) = flow.upstream_tasks(after)
    final = FlowRunner(flow).run(task_states={before: Resume()}, return_tasks=flow.tasks)
    assert final.result[before].is_successful()
    assert final.result[after].is_pending()


def test_a_task_whose_upstream_waits_stays_pending_whatever_its_trigger() -> None:
    flow, after = flow_with(triggers.always_run, 1)
    (before,) = flow.upstream_tasks(after)
    final = FlowRunner(flow).run(task_states={before: Retrying(start_time=FUTURE)}, return_tasks=[after])
    assert type(final.result[after]) is Pending
