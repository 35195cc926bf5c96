"""Asynchronous tasks: errors, time limits and cancellation, in any thread, and what they leave behind."""

import asyncio
import contextlib
import datetime
import gc
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine.signals import LOOP, SKIP
from miniprefect.engine.state import Cancelled, Failed, Skipped, Success, TimedOut
from miniprefect.executors import Executor
from miniprefect.triggers import all_finished
from tests.engine.helpers import Returns
from tests.reliability.helpers import ERRORS, ended, posix, raw_handler, set_raw_handler

NOTHING = datetime.timedelta(0)


def limited(function: Callable[..., Any], limit: float = 0.15, **settings: Any) -> Task:
    made = task(function, **settings)
    made.timeout = limit  # type: ignore[assignment]
    return made


def alone(only: Task) -> Flow:
    flow = Flow("flow")
    flow.add_task(only)
    return flow


@posix
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_leaves_the_next_coroutine_and_ctrl_c_alone(name: str) -> None:
    """The event loop takes over Ctrl-C while it runs, and must give it back whatever the coroutine raised."""
    handler = raw_handler(signal.SIGINT)

    async def bad() -> None:
        await asyncio.sleep(0)
        raise ERRORS[name]()

    async def good() -> int:
        await asyncio.sleep(0)
        return 1

    first, second = task(bad), task(good, trigger=all_finished)
    with Flow("flow") as flow:
        second.set_upstream(first)
    final = ended(flow)
    found = raw_handler(signal.SIGINT)
    set_raw_handler(signal.SIGINT, handler)
    assert [type(final.result[each]) for each in (first, second)] == [Failed, Success]
    assert found == handler


def test_a_coroutine_that_cancels_itself_fails_its_task_only(executor: Executor) -> None:
    @task
    async def cancels() -> None:
        asyncio.current_task().cancel()  # type: ignore[union-attr]
        await asyncio.sleep(5)

    bad, good = cancels.copy(), Returns(1)
    flow = alone(bad)
    flow.add_task(good)
    final = ended(flow, executor=executor)
    assert [type(final.result[each]) for each in (bad, good)] == [Failed, Success]
    assert isinstance(final.result[bad].result, asyncio.CancelledError)


def test_a_subtask_that_is_cancelled_is_an_error_like_others(executor: Executor) -> None:
    @task
    async def parent() -> str:
        child = asyncio.ensure_future(asyncio.sleep(5))
        await asyncio.sleep(0)
        child.cancel()
        try:
            await child
        except asyncio.CancelledError:
            return "noticed"
        return "not cancelled"

    assert ended(alone(parent), executor=executor).result[parent].result == "noticed"


def test_at_the_limit_it_is_cancelled_and_may_tidy_up(executor: Executor) -> None:
    seen: list[str] = []

    async def tidies() -> None:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            await asyncio.sleep(0.01)
            seen.append("tidied")

    bad = limited(tidies)
    began = time.monotonic()
    final = ended(alone(bad), executor=executor)
    assert type(final.result[bad]) is TimedOut
    assert 0.15 <= time.monotonic() - began < 0.65
    assert seen == ["cancelled", "tidied"]


def test_at_the_limit_all_that_it_gathers_is_cancelled(executor: Executor) -> None:
    seen: list[int] = []

    async def one(number: int) -> None:
        try:
            await asyncio.sleep(20)
        finally:
            seen.append(number)

    async def gathers() -> None:
        await asyncio.gather(*[one(number) for number in range(5)])

    bad = limited(gathers)
    assert type(ended(alone(bad), executor=executor).result[bad]) is TimedOut
    assert sorted(seen) == list(range(5))


def test_a_coroutine_that_will_not_be_cancelled_has_timed_out_all_the_same(executor: Executor) -> None:
    async def stubborn() -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(20)
        return "still here"

    bad = limited(stubborn)
    assert type(ended(alone(bad), executor=executor).result[bad]) is TimedOut


def test_asyncios_own_time_limit_is_an_ordinary_error(executor: Executor) -> None:
    async def waits() -> None:
        await asyncio.wait_for(asyncio.sleep(5), timeout=0.02)

    bad = limited(waits, limit=5)
    state = ended(alone(bad), executor=executor).result[bad]
    assert type(state) is Failed
    assert isinstance(state.result, TimeoutError)


