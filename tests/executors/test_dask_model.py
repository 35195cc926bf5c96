"""Random flows on a Dask cluster, beside the plain reference of tests/executors/test_model.py."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("distributed", reason="Dask is not installed: pip install miniprefect[dask]")

import hypothesis

from miniprefect.engine.state import Failed
from miniprefect.executors import DaskExecutor
from tests.executors.dask_helpers import cluster_in
from tests.executors.test_model import Node, flows, made, reference, seen

# Dask's own: sockets and processes that it closes late.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def deaths(nodes: list[Node]) -> int:
    """How many task runs end their worker."""
    ends = zip(nodes, reference(nodes), strict=True)
    flat = [(node, one) for node, end in ends for one in (end if isinstance(end, list) else [end])]
    return sum(one is Failed and node.end != "raise" for node, one in flat)


def compare(executor: DaskExecutor, ends: tuple[str, ...], examples: int, deadly: bool = False) -> None:
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[hypothesis.HealthCheck.filter_too_much],
    )
    @hypothesis.given(flows(ends))
    def check(nodes: list[Node]) -> None:
        hypothesis.assume(not deadly or 1 <= deaths(nodes) <= 2)
        flow, tasks = made(nodes)
        result: Any = flow.run(executor=executor).result  # type: ignore[union-attr]
        assert [seen(result[task]) for task in tasks] == reference(nodes)

    check()


def test_every_task_ends_in_the_one_right_state(remote: DaskExecutor) -> None:
    compare(remote, ("raise",), 12)


def test_every_task_ends_in_the_one_right_state_also_when_workers_die(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask gives a task three more tries, each of which takes a worker; here it gives none, to be done sooner."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with cluster_in(tmp_path, 2) as cluster:
        compare(DaskExecutor(cluster.address), ("raise", "exit", "kill"), 2, deadly=True)
