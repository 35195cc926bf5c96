"""The gates of a task run, each asked directly with a state and upstream states, as one can in Prefect."""

from collections.abc import Callable
from typing import Any

import pytest

from miniprefect import Task, context
from miniprefect.engine import TaskRunner
from miniprefect.engine.signals import ENDRUN, FAIL, PAUSE, RETRY, SKIP, SUCCESS, TRIGGERFAIL
from miniprefect.engine.state import (
    Cached,
    Cancelled,
    Failed,
    Looped,
    Mapped,
    Paused,
    Pending,
    Queued,
    Resume,
    Retrying,
    Running,
    Scheduled,
    Skipped,
    State,
    Submitted,
    Success,
    TriggerFailed,
)
from miniprefect.triggers import manual_only, not_all_skipped
from miniprefect.utilities.clock import use_clock
from miniprefect.utilities.debug import raise_on_exception
from tests.engine.helpers import FUTURE, NOON, PAST, FakeClock, Returns, Unprintable, inputs, upstream
from tests.ids import without_address

SKIP_MESSAGE = (
    "Upstream task was skipped; if this was not the intended behavior, consider changing "
    "`skip_on_upstream_skip=False` for this task."
)


def ended(gate: Callable[..., State], *args: Any) -> State:
    """Return the state with which a gate ends the run."""
    with pytest.raises(ENDRUN) as caught:
        gate(*args)
    return caught.value.state


def runner(**task_args: Any) -> TaskRunner:
    return TaskRunner(Returns(1, **task_args))


# ---------------------------------------------------------------------- upstream finished


@pytest.mark.parametrize(
    "states",
    [
        [],
        [Success()],
        [Success(), Failed()],
        [Skipped(), Cancelled()],
        [Looped()],
        [Mapped()],
        [Mapped(map_states=[Success(), Failed()])],
    ],
    ids=repr,
)
def test_finished_upstreams_let_the_run_go_on(states: list[State]) -> None:
    state = Pending()
    assert runner().check_upstream_finished(state, upstream(*states)) is state


@pytest.mark.parametrize(
    "states",
    [
        [Pending()],
        [Running()],
        [Queued()],
        [Success(), Retrying()],
        [Mapped(map_states=[Success(), Pending()])],
    ],
    ids=repr,
)
def test_an_unfinished_upstream_ends_the_run_as_it_is(states: list[State]) -> None:
    state = Pending()
    assert ended(runner().check_upstream_finished, state, upstream(*states)) is state


def test_a_mapped_task_does_not_wait_for_all_children_of_its_upstream() -> None:
    states = upstream(Mapped(map_states=[Pending(), Success()]), mapped=True)
    state = Pending()
    assert runner().check_upstream_finished(state, states) is state


# ---------------------------------------------------------------------- upstream skipped


@pytest.mark.parametrize(
    "states",
    [[Skipped()], [Success(), Skipped()], [Failed(), Skipped()], [Mapped(map_states=[Success(), Skipped()])]],
    ids=repr,
)
def test_a_skipped_upstream_skips_the_task(states: list[State]) -> None:
    state = ended(runner().check_upstream_skipped, Pending(), upstream(*states))
    assert (type(state), state.message, state.result) == (Skipped, SKIP_MESSAGE, None)


@pytest.mark.parametrize("states", [[], [Success()], [Failed()], [Mapped(map_states=[Success()])]], ids=repr)
def test_other_upstreams_do_not(states: list[State]) -> None:
    state = Pending()
    assert runner().check_upstream_skipped(state, upstream(*states)) is state


def test_a_task_can_decline_to_be_skipped() -> None:
    state = Pending()
    tolerant = runner(skip_on_upstream_skip=False)
    assert tolerant.check_upstream_skipped(state, upstream(Skipped())) is state


def test_a_mapped_task_is_not_skipped_for_one_skipped_child() -> None:
    state = Pending()
    states = upstream(Mapped(map_states=[Skipped(), Success()]), mapped=True)
    assert runner().check_upstream_skipped(state, states) is state


# ---------------------------------------------------------------------- ready to map


@pytest.mark.parametrize("result", [[1], [], (1,), "abc", {"a": 1}, range(3)], ids=repr)
def test_what_can_be_indexed_can_be_mapped(result: Any) -> None:
    states = upstream(Success(result=result), mapped=True)
    state = ended(runner().check_task_ready_to_map, Pending(), states)
    assert (type(state), state.message) == (Mapped, "Ready to proceed with mapping.")


