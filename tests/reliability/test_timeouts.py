"""Time limits of tasks, in flows: kept within half a second, and nothing is left behind."""

import asyncio
import datetime
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine.results import LocalResult
from miniprefect.engine.signals import LOOP
from miniprefect.engine.state import Failed, Mapped, State, Success, TimedOut
from miniprefect.executors import Executor, LocalExecutor
from miniprefect.triggers import all_finished
from tests.engine.helpers import Returns
from tests.executors.helpers import Threads
from tests.reliability.helpers import at_once, ended

LIMIT = 0.15
SLACK = 0.5


def limited(function: Callable[..., Any], limit: float = LIMIT, **settings: Any) -> Task:
    """Return a task with a limit below the whole seconds that users may ask for."""
    made = task(function, **settings)
    made.timeout = limit  # type: ignore[assignment]
    return made


def sleep() -> None:
    time.sleep(20)


def spin() -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        pass


def wait_for_a_lock() -> None:
    lock = threading.Lock()
    with lock:
        lock.acquire(timeout=20)


async def sleep_later() -> None:
    await asyncio.sleep(20)


async def spin_later() -> None:
    spin()


def swallow() -> str:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            spin()
        except Exception:
            return "swallowed"
    return "waited"


WORK = [sleep, spin, wait_for_a_lock, sleep_later, spin_later, swallow]
# In threads, what sleeps in C can't be stopped; it is abandoned, and would hold up the end of the test run.
STOPPABLE = [spin, sleep_later, spin_later, swallow]


def timed(flow: Flow, **options: Any) -> tuple[State, float]:
    began = time.monotonic()
    return ended(flow, **options), time.monotonic() - began


@pytest.mark.parametrize("work", WORK)
def test_in_the_main_thread_anything_is_stopped(work: Callable[..., Any]) -> None:
    bad, good, after = limited(work), Returns(1), Returns(2, trigger=all_finished)
    with Flow("flow") as flow:
        flow.add_task(good)
        after.set_upstream(bad)
    final, took = timed(flow)
    assert type(final.result[bad]) is TimedOut
    assert [type(final.result[each]) for each in (good, after)] == [Success] * 2
    assert LIMIT <= took < LIMIT + SLACK
    assert isinstance(final.result[bad].result, TimeoutError)


@pytest.mark.parametrize("work", STOPPABLE)
def test_in_worker_threads_what_can_be_stopped_is(work: Callable[..., Any]) -> None:
    before = threading.active_count()
    bad, good = limited(work), Returns(1)
    flow = Flow("flow", executor=Threads(2))
    flow.add_task(bad)
    flow.add_task(good)
    final, took = timed(flow)
    assert [type(final.result[each]) for each in (bad, good)] == [TimedOut, Success]
    assert LIMIT <= took < LIMIT + SLACK
    assert threading.active_count() == before


def test_in_worker_threads_a_sleep_is_given_up_in_time(caplog: pytest.LogCaptureFixture) -> None:
    bad = limited(lambda: time.sleep(1), name="bad")
    flow = Flow("flow", executor=Threads(2))
    flow.add_task(bad)
    final, took = timed(flow)
    assert type(final.result[bad]) is TimedOut
    assert took < LIMIT + SLACK
    assert "abandoned" in caplog.text


@pytest.mark.parametrize("work", STOPPABLE)
def test_in_a_flow_that_runs_in_a_thread(work: Callable[..., Any]) -> None:
    bad = limited(work)
    flow = Flow("flow", executor=LocalExecutor())
    flow.add_task(bad)
    ((final, took),) = at_once(lambda: timed(flow))
    assert type(final.result[bad]) is TimedOut
    assert LIMIT <= took < LIMIT + SLACK


def test_children_have_a_limit_each(executor: Executor) -> None:
    def child(x: int) -> int:
        if x % 2:
            spin()
        return x

    bad = limited(child, limit=0.1)
    with Flow("map") as flow:
        mapped = bad.map(list(range(8)))
    final, took = timed(flow, executor=executor)
    children = final.result[mapped].map_states
    assert type(final.result[mapped]) is Mapped
    assert [type(state) for state in children] == [Success, TimedOut] * 4
    assert [state.result for state in children][::2] == [0, 2, 4, 6]
    assert took < 4 * 0.1 + 2 * SLACK


def test_a_limit_holds_for_each_turn_of_a_loop(executor: Executor) -> None:
    def turns() -> int:
        count = context.get("task_loop_count", 1)
        time.sleep(0.08)
        if count < 4:
            raise LOOP(result=count)
        return count

    fine = limited(turns, limit=0.25)
    flow = Flow("loop")
    flow.add_task(fine)
    final, took = timed(flow, executor=executor)
    assert final.result[fine].result == 4
    assert took > 0.3


def test_the_turn_that_takes_too_long_ends_the_loop(executor: Executor) -> None:
    def turns() -> int:
        if context.get("task_loop_count", 1) == 3:
            spin()
        raise LOOP(result=1)

    bad = limited(turns)
    flow = Flow("loop")
    flow.add_task(bad)
    final, took = timed(flow, executor=executor)
    assert type(final.result[bad]) is TimedOut
    assert took < LIMIT + SLACK


def flow_of(work: Callable[..., Any], limit: float | None) -> tuple[Flow, Task]:
    inner = limited(work, limit) if limit else task(work)
    flow = Flow("inner", executor=LocalExecutor())
    flow.add_task(inner)
    return flow, inner


