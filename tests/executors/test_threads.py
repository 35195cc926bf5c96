"""The executor for threads."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, context, task
from miniprefect.engine.state import Cancelled, Success, TimedOut
from miniprefect.executors import LocalDaskExecutor, LocalExecutor, ThreadExecutor
from miniprefect.executors.threads import Call


def test_the_number_of_workers_can_be_chosen_and_is_checked() -> None:
    assert ThreadExecutor(3).num_workers == ThreadExecutor(num_workers=3).num_workers == 3
    assert ThreadExecutor().num_workers > 1
    for wrong in (0, -1, True, "4", 2.5):
        with pytest.raises(ValueError, match="num_workers"):
            ThreadExecutor(wrong)  # type: ignore[arg-type]


def test_a_call_outside_of_start_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"with executor\.start\(\)"):
        ThreadExecutor().submit(abs, 1)


def test_no_more_calls_run_at_a_time_than_there_are_workers() -> None:
    lock, now, most = threading.Lock(), [0], [0]

    @task
    def busy(x: int) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.002)
        with lock:
            now[0] -= 1

    with Flow("flow", executor=ThreadExecutor(3)) as flow:
        busy.map(list(range(30)))
    assert flow.run().is_successful()
    assert most[0] == 3


def test_whoever_asks_is_told_once_that_a_call_is_done() -> None:
    told: list[int] = []

    def ask(calls: list[Call]) -> None:
        for number, call in enumerate(calls):
            call.add_done_callback(lambda call, number=number: told.append(number))

    with ThreadExecutor(2).start() as threads:
        calls = [threads.submit(int) for _ in range(5000)]
        askers = [threading.Thread(target=ask, args=(calls,)) for _ in range(2)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
    assert sorted(told) == sorted([*range(5000)] * 2)


def test_a_call_gives_its_value_or_its_error_to_those_who_wait() -> None:
    with ThreadExecutor(1).start() as threads:
        assert threads.submit(time.sleep, 0.05).result() is None
        with pytest.raises(ValueError, match="invalid literal"):
            threads.submit(int, "x").result()


def test_a_call_that_is_cancelled_before_it_begins_is_not_made() -> None:
    made: list[int] = []
    with ThreadExecutor(1).start() as threads:
        threads.submit(time.sleep, 0.05)
        call = threads.submit(made.append, 1)
        call.cancel()
        with pytest.raises(CancelledError):
            call.result()
    assert made == []


def test_a_call_that_an_interruption_drops_is_done_all_the_same() -> None:
    executor = ThreadExecutor(1)
    with suppress(KeyboardInterrupt), executor.start() as threads:
        threads.submit(time.sleep, 0.1)
        call = threads.submit(int)
        raise KeyboardInterrupt
    assert call.done()
    with pytest.raises(CancelledError):
        call.result()


def test_one_who_asked_and_raises_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Any] = []
    with ThreadExecutor(1).start() as threads:
        call = threads.submit(time.sleep, 0.05)
        call.add_done_callback(lambda call: 1 / 0)
        call.add_done_callback(told.append)
        assert threads.submit(int).result() == 0
    assert told == [call]
    assert "ZeroDivisionError" in caplog.text


def test_waiting_for_a_call_may_have_an_end() -> None:
    with ThreadExecutor(1).start() as threads:
        call = threads.submit(time.sleep, 0.1)
        with pytest.raises(TimeoutError):
            call.result(timeout=0.01)
        assert call.result(timeout=5) is None


def submit_until(is_so: Callable[[], bool], threads: Any, **options: Any) -> None:
    """Have short calls made, which a busy machine may make look long for a while."""
    end = time.monotonic() + 10
    for number in itertools.count():
        threads.submit(int, **options).result()
        if number > 100 and is_so():
            return
        assert time.monotonic() < end


def test_of_calls_of_another_kind_no_more_lie_ready_than_before() -> None:
    with ThreadExecutor(2).start() as threads:
        submit_until(lambda: threads.width > 10, threads, extra_context={"task_name": "short"})
        threads.submit(int, extra_context={"task_name": "other"})
        assert threads.width == 4


def test_more_calls_lie_ready_when_they_are_short() -> None:
    with ThreadExecutor(2).start() as threads:
        assert threads.width == 4
        submit_until(lambda: threads.width > 10, threads)
        for _ in range(10):
            threads.submit(time.sleep, 0.005).result()
        assert threads.width == 4


def test_threads_are_started_when_needed_and_end_with_the_run() -> None:
    before = threading.active_count()
    seen: list[int] = []
    with Flow("flow", executor=ThreadExecutor(50)) as flow:
        task(lambda: seen.append(threading.active_count()))()
    flow.run()
    assert (seen, threading.active_count()) == ([before + 1], before)


def test_what_a_map_of_sleeping_tasks_takes_is_about_what_its_threads_must_sleep() -> None:
    """A generous bound: the tight one is a benchmark."""
    with Flow("flow", executor=ThreadExecutor(50)) as flow:
        task(lambda x: time.sleep(0.05), name="sleep").map(list(range(200)))
    begun = time.perf_counter()
    assert flow.run().is_successful()
    assert time.perf_counter() - begun < 1


# ---------------------------------------------------------------------- coroutines


def test_coroutines_wait_at_the_same_time_even_on_one_worker() -> None:
    @task
    async def wait(x: int) -> Any:
        await asyncio.sleep(0.1)
        return x, context.map_index

    with Flow("flow", executor=ThreadExecutor(1)) as flow:
        waited = wait.map(list(range(200)))
    begun = time.perf_counter()
    state: Any = flow.run()
    assert time.perf_counter() - begun < 2
    assert state.result[waited].result == [(n, n) for n in range(200)]


def test_coroutines_hold_up_no_other_call() -> None:
    through = threading.Event()

    @task
    async def wait() -> bool:
        return await asyncio.to_thread(through.wait, 10)

    with Flow("flow", executor=ThreadExecutor(1)) as flow:
        waited = [wait() for _ in range(3)]
        task(through.set)()
    state: Any = flow.run()
    assert [state.result[node].result for node in waited] == [True] * 3


def test_coroutines_fail_time_out_and_run_flows_as_elsewhere() -> None:
    @task
    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    @task(timeout=1)
    async def late() -> None:
        await asyncio.sleep(30)

    @task
    async def runs() -> Any:
        with Flow("inner") as inner:
            six = task(lambda: 6)()
        return inner.run().result[six].result  # type: ignore[union-attr]

    with Flow("flow", executor=ThreadExecutor(1)) as flow:
        failed, timed_out, ran = fails(), late(), runs()
    begun = time.perf_counter()
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert time.perf_counter() - begun < 5
    assert isinstance(result[failed].result, ValueError)
    assert type(result[timed_out]) is TimedOut
    assert (type(result[ran]), result[ran].result) == (Success, 6)


def test_a_coroutine_that_blocks_the_loop_does_not_outlive_the_run_for_long() -> None:
    @task(timeout=1)
    async def blocks() -> None:
        time.sleep(3)

    with Flow("flow", executor=ThreadExecutor(1)) as flow:
        blocked = blocks()
    begun = time.perf_counter()
    state: Any = flow.run()
    assert time.perf_counter() - begun < 2.5
    assert type(state.result[blocked]) is TimedOut
    for thread in threading.enumerate():  # it ends by itself as soon as it can
        if thread.name == "event loop":
            thread.join(5)
            assert not thread.is_alive()


# ---------------------------------------------------------------------- Ctrl-C


def test_after_ctrl_c_what_runs_is_stopped_and_what_waits_is_dropped() -> None:
    begun: list[int] = []

    @task
    def busy(x: int) -> None:
        begun.append(x)
        if x == 2:
            time.sleep(0.05)
            raise KeyboardInterrupt
        end = time.monotonic() + 30
        while time.monotonic() < end:
            time.sleep(0.01)

    with Flow("flow", executor=ThreadExecutor(3)) as flow:
        busy.map(list(range(10)))
    before, at = threading.active_count(), time.perf_counter()
    assert isinstance(flow.run(), Cancelled)
    assert time.perf_counter() - at < 2
    assert sorted(begun) == [0, 1, 2]
    assert threading.active_count() <= before


def test_after_ctrl_c_the_program_goes_on_and_ends_whatever_its_threads_do(tmp_path: Path) -> None:
    script = """
        import time
        from miniprefect import Flow, task
        from miniprefect.executors import ThreadExecutor

        with Flow("flow", executor=ThreadExecutor(2)) as flow:
            first = task(lambda: 1, name="quick")()
            task(lambda x: print("begun", flush=True) or time.sleep(60), name="slow")(first)
        state = flow.run()
        print("ended", type(state).__name__, state.result[first].result, flush=True)
    """
    (tmp_path / "script.py").write_text(textwrap.dedent(script))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PREFECT__LOGGING__LEVEL": "CRITICAL"}
    command = [sys.executable, str(tmp_path / "script.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        pressed = time.monotonic()
        assert process.stdout.read() == "ended Cancelled 1\n"
        assert process.wait(5) == 0
        assert time.monotonic() - pressed < 2


# ---------------------------------------------------------------------- LocalDaskExecutor


@pytest.mark.parametrize(
    ("name", "scheduler", "cls"),
    [
        ("threads", "threads", ThreadExecutor),
        ("threading", "threads", ThreadExecutor),
        ("sync", "synchronous", LocalExecutor),
        ("synchronous", "synchronous", LocalExecutor),
        ("single-threaded", "synchronous", LocalExecutor),
    ],
)
def test_the_names_that_dask_has_for_its_schedulers(name: str, scheduler: str, cls: type) -> None:
    executor = LocalDaskExecutor(scheduler=name)
    assert (executor.scheduler, type(executor.executor)) == (scheduler, cls)


def test_settings_of_dask_are_kept() -> None:
    executor = LocalDaskExecutor("threads", num_workers=7, chunksize=3)
    assert executor.executor.num_workers == 7  # type: ignore[attr-defined]
    assert executor.dask_config == {"num_workers": 7, "chunksize": 3}


def test_an_unknown_scheduler_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unknown scheduler 'cloud'\. There are: threads"):
        LocalDaskExecutor(scheduler="cloud")
