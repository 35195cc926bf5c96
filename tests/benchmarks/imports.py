"""What `import miniprefect` costs beside imports that most programs make anyway."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from time import perf_counter

SOURCES = Path(__file__).parents[2] / "src"
NOTHING = "pass"
YARDSTICK = "import logging, inspect, datetime, concurrent.futures"
OURS = "import miniprefect"


def seconds(program: str) -> float:
    """How long a fresh interpreter takes, from its start to its end."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    start = perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    return perf_counter() - start


def measure(rounds: int) -> Mapping[str, list[float]]:
    """Alternate between the programs; one round ahead of the first warms the caches."""
    times: dict[str, list[float]] = {NOTHING: [], YARDSTICK: [], OURS: []}
    for number in range(rounds + 1):
        for program, found in times.items():
            elapsed = seconds(program)
            if number:
                found.append(elapsed)
    return times


def net_ratio(times: Mapping[str, list[float]]) -> float:
    """Our import against the yardstick's, both less the bare interpreter, best of all rounds."""
    nothing, yardstick, ours = (min(times[program]) for program in (NOTHING, YARDSTICK, OURS))
    return (ours - nothing) / (yardstick - nothing)


def rows(times: Mapping[str, list[float]]) -> list[tuple[str, ...]]:
    """The lines of a table: milliseconds of whole processes, and less the bare interpreter."""
    nothing = min(times[NOTHING])
    return [
        (
            program,
            f"{min(found) * 1e3:.1f}",
            f"{median(found) * 1e3:.1f}",
            f"{(min(found) - nothing) * 1e3:.1f}",
        )
        for program, found in times.items()
    ]
