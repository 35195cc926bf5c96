"""SQLite. What Prefect does is among the conformance scenarios (tasks_files)."""

import sqlite3
from pathlib import Path

import pytest

from miniprefect import Flow
from miniprefect.tasks.database import SQLiteQuery, SQLiteScript


@pytest.fixture
def db(tmp_path: Path) -> str:
    path = str(tmp_path / "any.db")
    SQLiteScript(
        path, "create table moons (name text unique, radius int); insert into moons values ('Io', 1821);"
    ).run()
    return path


def names(db: str) -> list[str]:
    return [name for (name,) in SQLiteQuery(db, "select name from moons order by name").run()]


def test_rows_are_mapped_into_a_table(db: str) -> None:
    with Flow("load") as flow:
        insert = SQLiteQuery(db, "insert into moons values (?, ?)").map(data=[("Europa", 1560), ("Titan", 2574)])
        SQLiteQuery(db, "select sum(radius) from moons", name="sum")(upstream_tasks=[insert])
    state = flow.run()
    assert state.result[flow.get_tasks(name="sum")[0]].result == [(1821 + 1560 + 2574,)]


def test_what_a_query_writes_is_kept(db: str) -> None:
    assert (
        SQLiteQuery(db).run(query="insert into moons values (:name, :radius)", data={"name": "Rhea", "radius": 764})
        == []
    )
    assert names(db) == ["Io", "Rhea"]


def test_what_fails_writes_nothing_and_lets_the_file_go(db: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=r"moons\.name"):
        SQLiteQuery(db, "insert into moons values ('Rhea', 1), ('Io', 2)").run()
    assert names(db) == ["Io"]
    with pytest.raises(sqlite3.OperationalError, match="nothing"):
        SQLiteScript(db, "begin; insert into moons values ('Rhea', 1); insert into nothing values (1); commit").run()
    assert names(db) == ["Io"]
    Path(db).unlink()


def test_values_are_never_taken_for_sql(db: str) -> None:
    SQLiteQuery(db, "insert into moons values (?, 1)", ("'); drop table moons; --",)).run()
    assert names(db) == ["'); drop table moons; --", "Io"]