def test_children_with_errors_limits_and_skips(executor: Executor) -> None:
    async def child(x: int) -> int:
        await asyncio.sleep(0.001)
        if x == 1:
            raise ValueError(x)
        if x == 2:
            raise SKIP("two")
        if x == 3:
            await asyncio.sleep(20)
        if x == 4:
            raise asyncio.CancelledError
        return x

    bad = limited(child)
    with Flow("map") as flow:
        mapped = bad.map(list(range(6)))
    children = ended(flow, executor=executor).result[mapped].map_states
    assert [type(state) for state in children] == [Success, Failed, Skipped, TimedOut, Failed, Success]


def test_retries_loops_and_the_context(executor: Executor) -> None:
    seen: list[tuple[int, int]] = []

    @task(max_retries=1, retry_delay=NOTHING)
    async def loop(x: int) -> int:
        await asyncio.sleep(0)
        turn, attempt = context.get("task_loop_count", 1), context.task_run_count
        if context.map_index == 1:
            seen.append((turn, attempt))
        if attempt == 1:
            raise ValueError(turn)
        if turn < 3:
            raise LOOP(result=turn)
        return x

    with Flow("loop") as flow:
        mapped = loop.map([5, 6])
    assert ended(flow, executor=executor).result[mapped].result == [5, 6]
    assert seen == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]


def test_a_limit_for_each_attempt(executor: Executor) -> None:
    counts: list[int] = []

    async def slow() -> None:
        counts.append(context.task_run_count)
        await asyncio.sleep(20)

    bad = limited(slow, limit=0.05, max_retries=2, retry_delay=NOTHING)
    assert type(ended(alone(bad), executor=executor).result[bad]) is TimedOut
    assert counts == [1, 2, 3]


def test_hundreds_of_coroutines_leave_neither_threads_nor_loops(executor: Executor) -> None:
    before = threading.active_count()

    @task
    async def child(x: int) -> int:
        await asyncio.sleep(0)
        return x

    with Flow("map") as flow:
        mapped = child.map(list(range(200)))
    assert ended(flow, executor=executor).result[mapped].result == list(range(200))
    gc.collect()  # a loop that was not closed warns here, which is an error
    assert threading.active_count() == before


def test_subtasks_that_are_left_behind_are_cancelled_and_say_nothing(
    executor: Executor, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    async def behind() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            seen.append("cancelled")

    @task
    async def leaves() -> int:
        leaves.kept = asyncio.ensure_future(behind())  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        return 1

    began = time.monotonic()
    assert ended(alone(leaves), executor=executor).result[leaves].result == 1
    assert time.monotonic() - began < 2
    assert seen == ["cancelled"]
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_ctrl_c_in_a_coroutine_cancels_the_flow(executor: Executor) -> None:
    @task
    async def interrupted() -> None:
        await asyncio.sleep(0)
        raise KeyboardInterrupt

    assert isinstance(ended(alone(interrupted), executor=executor), Cancelled)


@posix
def test_a_real_ctrl_c_while_a_coroutine_waits() -> None:
    tidied: list[bool] = []

    @task
    async def waits() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            tidied.append(True)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main = threading.main_thread().ident
        assert main is not None
        timer = threading.Timer(0.1, signal.pthread_kill, [main, signal.SIGINT])
        timer.start()
        began = time.monotonic()
        final = ended(alone(waits))
        timer.join()
    finally:
        signal.signal(signal.SIGINT, handler)
    assert isinstance(final, Cancelled)
    assert tidied == [True]
    assert time.monotonic() - began < 2


def test_a_flow_within_a_coroutine(executor: Executor) -> None:
    """Not a good idea, but it ends well: the inner coroutine gets a loop of its own."""

    @task
    async def inner_task() -> int:
        await asyncio.sleep(0)
        return 5

    inner = alone(inner_task)

    @task
    async def outer_task() -> int:
        await asyncio.sleep(0)
        value: int = inner.run().result[inner_task].result
        return value

    assert ended(alone(outer_task), executor=executor).result[outer_task].result == 5


def test_flow_run_from_a_running_loop() -> None:
    """As in a notebook."""

    @task
    async def inner_task() -> int:
        await asyncio.sleep(0)
        return 5

    async def notebook() -> Any:
        return ended(alone(inner_task)).result[inner_task].result

    assert asyncio.run(notebook()) == 5
