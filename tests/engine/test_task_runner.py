"""The life of one task run, with a TaskRunner alone."""

import datetime
from typing import Any

import pytest

from miniprefect import Flow, Task, context
from miniprefect.engine import FlowRunner, TaskRunner
from miniprefect.engine.result import Result
from miniprefect.engine.signals import (
    ENDRUN,
    FAIL,
    LOOP,
    PAUSE,
    RETRY,
    SKIP,
    SUCCESS,
    TRIGGERFAIL,
    VALIDATIONFAIL,
)
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
    TimedOut,
    TriggerFailed,
    ValidationFailed,
)
from miniprefect.exceptions import TaskTimeoutSignal
from miniprefect.utilities.clock import use_clock
from miniprefect.utilities.debug import raise_on_exception
from tests.engine.helpers import (
    FUTURE,
    NOON,
    PAST,
    Add,
    FakeClock,
    Handler,
    Returns,
    Sees,
    Unprintable,
    inputs,
    upstream,
)

MINUTE = datetime.timedelta(minutes=1)


class BrokenStr(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no str")


# ---------------------------------------------------------------------- a runner by itself


def test_a_runner_shows_its_task() -> None:
    task = Returns(1, name="clean")
    assert repr(TaskRunner(task)) == "<TaskRunner: clean>"
    assert TaskRunner(task).task is task


def test_a_task_without_upstreams_runs() -> None:
    state = TaskRunner(Returns(5)).run()
    assert (type(state), state.message, state.result) == (Success, "Task run succeeded.", 5)


def test_upstream_results_are_the_arguments() -> None:
    assert TaskRunner(Add()).run(upstream_states=inputs(x=Success(result=1))).result == 11
    both = inputs(x=Success(result=1), y=Success(result=2))
    assert TaskRunner(Add()).run(upstream_states=both).result == 3


def test_an_upstream_without_a_key_gives_no_argument() -> None:
    assert TaskRunner(Returns(5)).run(upstream_states=upstream(Success(result=3))).result == 5


@pytest.mark.parametrize(("before", "after"), [(Pending(), Pending), (Failed(), TriggerFailed), (Skipped(), Skipped)])
def test_an_upstream_that_did_not_succeed_keeps_the_task_from_running(before: State, after: type[State]) -> None:
    task = Returns(5)
    assert type(TaskRunner(task).run(upstream_states=upstream(before))) is after
    assert not task.runs


def test_a_missing_argument_is_an_error_of_the_task() -> None:
    state = TaskRunner(Add()).run()
    assert type(state) is Failed
    assert isinstance(state.result, TypeError)
    assert "missing 1 required positional argument: 'x'" in state.message


def test_one_runner_serves_many_runs() -> None:
    runner = TaskRunner(Add())
    results = [runner.run(upstream_states=inputs(x=Success(result=n))).result for n in range(3)]
    assert results == [10, 11, 12]


def test_the_context_given_is_seen_by_the_task_and_gone_afterwards() -> None:
    assert TaskRunner(Sees("color")).run(context={"color": "red"}).result == {"color": "red"}
    assert "color" not in context


def test_a_mapped_parent_is_not_run_itself() -> None:
    states = upstream(Success(result=[1, 2]), mapped=True, key="x")
    task = Add()
    assert type(TaskRunner(task).run(upstream_states=states, is_mapped_parent=True)) is Mapped


def test_nonsense_as_state_gives_a_failed_state() -> None:
    assert TaskRunner(Returns(1)).run("hello").is_failed()  # type: ignore[arg-type]


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "error",
    [
        *(ValueError("x"), RecursionError(), StopIteration(), TimeoutError("q"), MemoryError("m")),
        *(SystemExit(3), GeneratorExit()),
    ],
    ids=repr,
)
def test_an_error_fails_the_task(error: BaseException) -> None:
    state = TaskRunner(Returns(error)).run()
    assert (type(state), state.message) == (Failed, f"Error during execution of task: {error!r}")
    assert state.result is error


def test_the_traceback_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    TaskRunner(Returns(ValueError("x"), name="clean")).run()
    assert "Task 'clean': Exception encountered during task execution!" in caplog.messages
    assert "ValueError: x" in caplog.text


