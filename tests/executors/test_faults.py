"""What goes wrong in worker processes, done for real: killed, broken, late, out of memory, fed what can't be sent."""

import contextlib
import ctypes
import datetime
import glob
import logging
import os
import pickle
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine.state import Cancelled, Failed, State, Success, TimedOut, TriggerFailed
from miniprefect.executors import ProcessExecutor
from miniprefect.triggers import all_finished

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes and files as Linux shows them")


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test leaves no process, no thread, no open file and no file behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # multiprocessing keeps a process of its own once another test has asked for it.
    files, threads, before = open_files(), threading.active_count(), {*children()}
    yield
    assert {*children()} <= before
    assert threading.active_count() == threads
    assert open_files() <= files
    assert parcels() == []


def children() -> list[str]:
    """The processes that this one has started and that have not ended."""
    path = Path(f"/proc/{os.getpid()}/task")
    return [pid for one in path.glob("*/children") for pid in one.read_text().split()]


def open_files() -> set[str]:
    """What the open files of this process lead to, one by one."""
    links = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the listing itself was open, too
            links.add(f"{number}: {os.readlink(f'/proc/self/fd/{number}')}")
    return links


def parcels() -> list[str]:
    found = glob.glob(os.path.join(tempfile.gettempdir(), "miniprefect-????????-????-*"))
    return sorted(found)


def run(flow: Flow, workers: int = 2, **options: Any) -> Any:
    return flow.run(executor=ProcessExecutor(workers), **options)


@task
def inc(x: Any) -> Any:
    return x + 1


# ---------------------------------------------------------------------- a worker dies


