"""Dask: clusters that are there and clusters that are made, what stays on the workers, and what goes wrong there."""

import asyncio
import datetime
import importlib
import logging
import os
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, context, task
from miniprefect.engine.state import Failed, TimedOut
from miniprefect.executors import DaskExecutor
from miniprefect.utilities.configuration import set_temporary_config
from tests.executors.dask_helpers import Cluster, cluster_in, run_script

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install miniprefect[dask]")

# Dask's own: sockets and processes that it closes late, and what its libraries are warned of.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@task
def inc(x: Any) -> Any:
    return x + 1


@task
def where() -> int:
    return os.getpid()


class Large:
    """A value that is too large to travel, and that nobody may make anew in the process of the owner."""

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self.filling = os.urandom(20_000)

    def __setstate__(self, state: dict[str, Any]) -> None:
        if os.environ.get("MINIPREFECT_TEST_OWNER") == str(os.getpid()):
            raise AssertionError("it was read here")
        vars(self).update(state)


# Threads, which are there at once. The rest keeps Dask from looking at the network for an address of this machine.
HERE = {"processes": False, "dashboard_address": "127.0.0.1:0", "host": "127.0.0.1", "protocol": "tcp"}


def local(**options: Any) -> DaskExecutor:
    """An executor with a cluster of threads, which is there at once."""
    return DaskExecutor(cluster_kwargs={**HERE, "n_workers": 1, "threads_per_worker": 2, **options})


# ---------------------------------------------------------------------- which cluster


def test_both_paths_lead_to_one_class() -> None:
    from miniprefect.engine.executors import DaskExecutor as old
    from miniprefect.engine.executors.dask import DaskExecutor as older
    from miniprefect.executors.dask import DaskExecutor as new

    assert old is older is new is DaskExecutor


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install miniprefect\[dask\]"):
        DaskExecutor()


def test_the_workers_of_a_cluster_run_the_tasks(remote: DaskExecutor) -> None:
    with Flow("flow", executor=remote) as flow:
        at = where()
    assert flow.run().result[at].result != os.getpid()
    assert remote.client is None


def test_the_configuration_may_say_where_the_cluster_is(cluster: Cluster) -> None:
    with set_temporary_config({"engine.executor.dask.address": cluster.address}):
        assert DaskExecutor().address == cluster.address
        assert DaskExecutor(cluster_kwargs={"processes": False}).address is None


def test_an_address_and_a_cluster_class_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="address"):
        DaskExecutor("tcp://127.0.0.1:1", cluster_class=distributed.LocalCluster)


def test_a_cluster_that_is_not_there_fails_the_flow() -> None:
    executor = DaskExecutor("tcp://127.0.0.1:1", client_kwargs={"timeout": 0.2})
    with Flow("flow", executor=executor) as flow:
        inc(1)
    state: Any = flow.run()
    assert type(state) is Failed
    assert isinstance(state.result, OSError)


def test_a_cluster_of_threads_is_made_for_the_run() -> None:
    with Flow("flow", executor=local()) as flow:
        at = where()
        mapped = inc.map(inc.map([1, 2, 3]))
        large = task(lambda: list(range(5000)), name="large")()
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert result[at].result == os.getpid()
    assert result[mapped].result == [3, 4, 5]
    assert result[large].result == list(range(5000))  # the cluster is gone


def test_a_cluster_can_be_made_by_anything_that_makes_one_and_vary_in_size() -> None:
    made: list[Any] = []

    def make(**kwargs: Any) -> Any:
        cluster = distributed.LocalCluster(**HERE, **kwargs)
        adapt = cluster.adapt
        cluster.adapt = lambda **how: made.append(how) or adapt(**how)
        return cluster

    executor = DaskExecutor(
        cluster_class=make, cluster_kwargs={"n_workers": 0}, adapt_kwargs={"minimum": 0, "maximum": 2}
    )
    with Flow("flow", executor=executor) as flow:
        mapped = inc.map([1, 2, 3])
    assert flow.run().result[mapped].result == [2, 3, 4]  # type: ignore[union-attr]
    assert made == [{"minimum": 0, "maximum": 2}]


def test_the_settings_of_prefect_are_kept() -> None:
    executor = DaskExecutor(
        cluster_class="distributed.LocalCluster",
        cluster_kwargs={"n_workers": 3},
        client_kwargs={"timeout": 9},
        debug=True,
    )
    assert executor.cluster_class is distributed.LocalCluster
    assert executor.cluster_kwargs == {"n_workers": 3, "silence_logs": logging.WARNING}
    assert executor.client_kwargs == {"timeout": 9, "set_as_default": False}
    assert DaskExecutor().cluster_kwargs == {"silence_logs": logging.CRITICAL}
    old = DaskExecutor(local_processes=False, n_workers=2)
    assert (old.cluster_kwargs["processes"], old.cluster_kwargs["n_workers"]) == (False, 2)