@pytest.mark.parametrize("error", [Unprintable(), BrokenStr()], ids=type)
def test_an_error_that_can_not_be_printed_fails_the_task_all_the_same(error: Exception) -> None:
    state = TaskRunner(Returns(error)).run()
    assert type(state) is Failed
    assert type(error).__name__ in state.message
    assert state.result is error


def test_a_keyboard_interrupt_comes_out() -> None:
    with pytest.raises(KeyboardInterrupt):
        TaskRunner(Returns(KeyboardInterrupt())).run()
    assert context.get("task_name") is None


def test_a_timeout_signal_is_a_timeout() -> None:
    signal = TaskTimeoutSignal("Execution timed out.")
    state = TaskRunner(Returns(signal)).run()
    assert (type(state), state.result) == (TimedOut, signal)
    assert "timed out" in state.message


def test_an_exception_that_is_returned_is_a_result() -> None:
    class Careful(Task):
        def run(self) -> Any:
            return ValueError("returned")

    state = TaskRunner(Careful()).run()
    assert (type(state), str(state.result)) == (Success, "returned")


def test_a_state_that_is_returned_is_a_result() -> None:
    inner = Failed("inner")
    state = TaskRunner(Returns(inner)).run()
    assert (type(state), state.result) == (Success, inner)


def test_raise_on_exception_lets_errors_out_but_no_signals() -> None:
    with raise_on_exception():
        with pytest.raises(ValueError, match="x"):
            TaskRunner(Returns(ValueError("x"))).run()
        assert type(TaskRunner(Returns(FAIL("f"))).run()) is Failed
        assert type(TaskRunner(Returns(ENDRUN(Skipped()))).run()) is Skipped
        states = upstream(Success(result=[1]), mapped=True)
        assert type(TaskRunner(Returns(1)).run(None, states, is_mapped_parent=True)) is Mapped


# ---------------------------------------------------------------------- signals


@pytest.mark.parametrize(
    ("signal", "cls"),
    [
        (SKIP("s"), Skipped),
        (FAIL("s"), Failed),
        (SUCCESS("s"), Success),
        (PAUSE("s"), Paused),
        (RETRY("s"), Retrying),
        (TRIGGERFAIL("s"), TriggerFailed),
        (VALIDATIONFAIL("s"), ValidationFailed),
    ],
    ids=repr,
)
def test_a_signal_ends_the_task_in_its_state(signal: Any, cls: type[State]) -> None:
    state = TaskRunner(Returns(signal)).run()
    assert (type(state), state.message, state.result) == (cls, "s", signal)


def test_a_signal_carries_its_result() -> None:
    assert TaskRunner(Returns(SUCCESS("s", result=9))).run().result == 9
    assert TaskRunner(Returns(FAIL("s", result=7))).run().result == 7


def test_endrun_ends_the_task_in_any_state() -> None:
    state = Success("e", result=3)
    assert TaskRunner(Returns(ENDRUN(state))).run() is state


def test_except_exception_in_a_task_does_not_catch_a_signal() -> None:
    class Careless(Task):
        def run(self) -> Any:
            try:
                raise SKIP("through")
            except Exception:
                return "caught"

    assert TaskRunner(Careless()).run().message == "through"


def test_retry_takes_a_start_time_of_its_own() -> None:
    naive = datetime.datetime(2030, 1, 1)
    state: Any = TaskRunner(Returns(RETRY("r", start_time=naive, run_count=4))).run()
    assert (state.start_time, state.run_count) == (naive.replace(tzinfo=datetime.UTC), 4)


# ---------------------------------------------------------------------- retries


def retrying_runner(**task_args: Any) -> TaskRunner:
    return TaskRunner(Returns(ValueError("v"), max_retries=2, retry_delay=MINUTE, **task_args))


def test_a_failure_with_retries_left_is_retried_after_the_delay() -> None:
    with use_clock(FakeClock()):
        state: Any = retrying_runner().run()
    assert (type(state), state.run_count, state.start_time) == (Retrying, 1, NOON + MINUTE)
    assert state.message == "Retrying Task (after attempt 1 of 3)"


def test_the_next_attempt_counts_on_and_the_last_one_fails() -> None:
    with use_clock(FakeClock()) as clock:
        runner = retrying_runner()
        state: Any = runner.run()
        clock.sleep_until(state.start_time)
        state = runner.run(state)
        assert (type(state), state.run_count) == (Retrying, 2)
        clock.sleep_until(state.start_time)
        assert type(runner.run(state)) is Failed


