"""The conformance scenarios on a Dask cluster: they see there what they see when tasks run one after the other."""

import os
from typing import Any

import pytest

from miniprefect.executors import DaskExecutor
from tests.conformance.elsewhere import PROCESSES, in_any_order, is_comparable, unordered
from tests.conformance.test_conformance import difference, played
from tests.executors.dask_helpers import Cluster

pytest.importorskip("distributed", reason="Dask is not installed: pip install miniprefect[dask]")

# Those in which much can differ. All can be played so, but that takes minutes.
TOPICS = ["caching", "mapping", "signals"]


class OnCluster(DaskExecutor):
    """The executor of the processes in which scenarios are played."""

    def __init__(self) -> None:
        super().__init__(os.environ["DASK_CLUSTER_OF_TESTS"])


@pytest.mark.parametrize("topic", TOPICS)
def test_nothing_depends_on_dask(topic: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    here = played(topic)
    monkeypatch.setenv("DASK_CLUSTER_OF_TESTS", cluster.address)
    there = played(topic, "--executor", f"{__name__}.{OnCluster.__name__}")
    assert not there[1]
    names = [name for name in here[0] if is_comparable(PROCESSES, topic, name)]
    assert len(names) > 3  # or nothing was compared
    for name in names:
        expected, seen = _observed(here, topic, name), _observed(there, topic, name)
        if seen != expected:
            pytest.fail(difference({name: expected}, {name: seen}), pytrace=False)


def _observed(played: Any, topic: str, name: str) -> Any:
    observation = played[0][name].get("observation", played[0][name])
    return unordered(observation) if in_any_order(topic, name) else observation
