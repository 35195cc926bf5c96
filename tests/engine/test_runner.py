"""What flow runners and task runners share: the state handlers."""

from typing import Any

import pytest

from miniprefect import Flow, Task
from miniprefect.engine import FlowRunner, TaskRunner
from miniprefect.engine.signals import ENDRUN, FAIL, PAUSE, RETRY, SKIP, SUCCESS, TRIGGERFAIL
from miniprefect.engine.state import Failed, Pending, Retrying, Running, Skipped, State, Success
from miniprefect.utilities.debug import raise_on_exception
from tests.engine.helpers import Handler, Returns, Unprintable, inputs, raising, upstream


def flow_of(task: Task, **flow_args: Any) -> Flow:
    flow = Flow("flow", **flow_args)
    flow.add_task(task)
    return flow


# ---------------------------------------------------------------------- order and arguments


def test_a_task_handler_gets_the_task_and_both_states() -> None:
    handler = Handler()
    task = Returns(1, state_handlers=[handler])
    final = TaskRunner(task).run()
    assert [tracked for tracked, _, _ in handler.calls] == [task, task]
    assert handler.changes == ["Pending > Running", "Running > Success"]
    assert handler.calls[-1][2] is final


def test_a_runner_handler_gets_the_runner() -> None:
    handler = Handler()
    runner = TaskRunner(Returns(1), state_handlers=[handler])
    runner.run()
    assert [tracked for tracked, _, _ in handler.calls] == [runner, runner]


def test_handlers_run_in_order_those_of_the_runner_last() -> None:
    log: list[Any] = []
    handlers = [Handler(name="first", log=log), Handler(name="second", log=log)]
    TaskRunner(Returns(1, state_handlers=handlers), state_handlers=[Handler(name="runner", log=log)]).run()
    assert [name for name, _, _ in log] == ["first", "second", "runner"] * 2


def test_a_flow_handler_gets_the_flow() -> None:
    handler = Handler()
    flow = flow_of(Returns(1), state_handlers=[handler])
    FlowRunner(flow).run()
    assert [tracked for tracked, _, _ in handler.calls] == [flow, flow]
    assert handler.changes == ["Pending > Running", "Running > Success"]


def test_under_flow_run_the_first_state_is_scheduled() -> None:
    handler = Handler()
    flow_of(Returns(1), state_handlers=[handler]).run()
    assert handler.changes == ["Scheduled > Running", "Running > Success"]


def test_a_flow_runners_handlers_come_after_those_of_the_flow() -> None:
    log: list[Any] = []
    flow = flow_of(Returns(1), state_handlers=[Handler(name="flow", log=log)])
    FlowRunner(flow, state_handlers=[Handler(name="runner", log=log)]).run()
    assert [name for name, _, _ in log] == ["flow", "runner"] * 2


def test_task_runner_state_handlers_see_every_task_with_its_runner() -> None:
    handler = Handler()
    good, bad = Returns(1, name="good"), Returns(ValueError(), name="bad")
    flow = flow_of(good)
    flow.add_task(bad)
    flow.run(task_runner_state_handlers=[handler])
    assert all(isinstance(runner, TaskRunner) for runner, _, _ in handler.calls)
    seen = {(runner.task.name, type(new).__name__) for runner, _, new in handler.calls}
    assert seen == {("good", "Running"), ("good", "Success"), ("bad", "Running"), ("bad", "Failed")}


def test_task_runner_state_handlers_hold_for_one_run_only() -> None:
    handler = Handler()
    flow = flow_of(Returns(1))
    flow.run(task_runner_state_handlers=[handler])
    flow.run()
    assert len(handler.calls) == 2


# ---------------------------------------------------------------------- what an answer means


def test_a_returned_state_replaces_the_new_one_for_those_after() -> None:
    second = Handler()
    mine = Failed("mine")
    first = Handler(lambda old, new: mine if new.is_successful() else None)
    final = TaskRunner(Returns(1, state_handlers=[first, second])).run()
    assert final is mine
    assert second.changes == ["Pending > Running", "Running > Failed"]


def test_none_keeps_the_state() -> None:
    assert TaskRunner(Returns(1, state_handlers=[Handler()])).run().result == 1


def test_a_finished_state_at_the_start_keeps_the_task_from_running() -> None:
    early = Handler(lambda old, new: Success("early", result=7) if new.is_running() else new)
    task = Returns(1, state_handlers=[early])
    assert TaskRunner(task).run().result == 7
    assert not task.runs


@pytest.mark.parametrize("nonsense", [5, "x", True, Success])
def test_an_answer_that_is_no_state_fails_the_task(nonsense: Any) -> None:
    final = TaskRunner(Returns(1, state_handlers=[Handler(lambda old, new: nonsense)])).run()
    assert final.is_failed()
    assert isinstance(final.result, AttributeError | TypeError)


