"""What starting costs, in whole processes: the import, and the first example, beside what most programs import."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

REPOSITORY = Path(__file__).parents[2]
NOTHING = "pass"
YARDSTICK = "import logging, inspect, datetime, concurrent.futures"
OURS = "import miniprefect"
EXAMPLE = "examples/first_steps.py"

Times = Mapping[str, list[float]]
TITLES = ("program", "best ms", "median ms", "best, less `pass`, ms")
IMPORT_TARGET = 2.0
EXAMPLE_TARGET = 2.5


def seconds(program: str, bytecode: str) -> float:
    """How long a fresh interpreter takes, from its start to its end; `bytecode` is the folder that it keeps its in."""
    settings = {"PYTHONPATH": str(REPOSITORY / "src"), "PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
    arguments = [str(REPOSITORY / program)] if program == EXAMPLE else ["-c", program]
    start = perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def measure(rounds: int) -> Times:
    """Alternate between the programs; one round ahead of the first compiles what they import."""
    times: dict[str, list[float]] = {NOTHING: [], YARDSTICK: [], OURS: [], EXAMPLE: []}
    with TemporaryDirectory() as bytecode:
        for number in range(rounds + 1):
            for program, found in times.items():
                elapsed = seconds(program, bytecode)
                if number:
                    found.append(elapsed)
    return times


def import_ratio(times: Times) -> float:
    """Our import against the yardstick's, both less the bare interpreter, best of all rounds."""
    nothing, yardstick, ours = (min(times[program]) for program in (NOTHING, YARDSTICK, OURS))
    return (ours - nothing) / (yardstick - nothing)


def example_ratio(times: Times) -> float:
    """The first example to its end, against an interpreter that makes the yardstick's imports, best of all rounds."""
    return min(times[EXAMPLE]) / min(times[YARDSTICK])


def rows(times: Times) -> list[tuple[str, ...]]:
    """The lines of a table: milliseconds of whole processes, and less the bare interpreter."""
    nothing = min(times[NOTHING])
    return [
        (program, *[f"{span * 1e3:.1f}" for span in (min(found), median(found), min(found) - nothing)])
        for program, found in times.items()
    ]


def shortfalls(times: Times) -> Iterator[str]:
    """What misses a target, one line each."""
    if (ratio := import_ratio(times)) > IMPORT_TARGET:
        yield f"import: costs {ratio:.2f} x the yardstick, short of {IMPORT_TARGET:g} x"
    if (ratio := example_ratio(times)) > EXAMPLE_TARGET:
        yield f"{EXAMPLE}: takes {ratio:.2f} x a process with the yardstick's imports, short of {EXAMPLE_TARGET:g} x"