@pytest.mark.parametrize("result", [1, None, {1}, iter([1])], ids=without_address)
def test_what_can_not_be_indexed_fails_the_map(result: Any) -> None:
    states = upstream(Success(result=result), mapped=True)
    state = ended(runner().check_task_ready_to_map, Pending(), states)
    assert (type(state), state.message) == (Failed, "At least one upstream state has an unmappable result.")


def test_a_failed_input_leaves_nothing_to_map_over() -> None:
    state = ended(runner().check_task_ready_to_map, Pending(), upstream(Failed(result=[1]), mapped=True))
    assert (type(state), state.message) == (Failed, "No upstream states can be mapped over.")


def test_one_failed_input_of_several_does_not_stop_the_map() -> None:
    states = upstream(Success(result=[1]), Failed(), mapped=True)
    assert type(ended(runner().check_task_ready_to_map, Pending(), states)) is Mapped


def test_a_mapped_upstream_can_be_mapped_whatever_its_result() -> None:
    states = upstream(Mapped(map_states=[Success(result=3)]), mapped=True)
    assert type(ended(runner().check_task_ready_to_map, Pending(), states)) is Mapped


def test_a_task_that_was_mapped_before_keeps_its_state() -> None:
    before = Mapped(map_states=[Success()])
    states = upstream(Success(result=[1]), mapped=True)
    assert ended(runner().check_task_ready_to_map, before, states) is before


# ---------------------------------------------------------------------- trigger


def test_a_content_trigger_lets_the_run_go_on() -> None:
    state = Pending()
    assert runner().check_task_trigger(state, upstream(Success())) is state


@pytest.mark.parametrize("answer", [True, 5, "yes"])
def test_any_true_answer_is_a_yes(answer: Any) -> None:
    state = Pending()
    assert runner(trigger=lambda states: answer).check_task_trigger(state, {}) is state


@pytest.mark.parametrize("answer", [False, None, 0])
def test_any_false_answer_is_a_no(answer: Any) -> None:
    state = ended(runner(trigger=lambda states: answer).check_task_trigger, Pending(), {})
    assert (type(state), state.message) == (TriggerFailed, "Trigger failed")
    assert isinstance(state.result, TRIGGERFAIL)


def test_a_trigger_gets_the_states_by_edge() -> None:
    seen: list[Any] = []
    states = upstream(Success(result=1))
    runner(trigger=lambda given: seen.append(given) or True).check_task_trigger(Pending(), states)
    assert seen == [states]


def test_a_failed_upstream_fails_the_default_trigger() -> None:
    state = ended(runner().check_task_trigger, Pending(), upstream(Success(), Failed()))
    assert type(state) is TriggerFailed
    assert state.message == 'Trigger was "all_successful" but some of the upstream tasks failed.'
    assert isinstance(state.result, TRIGGERFAIL)


def raising_trigger(error: BaseException) -> Callable[[Any], bool]:
    def trigger(states: Any) -> bool:
        raise error

    return trigger


@pytest.mark.parametrize(
    "signal", [SKIP("s"), SUCCESS("s", result=3), RETRY("r"), FAIL("f"), PAUSE("p"), TRIGGERFAIL("t")], ids=repr
)
def test_a_signal_from_a_trigger_ends_the_run_in_its_state(signal: Any) -> None:
    task_runner = runner(trigger=raising_trigger(signal))
    assert ended(task_runner.check_task_trigger, Pending(), {}) is signal.state


def test_endrun_from_a_trigger_ends_the_run() -> None:
    state = Success("e")
    assert ended(runner(trigger=raising_trigger(ENDRUN(state))).check_task_trigger, Pending(), {}) is state


def test_an_error_in_a_trigger_is_a_failed_trigger(caplog: pytest.LogCaptureFixture) -> None:
    error = ZeroDivisionError("division by zero")
    state = ended(TaskRunner(Returns(1, name="t", trigger=raising_trigger(error))).check_task_trigger, Pending(), {})
    assert type(state) is TriggerFailed
    assert state.result is error
    assert state.message == ("Unexpected error while checking task trigger: ZeroDivisionError('division by zero')")
    assert caplog.messages == [
        "Task 't': Unexpected error while evaluating task trigger: ZeroDivisionError('division by zero')"
    ]
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), MemoryError(), Unprintable()], ids=type)
def test_whatever_a_trigger_raises_the_task_fails(error: BaseException) -> None:
    assert runner(trigger=raising_trigger(error)).run().is_failed()


