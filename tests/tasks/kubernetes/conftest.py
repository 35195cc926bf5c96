"""A cluster for each test, and certificates for all of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tasks.kubernetes.certificates import Certificates
from tests.tasks.kubernetes.cluster import Cluster


@pytest.fixture(autouse=True)
def no_real_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the tests from whatever cluster the person who runs them can reach."""
    for name in [name for name in os.environ if name.startswith("KUBE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster that anybody may use, and that KUBECONFIG leads to."""
    with Cluster(tmp_path / "pods") as made:
        monkeypatch.setenv("KUBECONFIG", str(made.kubeconfig(tmp_path)))
        yield made


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority, and what it signed."""
    return Certificates.make(tmp_path_factory.mktemp("certificates"))