def kill(x: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave(x: int) -> None:
    os._exit(7)


def crash(x: int) -> None:
    ctypes.string_at(0)


@pytest.mark.parametrize(
    ("end", "says"), [(kill, "killed by SIGKILL"), (leave, "exit code 7"), (crash, "killed by SIGSEGV")]
)
@pytest.mark.parametrize("workers", [1, 2])
def test_the_task_that_ends_its_worker_fails_and_the_others_finish(
    end: Callable[[int], None], says: str, workers: int
) -> None:
    @task
    def dangerous(x: int) -> int:
        if x == 5:
            end(x)
        return x

    with Flow("flow") as flow:
        mapped = dangerous.map(list(range(20)))
        after = inc.map(mapped)
        alone = inc(1)
    final = run(flow, workers)
    children = final.result[mapped].map_states
    assert [type(child) for child in children] == [Failed if n == 5 else Success for n in range(20)]
    assert says in children[5].message
    assert type(final.result[after].map_states[5]) is TriggerFailed
    assert final.result[after].map_states[19].result == 20
    assert final.result[alone].result == 2
    assert final.is_failed()


def test_no_task_runs_twice_when_a_worker_dies_in_a_batch(tmp_path: Path) -> None:
    @task
    def tiny(x: int) -> int:
        with open(tmp_path / str(x), "a") as file:
            file.write("run\n")
        if x in (500, 501, 1500):
            kill(x)
        return x

    with Flow("flow") as flow:
        mapped = tiny.map(list(range(2000)))
    states = run(flow).result[mapped].map_states
    assert [n for n, state in enumerate(states) if not state.is_successful()] == [500, 501, 1500]
    assert all(state.result == n for n, state in enumerate(states) if state.is_successful())
    assert {(tmp_path / str(n)).read_text() for n in range(2000)} == {"run\n"}


def test_a_task_that_loses_its_worker_is_tried_again_if_it_may_be_and_no_more_often() -> None:
    @task(max_retries=2, retry_delay=datetime.timedelta(0))
    def hopeless() -> None:
        kill(0)

    @task(max_retries=2, retry_delay=datetime.timedelta(0))
    def unlucky() -> Any:
        if context.task_run_count == 1:
            kill(0)
        return context.task_run_count

    with Flow("flow") as flow:
        failed, succeeded, other = hopeless(), unlucky(), inc(1)
    result = run(flow).result
    assert (type(result[failed]), result[succeeded].result, result[other].result) == (Failed, 2, 2)
    assert "SIGKILL" in result[failed].message


def test_handlers_triggers_and_the_log_hear_of_a_lost_task(caplog: pytest.LogCaptureFixture) -> None:
    changes: list[str] = []

    def watch(tracked: Task, old: State, new: State) -> None:
        changes.append(f"{type(old).__name__} > {type(new).__name__}")

    @task(state_handlers=[watch])
    def dies() -> None:
        kill(0)

    with Flow("flow") as flow:
        died = dies()
        after = inc.copy()
        after.trigger = all_finished
        after.bind(x=1)
        after.set_upstream(died)
    with caplog.at_level(logging.INFO, "prefect"):
        result = run(flow).result
    assert changes == ["Running > Failed"]  # the ones before were seen by the process that has died
    assert result[after].result == 2
    assert any("Task 'dies': Exception" in record.getMessage() for record in caplog.records)


def test_memory_that_there_is_not_is_one_tasks_failure() -> None:
    @task
    def greedy() -> int:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
        return len(bytearray(1 << 30))

    with Flow("flow") as flow:
        wanted, other = greedy(), inc(1)
    result = run(flow).result
    assert type(result[wanted]) is Failed
    assert "MemoryError" in result[wanted].message
    assert result[other].result == 2


def test_workers_that_can_not_begin_fail_the_tasks_and_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    from miniprefect.executors import _worker

    monkeypatch.setattr(_worker, "_die_with", lambda lifeline: os._exit(9))
    with Flow("flow") as flow:
        mapped = inc.map([1, 2, 3])
    final = run(flow)
    assert [type(state) for state in final.result[mapped].map_states] == [Failed] * 3
    assert "before they begin" in final.result[mapped].map_states[0].message


def test_a_process_that_can_not_be_started_fails_the_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    from miniprefect.executors import _pool

    def no_process(*args: Any) -> Any:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(_pool, "hire", no_process)
    with Flow("flow") as flow:
        increased = inc(1)
    state = run(flow).result[increased]
    assert type(state) is Failed
    assert "no more processes" in state.message


# ---------------------------------------------------------------------- what can't be sent


class Unloadable(Exception):
    """An exception that pickles, and can't be made again."""

    def __init__(self, one: Any, two: Any) -> None:
        super().__init__("both")


class Broken:
    def __reduce__(self) -> Any:
        return _refuse, ()


def _refuse() -> None:
    raise ValueError("not again")


class Unpicklable:
    def __reduce__(self) -> Any:
        raise OSError("not me")


@pytest.mark.parametrize("value", [Broken(), Unpicklable(), (n for n in ()), threading.Lock()], ids=type)
def test_a_result_that_can_not_be_sent_fails_its_task_alone(value: Any) -> None:
    @task(max_retries=1, retry_delay=datetime.timedelta(0))
    def makes() -> Any:
        return value

    with Flow("flow") as flow:
        made, other = makes(), inc(1)
    result = run(flow).result
    assert type(result[made]) is Failed  # at once: another try would make the same
    assert "The result can't be sent" in result[made].message
    assert result[other].result == 2


def test_an_exception_that_can_not_be_sent_leaves_its_message() -> None:
    @task
    def fails(kind: int) -> None:
        raise (Unloadable(1, 2), ValueError(threading.Lock()))[kind]

    with Flow("flow") as flow:
        mapped, other = fails.map([0, 1]), inc(1)
    result = run(flow).result
    one, two = result[mapped].map_states
    assert "Unloadable('both')" in one.message
    assert "ValueError(<unlocked" in two.message
    assert isinstance(one.result, TypeError)
    assert result[other].result == 2


def test_an_argument_that_can_not_be_sent_fails_the_task_that_wants_it() -> None:
    """It is the parameter's value that can't travel: parameters do not run in a worker."""
    from miniprefect import Parameter

    with Flow("flow") as flow:
        wants, other = inc(Parameter("lock")), inc(1)
    result = run(flow, lock=threading.Lock()).result
    assert type(result[wants]) is Failed
    assert "can't be sent to a worker process" in result[wants].message
    assert result[other].result == 2


def test_local_classes_functions_and_closures_travel_if_they_were_there_when_the_flow_began() -> None:
    offset = 10

    class Point:
        def __init__(self, x: int) -> None:
            self.x = x

    def shift(point: Point) -> int:
        return point.x + offset

    with Flow("flow") as flow:
        point = task(lambda: Point(3), name="point")()
        shifter = task(lambda: shift, name="shifter")()
        moved = task(lambda f, p: f(p), name="move")(shifter, point)
    result = run(flow).result
    assert result[moved].result == 13
    assert type(result[point].result) is Point
    assert result[shifter].result is shift


def test_what_a_task_defines_itself_can_not_travel_and_says_so() -> None:
    @task
    def defines() -> Any:
        return lambda: 1

    with Flow("flow") as flow:
        defined = defines()
    message = run(flow).result[defined].message
    assert "made on the other side" in message
    assert "Define it" in message


# ---------------------------------------------------------------------- time limits


def test_a_task_that_times_out_is_stopped_and_the_worker_goes_on() -> None:
    @task(timeout=1)
    def late() -> None:
        time.sleep(60)

    with Flow("flow") as flow:
        slow = late()
        others = inc.map([1, 2, 3])
    begun = time.monotonic()
    result = run(flow, 1).result
    assert time.monotonic() - begun < 5
    assert type(result[slow]) is TimedOut
    assert result[others].result == [2, 3, 4]


def test_a_task_that_can_not_be_interrupted_times_out_with_its_worker() -> None:
    @task(timeout=1)
    def stuck() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # as C code does that looks for no signal
        time.sleep(60)

    with Flow("flow") as flow:
        slow, other = stuck(), inc(1)
    begun = time.monotonic()
    result = run(flow, 1).result
    assert time.monotonic() - begun < 6
    assert type(result[slow]) is TimedOut
    assert result[other].result == 2


# ---------------------------------------------------------------------- Ctrl-C, and the end of the parent


SCRIPT = """
    import os, sys, time
    from miniprefect import Flow, task, unmapped
    from miniprefect.executors import ProcessExecutor

    @task
    def quick():
        return 1

    @task
    def slow(x):
        os.write(1, f"begun {os.getpid()}\\n".encode())  # at once, so that two do not mix
        time.sleep(60)

    with Flow("flow", executor=ProcessExecutor(3)) as flow:
        first = quick()
        slow.map([1, 2], upstream_tasks=[unmapped(first)])
    state = flow.run()
    print("ended", type(state).__name__, state.result[first].result, flush=True)
"""


def begun(tmp_path: Path, script: str = SCRIPT) -> tuple[subprocess.Popen[str], list[int]]:
    """Start the script in a session of its own, and return it and its workers when both are busy."""
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(script))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PREFECT__LOGGING__LEVEL": "CRITICAL"}
    process = subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    assert process.stdout is not None
    return process, [int(process.stdout.readline().split()[1]) for _ in range(2)]