@pytest.mark.parametrize("nothing", [False, 0, ""])
def test_a_falsy_answer_keeps_the_state(nothing: Any) -> None:
    assert TaskRunner(Returns(1, state_handlers=[Handler(lambda old, new: nothing)])).run().result == 1


def test_an_answer_that_is_no_state_fails_the_flow() -> None:
    flow = flow_of(Returns(1), state_handlers=[Handler(lambda old, new: 5)])
    assert flow.run().is_failed()


def test_a_flow_handler_can_replace_the_final_state() -> None:
    answer = Handler(lambda old, new: Failed("mine") if new.is_successful() else None)
    final = flow_of(Returns(1), state_handlers=[answer]).run()
    assert (type(final), final.message) == (Failed, "mine")


# ---------------------------------------------------------------------- handlers that raise


@pytest.mark.parametrize("at", [Running, Success])
def test_an_error_in_a_handler_fails_the_task(at: type[State], caplog: pytest.LogCaptureFixture) -> None:
    error = SyntaxError("bad handler")
    after = Handler()
    final = TaskRunner(Returns(1, state_handlers=[Handler(raising(error, at)), after])).run()
    assert type(final) is Failed
    assert final.message == "Unexpected error while calling state handlers: SyntaxError('bad handler')"
    assert final.result is error
    assert at not in [type(new) for _, _, new in after.calls]
    assert final.message in caplog.messages
    assert "SyntaxError: bad handler" in caplog.text


def test_an_error_in_a_runners_handler_fails_the_task_too() -> None:
    error = ValueError("v")
    final = TaskRunner(Returns(1), state_handlers=[Handler(raising(error, Success))]).run()
    assert (type(final), final.result) == (Failed, error)


@pytest.mark.parametrize("at", [Running, Success])
def test_an_error_in_a_flow_handler_fails_the_flow(at: type[State]) -> None:
    error = SyntaxError("bad handler")
    final = FlowRunner(flow_of(Returns(1), state_handlers=[Handler(raising(error, at))])).run()
    assert (type(final), final.result) == (Failed, error)
    assert final.message == "Unexpected error while calling state handlers: SyntaxError('bad handler')"


def test_under_flow_run_the_result_is_the_handlers_error_too() -> None:
    error = ValueError()
    final = flow_of(Returns(1), state_handlers=[Handler(raising(error, Running))]).run()
    assert (type(final), final.result) == (Failed, error)


@pytest.mark.parametrize("signal", [SKIP("s"), FAIL("f"), SUCCESS("ok", result=4), RETRY("r"), PAUSE("p")])
@pytest.mark.parametrize("at", [Running, Success])
def test_a_signal_from_a_handler_sets_its_state(signal: Any, at: type[State]) -> None:
    final = TaskRunner(Returns(1, state_handlers=[Handler(raising(signal, at))])).run()
    assert final is signal.state


def test_endrun_from_a_handler_sets_its_state() -> None:
    final = TaskRunner(Returns(1, state_handlers=[Handler(raising(ENDRUN(Skipped("e")), Success))])).run()
    assert repr(final) == '<Skipped: "e">'


def test_a_signal_from_a_flow_handler_sets_the_flows_state() -> None:
    flow = flow_of(Returns(1), state_handlers=[Handler(raising(SKIP("s"), Success))])
    assert type(FlowRunner(flow).run()) is Skipped
    assert type(flow.run()) is Skipped


def test_an_unprintable_error_in_a_handler_still_fails_the_task_alone() -> None:
    error = Unprintable()
    broken, sound = Returns(1, state_handlers=[Handler(raising(error, Success))]), Returns(2)
    flow = flow_of(broken)
    flow.add_task(sound)
    final = flow.run()
    assert final.result[broken].is_failed()
    assert final.result[sound].result == 2


def test_an_unprintable_error_in_a_flow_handler_fails_the_flow() -> None:
    flow = flow_of(Returns(1), state_handlers=[Handler(raising(Unprintable(), Success))])
    assert flow.run().is_failed()


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), MemoryError()])
@pytest.mark.parametrize("at", [Running, Success])
def test_whatever_a_task_handler_raises_the_run_returns_a_state(error: BaseException, at: type[State]) -> None:
    broken, sound = Returns(1, state_handlers=[Handler(raising(error, at))]), Returns(2)
    flow = flow_of(broken)
    flow.add_task(sound)
    final = flow.run()
    assert final.result[broken].is_failed()
    assert final.result[sound].result == 2


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), MemoryError()])
@pytest.mark.parametrize("at", [Running, Success])
def test_whatever_a_flow_handler_raises_the_run_returns_a_state(error: BaseException, at: type[State]) -> None:
    assert flow_of(Returns(1), state_handlers=[Handler(raising(error, at))]).run().is_failed()


