"""Time limits, with real clocks: every limit is a fraction of a second, and what is interrupted would take longer."""

import contextvars
import functools
import gc
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from multiprocessing import get_context
from typing import Any

import pytest

from miniprefect.exceptions import TaskTimeoutSignal
from miniprefect.utilities import timeouts
from miniprefect.utilities.timeouts import TimeUp, call_in_thread, call_with_timeout, is_main_thread_interruptible

LIMIT = 0.2
LONG = 1.5  # what would take longer; short enough for helpers that are abandoned

needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no SIGALRM")


def loop(seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def ends_in_time(fn: Callable[..., Any], *args: Any, limit: float = LIMIT) -> TaskTimeoutSignal:
    """Call `fn` with a time limit; it must run into it and end within half a second."""
    start = time.monotonic()
    with pytest.raises(TaskTimeoutSignal, match=r"^Execution timed out\.$") as caught:
        call_with_timeout(fn, limit, *args)
    took = time.monotonic() - start
    assert limit <= took < limit + 0.5
    return caught.value


@pytest.fixture(params=["main thread", "other thread"])
def in_thread(request: pytest.FixtureRequest) -> Callable[[Callable[[], Any]], Any]:
    """A way to call a function: in the main thread, or in another one."""
    return (lambda fn: fn()) if request.param == "main thread" else in_another_thread


def in_another_thread(fn: Callable[[], Any]) -> Any:
    """Call `fn` in a thread without helpers of ours, and return or raise what it does."""
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


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """The alarm and its handler are afterwards what they were, and no deadline is left."""
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    yield
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == before
    assert timeouts._local.deadlines == []
    assert timeouts._OthersAlarm.current is None


@pytest.fixture(autouse=True)
def only_our_gc_callbacks() -> Iterator[None]:
    """Leave out those of the test tools: an interruption that comes to another thread while it is in one is lost."""
    before = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks[:] = before


def helpers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.endswith("(with timeout)")]


def no_helper_is_left() -> bool:
    end = time.monotonic() + 3
    while helpers() and time.monotonic() < end:
        time.sleep(0.01)
    return not helpers()


Way = Callable[[Callable[[], Any]], Any]

# In either way


def test_a_value_passes(in_thread: Way) -> None:
    assert in_thread(lambda: call_with_timeout(divmod, LIMIT, 7, 2)) == (3, 1)
    assert no_helper_is_left()


def test_arguments_may_have_any_name(in_thread: Way) -> None:
    given = {"fn": 1, "seconds": 2, "args": 3}
    assert in_thread(lambda: call_with_timeout(dict, LIMIT, **given)) == given


def test_an_exception_passes_with_its_traceback(in_thread: Way) -> None:
    def fails() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        in_thread(lambda: call_with_timeout(fails, LIMIT))
    assert [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)][-1] == "fails"


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, TimeoutError, TaskTimeoutSignal])
def test_any_exception_passes(in_thread: Way, kind: type[BaseException]) -> None:
    def fails() -> None:
        raise kind("mine")

    with pytest.raises(kind, match="mine"):
        in_thread(lambda: call_with_timeout(fails, LIMIT))


def test_a_loop_is_interrupted(in_thread: Way) -> None:
    in_thread(lambda: ends_in_time(loop))
    assert no_helper_is_left()


def test_finally_blocks_run_and_may_take_longer_than_a_tick(in_thread: Way) -> None:
    done = []

    def tidy() -> None:
        try:
            loop()
        finally:
            loop(0.15)
            done.append("finally")

    in_thread(lambda: ends_in_time(tidy))
    assert done == ["finally"]


def test_except_exception_does_not_swallow_it(in_thread: Way) -> None:
    swallowed = []

    def stubborn() -> None:
        while True:
            try:
                loop()
            except Exception as error:
                swallowed.append(error)

    in_thread(lambda: ends_in_time(stubborn))
    assert swallowed == []


def test_a_call_that_swallows_everything_and_returns_has_timed_out(in_thread: Way) -> None:
    def stubborn() -> str:
        with suppress(BaseException):
            loop()
        return "a value"

    in_thread(lambda: ends_in_time(stubborn))


def test_an_error_while_tidying_up_is_the_cause_and_not_the_outcome(in_thread: Way) -> None:
    def clumsy() -> None:
        try:
            loop()
        finally:
            raise ValueError("while tidying up")

    in_thread(lambda: ends_in_time(clumsy))


def test_nested_the_inner_limit_is_kept(in_thread: Way) -> None:
    def outer() -> str:
        ends_in_time(loop, limit=0.1)
        return "went on"

    assert in_thread(lambda: call_with_timeout(outer, 5)) == "went on"


def test_nested_the_outer_limit_is_kept_after_the_inner_one(in_thread: Way) -> None:
    def outer() -> None:
        ends_in_time(loop, limit=0.1)
        loop()

    in_thread(lambda: ends_in_time(outer, limit=0.4))
    assert no_helper_is_left()