def test_the_configuration_may_make_it_the_executor_of_all_flows(cluster: Cluster) -> None:
    with Flow("flow") as flow:
        at = where()
    names = {
        "engine.executor.default_class": "prefect.executors.DaskExecutor",
        "engine.executor.dask.address": cluster.address,
    }
    with set_temporary_config(names):
        assert flow.run().result[at].result != os.getpid()  # type: ignore[union-attr]


def test_a_performance_report(tmp_path: Path) -> None:
    pytest.importorskip("bokeh", reason="Dask's report needs bokeh")
    executor = local()
    executor.performance_report_path = str(tmp_path / "report.html")
    assert executor.performance_report == ""
    with Flow("flow", executor=executor) as flow:
        inc(1)
    assert flow.run().is_successful()  # type: ignore[union-attr]
    assert "<html" in executor.performance_report.lower()


# ---------------------------------------------------------------------- what Dask sees


def test_the_calls_are_named_by_task_and_each_child_is_one(cluster: Cluster, remote: DaskExecutor) -> None:
    @task(name="look around")
    def look(x: int) -> Any:
        return distributed.get_worker().get_current_task()

    with Flow("flow", executor=remote) as flow:
        keys = look.map([0, 1])
        single = inc(1)
    found: Any = flow.run().result  # type: ignore[union-attr]
    assert [key[:14] for key in found[keys].result] == ["look around-0-", "look around-1-"]
    assert found[single].result == 2


def test_tags_say_what_a_task_takes_of_a_worker(tmp_path: Path) -> None:
    @task(tags=["dask-resource:GPU=1"])
    def on_gpu(x: int) -> int:
        return os.getpid()

    with cluster_in(tmp_path, 1, ("--no-nanny",)) as cluster:
        cluster.options = ("--resources", "GPU=1", "--no-nanny")
        cluster.start_worker()
        executor = DaskExecutor(cluster.address)
        with distributed.Client(cluster.address, set_as_default=False) as client:
            client.wait_for_workers(2)
            workers = client.scheduler_info()["workers"].values()
            resources = {worker["id"]: worker["resources"] for worker in workers}
            ids = client.run(os.getpid)
        assert sorted(len(found) for found in resources.values()) == [0, 1]
        with Flow("flow", executor=executor) as flow:
            mapped = on_gpu.map(list(range(8)))
        processes = set(flow.run().result[mapped].result)  # type: ignore[union-attr]
    assert len(processes) == 1
    assert len(set(ids.values())) == 2


def test_a_tag_without_an_amount_is_refused(remote: DaskExecutor) -> None:
    with Flow("flow", executor=remote) as flow:
        task(lambda: 1, name="one", tags=["dask-resource:GPU"])()
    state: Any = flow.run()
    assert "dask-resource:GPU=1" in str(state.message)


# ---------------------------------------------------------------------- results stay on the workers