def test_an_attempt_before_its_time_leaves_the_state_alone() -> None:
    with use_clock(FakeClock()):
        runner = retrying_runner()
        state = runner.run()
        assert runner.run(state) is state


def test_handlers_see_running_failed_retrying() -> None:
    handler = Handler()
    retrying_runner(state_handlers=[handler]).run()
    assert handler.changes == ["Pending > Running", "Running > Failed", "Failed > Retrying"]


@pytest.mark.parametrize("state", [Failed(), TriggerFailed(), TimedOut(), ValidationFailed()], ids=repr)
def test_check_for_retry_retries_every_kind_of_failure(state: State) -> None:
    assert type(retrying_runner().check_for_retry(state, {})) is Retrying


@pytest.mark.parametrize("state", [Success(), Skipped(), Cancelled(), Retrying(run_count=1)], ids=repr)
def test_check_for_retry_leaves_other_states_alone(state: State) -> None:
    assert retrying_runner().check_for_retry(state, {}) is state


def test_a_retry_signal_goes_beyond_max_retries() -> None:
    with context(task_run_count=9):
        assert type(TaskRunner(Returns(RETRY("r"))).run(context={"task_run_count": 9})) is Retrying


@pytest.mark.parametrize(
    ("error", "after"), [(ValueError(), Retrying), (UnicodeError(), Retrying), (KeyError(), Failed)], ids=repr
)
def test_retry_on_matches_classes_and_their_subclasses(error: Exception, after: type[State]) -> None:
    task = Returns(error, max_retries=1, retry_delay=MINUTE, retry_on=ValueError)
    assert type(TaskRunner(task).run()) is after


def test_a_failure_without_an_exception_is_retried_whatever_retry_on_says() -> None:
    runner = TaskRunner(Returns(1, max_retries=1, retry_delay=MINUTE, retry_on=ValueError))
    assert type(runner.check_for_retry(Failed(), {})) is Retrying


# ---------------------------------------------------------------------- where a run begins

COUNTS = ("task_run_count", "task_loop_count", "task_loop_result", "resume")


@pytest.mark.parametrize(
    ("state", "count"),
    [
        (None, 1),
        (Pending(), 1),
        (Scheduled(start_time=PAST), 1),
        (Retrying(start_time=PAST, run_count=3), 4),
        (Retrying(start_time=PAST), 2),
        (Resume(start_time=PAST), 1),
        (Submitted(state=Pending()), 1),
        (Queued(state=Retrying(start_time=PAST, run_count=2)), 3),
        (Pending(context={"task_run_count": 6}), 6),
    ],
    ids=repr,
)
def test_the_run_count_goes_on_from_the_state(state: Any, count: int) -> None:
    final = TaskRunner(Sees("task_run_count")).run(state)
    assert final.result == {"task_run_count": count}


@pytest.mark.parametrize(
    "state",
    [
        *(Success(result=4), Failed(), Running(), Skipped(), Cancelled(), Looped(loop_count=2, result=3)),
        *(Paused(), Scheduled(start_time=FUTURE), Mapped()),
    ],
    ids=repr,
)
def test_a_state_that_does_not_run_comes_back_as_it_is(state: State) -> None:
    task = Returns(1)
    assert TaskRunner(task).run(state) is state
    assert not task.runs


def test_a_cached_state_without_cache_settings_runs_again() -> None:
    assert TaskRunner(Returns(1)).run(Cached(result=5)).result == 1


def test_resume_lets_the_task_know() -> None:
    assert TaskRunner(Sees("resume")).run(Resume(start_time=PAST)).result == {"resume": True}
    assert TaskRunner(Sees("resume")).run().result == {"resume": None}


def test_initialize_run_returns_the_state_and_the_context() -> None:
    state = Retrying(run_count=3)
    begun = TaskRunner(Returns(1, name="clean", tags=["a"])).initialize_run(state, {"color": "red"})
    assert begun.state is state
    expected = {"task_run_count": 4, "task_name": "clean", "task_tags": {"a"}, "color": "red"}
    assert {key: begun.context[key] for key in expected} == expected