def test_nested_the_outer_limit_is_kept_within_the_inner_one(in_thread: Way) -> None:
    seen = []

    def outer() -> None:
        try:
            call_with_timeout(loop, 60)
        except BaseException as error:
            seen.append(type(error))
            raise

    in_thread(lambda: ends_in_time(outer))
    assert seen == [TimeUp]  # the inner call has not timed out
    assert no_helper_is_left()


def test_nested_three_deep(in_thread: Way) -> None:
    def middle() -> None:
        call_with_timeout(loop, 50)

    in_thread(lambda: ends_in_time(call_with_timeout, middle, 40))
    assert no_helper_is_left()


def test_nested_with_one_limit_for_both_the_outer_call_ends(in_thread: Way) -> None:
    in_thread(lambda: ends_in_time(call_with_timeout, loop, LIMIT))


@pytest.mark.parametrize("swallows", [False, True])
def test_nested_in_a_thread_when_the_inner_call_notices_the_outer_limit_first(
    monkeypatch: pytest.MonkeyPatch, swallows: bool
) -> None:
    wait = timeouts._Helper.wait

    def late_outside(helper: Any) -> Any:
        if len(helper.deadlines) == 1:
            helper.done.wait(10)
        return wait(helper)

    def outer() -> None:
        with suppress(BaseException) if swallows else nullcontext():
            call_with_timeout(loop, LIMIT)

    monkeypatch.setattr(timeouts._Helper, "wait", late_outside)
    in_another_thread(lambda: ends_in_time(outer))


def test_one_after_the_other(in_thread: Way) -> None:
    def twice() -> int:
        ends_in_time(loop, limit=0.1)
        return call_with_timeout(lambda: 5, 0.1)

    assert in_thread(twice) == 5


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_time_at_all(in_thread: Way, seconds: float) -> None:
    with pytest.raises(TaskTimeoutSignal):
        in_thread(lambda: call_with_timeout(loop, seconds))


@pytest.mark.parametrize("seconds", [1e9, float("inf")])
def test_all_the_time_of_the_world(in_thread: Way, seconds: float) -> None:
    assert in_thread(lambda: call_with_timeout(lambda: 5, seconds)) == 5


def test_ending_at_the_very_limit_is_one_or_the_other(in_thread: Way) -> None:
    limit, outcomes = 0.002, set()

    def many() -> None:
        for _ in range(150):
            try:
                outcomes.add(call_with_timeout(loop, limit, limit + random.uniform(-0.0004, 0.0004)))
            except TaskTimeoutSignal:
                outcomes.add("timed out")

    in_thread(many)
    assert outcomes <= {None, "timed out"}
    loop(0.05)  # nothing comes late
    assert no_helper_is_left()


def test_nested_ending_at_the_very_limit(in_thread: Way) -> None:
    def inner() -> None:
        try:
            call_with_timeout(loop, 0.002, 0.002 + random.uniform(-0.0004, 0.0004))
        except TaskTimeoutSignal:
            loop(0.0005)

    def many() -> None:
        for _ in range(100):
            try:
                call_with_timeout(inner, 0.002 + random.uniform(-0.0004, 0.0004))
            except TaskTimeoutSignal:
                continue

    in_thread(many)
    assert no_helper_is_left()


# In the main thread


@needs_alarm
@pytest.mark.parametrize(
    "fn",
    [
        functools.partial(time.sleep, LONG),
        functools.partial(subprocess.run, [sys.executable, "-c", "import time; time.sleep(30)"]),
        lambda: threading.Event().wait(LONG),
    ],
    ids=["sleep", "subprocess", "lock"],
)
def test_in_the_main_thread_waiting_is_interrupted(fn: Callable[[], Any]) -> None:
    ends_in_time(fn)


@needs_alarm
def test_a_slow_finally_block_is_left_alone() -> None:
    done = []

    def tidy() -> None:
        try:
            time.sleep(LONG)
        finally:
            try:
                raise KeyError
            except KeyError:
                time.sleep(0.35)
            done.append("finally")

    ends_in_time(tidy, limit=0.1)
    assert done == ["finally"]


@needs_alarm
def test_an_interruption_that_was_lost_comes_again() -> None:
    def forgetful() -> None:
        with suppress(BaseException):
            time.sleep(LONG)
        time.sleep(LONG)

    ends_in_time(forgetful)


@needs_alarm
def test_no_interruption_is_lost_in_somebody_who_watches_the_garbage_collector(
    only_our_gc_callbacks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: lost.append(unraisable.exc_type))
    gc.callbacks.append(lambda phase, info: loop(0.002))

    def collecting() -> None:
        while True:
            gc.collect(0)
            loop(0.002)

    for _ in range(10):
        ends_in_time(collecting, limit=0.01)
    assert lost == []


@needs_alarm
def test_it_is_an_interruption_at_the_place_where_the_code_was() -> None:
    error = ends_in_time(loop)
    assert isinstance(error.__cause__, TimeUp)
    assert "loop" in [frame.name for frame in traceback.extract_tb(error.__cause__.__traceback__)]


@needs_alarm
def test_ctrl_c_while_tidying_up_stays_ctrl_c() -> None:
    def interrupted() -> None:
        try:
            time.sleep(LONG)
        finally:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call_with_timeout(interrupted, 0.1)


