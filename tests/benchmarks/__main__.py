"""Measure, and print tables: `python -m tests.benchmarks --help`.

Run by hand or in CI as a report. It never fails for being slow: `--check` prints what misses a target.
"""

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

# As a user would switch the log off. Read when miniprefect, or prefect, is imported.
os.environ["PREFECT__LOGGING__LEVEL"] = "CRITICAL"
sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

import miniprefect
from tests.benchmarks import logs, memory, parts, processes, progress, report, side_by_side, starts
from tests.benchmarks.contenders import Contender, contenders
from tests.benchmarks.rivals import rivals
from tests.benchmarks.shapes import CHAIN, FAN, GRID, MAP, SHAPES, Shape

PARTS, LOG_LINES, PROGRESS, MEMORY, STARTING = "parts", "log lines", "progress", "memory", "starting"
PROCESSES, SIDE_BY_SIDE = "processes", "side by side"
WORKS = [*(shape.name for shape in SHAPES), PARTS, LOG_LINES, PROGRESS, MEMORY, STARTING, PROCESSES, SIDE_BY_SIDE]
LONGEST_LOGGED_CHAIN = 10_000
WARM_UP = 10


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], metavar="N")
    parser.add_argument("--children", type=int, default=1_000_000, metavar="N", help="those of the largest map")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="interleaved rounds of each case")
    parser.add_argument("--only", nargs="+", choices=WORKS, default=WORKS, metavar="WORK", help=", ".join(WORKS))
    parser.add_argument("--rivals", type=int, default=10**9, metavar="N", help="their largest size; 0: without them")
    parser.add_argument("--check", action="store_true", help="also list what misses a target")
    return parser.parse_args(arguments)


def run_case(shape: Shape, size: int, rounds: int, everyone: Sequence[Contender]) -> report.Case:
    """Let all contenders do the work in turn, round after round; says so when their results differ."""
    able = [contender for contender in everyone if contender.can(shape, size)]
    case = report.Case(shape.name, size, {contender.name: [] for contender in able})
    results = {}
    for contender in able:
        contender.measure(shape, WARM_UP)  # what is loaded at the first use is no part of the work
    for number in range(rounds):
        for contender in able:
            if number < contender.most_rounds:
                timing, results[contender.name] = contender.measure(shape, size)
                case.rounds[contender.name].append(timing)
    if len(set(results.values())) > 1:
        print(f"{shape.name}, {size:,}: the results differ, so the figures mean little: {results}\n")
    return case


def report_shapes(options: argparse.Namespace) -> list[str]:
    """Run every case, telling on standard error which one, so that waiting is no riddle."""
    everyone = [*contenders(), *(rivals(options.rivals) if options.rivals else ())]
    cases = []
    for shape in [shape for shape in SHAPES if shape.name in options.only]:
        for size in sorted({*options.sizes, *([options.children] if shape is MAP else ())}):
            print(f"{shape.name}, {size:,} ...", file=sys.stderr)
            cases.append(run_case(shape, size, options.rounds, everyone))
    print(report.table([line for case in cases for line in report.rows(case)]))
    return list(report.shortfalls(cases))


def report_parts(options: argparse.Namespace) -> list[str]:
    """Take the time of a run apart; there is no target."""
    cases = [(shape, size) for shape in (CHAIN, FAN, GRID) for size in options.sizes]
    found = [line for case in cases for line in parts.measure(miniprefect, *case, options.rounds)]
    print(report.table(found, parts.TITLES))
    return []


def report_logs(options: argparse.Namespace) -> list[str]:
    """Run with the log on."""
    sizes = {min(size, LONGEST_LOGGED_CHAIN) for size in options.sizes}
    found = [logs.measure(miniprefect, size, options.rounds) for size in sorted(sizes)]
    print(report.table([lines.row() for lines in found], logs.TITLES))
    return [missed for lines in found for missed in logs.shortfalls(lines)]


def report_progress(options: argparse.Namespace) -> list[str]:
    """Run with the progress line."""
    size = min(max(options.sizes), progress.LONGEST)
    found = [progress.measure(miniprefect, size, 2 * options.rounds, is_logged) for is_logged in (False, True)]
    print(report.table([shown.row() for shown in found], progress.TITLES))
    return [missed for shown in found for missed in progress.shortfalls(shown)]


def report_memory(options: argparse.Namespace) -> list[str]:
    """Weigh the largest map."""
    found = memory.measure(miniprefect, options.children)
    print(report.table([found.row()], memory.TITLES))
    return list(memory.shortfalls(found))


def report_starts(options: argparse.Namespace) -> list[str]:
    """Time whole processes."""
    times = starts.measure(options.rounds * 2)
    print(report.table(starts.rows(times), starts.TITLES), "\n")
    print(f"import: {starts.import_ratio(times):.2f} x the yardstick; ", end="")
    print(f"first example: {starts.example_ratio(times):.2f} x a process with the yardstick's imports")
    return list(starts.shortfalls(times))


def report_processes(options: argparse.Namespace) -> list[str]:
    """Map in worker processes."""
    found = [processes.measure(miniprefect, size, options.rounds) for size in sorted({*options.sizes})]
    print(report.table([maps.row() for maps in found], processes.TITLES))
    return [missed for maps in found for missed in processes.shortfalls(maps)]


def report_side_by_side(options: argparse.Namespace) -> list[str]:
    """Run tasks in threads, in processes and on Dask."""
    races = list(side_by_side.measure(miniprefect, min(options.sizes), options.rounds, options.rivals > 0))
    print(report.table([race.row() for race in races], side_by_side.TITLES))
    return [missed for race in races for missed in side_by_side.shortfalls(race)]


REPORTS = {
    PARTS: report_parts,
    LOG_LINES: report_logs,
    PROGRESS: report_progress,
    MEMORY: report_memory,
    STARTING: report_starts,
    PROCESSES: report_processes,
    SIDE_BY_SIDE: report_side_by_side,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    options = parse(arguments)
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; log off;")
    print(f"best of {options.rounds} interleaved rounds, medians of the rounds' ratios in brackets\n")
    missed = report_shapes(options) if {shape.name for shape in SHAPES} & {*options.only} else []
    for work, report_work in REPORTS.items():
        if work in options.only:
            print()
            missed += report_work(options)
    if options.check:
        print("\nFalls short:" if missed else "\nEvery target is met.", *missed, sep="\n- " if missed else "")


if __name__ == "__main__":
    main()
