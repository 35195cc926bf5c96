"""A Dask cluster as people have it: a scheduler and two workers, processes started by Dask's own commands."""

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Cluster:
    """Start a scheduler and workers on loopback, and end them.

    Args:
        folder: for what they write.
        workers: how many.
        options: more for each ``dask worker``.
    """

    def __init__(self, folder: Path, workers: int = 2, options: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.options = options
        self.processes: list[subprocess.Popen[bytes]] = []
        self.info = folder / "scheduler.json"
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.info))
        self.address: str = _when_written(self.info)["address"]
        for _ in range(workers):
            self.start_worker()

    def start_worker(self) -> "subprocess.Popen[bytes]":
        """Start a worker."""
        return self.start(
            "worker", self.address, "--nthreads", "2", "--local-directory", str(self.folder), *self.options
        )

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT), str(ROOT / "tests" / "conformance")]),
            "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
            # A worker that has died comes back at once: what it imports is there already.
            "DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "forkserver",
        }
        with open(self.folder / f"{command[0]}-{len(self.processes)}.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", command[0], *command[1:], "--dashboard-address", "127.0.0.1:0"],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def close(self) -> None:
        """End all processes, and those that they have started."""
        for process in self.processes:
            process.kill()
        time.sleep(0.3)  # their own processes end by themselves; the last removes the semaphores
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()


def _when_written(path: Path) -> Any:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            return json.loads(path.read_text())
        except (OSError, ValueError):
            time.sleep(0.05)
    raise TimeoutError("the scheduler did not start")


@contextmanager
def cluster_in(folder: Path, workers: int = 2, options: tuple[str, ...] = ()) -> Iterator[Cluster]:
    """Hold a cluster for the length of a ``with`` block."""
    cluster = Cluster(folder, workers, options)
    try:
        yield cluster
    finally:
        cluster.close()


def run_script(folder: Path, text: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a script of a user, in a session of its own."""
    path = folder / "script_of_a_user.py"
    path.write_text(textwrap.dedent(text))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PREFECT__LOGGING__LEVEL": "CRITICAL"}
    return subprocess.Popen(
        [sys.executable, str(path), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
