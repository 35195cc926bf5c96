"""What the tests of `core` share: scripts in a Python of their own, and a clock that only moves when asked."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

from miniprefect.utilities.clock import Clock

SOURCE = Path(__file__).parents[2] / "src"


def script_output(folder: Path, text: str, timeout: float = 60, **environment: str) -> str:
    """Run `text` as a script in another Python and return what it prints."""
    script = folder / "script.py"
    script.write_text(text)
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "PREFECT__LOGGING__LEVEL": "CRITICAL", **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class StoppedClock(Clock):
    """Stand still, except while somebody waits."""

    def __init__(self) -> None:
        self.time = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
        self.waits: list[float] = []

    def now(self) -> datetime.datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += datetime.timedelta(seconds=seconds)
