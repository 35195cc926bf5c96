"""Fixtures that several files of this folder use."""

from collections.abc import Iterator
from typing import Any

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests with Dask come last: its files and threads come and go, where other tests count their own."""
    items.sort(key=lambda item: item.path.name.startswith("test_dask"))


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Dask cluster of two worker processes."""
    pytest.importorskip("distributed", reason="Dask is not installed: pip install miniprefect[dask]")
    from tests.executors.dask_helpers import cluster_in

    with cluster_in(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture
def remote(cluster: Any) -> Any:
    """An executor on that cluster."""
    from miniprefect.executors import DaskExecutor

    return DaskExecutor(cluster.address)
