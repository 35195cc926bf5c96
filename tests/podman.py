"""A real Engine for tests: Podman's service of the Docker API, with its storage, settings and registry in one folder.

It needs root, and the Debian packages podman, runc and busybox-static.
"""

import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.registry import Registry

IMAGE = "localhost/busybox:1"
COMMANDS = ("cat", "echo", "env", "false", "ls", "printf", "sh", "sleep", "true")
PATIENCE = 30  # seconds

CONTAINERS_CONF = """
[containers]
netns = "none"
default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
tmp_dir = "{folder}/tmp"
"""

STORAGE_CONF = """
[storage]
driver = "vfs"
graphroot = "{folder}/images"
runroot = "{folder}/run"
"""

REGISTRIES_CONF = """
[[registry]]
location = "{registry}"
insecure = true
"""


class Podman:
    """A service that listens on a unix socket.

    Args:
        folder: where it keeps all that it has.
        registry: a registry that it may speak with.
    """

    def __init__(self, folder: Path, registry: Registry) -> None:
        self.folder = folder
        self.registry = registry
        self.socket = folder / "engine.sock"
        self.url = f"unix://{self.socket}"
        self.environment = dict(os.environ)
        for name, text in (("CONF", CONTAINERS_CONF), ("STORAGE_CONF", STORAGE_CONF)):
            self._configure(f"CONTAINERS_{name}", text)
        self._configure("CONTAINERS_REGISTRIES_CONF", REGISTRIES_CONF)

    def _configure(self, variable: str, text: str) -> None:
        file = self.folder / f"{variable.lower()}.conf"
        file.write_text(text.format(folder=self.folder, registry=self.registry.host))
        self.environment[variable] = str(file)

    def command(self, *arguments: object) -> str:
        """Run a command of Podman's, and return what it writes."""
        done = subprocess.run(
            ["podman", *map(str, arguments)], env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        if done.returncode:
            raise OSError(done.stderr.strip())
        return done.stdout

    def import_image(self) -> None:
        """Make an image that has a shell and a few commands."""
        archive = self.folder / "image.tar"
        with tarfile.open(archive, "w") as file:
            file.add(os.path.realpath(str(shutil.which("busybox"))), "bin/busybox")
            for command in COMMANDS:
                link = tarfile.TarInfo(f"bin/{command}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                file.addfile(link)
        self.command("import", archive, IMAGE)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve for the length of a ``with`` block."""
        with open(self.folder / "log", "w") as log:
            service = subprocess.Popen(
                ["podman", "system", "service", "--time", "0", self.url],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_for(service)
            yield
        finally:
            self.command("rm", "--all", "--force", "--time", "0")
            service.terminate()
            service.wait(PATIENCE)

    def _wait_for(self, service: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + PATIENCE
        while not self.socket.exists():
            if service.poll() is not None or time.monotonic() > end:
                raise OSError((self.folder / "log").read_text().strip() or "its service does not listen")
            time.sleep(0.01)


def what_is_missing() -> str:
    """Return why there can't be an Engine here, or ""."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "Podman as it is used here needs root"
    programs = [name for name in ("podman", "runc", "busybox") if shutil.which(name) is None]
    return f"not installed: {', '.join(programs)} (on Debian: podman runc busybox-static)" if programs else ""


@contextmanager
def running(folder: Path) -> Iterator[Podman]:
    """Serve for the length of a ``with`` block; the test is skipped where that is impossible."""
    reason = what_is_missing()
    if reason:
        pytest.skip(f"the Docker tasks are tested with Podman: {reason}")
    with Registry().serving() as registry:
        podman = Podman(folder, registry)
        try:
            podman.import_image()
        except (OSError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"the Docker tasks are tested with Podman, which can't work here: {error}")
        with podman.serving():
            yield podman
    assert str(folder) not in Path("/proc/mounts").read_text(), "Podman has left a mount behind"
    shutil.rmtree(folder)
