"""The conformance scenarios on a Dask cluster: they see there what they see when tasks run one after the other."""

import os
from collections.abc import Iterator

import pytest

from miniprefect.executors import DaskExecutor
from tests.conformance.elsewhere import DASK
from tests.conformance.test_conformance import BUILT, being_played, check_it_sees_the_same, elsewhere, played
from tests.executors.dask_helpers import Cluster

pytest.importorskip("distributed", reason="Dask is not installed: pip install miniprefect[dask]")


class OnCluster(DaskExecutor):
    """The executor of the processes in which scenarios are played."""

    def __init__(self) -> None:
        super().__init__(os.environ["DASK_CLUSTER_OF_TESTS"])


def on_dask(topic: str) -> tuple[str, ...]:
    """Say how to play what is to be seen on Dask, too."""
    *how, _ = elsewhere(topic, DASK)
    return *how, f"{__name__}.{OnCluster.__name__}"


@pytest.fixture(scope="module", autouse=True)
def play_ahead(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[None]:
    """Have the topics that were chosen played side by side: much of it is waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASK_CLUSTER_OF_TESTS", cluster.address)
        for item in request.session.items:
            if item.path == request.path and isinstance(item, pytest.Function):
                being_played(*on_dask(item.callspec.params["topic"]))
        yield


@pytest.mark.parametrize("topic", BUILT)
def test_nothing_depends_on_dask(topic: str) -> None:
    check_it_sees_the_same(topic, played(topic), played(*on_dask(topic)))