def is_gone(process_id: int, within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("to_all", [True, False], ids=["to the group, as from a terminal", "to the parent"])
def test_after_ctrl_c_no_process_is_left_and_what_had_finished_is_known(tmp_path: Path, to_all: bool) -> None:
    process, workers = begun(tmp_path)
    with process:
        pressed = time.monotonic()
        (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.read() == "ended Cancelled 1\n"
        assert process.wait(5) == 0
        assert time.monotonic() - pressed < 1.5
        assert all(is_gone(worker, 0.1) for worker in workers)


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    process, workers = begun(tmp_path)
    with process:
        process.kill()
        assert all(is_gone(worker, 2) for worker in workers)


def test_ctrl_c_in_a_task_cancels_the_run() -> None:
    @task
    def pressed() -> None:
        raise KeyboardInterrupt

    with Flow("flow") as flow:
        pressed()
        first = inc(1)
    final = run(flow, 1)
    assert type(final) is Cancelled
    assert first in final.result


# ---------------------------------------------------------------------- large results


def test_a_large_result_does_not_pass_through_the_parent() -> None:
    size = 50_000_000

    @task
    def make() -> bytes:
        return bytes(size)

    with Flow("flow") as flow:
        made = make()
        total = task(lambda data: len(data), name="length")(made)
    final = run(flow)
    assert final.result[total].result == size
    held = final.result[made]._held
    assert "_read" not in vars(held)  # nobody wanted it here
    assert len(pickle.dumps(held)) < 1000
    assert len(final.result[made].result) == size


def test_large_results_of_a_map_and_of_a_task_that_passes_them_on() -> None:
    with Flow("flow") as flow:
        made = task(lambda n: [n] * 200_000, name="make").map([1, 2, 3])
        same = task(lambda x: x, name="same").map(made)
        sums = task(lambda xs: sum(xs), name="sum").map(same)
    assert run(flow).result[sums].result == [200_000, 400_000, 600_000]


# ---------------------------------------------------------------------- forks, threads, leaks


def test_workers_start_well_while_other_threads_hold_locks() -> None:
    over = threading.Event()

    def busy(act: Callable[[], Any]) -> None:
        while not over.wait(0.0002):
            act()

    logger = logging.getLogger("prefect.busy")
    logger.addHandler(logging.StreamHandler(open(os.devnull, "w")))  # noqa: SIM115 - closed below
    logger.propagate = False
    acts = [lambda: logger.warning("x"), lambda: sys.stderr.flush(), lambda: tempfile.mkdtemp and os.getpid()]
    threads = [threading.Thread(target=busy, args=(act,)) for act in acts * 2]
    for thread in threads:
        thread.start()
    try:

        @task
        def logs(x: int) -> int:
            logger.warning("from a task")
            print(end="")
            return x

        with Flow("flow") as flow:
            mapped = logs.map(list(range(4)))
        for _ in range(15):
            assert run(flow).result[mapped].result == [0, 1, 2, 3]
    finally:
        over.set()
        for thread in threads:
            thread.join()
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            handler.stream.close()  # type: ignore[attr-defined]


def test_flows_in_several_threads_at_a_time_share_an_executor() -> None:
    executor = ProcessExecutor(2)
    with Flow("flow", executor=executor) as flow:
        mapped = inc.map(list(range(50)))
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(flow.run().result[mapped].result))  # type: ignore[union-attr]
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [list(range(1, 51))] * 4


def test_many_short_flows_leak_nothing() -> None:
    with Flow("flow", executor=ProcessExecutor(2)) as flow:
        increased = inc(1)
        dies = task(lambda: os._exit(1), name="dies")()
    for _ in range(30):
        result: Any = flow.run().result  # type: ignore[union-attr]
        assert (result[increased].result, type(result[dies])) == (2, Failed)


def test_a_flow_in_a_task_has_workers_of_its_own() -> None:
    @task
    def outer(n: int) -> Any:
        with Flow("inner", executor=ProcessExecutor(2)) as inner:
            where = task(lambda x: (x + n, os.getpid()), name="where").map([1, 2])
        state: Any = inner.run()
        return [x for x, _ in state.result[where].result], os.getpid() not in [p for _, p in state.result[where].result]

    with Flow("flow") as flow:
        mapped = outer.map([10, 20])
    assert run(flow).result[mapped].result == [([11, 12], True), ([21, 22], True)]


def test_a_process_that_a_task_forks_holds_up_nobody() -> None:
    """It has copies of the worker's pipes, and outlives it."""

    @task
    def forks() -> None:
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
        kill(0)

    with Flow("flow") as flow:
        forked, other = forks(), inc(1)
    begun = time.monotonic()
    result = run(flow, 1).result
    assert time.monotonic() - begun < 3
    assert (type(result[forked]), result[other].result) == (Failed, 2)


def test_a_time_limit_that_ends_in_a_log_line_breaks_no_message() -> None:
    @task(timeout=1)
    def talks(x: int) -> None:
        while True:
            context.logger.error("x" * 1000)

    with Flow("flow") as flow:
        talked = talks.map([1, 2])
        after = inc.map([1, 2])
    logger = logging.getLogger("prefect")
    handlers, logger.handlers[:] = logger.handlers[:], [logging.NullHandler()]
    logger.propagate = False
    try:
        result = run(flow).result
    finally:
        logger.handlers[:], logger.propagate = handlers, True
    assert [type(state) for state in result[talked].map_states] == [TimedOut] * 2
    assert result[after].result == [2, 3]


def test_nothing_long_waits_behind_a_batch(tmp_path: Path) -> None:
    """Many tiny tasks teach the pool to send batches; then one of them is long, and those behind it go elsewhere."""
    done = tmp_path / "done"
    done.touch()

    @task
    def mostly_tiny(x: int) -> int:
        if x == 1000:
            # As long as it takes the others to have their turn, which they would never have behind this one.
            deadline = time.monotonic() + 30
            while done.stat().st_size < 1999 and time.monotonic() < deadline:
                time.sleep(0.01)
        with done.open("ab", buffering=0) as file:
            file.write(b".")
            return file.tell()

    with Flow("flow") as flow:
        mapped = mostly_tiny.map(list(range(2000)))
    assert run(flow).result[mapped].result[1000] == 2000