def test_raise_on_exception_lets_an_error_in_a_trigger_out() -> None:
    with raise_on_exception(), pytest.raises(ZeroDivisionError):
        runner(trigger=raising_trigger(ZeroDivisionError())).run()


def test_a_skip_of_not_all_skipped_has_no_result() -> None:
    tolerant = runner(trigger=not_all_skipped, skip_on_upstream_skip=False)
    state = ended(tolerant.check_task_trigger, Pending(), upstream(Skipped()))
    assert (repr(state), state.result) == ('<Skipped: "All upstreams were skipped">', None)


def test_manual_only_pauses_until_the_run_is_resumed() -> None:
    manual = runner(trigger=manual_only)
    state = ended(manual.check_task_trigger, Pending(), {})
    assert repr(state) == '<Paused: "Trigger function is "manual_only"">'
    with context(resume=True):
        assert manual.check_task_trigger(state, {}) is state


# ---------------------------------------------------------------------- ready


@pytest.mark.parametrize(
    "state", [Pending(), Scheduled(), Retrying(), Paused(), Resume(), Cached(), Mapped()], ids=repr
)
def test_a_task_that_has_not_run_is_ready(state: State) -> None:
    assert runner().check_task_is_ready(state) is state


@pytest.mark.parametrize(
    "state",
    [
        *(Running(), Success(), Failed(), Skipped(), Looped(), Cancelled()),
        *(Submitted(state=Pending()), Queued(state=Pending())),
    ],
    ids=repr,
)
def test_a_task_that_runs_or_has_run_ends_as_it_is(state: State) -> None:
    assert ended(runner().check_task_is_ready, state) is state


# ---------------------------------------------------------------------- start time


@pytest.mark.parametrize(
    "state",
    [
        *(Pending(), Running(), Success(), Scheduled(start_time=PAST), Retrying(start_time=PAST)),
        *(Paused(start_time=PAST), Resume(start_time=PAST), Queued(start_time=FUTURE)),
    ],
    ids=repr,
)
def test_a_start_time_in_the_past_or_none_lets_the_run_go_on(state: State) -> None:
    assert runner().check_task_reached_start_time(state) is state


@pytest.mark.parametrize(
    "state",
    [
        *(Scheduled(start_time=FUTURE), Retrying(start_time=FUTURE), Paused(), Paused(start_time=FUTURE)),
        Resume(start_time=FUTURE),
    ],
    ids=repr,
)
def test_a_start_time_to_come_ends_the_run_as_it_is(state: State) -> None:
    assert ended(runner().check_task_reached_start_time, state) is state


def test_the_start_time_itself_is_reached() -> None:
    with use_clock(FakeClock(NOON)):
        state = Scheduled(start_time=NOON)
        assert runner().check_task_reached_start_time(state) is state


# ---------------------------------------------------------------------- gates of ones own


@pytest.mark.parametrize(
    ("gate", "arguments"),
    [
        ("check_upstream_finished", 2),
        ("check_upstream_skipped", 2),
        ("check_task_trigger", 2),
        ("check_task_is_ready", 1),
        ("check_task_reached_start_time", 1),
    ],
)
def test_a_subclass_that_overrides_a_gate_is_asked(gate: str, arguments: int) -> None:
    """With the signatures of Prefect, in which two of the gates take the state alone."""

    def two(self: TaskRunner, state: State, upstream_states: Any) -> State:
        raise ENDRUN(Success("mine", result=gate))

    def one(self: TaskRunner, state: State) -> State:
        raise ENDRUN(Success("mine", result=gate))

    mine = type("Mine", (TaskRunner,), {gate: two if arguments == 2 else one})
    task = Returns(1)
    assert mine(task).run(upstream_states=upstream(Success())).result == gate
    assert not task.runs


def test_a_gate_of_ones_own_may_ask_prefects() -> None:
    class Wary(TaskRunner):
        def check_task_trigger(self, state: State, upstream_states: Any) -> State:
            if not upstream_states:
                raise ENDRUN(Skipped("nothing before me"))
            return super().check_task_trigger(state, upstream_states)

    class Echo(Task):
        def run(self, x: Any) -> Any:
            return x

    assert Wary(Echo()).run().message == "nothing before me"
    assert Wary(Echo()).run(upstream_states=inputs(x=Success(result=2))).result == 2
    assert type(Wary(Echo()).run(upstream_states=inputs(x=Failed()))) is TriggerFailed
