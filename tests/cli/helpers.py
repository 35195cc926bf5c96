"""Running the command line as people do: in a process of its own, in a pipe or on a terminal."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

COMMAND = [sys.executable, "-W", "error", "-m", "miniprefect"]
PATIENCE = 30.0

FLOW = '''\
import prefect
from prefect import Flow, Parameter, task


@task
def say(x, y):
    """Print, and fail for bad names."""
    print("said", repr(x), repr(y), prefect.context.get("mood"))
    if x == "bad":
        raise ValueError("a bad name")


with Flow("greeting") as flow:
    say(Parameter("name"), Parameter("times", default=3))
'''


def environment(**variables: str) -> dict[str, str]:
    """The environment of this process, with the package at hand."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables}


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `miniprefect ARGUMENTS` in `folder`, in a pipe."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


class Terminal:
    """A process on a terminal of its own, whose screen is read as the bytes that it is sent.

    Args:
        command: what to run.
        folder: where.
        size: rows and columns.
        variables: of the environment.
    """

    def __init__(self, command: list[str], folder: Path, size: tuple[int, int] = (24, 80), **variables: str) -> None:
        self.owner, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, size)
        env = {"TERM": "xterm", **variables}
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={name: value for name, value in environment(**env).items() if name != "COLUMNS"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(terminal)
        self.output = ""

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window another size."""
        termios.tcsetwinsize(self.owner, size)

    def read_until(self, seen: Callable[[str], bool]) -> str:
        """Read until `seen` says so of all that has been read."""
        end = time.monotonic() + PATIENCE
        while not seen(self.output):
            assert time.monotonic() < end, f"only this came: {self.output!r}"
            if not self._read():
                break
        return self.output

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self.owner, b"\x03")

    def end(self) -> int:
        """Read to the end; return the exit code."""
        self.read_until(lambda _: False)
        code = self.process.wait(PATIENCE)
        os.close(self.owner)
        return code

    def hang_up(self) -> None:
        """Take the terminal away, and wait for the end of the process, which is to ignore that."""
        os.close(self.owner)
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End what still runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _read(self) -> bool:
        if not select.select([self.owner], [], [], 1)[0]:
            return True
        try:
            data = os.read(self.owner, 65536)
        except OSError:  # nobody has the other end any more
            return False
        self.output += data.decode()
        return bool(data)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # Shells start what runs in the background so that it ignores Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
