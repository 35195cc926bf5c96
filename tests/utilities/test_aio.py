"""Coroutines called from ordinary code: to their end, within a limit, and from within an event loop."""

import asyncio
import contextvars
import functools
import gc
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from miniprefect.exceptions import TaskTimeoutSignal
from miniprefect.utilities import coroutines
from miniprefect.utilities.aio import LoopOfSeveral, call_async, is_async
from miniprefect.utilities.timeouts import call_with_timeout

LIMIT = 0.2


async def double(x: int, *, after: float = 0) -> int:
    await asyncio.sleep(after)
    return 2 * x


class Doubler:
    async def __call__(self, x: int) -> int:
        return 2 * x

    async def method(self, x: int) -> int:
        return 2 * x

    @staticmethod
    async def static(x: int) -> int:
        return 2 * x


class Blocker:
    """Something that is called in an event loop: it stands for Jupyter."""

    @staticmethod
    def call(fn: Callable[[], Any]) -> Any:
        async def within() -> Any:
            return fn()

        return asyncio.run(within())


def in_a_thread(fn: Callable[[], Any]) -> Any:
    outcome: list[Any] = []

    def target() -> None:
        try:
            outcome.append((fn(), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


Way = Callable[[Callable[[], Any]], Any]


@pytest.fixture(params=["main thread", "other thread", "event loop"])
def somewhere(request: pytest.FixtureRequest) -> Way:
    """A way to call a function: in the main thread, in another one, or in one that runs an event loop."""
    ways: dict[str, Way] = {"main thread": lambda fn: fn(), "other thread": in_a_thread, "event loop": Blocker.call}
    return ways[request.param]


@pytest.fixture(autouse=True)
def no_complaints(caplog: pytest.LogCaptureFixture) -> Any:
    """No task is left pending, no loop unclosed, no exception unseen: asyncio would complain at the next collection."""
    yield
    gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]


def times_out(fn: Callable[..., Awaitable[Any]], *args: Any) -> None:
    start = time.monotonic()
    with pytest.raises(TaskTimeoutSignal, match=r"^Execution timed out\.$"):
        call_with_timeout(functools.partial(call_async, fn), LIMIT, *args)
    assert time.monotonic() - start < LIMIT + 0.5


# What is asynchronous


@pytest.mark.parametrize(
    "fn",
    [
        double,
        functools.partial(double, 1),
        functools.partial(functools.partial(double), after=1),
        Doubler(),
        Doubler().method,
        Doubler.static,
        functools.partial(Doubler().method),
    ],
)
def test_these_are_async(fn: Any) -> None:
    assert is_async(fn)


async def generator() -> Any:
    yield 1


@pytest.mark.parametrize("fn", [print, len, lambda: 1, int, Doubler, functools.partial(print), generator])
def test_these_are_not(fn: Any) -> None:
    assert not is_async(fn)


# To the end


@pytest.mark.parametrize("fn", [double, Doubler(), Doubler().method, Doubler.static, functools.partial(double)])
def test_the_value_comes_back(somewhere: Way, fn: Any) -> None:
    assert somewhere(lambda: call_async(fn, 4)) == 8


def test_arguments_may_have_any_name(somewhere: Way) -> None:
    async def given(**kwargs: Any) -> Any:
        return kwargs

    assert somewhere(lambda: call_async(given, fn=1, args=2, kwargs=3)) == {"fn": 1, "args": 2, "kwargs": 3}


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_an_exception_comes_out(somewhere: Way, kind: type[BaseException]) -> None:
    async def fails() -> None:
        raise kind("mine")

    with pytest.raises(kind):
        somewhere(lambda: call_async(fails))


def test_context_variables_are_seen_but_not_changed(somewhere: Way) -> None:
    variable = contextvars.ContextVar("variable", default=0)

    async def changes() -> int:
        variable.set(variable.get() * 2)
        return variable.get()

    def within() -> tuple[int, int]:
        variable.set(4)
        return call_async(changes), variable.get()

    assert somewhere(within) == (8, 4)


def test_it_may_be_called_within_itself(somewhere: Way) -> None:
    async def outer() -> Any:
        return call_async(double, 4)

    assert somewhere(lambda: call_async(outer)) == 8


def test_what_it_left_behind_is_cancelled(somewhere: Way) -> None:
    seen = []

    async def background() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def leaves() -> int:
        task = asyncio.create_task(background())
        await asyncio.sleep(0)
        return 5 if not task.done() else 0

    assert somewhere(lambda: call_async(leaves)) == 5
    assert seen == ["cancelled"]


def test_threads_that_it_started_are_waited_for(somewhere: Way) -> None:
    async def uses_a_thread() -> int:
        return await asyncio.to_thread(lambda: 5)

    assert somewhere(lambda: call_async(uses_a_thread)) == 5
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio")]


def test_the_event_loop_of_the_program_stays_set() -> None:
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        call_async(double, 1)
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_a_loop_of_several_that_was_interrupted_interrupts_those_who_come_late() -> None:
    loop = LoopOfSeveral()
    assert loop.around(call_async, double, 4) == 8
    loop.close(is_interrupted=True)
    with pytest.raises(KeyboardInterrupt):
        loop.around(call_async, double, 4)


def test_a_loop_of_several_that_came_to_its_end_begins_anew() -> None:
    loop = LoopOfSeveral()
    for _ in range(2):
        assert loop.around(call_async, double, 4) == 8
        loop.close()


def test_closing_a_loop_of_several_waits_until_it_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    starting, closed = threading.Event(), threading.Event()

    class SlowLoop:
        def __init__(self) -> None:
            starting.set()
            assert not closed.wait(0.1)

        def close(self) -> None:
            pass

    monkeypatch.setattr(coroutines, "LoopThread", SlowLoop)
    loop = LoopOfSeveral()
    thread = threading.Thread(target=loop.running)
    thread.start()
    starting.wait()
    loop.close()
    closed.set()
    thread.join()


# Within a limit


def test_in_time(somewhere: Way) -> None:
    assert somewhere(lambda: call_with_timeout(call_async, 5, double, 4, after=0.01)) == 8


def test_it_is_cancelled_and_tidies_up(somewhere: Way) -> None:
    seen = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            await asyncio.sleep(0.15)
            seen.append("finally")

    somewhere(lambda: times_out(slow))
    assert seen == ["cancelled", "finally"]


def test_all_that_it_gathers_is_cancelled(somewhere: Way) -> None:
    seen = []

    async def one() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            seen.append("finally")

    async def three() -> None:
        await asyncio.gather(one(), one(), one())

    somewhere(lambda: times_out(three))
    assert seen == ["finally"] * 3


def test_a_loop_that_never_awaits_is_interrupted(somewhere: Way) -> None:
    async def endless() -> None:
        while True:
            pass

    somewhere(lambda: times_out(endless))


def test_a_coroutine_that_swallows_its_cancellation_has_timed_out(somewhere: Way) -> None:
    async def stubborn() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "a value"
        return "in time"

    somewhere(lambda: times_out(stubborn))


def test_a_thread_that_it_waits_for_is_left(somewhere: Way) -> None:
    async def waits() -> None:
        await asyncio.to_thread(time.sleep, 1)

    somewhere(lambda: times_out(waits))


def test_the_limit_may_lie_further_out(somewhere: Way) -> None:
    seen = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            seen.append("finally")

    async def calls_another() -> None:
        call_with_timeout(call_async, 50, slow)

    somewhere(lambda: times_out(calls_another))
    assert seen == ["finally"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGALRM")
def test_in_the_main_thread_a_sleep_that_blocks_the_loop_is_interrupted() -> None:
    async def blocks() -> None:
        time.sleep(1.5)

    times_out(blocks)


def test_in_a_thread_a_sleep_that_blocks_the_loop_is_abandoned(caplog: pytest.LogCaptureFixture) -> None:
    async def blocks() -> None:
        time.sleep(0.8)

    with caplog.at_level(logging.WARNING, "prefect"):
        in_a_thread(lambda: times_out(blocks))
    messages = [record.getMessage() for record in caplog.records if record.name == "prefect.TaskRunner"]
    assert len(messages) == 1
    assert "blocks did not stop" in messages[0]
    time.sleep(0.6)


def test_asyncio_is_loaded_only_when_it_is_needed() -> None:
    program = (
        f"import sys; sys.path[:] = {sys.path!r}; from miniprefect.utilities import aio, timeouts;"
        "aio.is_async(print); sys.exit(bool({'asyncio', 'ctypes'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
