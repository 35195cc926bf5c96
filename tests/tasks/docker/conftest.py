"""One Engine for all tests of the Docker tasks."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.podman import Podman, running


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    # Not pytest's own temporary folder: its names make the path of a socket too long.
    with running(Path(tempfile.mkdtemp(prefix="podman-"))) as service:
        yield service