def test_large_results_go_from_task_to_task_without_being_read_by_the_owner(
    remote: DaskExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIPREFECT_TEST_OWNER", str(os.getpid()))

    @task
    def make(mark: int) -> Large:
        return Large(mark)

    @task
    def mark_of(large: Large) -> int:
        return large.mark

    @task
    def together(larges: list[Large], one: Large) -> list[int]:
        return [large.mark for large in [*larges, one]]

    with Flow("flow", executor=remote) as flow:
        made, single = make.map([1, 2, 3]), make(4)
        marks = mark_of.map(made)
        all_marks = together(made, single)
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert result[marks].result == [1, 2, 3]
    assert result[all_marks].result == [1, 2, 3, 4]
    monkeypatch.delenv("MINIPREFECT_TEST_OWNER")
    assert [large.mark for large in result[made].result] == [1, 2, 3]  # the connection is closed
    again = pickle.loads(pickle.dumps(result[single]))
    assert again.result.mark == 4


def test_a_result_of_100_megabytes(remote: DaskExecutor) -> None:
    size = 100_000_000
    with Flow("flow", executor=remote) as flow:
        made = task(lambda: bytes(size), name="make")()
        length = task(lambda data: len(data), name="length")(made)
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert result[length].result == size
    assert len(result[made].result) == size


def test_large_results_of_a_run_that_waits_for_a_retry(remote: DaskExecutor) -> None:
    """The retry is made in a run of its own, which begins with the states of the one before."""

    @task(max_retries=1, retry_delay=datetime.timedelta(seconds=0.3))
    def flaky(large: Large) -> int:
        if context.task_run_count == 1:
            raise ValueError("not yet")
        return large.mark

    with Flow("flow", executor=remote) as flow:
        made = task(lambda: Large(7), name="make")()
        tried = flaky(made)
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert result[tried].result == 7
    assert result[made].result.mark == 7


def test_nothing_is_left_on_the_cluster(cluster: Cluster, remote: DaskExecutor) -> None:
    with Flow("flow", executor=remote) as flow:
        task(lambda n: [n] * 10_000, name="make").map([1, 2, 3])
    for _ in range(5):
        assert flow.run().is_successful()  # type: ignore[union-attr]
    with distributed.Client(cluster.address, set_as_default=False) as client:
        end = time.monotonic() + 5
        while any(client.has_what().values()) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(client.has_what().values())


# ---------------------------------------------------------------------- what travels


def test_lambdas_closures_and_local_classes_travel(remote: DaskExecutor) -> None:
    offset = 10

    class Point:
        def __init__(self, x: int) -> None:
            self.x = x

    with Flow("flow", executor=remote) as flow:
        shift = task(lambda: lambda point: point.x + offset, name="shift")()
        point = task(lambda: Point(3), name="point")()
        moved = task(lambda f, p: f(p), name="move")(shift, point)
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert result[moved].result == 13
    assert type(result[point].result) is Point


SCRIPT = """
    import sys, time
    from miniprefect import Flow, Task, task
    from miniprefect.executors import DaskExecutor

    class Point:
        def __init__(self, x):
            self.x = x

    class Double(Task):
        def run(self, point):
            return Point(point.x * FACTOR)

    FACTOR = 2

    @task
    def make(x):
        return Point(x)

    if __name__ == "__main__":
        with Flow("script", executor=DaskExecutor(sys.argv[1])) as flow:
            doubled = Double().map(make.map([1, 2]))
        result = flow.run().result[doubled].result
        print([point.x for point in result], type(result[0]) is Point)
"""


def test_a_script_that_the_workers_can_not_import(cluster: Cluster, tmp_path: Path) -> None:
    with run_script(tmp_path, SCRIPT, cluster.address) as process:
        assert process.communicate(timeout=30)[0] == "[2, 4] True\n"


def test_a_module_that_the_workers_do_not_have_is_named(
    remote: DaskExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("def double(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("only_here")
    with Flow("flow", executor=remote) as flow:
        doubled = task(module.double)(1)
    state: Any = flow.run().result[doubled]  # type: ignore[union-attr]
    assert type(state) is Failed
    assert "only_here" in state.message
    assert "upload_file" in state.message


# ---------------------------------------------------------------------- the log, time limits, coroutines


def test_log_lines_and_prints_come_back_also_while_a_task_goes_on(
    remote: DaskExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    @task(log_stdout=True)
    def talk() -> float:
        print("printed")
        context.logger.warning("logged %s", 1)
        time.sleep(1)
        return time.time()

    with Flow("flow", executor=remote) as flow:
        talked = talk()
    with caplog.at_level(logging.INFO, "prefect"):
        result: Any = flow.run().result  # type: ignore[union-attr]
    lines = [record.getMessage() for record in caplog.records]
    assert lines.index("printed") < lines.index("logged 1")
    assert any("Starting task run" in line for line in lines)
    assert {record.task_name for record in caplog.records if record.getMessage() == "logged 1"} == {"talk"}  # type: ignore[attr-defined]
    assert len(lines) == len(set(lines))
    assert result[talked].is_successful()


def test_a_time_limit(remote: DaskExecutor) -> None:
    @task(timeout=1)
    def late() -> None:
        while True:
            time.sleep(0.01)

    with Flow("flow", executor=remote) as flow:
        slow, other = late(), inc(1)
    begun = time.monotonic()
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert time.monotonic() - begun < 5
    assert type(result[slow]) is TimedOut
    assert result[other].result == 2


def test_coroutines_wait_together(remote: DaskExecutor) -> None:
    @task
    async def wait(x: int) -> tuple[float, float]:
        begun = time.time()
        await asyncio.sleep(0.5)
        return begun, time.time()

    with Flow("flow", executor=remote) as flow:
        waited = wait.map(list(range(200)))
    times = flow.run().result[waited].result  # type: ignore[union-attr]
    at_a_time = [sum(begun <= moment < ended for begun, ended in times) for moment, _ in times]
    assert max(at_a_time) > 20  # there are four threads


def test_maps_go_depth_first(remote: DaskExecutor) -> None:
    @task
    def first(x: int) -> float:
        time.sleep(0.02)
        return x

    @task
    def second(x: int) -> float:
        return time.time()

    with Flow("flow", executor=remote) as flow:
        ends = second.map(first.map(list(range(60))))
    times: Any = flow.run().result[ends].result  # type: ignore[union-attr]
    assert sorted(times)[10] - min(times) < (max(times) - min(times)) / 2
