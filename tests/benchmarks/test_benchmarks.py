"""The benchmarks work, at a size that costs nothing; no figure is asserted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import miniprefect
from tests.benchmarks import logs, memory, processes, progress, report, side_by_side, starts
from tests.benchmarks.contenders import Timing, build_bare
from tests.benchmarks.rivals import build_dask
from tests.benchmarks.shapes import MAP, SHAPES, Shape

REPOSITORY = Path(__file__).parents[2]


def test_the_report_is_made_as_a_user_makes_it() -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "--sizes", "50", "--rounds", "1", "--check"]
    limits = ["--children", "100", "--rivals", "0"]
    done = subprocess.run([*command, *limits], cwd=REPOSITORY, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert all(f"| {shape.name} " in done.stdout for shape in SHAPES)
    assert "import miniprefect" in done.stdout
    assert "Falls short:" in done.stdout or "Every target is met." in done.stdout


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_the_bare_loop_and_a_graph_of_tuples_agree(shape: Shape) -> None:
    def get(graph: dict[str, tuple], key: object) -> object:
        """Evaluate as dask's schedulers do, without dask."""
        if isinstance(key, list):
            return [get(graph, item) for item in key]
        if not isinstance(key, str):
            return key
        function, *arguments = graph[key]
        return function(*[get(graph, argument) for argument in arguments])

    size = 10 if shape is not MAP else 50
    assert build_bare(shape, size)() == build_dask(get, shape, size)()


def cases(ours: float, build: float) -> list[report.Case]:
    bare = Timing(1e-6, 1e-6, 1e-6)
    own = Timing(build, ours, ours)
    return [
        report.Case(shape.name, 1_000, {"bare loop": [bare], "miniprefect": [own], "miniprefect, plain": [bare]})
        for shape in SHAPES
    ]


def test_targets_that_are_met_are_not_mentioned() -> None:
    assert list(report.shortfalls(cases(ours=1e-6, build=1e-6))) == []


def test_targets_that_are_missed_are() -> None:
    said = "\n".join(report.shortfalls(cases(ours=4e-6, build=25e-6)))
    assert "chain, 1,000: the run (first) costs 4.00 x the bare loop, short of 2 x" in said
    assert "map, 1,000: building costs 25.0 us a call, short of 15 us" in said


def test_growth_and_extras_are_held_against_the_smaller_and_the_plain() -> None:
    small, *_ = cases(ours=1e-6, build=1e-6)
    large = report.Case(small.shape, 100_000, cases(ours=1e-6, build=2e-6)[0].rounds)
    dear = report.Case("decorated chain", 1_000, cases(ours=2e-6, build=1e-6)[0].rounds)
    said = "\n".join(report.shortfalls([small, large, dear]))
    assert "chain: building a call grows 2.00 x from 1,000 to 100,000" in said
    assert "decorated chain, 1,000: costs 2.00 x the plain chain" in said


def test_the_children_of_a_map_are_held_against_those_of_a_smaller_one() -> None:
    small, large = (
        report.Case("map", size, {"bare loop": [Timing(1e-6, 1e-6, 1e-6)], "miniprefect": [Timing(1e-6, ours, ours)]})
        for size, ours in ((1_000, 5e-7), (1_000_000, 1e-6))
    )
    said = list(report.shortfalls([small, large]))
    assert said == [
        "map: running a child grows 2.00 x from 1,000 to 1,000,000, short of 1.25 x (the bare loop's own grows 1.00 x)"
    ]


def test_starting_is_compared_with_what_most_programs_import() -> None:
    times = {starts.NOTHING: [1.0, 2.0], starts.YARDSTICK: [3.0, 2.0], starts.OURS: [4.0, 9.0], starts.EXAMPLE: [6.0]}
    assert starts.import_ratio(times) == 3.0
    assert starts.example_ratio(times) == 3.0
    assert len(list(starts.shortfalls(times))) == 2


def test_a_logged_chain_is_held_against_its_own_lines() -> None:
    found = logs.measure(miniprefect, 20, rounds=1)
    assert found.lines == 2 * 20 + 2
    assert list(logs.shortfalls(logs.Lines(20, 42, [1.0, 2.0], [2.0, 2.0]))) == [
        "log on, chain of 20: costs 2.00 x the same lines, short of 1.5 x"
    ]


def test_the_progress_line_is_held_against_the_same_run_without_it() -> None:
    before = sys.stdout
    found = progress.measure(miniprefect, 20, rounds=2, is_logged=True)
    assert (len(found.off), len(found.on), sys.stdout) == (2, 2, before)
    assert list(progress.shortfalls(progress.Shown(20, True, [1.0, 2.0], [1.0, 2.0]))) == []
    assert list(progress.shortfalls(progress.Shown(20, True, [1.0, 2.0], [1.1, 2.2]))) == [
        "progress, map of 20, log on: costs 10.0%, more than 2%"
    ]


def test_the_memory_of_a_child_is_that_beyond_its_result() -> None:
    found = memory.measure(miniprefect, 500)
    assert found.result > 0
    assert found.peak >= found.kept
    assert list(memory.shortfalls(memory.Memory(10, 100.0, 301.0, 50.0)))


def test_tasks_side_by_side_are_held_against_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "DASK_CHILDREN", 10)
    monkeypatch.setattr(side_by_side, "SPIN", 10)
    races = list(side_by_side.measure(miniprefect, 50, rounds=1, with_others=True))
    assert {"one after the other", "the sleep alone"} <= {race.other for race in races}
    assert all(len(race.run) == len(race.others) == 1 for race in races)
    assert list(side_by_side.shortfalls(side_by_side.Race("work", "nobody", 1.25, [1.0, 1.0], [1.2, 1.2]))) == []
    assert list(side_by_side.shortfalls(side_by_side.Race("work", "nobody", 1.25, [1.0], [1.5]))) == [
        "work: takes 1.50 x as long as nobody, short of 1.25 x"
    ]


def test_a_map_on_processes_is_held_against_a_pool_and_dask() -> None:
    found = processes.measure(miniprefect, 50, rounds=1)
    assert (len(found.pool), len(found.run)) == (1, 1)
    assert list(processes.shortfalls(processes.Maps(10, [1.0], [9.0], [2.0]))) == [
        "map on processes, 10: costs 2.00 x a pool's map, short of 1.5 x",
        "map on processes, 10: dask's takes 4.50 x as long, short of 5 x",
    ]
