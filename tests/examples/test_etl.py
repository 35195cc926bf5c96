"""examples/etl.py on the CSV files shipped with it, and on what else may lie in such a folder."""

import csv
import json
import shutil

import pytest

from miniprefect.engine.state import Failed, TriggerFailed
from tests.examples.conftest import EXAMPLES

# Counted by hand from the files: planet, moons without the doubles, first and last year, largest, its share.
PLANETS = [
    ["Mercury", "0", "", "", "", ""],
    ["Venus", "0", "", "", "", ""],
    ["Earth", "1", "", "", "Moon", "27.26"],  # 1737 / 6371
    ["Mars", "2", "1877", "1877", "Phobos", "0.32"],  # 11 / 3390
    ["Jupiter", "5", "1610", "1892", "Ganymede", "3.77"],  # 2634 / 69911
    ["Saturn", "7", "1655", "1848", "Titan", "4.42"],  # 2575 / 58232; its "2,575" is cleaned
    ["Uranus", "6", "1787", "1985", "Titania", "3.11"],  # 789 / 25362
    ["Neptune", "4", "1846", "2013", "Triton", "5.5"],  # 1353 / 24622
]
HEADER = ["planet", "moons", "first_discovered", "last_discovered", "largest", "percent_of_planet"]
REJECTED = ["moons-2-to-1900.csv:12", "moons-2-to-1900.csv:15", "moons-3-since-1900.csv:7"]


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.fixture
def data(tmp_path):
    """Return a copy of the data that a test may change."""
    folder = tmp_path / "data"
    shutil.copytree(EXAMPLES / "data", folder)
    return folder


def test_writes_the_report(run_example, tmp_path):
    output = tmp_path / "new" / "report"
    done = run_example("etl", "--output", output)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in output.iterdir()) == ["notes.json", "planets.csv"]
    assert read(output / "planets.csv") == [HEADER, *PLANETS]
    notes = json.loads((output / "notes.json").read_text(encoding="utf-8"))
    assert notes["moons"] == 27
    assert notes["without_planet"] == ["Charon", "Dysnomia"]
    assert [row["source"] for row in notes["rejected"]] == REJECTED
    for row in PLANETS:
        assert ",".join(row) in done.stdout


def test_every_line_of_the_input_is_accounted_for():
    """Check the figures above: rows are moons, rejected or doubles (Io, Titan, Proteus)."""
    rows = [row for path in (EXAMPLES / "data").glob("moons-*.csv") for row in read(path)[1:] if row]
    assert len(rows) == 27 + 3 + 3
    assert sum(int(row[1]) for row in PLANETS) == 27 - 2  # Charon and Dysnomia


def test_writes_to_a_temporary_folder_by_default(run_example, temporary):
    done = run_example("etl")
    assert done.returncode == 0
    (folder,) = temporary.iterdir()
    assert str(folder) in done.stdout
    assert read(folder / "planets.csv") == [HEADER, *PLANETS]


def test_too_many_bad_rows_fail_the_run_and_write_nothing(run_example, tmp_path):
    output = tmp_path / "report"
    done = run_example("etl", "--output", output, "--max-rejected", 2, log_level="INFO")
    assert done.returncode == 1
    assert "3 rows rejected, at most 2 allowed" in done.stdout
    assert not output.exists()


def test_a_further_delivery_is_taken_in(load_example, data, tmp_path):
    example = load_example("etl")
    (data / "moons-4.csv").write_text(
        "moon,planet,radius_km,discovered,discoverer\n"
        "Larissa,Neptune,97,1981,Harold Reitsema\n"
        "Io,Jupiter,1,2000,a double that comes too late\n"
        "short\n",
        encoding="utf-8",
    )
    output = tmp_path / "report"
    state = example.flow.run(data=str(data), output=str(output))
    assert state.is_successful()
    assert len(state.result[example.deliveries].map_states) == 4
    expected = [[*row] for row in PLANETS]
    expected[-1][1] = "5"
    assert read(output / "planets.csv") == [HEADER, *expected]
    # "short" has a name and nothing else: a moon without a planet.
    assert state.result[example.homeless].result == ["Charon", "Dysnomia", "Short"]


def test_each_row_that_cannot_be_used_is_put_aside_with_its_reason(load_example, tmp_path):
    state = load_example("etl").flow.run(output=str(tmp_path))
    assert state.is_successful()
    notes = json.loads((tmp_path / "notes.json").read_text(encoding="utf-8"))
    assert {row["source"]: row["reason"] for row in notes["rejected"]} == dict(
        zip(
            REJECTED,
            ["could not convert string to float: 'August 1877'", "too many columns", "no name"],
            strict=True,
        )
    )


def test_a_missing_file_fails_the_run_before_anything_is_written(load_example, data, tmp_path):
    example = load_example("etl")
    (data / "planets.csv").unlink()
    state = example.flow.run(data=str(data), output=str(tmp_path / "report"))
    assert state.is_failed()
    assert isinstance(state.result[example.planets].result, FileNotFoundError)
    assert state.result[example.moons].is_successful()
    assert isinstance(state.result[example.families], TriggerFailed)
    assert not (tmp_path / "report").exists()


def test_a_folder_without_deliveries_fails_the_run(load_example, data, tmp_path):
    example = load_example("etl")
    for path in data.glob("moons-*.csv"):
        path.unlink()
    state = example.flow.run(data=str(data), output=str(tmp_path / "report"))
    assert state.is_failed()
    (finder,) = example.flow.get_tasks(name="find_deliveries")
    assert type(state.result[finder]) is Failed
    assert "no moons-*.csv in" in state.result[finder].message


def test_the_output_parameter_is_required(load_example):
    with pytest.raises(ValueError, match="output"):
        load_example("etl").flow.run()
