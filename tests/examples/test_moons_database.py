"""examples/moons_database.py against figures that tests/examples/test_etl.py has counted by hand."""

import sqlite3
import zipfile


def test_loads_asks_and_packs(run_example, tmp_path):
    output = tmp_path / "new" / "moons"
    done = run_example("moons_database", "--output", output, "--largest", 2)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:1] == ["Titan      Saturn    2575 km, 4.42 % of its planet"]
    assert len(done.stdout.splitlines()) == 3
    assert zipfile.ZipFile(output / "moons.zip").namelist() == ["moons.db"]
    connection = sqlite3.connect(output / "moons.db")
    planets = connection.execute("select count(*) from planets").fetchone()
    doubles = connection.execute("select moon from moons group by moon having count(*) > 1").fetchall()
    connection.close()
    assert planets == (8,)
    assert doubles == []


def test_a_table_that_can_not_be_written_fails_the_run(run_example, tmp_path):
    (tmp_path / "moons.db").mkdir()
    done = run_example("moons_database", "--output", tmp_path)
    assert done.returncode == 1
    assert "unable to open database file" in done.stdout
