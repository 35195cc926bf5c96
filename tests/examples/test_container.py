"""examples/container.py with a real Engine, and without one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.podman import IMAGE, Podman, running


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    with running(Path(tempfile.mkdtemp(prefix="podman-"))) as service:
        yield service


def test_runs_commands_and_leaves_no_container(run_example, podman, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", podman.url)
    done = run_example("container", "--image", IMAGE, "sh -c 'echo $((6 * 7))'")
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
    assert podman.command("ps", "--all", "--quiet") == ""


def test_a_command_that_fails_leaves_no_container(run_example, podman, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", podman.url)
    done = run_example("container", "--image", IMAGE, "ls /nothing", log_level="INFO")
    assert done.returncode == 1
    assert "/nothing: No such file or directory" in done.stdout
    assert podman.command("ps", "--all", "--quiet") == ""


def test_without_an_engine(run_example, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing")
    done = run_example("container")
    assert done.returncode == 1
    assert "Is it running?" in done.stdout
    assert "It failed." in done.stdout