@pytest.mark.parametrize("state", [Submitted(state=Running()), Queued(state=Running())])
def test_initialize_run_goes_on_with_the_state_inside_a_meta_state(state: Any) -> None:
    assert TaskRunner(Returns(1)).initialize_run(state, {}).state is state.state


# ---------------------------------------------------------------------- the steps, directly


@pytest.mark.parametrize("state", [Pending(), Scheduled(), Retrying(), Paused(), Resume()], ids=repr)
def test_set_task_to_running_begins(state: State) -> None:
    assert repr(TaskRunner(Returns()).set_task_to_running(state, {})) == '<Running: "Starting task run.">'


@pytest.mark.parametrize("state", [Running(), Success(), Failed(), Mapped(), Cached(), Submitted(), Queued()], ids=repr)
def test_set_task_to_running_ends_the_run_of_what_can_not_begin(state: State) -> None:
    with pytest.raises(ENDRUN) as caught:
        TaskRunner(Returns()).set_task_to_running(state, {})
    assert caught.value.state is state


def test_get_task_run_state_runs_only_what_is_running() -> None:
    state = Pending()
    with pytest.raises(ENDRUN) as caught:
        TaskRunner(Returns(5)).get_task_run_state(state, {})
    assert caught.value.state is state


def test_check_task_is_looping_takes_results_as_inputs():
    state = TaskRunner(Add()).check_task_is_looping(Looped(loop_count=1), {"x": Result(1), "y": Result(2)})
    assert state.result == 3


def test_get_task_run_state_takes_results_as_inputs() -> None:
    state = TaskRunner(Add()).get_task_run_state(Running(), {"x": Result(1), "y": Result(2)})
    assert state.result == 3


def test_get_task_inputs_returns_results_by_argument() -> None:
    states = {**inputs(x=Success(result=1)), **upstream(Success(result=2))}
    assert TaskRunner(Add()).get_task_inputs(Pending(), states) == {"x": Result(1)}


@pytest.mark.parametrize("step", ["set_task_to_running", "get_task_run_state", "check_for_retry"])
def test_a_subclass_that_overrides_a_step_is_honoured(step: str) -> None:
    taken: list[str] = []

    def mine(self: TaskRunner, state: State, inputs: Any) -> Any:
        taken.append(type(state).__name__)
        return getattr(TaskRunner, step)(self, state, inputs)

    runner = type("Mine", (TaskRunner,), {step: mine})(Returns(5))
    assert runner.run().result == 5
    assert len(taken) == 1


@pytest.mark.parametrize("step", ["check_target", "check_task_is_cached", "cache_result"])
def test_the_steps_that_prefect_has_besides_can_be_overridden_too(step: str) -> None:
    def mine(self: TaskRunner, state: State, inputs: Any) -> State:
        raise ENDRUN(Success("mine", result=step))

    assert type("Mine", (TaskRunner,), {step: mine})(Returns(5)).run().result == step


def test_a_runners_own_get_task_inputs_is_honoured() -> None:
    class Twice(TaskRunner):
        def get_task_inputs(self, state: State, upstream_states: Any) -> Any:
            found = super().get_task_inputs(state, upstream_states)
            return {name: Result(2 * getattr(value, "value", value)) for name, value in found.items()}

    assert Twice(Add()).run(upstream_states=inputs(x=Success(result=4))).result == 18


def test_a_runners_own_handle_state_change_is_honoured() -> None:
    class Watching(TaskRunner):
        seen: list[str] = []

        def handle_state_change(self, old_state: State, new_state: State) -> State:
            self.seen.append(type(new_state).__name__)
            return super().handle_state_change(old_state, new_state)

    Watching(Returns(1)).run()
    assert Watching.seen == ["Running", "Success"]


@pytest.mark.parametrize("level", ["CRITICAL", "DEBUG"])
def test_what_a_handler_raises_its_caller_can_catch(level: str, caplog: pytest.LogCaptureFixture) -> None:
    class Lenient(TaskRunner):
        def call_runner_target_handlers(self, old_state: State, new_state: State) -> State:
            try:
                return super().call_runner_target_handlers(old_state, new_state)
            except ValueError:
                return new_state

    def broken(*states: Any) -> None:
        raise ValueError("broken")

    caplog.set_level(level, "prefect")
    strict = Task(state_handlers=[broken])
    assert Lenient(strict).run().is_successful()
    assert TaskRunner(strict).run().is_failed()
    with pytest.raises(ValueError, match="broken"):
        TaskRunner(strict).call_runner_target_handlers(Pending(), Running())


