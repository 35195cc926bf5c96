"""What there can be much of: bytes in a result, runs one after the other."""

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, task
from miniprefect.executors import Executor, ProcessExecutor, ThreadExecutor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at memory and files as Linux shows them")


@pytest.mark.parametrize("executor", [ThreadExecutor(2), ProcessExecutor(2)], ids=["threads", "processes"])
def test_a_result_of_a_gigabyte(executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    size = 1_000_000_000
    with Flow("flow", executor=executor) as flow:
        made = task(lambda: bytes(size), name="make")()
        length = task(lambda data: len(data), name="length")(made)
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert result[length].result == size  # it was read by another task; here, that takes as long again


def held() -> tuple[int, int, int]:
    """How many threads, open files and child processes this process has."""
    children = sum(len(path.read_text().split()) for path in Path("/proc/self/task").glob("*/children"))
    return threading.active_count(), len(os.listdir("/proc/self/fd")), children


def memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize(
    ("executor", "runs"), [(ThreadExecutor(2), 1000), (ProcessExecutor(2), 60)], ids=["threads", "processes"]
)
def test_many_short_flows_take_no_more_than_the_first_ones(
    executor: Executor, runs: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "prefect")  # pytest keeps what is logged
    with Flow("flow", executor=executor) as flow:
        task(lambda x: x, name="same").map([1, 2])
    for _ in range(20):
        flow.run()
    before, at = held(), memory()
    for _ in range(runs):
        assert flow.run().is_successful()  # type: ignore[union-attr]
    assert held() == before
    assert memory() - at < 4_000_000
