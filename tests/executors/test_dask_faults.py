"""What goes wrong on a Dask cluster, done for real: workers and schedulers are killed, things can't be sent, Ctrl-C."""

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, Parameter, Task, context, task, unmapped
from miniprefect.engine.state import Cancelled, Failed, State, Success
from miniprefect.executors import DaskExecutor
from tests.executors.dask_helpers import cluster_in, run_script
from tests.executors.test_faults import Broken, Unloadable, Unpicklable

pytest.importorskip("distributed", reason="Dask is not installed: pip install miniprefect[dask]")

# Dask's own: sockets and processes that it closes late.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@task
def inc(x: Any) -> Any:
    return x + 1


# ---------------------------------------------------------------------- what can't be sent


def test_a_task_that_can_not_be_sent_is_named(remote: DaskExecutor) -> None:
    class Holds(Task):
        def __init__(self) -> None:
            self.lock = threading.Lock()
            super().__init__(name="holder")

        def run(self) -> None:
            pass

    with Flow("flow", executor=remote) as flow:
        flow.add_task(Holds())
    state: Any = flow.run()
    assert type(state) is Failed
    assert "Task 'holder' can't be sent" in str(state.result)


@pytest.mark.parametrize("kind", [Broken, Unpicklable, threading.Lock])
def test_a_result_that_can_not_be_sent_fails_its_task_alone(remote: DaskExecutor, kind: Any) -> None:
    @task
    def makes() -> Any:
        return kind()

    with Flow("flow", executor=remote) as flow:
        made, other = makes(), inc(1)
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert type(result[made]) is Failed
    assert "The result can't be sent" in result[made].message
    assert result[other].result == 2


def test_an_exception_that_can_not_be_sent_leaves_its_message(remote: DaskExecutor) -> None:
    @task
    def fails(kind: int) -> None:
        raise (Unloadable(1, 2), ValueError(threading.Lock()))[kind]

    with Flow("flow", executor=remote) as flow:
        mapped, other = fails.map([0, 1]), inc(1)
    result: Any = flow.run().result  # type: ignore[union-attr]
    one, two = result[mapped].map_states
    assert "Unloadable('both')" in one.message
    assert "ValueError(<unlocked" in two.message
    assert result[other].result == 2