def test_a_handler_with_the_wrong_arguments_fails_the_task() -> None:
    final = TaskRunner(Returns(1, state_handlers=[lambda one: None])).run()
    assert isinstance(final.result, TypeError)


def test_raise_on_exception_lets_a_handlers_error_out_but_not_its_signal() -> None:
    with raise_on_exception():
        with pytest.raises(ZeroDivisionError):
            TaskRunner(Returns(1, state_handlers=[Handler(raising(ZeroDivisionError()))])).run()
        with pytest.raises(ZeroDivisionError):
            flow_of(Returns(1), state_handlers=[Handler(raising(ZeroDivisionError()))]).run()
        skipped = TaskRunner(Returns(1, state_handlers=[Handler(raising(SKIP("s"), Success))])).run()
    assert type(skipped) is Skipped


# ---------------------------------------------------------------------- when handlers are called


def test_a_run_that_changes_nothing_calls_no_handler() -> None:
    handler = Handler()
    task = Returns(1, state_handlers=[handler])
    TaskRunner(task).run(Success())
    TaskRunner(task).run(upstream_states=upstream(Pending()))
    assert not handler.calls


@pytest.mark.parametrize(
    ("before", "change"), [(Failed(), "Pending > TriggerFailed"), (Skipped(), "Pending > Skipped")]
)
def test_a_run_that_a_gate_ends_calls_the_handlers_once(before: State, change: str) -> None:
    handler = Handler()
    TaskRunner(Returns(1, state_handlers=[handler])).run(upstream_states=upstream(before))
    assert handler.changes == [change]


def test_on_failure_is_called_with_the_task_and_the_state() -> None:
    calls: list[Any] = []
    task = Returns(ValueError("x"), on_failure=lambda *args: calls.append(args))
    final = TaskRunner(task).run()
    assert calls == [(task, final)]


def test_on_failure_is_called_for_a_failed_trigger_and_not_for_success() -> None:
    calls: list[Any] = []
    task = Returns(1, on_failure=lambda *args: calls.append(args))
    TaskRunner(task).run()
    assert not calls
    TaskRunner(task).run(upstream_states=inputs(x=Failed()))
    assert [type(state).__name__ for _, state in calls] == ["TriggerFailed"]


def test_on_failure_of_a_flow_is_called_with_the_flow() -> None:
    calls: list[Any] = []
    flow = flow_of(Returns(ValueError()), on_failure=lambda *args: calls.append(args))
    final = flow.run()
    assert [(flow, state.message) for flow, state in calls] == [(flow, final.message)]


def test_an_error_in_on_failure_takes_the_place_of_the_failure() -> None:
    final = TaskRunner(Returns(ValueError(), on_failure=lambda *args: 1 / 0)).run()
    assert isinstance(final.result, ZeroDivisionError)


# ---------------------------------------------------------------------- handle_state_change, directly


def test_handle_state_change_returns_what_the_handlers_leave() -> None:
    new = Running()
    assert TaskRunner(Returns()).handle_state_change(Pending(), new) is new
    other = Retrying()
    runner = TaskRunner(Returns(state_handlers=[Handler(lambda old, new: other)]))
    assert runner.handle_state_change(Pending(), new) is other


def test_handle_state_change_raises_endrun_for_an_error() -> None:
    runner = TaskRunner(Returns(state_handlers=[Handler(raising(ZeroDivisionError("z")))]))
    with pytest.raises(ENDRUN) as caught:
        runner.handle_state_change(Pending(), Running())
    assert isinstance(caught.value.state.result, ZeroDivisionError)


@pytest.mark.parametrize("runner_for", [TaskRunner, lambda task, **kw: FlowRunner(flow_of(task), **kw)])
def test_a_single_function_as_state_handlers_is_a_type_error(runner_for: Any) -> None:
    with pytest.raises(TypeError, match="state_handlers should be iterable"):
        runner_for(Returns(), state_handlers=print)


def test_state_handlers_are_kept_as_a_list() -> None:
    assert TaskRunner(Returns()).state_handlers == []
    assert TaskRunner(Returns(), state_handlers=(print,)).state_handlers == [print]


def test_runners_are_named_after_their_class() -> None:
    class MyTaskRunner(TaskRunner):
        pass

    assert TaskRunner(Returns()).logger.name == "prefect.TaskRunner"
    assert FlowRunner(flow_of(Returns())).logger.name == "prefect.FlowRunner"
    assert MyTaskRunner(Returns()).logger.name == "prefect.MyTaskRunner"


def test_a_trigger_signal_is_told_to_the_handlers() -> None:
    def trigger(states: Any) -> bool:
        raise TRIGGERFAIL("no")

    handler = Handler()
    TaskRunner(Returns(1, trigger=trigger, state_handlers=[handler])).run()
    assert handler.changes == ["Pending > TriggerFailed"]
