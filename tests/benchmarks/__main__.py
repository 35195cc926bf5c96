"""Measure, and print a table: `python -m tests.benchmarks --help`.

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

from tests.benchmarks import imports, report
from tests.benchmarks.contenders import Contender, contenders
from tests.benchmarks.shapes import SHAPES, Shape

IMPORT_TITLES = ("program", "best ms", "median ms", "best, less `pass`, ms")


def run_case(shape: Shape, size: int, rounds: int, everyone: Sequence[Contender]) -> report.Case:
    """Let all contenders do the work in turn, round after round; says so when their results differ."""
    able = [contender for contender in everyone if size <= contender.limit]
    case = report.Case(shape.name, size, {contender.name: [] for contender in able})
    results = {}
    for number in range(rounds):
        for contender in able:
            if number < contender.most_rounds:
                timing, results[contender.name] = contender.measure(shape, size)
                case.rounds[contender.name].append(timing)
    if len(set(results.values())) > 1:
        print(f"{shape.name}, {size:,}: the results differ, so the figures mean little: {results}\n")
    return case


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="interleaved rounds of each case")
    parser.add_argument("--only", nargs="+", choices=[shape.name for shape in SHAPES], metavar="WORK")
    parser.add_argument("--prefect-limit", type=int, default=1_000, metavar="N", help="its largest size")
    parser.add_argument("--dask-limit", type=int, default=100_000, metavar="N", help="its largest size")
    parser.add_argument("--no-imports", action="store_true", help="leave out the time of the import")
    parser.add_argument("--check", action="store_true", help="also list what misses a target")
    return parser.parse_args(arguments)


def measure_shapes(options: argparse.Namespace) -> list[report.Case]:
    """Run every case, telling on standard error which one, so that waiting is no riddle."""
    everyone = contenders(options.prefect_limit, options.dask_limit)
    cases = []
    for shape in SHAPES:
        for size in options.sizes:
            if not options.only or shape.name in options.only:
                print(f"{shape.name}, {size:,} ...", file=sys.stderr)
                cases.append(run_case(shape, size, options.rounds, everyone))
    return cases


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    options = parse(arguments)
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; log off;")
    print(f"best of {options.rounds} interleaved rounds, medians of the rounds' ratios in brackets\n")
    cases = measure_shapes(options)
    print(report.table([line for case in cases for line in report.rows(case)]))
    missed = list(report.shortfalls(cases))
    if not options.no_imports:
        times = imports.measure(options.rounds * 2)
        ratio = imports.net_ratio(times)
        print(f"\n{report.table(imports.rows(times), IMPORT_TITLES)}\n\nimport: {ratio:.2f} x the yardstick")
        if ratio > report.IMPORT_TARGET:
            missed.append(f"import: costs {ratio:.2f} x the yardstick, short of {report.IMPORT_TARGET:g} x")
    if options.check:
        print("\nFalls short:" if missed else "\nEvery target is met.", *missed, sep="\n- " if missed else "")


if __name__ == "__main__":
    main()