@pytest.mark.parametrize("kind", [Broken, Unpicklable, threading.Lock])
def test_an_argument_that_can_not_be_sent_fails_the_task_alone_that_wants_it(
    remote: DaskExecutor, kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    @task
    def takes(x: int, value: Any) -> int:
        return x

    with Flow("flow", executor=remote) as flow:
        given = takes(1, Parameter("given"))
        constant = takes(2, kind())
        default = takes(3, Parameter("default", default=kind()))
        unchanging = takes.map([4, 5], unmapped(kind()))
        one_of_several = takes.map([6, 7], [kind(), None])
        fine = takes(8, [None])
    state: Any = flow.run(parameters={"given": kind()}, context={"unread": kind()})
    for failed in (given, constant, default):
        assert type(state.result[failed]) is Failed
        assert "pickled" in state.result[failed].message
    assert [type(child) for child in state.result[unchanging].map_states] == [Failed, Failed]
    assert [type(child) for child in state.result[one_of_several].map_states] == [Failed, Success]
    assert state.result[fine].result == 8
    assert "Task 'takes'" in caplog.text


def test_a_parameter_that_can_not_be_sent_is_missing_in_the_context_with_a_warning(
    remote: DaskExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    with Flow("flow", executor=remote) as flow:
        flow.add_task(Parameter("lock"))
        names = task(lambda: sorted(context.parameters), name="names")()
        flow.add_task(Parameter("number", default=1))
    result: Any = flow.run(lock=threading.Lock()).result  # type: ignore[union-attr]
    assert result[names].result == ["number"]
    assert "The parameter 'lock' is missing in the context here" in caplog.text


# ---------------------------------------------------------------------- workers die, and the run is interrupted


def hear_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the news that a worker was lost come after the first look at what Dask has given up for that."""
    from miniprefect.executors._dask_cluster import Cluster

    news: list[Any] = []
    hear, look = Cluster._hear_of_workers, Cluster._look_for_lost

    def look_first(cluster: Cluster) -> None:
        look(cluster)
        while news:
            hear(cluster, news.pop(0))

    monkeypatch.setattr(Cluster, "_hear_of_workers", lambda cluster, event: news.append(event))
    monkeypatch.setattr(Cluster, "_look_for_lost", look_first)


@pytest.mark.parametrize("is_late", [False, True], ids=["heard of in time", "heard of late"])
def test_a_task_that_kills_its_workers_is_blamed_and_its_neighbours_finish(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0" if is_late else "1")  # by default, three
    if is_late:
        hear_late(monkeypatch)

    @task
    def dangerous(x: int) -> int:
        if x == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.05)
        return x

    @task
    def size(data: bytes) -> int:
        return len(data)

    with cluster_in(tmp_path, 2) as cluster:
        with Flow("flow", executor=DaskExecutor(cluster.address)) as flow:
            kept = task(lambda: bytes(50_000), name="kept")()
            mapped = dangerous.map(list(range(8)), upstream_tasks=[unmapped(kept)])
            total = size(kept, upstream_tasks=[inc(1)])
        with caplog.at_level(logging.WARNING, "prefect"):
            result: Any = flow.run().result  # type: ignore[union-attr]
    states = result[mapped].map_states
    assert [type(state) for state in states] == [Failed if n == 3 else Success for n in range(8)]
    assert "died" in states[3].message
    assert "dangerous-3-" in states[3].message
    assert result[total].result == 50_000
    assert any("was lost. Dask runs again elsewhere" in record.getMessage() for record in caplog.records)


def test_a_cluster_that_loses_all_its_workers_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from miniprefect.executors import _dask_cluster

    monkeypatch.setattr(_dask_cluster, "_PATIENCE", 1.0)

    @task
    def leave() -> None:
        os._exit(7)

    with cluster_in(tmp_path, 1, ("--no-nanny",)) as cluster:
        with Flow("flow", executor=DaskExecutor(cluster.address)) as flow:
            first = inc(1)
            left = leave(upstream_tasks=[first])
        result: Any = flow.run().result  # type: ignore[union-attr]
    assert result[first].result == 2
    assert type(result[left]) is Failed
    assert "lost its workers" in result[left].message


def test_a_scheduler_that_is_lost_ends_the_run(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with cluster_in(tmp_path, 1, ("--no-nanny",)) as cluster:

        @task
        def slow() -> None:
            started.touch()
            time.sleep(60)

        def kill_the_scheduler() -> None:
            while not started.exists():
                time.sleep(0.05)
            cluster.processes[0].kill()

        with Flow("flow", executor=DaskExecutor(cluster.address, client_kwargs={"timeout": 1})) as flow:
            first = inc(1)
            waits = slow(upstream_tasks=[first])
        killer = threading.Thread(target=kill_the_scheduler)
        killer.start()
        begun = time.monotonic()
        result: Any = flow.run().result  # type: ignore[union-attr]
        killer.join()
    assert time.monotonic() - begun < 30
    assert type(result[waits]) is Failed
    assert result[first].result == 2


def test_ctrl_c_in_a_task_cancels_the_run(remote: DaskExecutor) -> None:
    @task
    def pressed() -> None:
        raise KeyboardInterrupt

    with Flow("flow", executor=remote) as flow:
        pressed()
    assert type(flow.run()) is Cancelled


@pytest.mark.skipif(sys.platform != "linux", reason="reads what memory it has as Linux says it")
def test_memory_that_there_is_not_and_sys_exit_are_each_one_tasks_failure(remote: DaskExecutor) -> None:
    import resource

    @task
    def greedy() -> int:
        before = resource.getrlimit(resource.RLIMIT_AS)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 28), before[1]))
        try:
            return len(bytearray(1 << 30))
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)

    with Flow("flow", executor=remote) as flow:
        wanted, left, others = greedy(), task(lambda: sys.exit(3), name="leave")(), inc.map(list(range(20)))
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert (type(result[wanted]), type(result[left])) == (Failed, Failed)
    assert "MemoryError" in result[wanted].message
    assert "SystemExit(3)" in result[left].message
    assert result[others].result == list(range(1, 21))


PRESSED = """
    import sys, time
    from miniprefect import Flow, task, unmapped
    from miniprefect.executors import DaskExecutor

    @task
    def quick():
        return [1] * 5000

    @task
    def slow(x):
        print("begun", flush=True)
        time.sleep(60)

    if __name__ == "__main__":
        options = {"cluster_kwargs": {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}}
        with Flow("flow", executor=DaskExecutor(**options)) as flow:
            first = quick()
            slow.map([1, 2], upstream_tasks=[unmapped(first)])
        state = flow.run()
        print("ended", type(state).__name__, len(state.result[first].result), flush=True)
"""


@pytest.mark.parametrize("to_all", [True, False], ids=["to the group, as from a terminal", "to the owner"])
def test_after_ctrl_c_the_cluster_is_closed_and_what_had_finished_is_known(tmp_path: Path, to_all: bool) -> None:
    with run_script(tmp_path, PRESSED) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["begun\n"] * 2
        assert workers_of(process.pid)
        pressed = time.monotonic()
        (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
        while workers_of(process.pid):
            assert time.monotonic() - pressed < 1
            time.sleep(0.01)
        assert process.communicate(timeout=30)[0] == "ended Cancelled 5000\n"
        assert process.returncode == 0
    assert is_gone(process.pid, 3)  # a tracker of Python's, which ends after the script


def workers_of(process_id: int) -> list[int]:
    """Which of its children run that Dask has started."""
    found = Path(f"/proc/{process_id}/task").glob("*/children")
    children = [int(child) for path in found for child in path.read_text().split()]
    return [child for child in children if "spawn_main" in command_of(child)]


def command_of(process_id: int) -> str:
    try:
        return Path(f"/proc/{process_id}/cmdline").read_text()
    except OSError:  # it has ended
        return ""


def is_gone(group: int, within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_handlers_hear_of_a_task_whose_result_is_lost() -> None:
    """What is read after it was lost says so."""
    from miniprefect.executors._dask_cluster import Store
    from miniprefect.executors._dask_worker import Key
    from miniprefect.executors.processes import NotSendable

    with pytest.raises(NotSendable, match="make-1 was lost"):
        Store().read(Key("make-1"))


def test_states_are_told_once(remote: DaskExecutor) -> None:
    changes: list[str] = []

    def watch(flow: Any, old: State, new: State) -> None:
        changes.append(type(new).__name__)

    with Flow("flow", executor=remote, state_handlers=[watch]) as flow:
        inc(1)
    flow.run()
    assert changes == ["Running", "Success"]