def test_a_class_of_runners_has_its_own_steps_whatever_it_does_when_it_is_made() -> None:
    made: list[type] = []

    class Registered(TaskRunner):
        def __init_subclass__(cls) -> None:
            made.append(cls)

    class Own(Registered):
        def get_task_run_state(self, state: State, inputs: Any) -> State:
            return Failed("mine")

    assert Registered(Task()).run().is_successful()
    assert Own(Task()).run().message == "mine"
    assert made == [Own]


def test_a_runners_own_call_runner_target_handlers_is_honoured() -> None:
    class Watching(TaskRunner):
        seen: list[str] = []

        def call_runner_target_handlers(self, old_state: State, new_state: State) -> State:
            self.seen.append(type(new_state).__name__)
            return new_state

    Watching(Returns(1)).run()
    assert Watching.seen == ["Running", "Success"]


def test_a_runners_own_run_is_honoured_in_a_flow() -> None:
    class Loud(TaskRunner):
        def run(self, *args: Any, **kwargs: Any) -> State:
            state = super().run(*args, **kwargs)
            return Success("loud", result=f"{state.result}!")

    flow = Flow("flow")
    task = Returns("hello")
    flow.add_task(task)
    assert FlowRunner(flow, task_runner_cls=Loud).run(return_tasks=[task]).result[task].result == "hello!"


# ---------------------------------------------------------------------- loops


class CountTo(Task):
    """Loop until the loop count is `last`; keep what the context had each time."""

    def __init__(self, last: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.last = last
        self.seen: list[Any] = []

    def run(self) -> Any:
        count = context.get("task_loop_count", 1)
        self.seen.append((count, context.get("task_loop_result"), context.task_run_count))
        if count < self.last:
            raise LOOP(result=count * 10)
        return context.get("task_loop_result")


def test_a_loop_hands_its_result_from_turn_to_turn() -> None:
    task = CountTo(3)
    assert TaskRunner(task).run().result == 20
    assert task.seen == [(1, None, 1), (2, 10, 1), (3, 20, 1)]


def test_the_first_turn_has_no_loop_count() -> None:
    assert TaskRunner(Sees("task_loop_count", "task_loop_result")).run().result == {
        "task_loop_count": None,
        "task_loop_result": None,
    }


def test_handlers_see_every_turn() -> None:
    handler = Handler()
    TaskRunner(CountTo(2, state_handlers=[handler])).run()
    assert handler.changes == ["Pending > Running", "Running > Looped", "Pending > Running", "Running > Success"]
    assert handler.calls[1][2].message == "Task is looping (1)"
    assert handler.calls[2][1].message == "Looping task (on loop index 1)"


def test_a_loop_can_begin_in_the_middle() -> None:
    task = CountTo(21)
    TaskRunner(task).run(context={"task_loop_count": 20})
    assert [count for count, _, _ in task.seen] == [20, 21]


def test_ten_thousand_turns_need_no_recursion() -> None:
    task = CountTo(10_000)
    assert TaskRunner(task).run().is_successful()
    assert len(task.seen) == 10_000


def test_a_retry_in_a_loop_keeps_count_and_result_and_resets_the_run_count_after() -> None:
    class Flaky(CountTo):
        def run(self) -> Any:
            if context.get("task_loop_count", 1) == 2 and context.task_run_count == 1:
                raise ValueError("once")
            return super().run()

    task = Flaky(3, max_retries=1, retry_delay=datetime.timedelta(0))
    with use_clock(FakeClock()):
        runner = TaskRunner(task)
        state = runner.run()
        assert type(state) is Retrying
        assert runner.run(state).result == 20
    assert task.seen == [(1, None, 1), (2, 10, 2), (3, 20, 1)]


def test_the_log_does_not_tell_of_each_turn(caplog: pytest.LogCaptureFixture) -> None:
    TaskRunner(CountTo(5, name="count")).run()
    assert caplog.messages == [
        "Task 'count': Starting task run...",
        "Task 'count': Finished task run for task with final state: 'Success'",
    ]
