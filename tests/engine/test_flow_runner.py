"""The life of one flow run, with a FlowRunner alone and under `Flow.run`."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from miniprefect import Flow, Parameter, Task, context
from miniprefect.engine import FlowRunner, TaskRunner
from miniprefect.engine.signals import ENDRUN
from miniprefect.engine.state import (
    Cached,
    Cancelled,
    Failed,
    Looped,
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
from miniprefect.executors import LocalExecutor
from miniprefect.triggers import all_finished
from miniprefect.utilities.clock import use_clock
from miniprefect.utilities.debug import raise_on_exception
from tests.engine.helpers import FUTURE, NOON, PAST, FakeClock, Handler, Returns, Sees, Unprintable


def flow_of(*tasks: Task, **flow_args: Any) -> Flow:
    flow = Flow("flow", **flow_args)
    for task in tasks:
        flow.add_task(task)
    return flow


def pair(first: Any = 1, **second_args: Any) -> tuple[Flow, Returns, Returns]:
    """Return a flow of two tasks, one after the other, and the tasks."""
    a, b = Returns(first, name="a"), Returns(2, name="b", **second_args)
    flow = Flow("pair")
    flow.add_edge(a, b)
    return flow, a, b


# ---------------------------------------------------------------------- what comes back


def test_a_runner_shows_its_flow() -> None:
    flow = flow_of()
    assert repr(FlowRunner(flow)) == "<FlowRunner: flow>"
    assert FlowRunner(flow).flow is flow


def test_by_default_no_task_states_come_back() -> None:
    final = FlowRunner(flow_of(Returns(1))).run()
    assert (repr(final), final.result) == ('<Success: "All reference tasks succeeded.">', {})


def test_the_states_of_return_tasks_come_back() -> None:
    flow, _a, b = pair()
    result = FlowRunner(flow).run(return_tasks=[b]).result
    assert list(result) == [b]
    assert result[b].result == 2


def test_under_flow_run_all_states_come_back() -> None:
    flow, a, b = pair()
    assert {task: state.result for task, state in flow.run().result.items()} == {a: 1, b: 2}


def test_return_tasks_outside_the_flow_give_a_failed_state() -> None:
    final = FlowRunner(flow_of(Returns(1))).run(return_tasks=[Task()])
    assert type(final) is Failed
    assert str(final.result) == "Some tasks in return_tasks were not found in the flow."
    assert final.message == f"Unexpected error: {final.result!r}"


def test_an_empty_flow_succeeds() -> None:
    assert repr(flow_of().run()) == '<Success: "All reference tasks succeeded.">'


def test_a_failed_reference_task_fails_the_flow() -> None:
    assert repr(flow_of(Returns(ValueError())).run()) == '<Failed: "Some reference tasks failed.">'


def test_a_failure_that_is_no_reference_task_does_not() -> None:
    flow, a, _b = pair(ValueError(), trigger=all_finished)
    assert flow.run().is_successful()
    flow.set_reference_tasks([a])
    assert flow.run().is_failed()


def test_a_failure_fails_the_triggers_downstream() -> None:
    flow, _a, b = pair(ValueError("x"))
    final = flow.run()
    assert type(final.result[b]) is TriggerFailed
    assert not b.runs


# ---------------------------------------------------------------------- the state that a run begins with


@pytest.mark.parametrize("state", [Success(result=5), Failed("z", result=6), Cancelled()], ids=repr)
def test_a_finished_state_comes_back_as_it_is(state: State) -> None:
    task = Returns(1)
    assert FlowRunner(flow_of(task)).run(state=state) is state
    assert not task.runs


def test_under_flow_run_a_finished_state_has_every_task_pending() -> None:
    flow, a, b = pair()
    final = flow.run(state=Success())
    assert {task: repr(state) for task, state in final.result.items()} == {
        a: '<Pending: "Task not run.">',
        b: '<Pending: "Task not run.">',
    }


def test_a_state_scheduled_for_later_comes_back_as_it_is() -> None:
    state = Scheduled(start_time=FUTURE)
    assert FlowRunner(flow_of(Returns(1))).run(state=state) is state


@pytest.mark.parametrize("state", [Running("r"), Scheduled(start_time=PAST), Submitted(state=Pending())])
def test_a_run_goes_on_from_a_state_that_has_not_finished(state: State) -> None:
    assert FlowRunner(flow_of(Returns(1))).run(state=state).is_successful()


def test_nonsense_as_state_gives_a_failed_state() -> None:
    assert FlowRunner(flow_of(Returns(1))).run(state="x").is_failed()  # type: ignore[arg-type]


# ---------------------------------------------------------------------- the steps, directly


def ended(step: Any, *args: Any) -> State:
    with pytest.raises(ENDRUN) as caught:
        step(*args)
    return caught.value.state  # type: ignore[no-any-return]


@pytest.mark.parametrize("state", [Pending(), Scheduled(), Retrying(), Paused(), Running()], ids=repr)
def test_pending_and_running_flows_may_run(state: State) -> None:
    assert FlowRunner(flow_of()).check_flow_is_pending_or_running(state) is state


@pytest.mark.parametrize("state", [Success(), Failed(), Cancelled(), Queued(), Submitted()], ids=repr)
def test_other_flows_may_not(state: State) -> None:
    runner = FlowRunner(flow_of())
    assert ended(runner.check_flow_is_pending_or_running, state) is state
    assert ended(runner.set_flow_to_running, state) is state


@pytest.mark.parametrize("state", [Pending(), Scheduled(), Retrying(), Paused()], ids=repr)
def test_set_flow_to_running_begins(state: State) -> None:
    assert repr(FlowRunner(flow_of()).set_flow_to_running(state)) == '<Running: "Running flow.">'


def test_set_flow_to_running_leaves_a_running_flow_alone() -> None:
    state = Running("r")
    assert FlowRunner(flow_of()).set_flow_to_running(state) is state


@pytest.mark.parametrize("state", [Pending(), Scheduled(start_time=PAST), Running(), Success(), Paused()], ids=repr)
def test_the_start_time_is_reached(state: State) -> None:
    assert FlowRunner(flow_of()).check_flow_reached_start_time(state) is state


def test_the_start_time_is_not_reached() -> None:
    state = Scheduled(start_time=FUTURE)
    assert ended(FlowRunner(flow_of()).check_flow_reached_start_time, state) is state


@pytest.mark.parametrize(
    ("key", "terminal", "expected"),
    [
        ([Success()], [Success()], '<Success: "All reference tasks succeeded.">'),
        ([Skipped()], [Skipped()], '<Success: "All reference tasks succeeded.">'),
        ([], [], '<Success: "All reference tasks succeeded.">'),
        ([Failed()], [Success()], '<Failed: "Some reference tasks failed.">'),
        ([Cancelled(), Failed()], [], '<Failed: "Some reference tasks failed.">'),
        ([Cancelled()], [Success()], '<Success: "No reference tasks failed.">'),
        ([Looped()], [], '<Success: "No reference tasks failed.">'),
        ([Pending()], [Success()], '<Success: "No reference tasks failed.">'),
        ([Success()], [Pending()], '<Running: "now">'),
        ([Failed()], [Retrying()], '<Running: "now">'),
    ],
)
def test_the_final_state_follows_from_reference_and_terminal_states(
    key: list[State], terminal: list[State], expected: str
) -> None:
    states: dict[Any, State] = {Task(): Success()}
    final = FlowRunner(flow_of()).determine_final_state(Running("now"), set(key), states, set(terminal))
    assert (repr(final), final.result) == (expected, states)


def test_initialize_run_returns_what_prefects_does() -> None:
    task = Returns(1)
    flow = flow_of(task, Parameter("p", default=3))
    begun = FlowRunner(flow).initialize_run(None, {task: Success()}, {"a": 1}, {task: {"b": 2}}, {"q": 4})
    assert type(begun.state) is Pending
    assert begun.task_states == {task: Success()}
    assert begun.context["a"] == 1
    assert begun.context["parameters"] == {"p": 3, "q": 4}
    assert begun.task_contexts[task]["b"] == 2


@pytest.mark.parametrize(
    "step", ["check_flow_is_pending_or_running", "check_flow_reached_start_time", "set_flow_to_running"]
)
def test_a_subclass_that_overrides_a_step_is_honoured(step: str) -> None:
    def mine(self: FlowRunner, state: State) -> State:
        raise ENDRUN(Cancelled(step))

    task = Returns(1)
    final = flow_of(task).run(runner_cls=type("Mine", (FlowRunner,), {step: mine}))
    assert (type(final), final.message) == (Cancelled, step)
    assert not task.runs


def test_a_subclass_decides_the_final_state() -> None:
    class Generous(FlowRunner):
        def determine_final_state(self, *args: Any, **kwargs: Any) -> State:
            state = super().determine_final_state(*args, **kwargs)
            return Success("generous", result=state.result)

    task = Returns(ValueError())
    final = flow_of(task).run(runner_cls=Generous)
    assert (final.message, final.result[task].is_failed()) == ("generous", True)


def test_a_subclass_may_take_options_of_its_own() -> None:
    class Dated(FlowRunner):
        def run(self, day: str = "", **kwargs: Any) -> State:  # type: ignore[override]
            return super().run(**{**kwargs, "context": {**kwargs["context"], "day": day}})

    task = Sees("day")
    assert flow_of(task).run(runner_cls=Dated, day="Monday").result[task].result == {"day": "Monday"}


def test_task_runner_cls_takes_the_tasks_through_their_runs() -> None:
    class Doubling(TaskRunner):
        def get_task_run_state(self, state: State, inputs: Any) -> State:
            done = super().get_task_run_state(state, inputs)
            return Success(result=2 * done.result)

    task = Returns(4)
    runner = FlowRunner(flow_of(task), task_runner_cls=Doubling)
    assert runner.task_runner_cls is Doubling
    assert runner.run(return_tasks=[task]).result[task].result == 8
    assert FlowRunner(flow_of(task)).run(return_tasks=[task]).result[task].result == 4


# ---------------------------------------------------------------------- task states


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (Success(result=9), Success),
        (Failed(), TriggerFailed),
        (Skipped(), Skipped),
        (Cancelled(), TriggerFailed),
        (Retrying(start_time=FUTURE), Pending),
        (Scheduled(start_time=FUTURE), Pending),
        (Paused(), Pending),
        (Running(), Pending),
    ],
    ids=repr,
)
def test_a_task_state_that_does_not_run_again_is_kept(state: State, after: type[State]) -> None:
    flow, a, b = pair()
    given = {a: state}
    final = FlowRunner(flow).run(task_states=given, return_tasks=[a, b])
    assert final.result[a] is state
    assert type(final.result[b]) is after
    assert final.is_finished() is state.is_finished()
    assert not a.runs
    assert given == {a: state}


@pytest.mark.parametrize(
    "state",
    [
        *(Pending(), Resume(start_time=PAST), Retrying(start_time=PAST, run_count=3), Cached(result=3)),
        Submitted(state=Pending()),
    ],
    ids=repr,
)
def test_a_task_state_that_may_run_runs(state: State) -> None:
    flow, a, b = pair()
    final = FlowRunner(flow).run(task_states={a: state}, return_tasks=[a, b])
    assert (final.result[a].result, final.result[b].result) == (1, 2)


def test_the_dict_of_task_states_is_not_changed() -> None:
    flow, a, _b = pair()
    given = {a: Success(result=9)}
    flow.run(task_states=given)
    assert given == {a: Success(result=9)}


# ---------------------------------------------------------------------- parameters and contexts


def test_a_missing_required_parameter_fails_its_task_only() -> None:
    q = Parameter("q")
    final = FlowRunner(flow_of(q)).run(return_tasks=[q])
    assert final.result[q].message == 'Parameter "q" was required but not provided.'


def test_parameters_beat_the_context_which_beats_the_default() -> None:
    task = Sees("parameters")
    flow = flow_of(*(Parameter(name, default=0) for name in ("a", "b", "c")), task)
    final = FlowRunner(flow).run(return_tasks=[task], parameters={"a": 2}, context={"parameters": {"a": 1, "b": 1}})
    assert final.result[task].result == {"parameters": {"a": 2, "b": 1, "c": 0}}


def test_the_context_of_a_run_reaches_its_tasks_and_nothing_else() -> None:
    task = Sees("color")
    flow = flow_of(task)
    assert flow.run(context={"color": "red"}).result[task].result == {"color": "red"}
    assert flow.run().result[task].result == {"color": None}


def test_task_contexts_reach_one_task() -> None:
    one, other = Sees("color"), Sees("color")
    result = flow_of(one, other).run(task_contexts={one: {"color": "red"}}).result
    assert (result[one].result, result[other].result) == ({"color": "red"}, {"color": None})


def test_the_context_given_is_not_changed() -> None:
    given = {"color": "red"}
    FlowRunner(flow_of(Returns(1))).run(context=given)
    assert given == {"color": "red"}


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "error", [SystemExit(3), GeneratorExit(), MemoryError(), Unprintable(), RecursionError()], ids=type
)
def test_whatever_a_task_raises_the_others_run(error: BaseException) -> None:
    bad, good = Returns(error), Returns(2)
    final = flow_of(bad, good).run()
    assert (type(final.result[bad]), final.result[good].result) == (Failed, 2)
    assert final.result[bad].result is error
    assert final.is_failed()


def test_a_keyboard_interrupt_cancels_the_flow() -> None:
    handler = Handler()
    stopped, later = Returns(KeyboardInterrupt()), Returns(2)
    flow = Flow("flow", state_handlers=[handler])
    flow.add_edge(stopped, later)
    final = flow.run()
    assert type(final) is Cancelled
    assert "interrupt" in final.message.lower()
    assert handler.changes[-1] == "Running > Cancelled"
    assert not later.runs


class Failing(LocalExecutor):
    """An executor that fails at one of its three methods."""

    def __init__(self, at: str, error: BaseException) -> None:
        self.at = at
        self.error = error

    def _maybe(self, at: str) -> None:
        if self.at == at:
            raise self.error

    @contextmanager
    def start(self) -> Iterator[None]:
        self._maybe("start")
        yield
        self._maybe("end")

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        self._maybe("submit")
        return object()

    def wait(self, futures: Any) -> Any:
        self._maybe("wait")
        return Success()


@pytest.mark.parametrize("at", ["start", "submit", "end"])
def test_an_executor_that_fails_gives_a_failed_flow(at: str, caplog: pytest.LogCaptureFixture) -> None:
    flow = flow_of(Returns(1))
    error = ValueError("no")
    final = flow.run(executor=Failing(at, error))
    assert (type(final), final.message) == (Failed, "Unexpected error: ValueError('no')")
    assert final.result is error
    assert FlowRunner(flow).run(executor=Failing(at, error)).result is error
    assert "Unexpected error: ValueError('no')" in caplog.messages


def test_raise_on_exception_lets_the_error_of_a_task_out() -> None:
    flow = flow_of(Returns(ValueError("x")))
    with raise_on_exception():
        with pytest.raises(ValueError, match="x"):
            flow.run()
        with pytest.raises(ValueError, match="x"):
            FlowRunner(flow).run()
    assert flow.run().is_failed()


# ---------------------------------------------------------------------- terminal_state_handler


def test_a_terminal_state_handler_gets_flow_state_and_reference_states() -> None:
    calls: list[Any] = []
    task = Returns(1)
    flow = flow_of(task, terminal_state_handler=lambda *args: calls.append(args))
    final = flow.run()
    assert calls == [(flow, final, {final.result[task]})]


def test_a_terminal_state_handler_may_replace_the_state() -> None:
    flow = flow_of(Returns(1), terminal_state_handler=lambda flow, state, states: Failed("mine"))
    assert FlowRunner(flow).run().message == "mine"
    assert flow.run().message == "mine"


@pytest.mark.parametrize("answer", [lambda *args: 1 / 0, lambda *args: 5])
def test_a_terminal_state_handler_that_errs_fails_the_flow(answer: Any) -> None:
    assert flow_of(Returns(1), terminal_state_handler=answer).run().is_failed()


# ---------------------------------------------------------------------- waiting


def test_flow_run_waits_for_retries_without_sleeping_longer_than_needed() -> None:
    class Flaky(Returns):
        def run(self) -> Any:
            super().run()
            if len(self.runs) < 3:
                raise ValueError("not yet")
            return context.task_run_count

    task = Flaky(max_retries=2, retry_delay=datetime.timedelta(minutes=1))
    with use_clock(FakeClock()) as clock:
        final = flow_of(task).run()
    assert final.result[task].result == 3
    assert clock.moment == NOON + datetime.timedelta(minutes=2)  # type: ignore[attr-defined]


def test_the_rest_of_the_flow_goes_on_while_a_task_waits_for_its_retry() -> None:
    order: list[str] = []

    class Noting(Task):
        def run(self) -> None:
            order.append(self.name)
            if self.name == "flaky" and context.task_run_count == 1:
                raise ValueError("once")

    flaky = Noting("flaky", max_retries=1, retry_delay=datetime.timedelta(minutes=1))
    after, other = Noting("after"), Noting("other")
    flow = Flow("flow")
    flow.add_edge(flaky, after)
    flow.add_task(other)
    with use_clock(FakeClock()):
        assert flow.run().is_successful()
    assert order == ["flaky", "other", "flaky", "after"]


def test_a_retrying_terminal_task_leaves_the_flow_running() -> None:
    task = Returns(ValueError(), max_retries=1, retry_delay=datetime.timedelta(minutes=1))
    bad = Returns(ValueError())
    flow = flow_of(task, bad)
    flow.set_reference_tasks([bad])
    final = FlowRunner(flow).run(return_tasks=[task])
    assert final.is_running()
    assert type(final.result[task]) is Retrying


def test_the_same_flow_can_run_again_and_again() -> None:
    flow, _a, b = pair()
    assert [flow.run().result[b].result for _ in range(3)] == [2, 2, 2]
    assert len(b.runs) == 3


def test_a_task_added_between_runs_takes_part() -> None:
    flow, _a, _b = pair()
    flow.run()
    late = Returns(3)
    flow.add_task(late)
    assert flow.run().result[late].result == 3


def test_a_setting_changed_between_runs_takes_effect() -> None:
    flow, _a, b = pair(ValueError())
    assert type(flow.run().result[b]) is TriggerFailed
    b.trigger = all_finished
    assert flow.run().result[b].result == 2