def test_in_the_main_thread_context_variables_stay_changed() -> None:
    variable = contextvars.ContextVar("variable", default=0)
    call_with_timeout(variable.set, LIMIT, 1)
    assert variable.get() == (1 if is_main_thread_interruptible() else 0)


@pytest.fixture
def other_alarms() -> Iterator[list[float]]:
    """The times at which an alarm rang that somebody else has set, a repeating one."""
    rang: list[float] = []
    old = signal.signal(signal.SIGALRM, lambda signum, frame: rang.append(time.monotonic()))
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    yield rang
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, old)


@needs_alarm
def test_the_alarm_of_somebody_else_rings_during_and_after_a_call(other_alarms: list[float]) -> None:
    ends_in_time(loop, limit=0.25)
    assert len(other_alarms) == 2
    delay, interval = signal.getitimer(signal.ITIMER_REAL)
    assert 0 < delay <= 0.1
    assert interval == pytest.approx(0.1)
    loop(0.1)
    assert len(other_alarms) == 3


@needs_alarm
def test_the_alarm_of_somebody_else_may_raise() -> None:
    def ring(signum: int, frame: Any) -> None:
        raise LookupError("mine")

    old = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(LookupError, match="mine"):
            call_with_timeout(time.sleep, 5, LONG)
        assert signal.getsignal(signal.SIGALRM) is ring
    finally:
        signal.signal(signal.SIGALRM, old)


@needs_alarm
def test_the_alarm_of_somebody_else_may_end_the_process() -> None:
    program = (
        "import signal, time; from miniprefect.utilities.timeouts import call_with_timeout;"
        "signal.setitimer(signal.ITIMER_REAL, 0.1); call_with_timeout(time.sleep, 20, 10)"
    )
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == -signal.SIGALRM


# In processes


def timed_out_in_a_child(queue: Any) -> None:
    try:
        call_with_timeout(time.sleep, LIMIT, LONG)
    except TaskTimeoutSignal as error:
        queue.put(str(error))


@needs_alarm
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_in_a_process(method: str) -> None:
    ctx: Any = get_context(method)
    queue = ctx.Queue()
    process = ctx.Process(target=timed_out_in_a_child, args=(queue,))
    process.start()
    assert queue.get(timeout=30) == "Execution timed out."
    process.join()
    assert process.exitcode == 0


@needs_alarm
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_in_a_call_has_no_part_in_its_limit() -> None:
    def forks() -> int:
        pid = os.fork()
        if pid == 0:
            time.sleep(0.4)  # beyond the limit of the call that it was forked in
            os._exit(call_with_timeout(lambda: 42, 5))
        return pid

    pid = call_with_timeout(forks, LIMIT)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 42


# In other threads


def test_in_a_thread_a_sleep_is_abandoned_in_time_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "prefect"):
        in_another_thread(lambda: ends_in_time(functools.partial(time.sleep, 0.8)))
    messages = [record.getMessage() for record in caplog.records if record.name == "prefect.TaskRunner"]
    assert len(messages) == 1
    assert messages[0].startswith("sleep did not stop when its time was up")
    assert no_helper_is_left()  # it ends when it wakes up


def test_in_a_thread_what_stops_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    in_another_thread(lambda: ends_in_time(loop))
    assert not [record for record in caplog.records if record.name == "prefect.TaskRunner"]


def test_in_a_thread_an_abandoned_call_does_not_go_on_when_it_wakes_up() -> None:
    went_on = []

    def sleeps() -> None:
        time.sleep(0.6)
        went_on.append("went on")

    in_another_thread(lambda: ends_in_time(sleeps, limit=0.1))
    assert no_helper_is_left()
    assert went_on == []


def test_in_a_thread_context_variables_are_seen_but_not_changed() -> None:
    variable = contextvars.ContextVar("variable", default=0)

    def doubled() -> int:
        variable.set(variable.get() * 2)
        return variable.get()

    def in_the_thread() -> tuple[int, int]:
        variable.set(4)
        return call_with_timeout(doubled, LIMIT), variable.get()

    assert in_another_thread(in_the_thread) == (8, 4)


def test_many_threads_at_once() -> None:
    errors: list[BaseException] = []

    def one() -> None:
        try:
            ends_in_time(loop)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert no_helper_is_left()


def test_without_an_alarm_the_main_thread_uses_a_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "_HAS_ALARM", False)
    assert not is_main_thread_interruptible()
    ends_in_time(loop)
    assert call_with_timeout(threading.current_thread, LIMIT) is not threading.current_thread()
    assert no_helper_is_left()


def test_a_call_in_a_thread_keeps_the_limits_around_it(in_thread: Way) -> None:
    assert in_thread(lambda: call_in_thread(divmod, 7, 2)) == (3, 1)
    in_thread(lambda: ends_in_time(call_in_thread, loop))
    assert no_helper_is_left()


def test_where_it_can_interrupt() -> None:
    assert is_main_thread_interruptible() is hasattr(signal, "setitimer")
    assert in_another_thread(is_main_thread_interruptible) is False