def test_of_nested_limits_the_inner_one_stops_the_inner_task(executor: Executor) -> None:
    inner_flow, inner = flow_of(spin, 0.1)
    outer = limited(lambda: type(inner_flow.run().result[inner]).__name__, 5, name="outer")
    flow = Flow("outer")
    flow.add_task(outer)
    final, took = timed(flow, executor=executor)
    assert final.result[outer].result == "TimedOut"
    assert took < 0.1 + SLACK


@pytest.mark.parametrize("inner_limit", [None, 5])
def test_of_nested_limits_the_outer_one_stops_the_whole_inner_flow(
    inner_limit: float | None, executor: Executor
) -> None:
    reached: list[str] = []
    inner_flow, inner = flow_of(spin, inner_limit)
    after = task(lambda: reached.append("after"), name="after", trigger=all_finished)
    with inner_flow:
        after.set_upstream(inner)

    def outside() -> None:
        inner_flow.run()
        reached.append("outer")

    outer = limited(outside)
    flow = Flow("outer")
    flow.add_task(outer)
    final, took = timed(flow, executor=executor)
    assert type(final.result[outer]) is TimedOut
    assert LIMIT <= took < LIMIT + SLACK
    assert reached == []


def test_what_takes_too_long_is_neither_cached_nor_written(tmp_path: Any, executor: Executor) -> None:
    bad = limited(spin, target="x", result=LocalResult(dir=tmp_path), cache_for=datetime.timedelta(hours=1))
    flow = Flow("flow")
    flow.add_task(bad)
    with context(checkpointing=True):
        assert [type(ended(flow, executor=executor).result[bad]) for _ in range(2)] == [TimedOut] * 2
    assert list(tmp_path.iterdir()) == []


def test_writing_the_result_is_not_cut_short(tmp_path: Any) -> None:
    """The limit is for the work."""

    class Slow(LocalResult):
        def write(self, value_: Any, **kwargs: Any) -> Any:
            time.sleep(0.3)
            return super().write(value_, **kwargs)

    fine = limited(lambda: 5, limit=0.2, name="fine", result=Slow(dir=tmp_path, location="x"))
    flow = Flow("flow")
    flow.add_task(fine)
    with context(checkpointing=True):
        assert ended(flow).result[fine].result == 5
    assert LocalResult(dir=tmp_path).read("x").value == 5


def test_handlers_see_a_timeout_and_are_not_interrupted(executor: Executor) -> None:
    seen: list[str] = []

    def handler(tracked: Any, old: State, new: State) -> None:
        time.sleep(0.1)
        seen.append(type(new).__name__)

    bad = limited(spin, limit=0.05, state_handlers=[handler])
    flow = Flow("flow")
    flow.add_task(bad)
    assert type(ended(flow, executor=executor).result[bad]) is TimedOut
    assert seen == ["Running", "TimedOut"]


def test_a_hundred_limited_tasks_leave_nothing(executor: Executor) -> None:
    threads, handler = threading.active_count(), signal.getsignal(signal.SIGALRM)

    def child(x: int) -> int:
        if x % 20 == 0:
            spin()
        return x

    bad = limited(child, limit=0.03)
    with Flow("map") as flow:
        mapped = bad.map(list(range(100)))
    final = ended(flow, executor=executor)
    assert [type(state) for state in final.result[mapped].map_states].count(TimedOut) == 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is handler
    assert threading.active_count() == threads


def test_prints_of_a_limited_task_are_logged_and_nothing_stays_redirected(
    executor: Executor, caplog: pytest.LogCaptureFixture
) -> None:
    def chatter() -> None:
        print("begun")
        spin()

    bad = limited(chatter, log_stdout=True)
    flow = Flow("flow")
    flow.add_task(bad)
    assert type(ended(flow, executor=executor).result[bad]) is TimedOut
    assert "begun" in [record.getMessage() for record in caplog.records]


def test_two_flows_with_limits_in_two_threads_and_one_in_the_main_thread() -> None:
    def one(limit: float, work: Callable[..., Any]) -> tuple[str, float]:
        bad = limited(work, limit)
        flow = Flow("flow")
        flow.add_task(bad)
        final, took = timed(flow)
        return type(final.result[bad]).__name__, took - limit

    answers: list[Any] = []
    beside = threading.Thread(target=lambda: answers.extend(at_once(lambda: one(0.3, spin), lambda: one(0.1, spin))))
    beside.start()
    answers.append(one(0.2, sleep))
    beside.join(10)
    assert [name for name, _ in answers] == ["TimedOut"] * 3
    assert all(0 <= late < SLACK + 0.3 for _, late in answers)  # three loops share one interpreter


def test_a_failure_just_before_the_limit_is_a_failure() -> None:
    def fail() -> None:
        time.sleep(0.05)
        raise ValueError("before")

    bad = limited(fail)
    flow = Flow("flow")
    flow.add_task(bad)
    state = ended(flow).result[bad]
    assert type(state) is Failed
    assert str(state.result) == "before"


def test_an_error_that_cannot_be_shown_after_the_limit_is_a_timeout(executor: Executor) -> None:
    class Unprintable(Exception):
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

        __str__ = __repr__

    def tidy() -> None:
        try:
            spin()
        finally:
            raise Unprintable

    bad = limited(tidy)
    flow = Flow("flow")
    flow.add_task(bad)
    assert type(ended(flow, executor=executor).result[bad]) is TimedOut
