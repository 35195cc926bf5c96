"""Ready-made tasks on files and on databases."""

import os
import zipfile
from pathlib import Path

from observe import files, folder, log_lines, plain, raises, scenario
from prefect import Flow
from prefect.tasks.database.sqlite import SQLiteQuery, SQLiteScript
from prefect.tasks.files import Copy, Glob, Move, Remove, Unzip, Zip


def prepared():
    """Make a folder with two files, one with a file, and an empty one, and go there: what was seen is relative."""
    where = folder()
    os.chdir(str(where))
    for name in ("a.txt", "c.txt", "sub/b.txt"):
        (where / name).parent.mkdir(exist_ok=True)
        (where / name).write_text(name)
    (where / "empty").mkdir()
    return where


def after(action, *arguments, **keywords):
    """Do something in a prepared folder; return what came of it, and the files that are there then."""
    where = prepared()
    seen = raises(action, *arguments, **keywords)
    if seen["raised"] is None:
        seen["returned"] = seen["returned"] if seen["returned"] is None else str(seen["returned"]).split("'")[1]
    return [seen, files(where)]


def brought(made):
    """Do what `Copy` and `Move` have in common."""
    return {
        "file": after(made().run, source_path="a.txt", target_path="new.txt"),
        "path": after(made().run, source_path=Path("a.txt"), target_path=Path("new.txt")),
        "at init": after(made(source_path="a.txt", target_path="new.txt").run),
        "over another": after(made().run, source_path="a.txt", target_path="c.txt"),
        "into a folder": after(made().run, source_path="a.txt", target_path="empty"),
        "folder": after(made().run, source_path="sub", target_path="new"),
        "folder to folder": after(made().run, source_path="sub", target_path="empty"),
        "missing": after(made().run, source_path="zz", target_path="new"),
        "missing target": after(made().run, source_path="a.txt", target_path="x/y"),
        "nothing given": after(made().run),
        "no source": after(made().run, target_path="new"),
        "no target": after(made(source_path="a.txt").run),
    }


@scenario
def what_copy_does():
    return brought(Copy)


@scenario
def what_move_does():
    return brought(Move)


@scenario
def what_remove_does():
    return {
        "file": after(Remove().run, path="a.txt"),
        "at init": after(Remove(path=Path("a.txt")).run),
        "empty folder": after(Remove().run, path="empty"),
        "full folder": after(Remove().run, path="sub"),
        "missing": after(Remove().run, path="zz"),
        "nothing given": after(Remove().run),
    }


@scenario
def what_glob_does():
    def found(path="", pattern="*"):
        prepared()
        return sorted(str(path) for path in Glob().run(path=path, pattern=pattern))

    prepared()
    return {
        "all": found("."),
        "some": found(".", "*.txt"),
        "below": found(".", "**/*.txt"),
        "none": found(".", "zz"),
        "no folder": found("zz"),
        "at init": [str(path) for path in Glob(path="sub", pattern="b*").run()],
        "nothing given": raises(found),
        "no pattern": raises(found, ".", ""),
    }


@scenario
def what_files_tasks_log():
    prepared()
    with log_lines() as lines:
        Copy().run(source_path="a.txt", target_path="b.txt")
        Move().run(source_path="b.txt", target_path="d.txt")
        Remove().run(path="d.txt")
    return lines


def packed(source, **settings):
    """Return names and methods of what is in a new archive of `source`."""
    prepared()
    Zip(**settings).run(source_path=source, zip_path="z.zip")
    with zipfile.ZipFile("z.zip") as archive:
        return sorted([info.filename, info.compress_type] for info in archive.infolist())


@scenario(
    differs="a source that is missing is an error, not left out; and no archive goes into itself",
    here={
        "missing": {"raised": "ValueError"},
        "pattern": {"raised": "ValueError"},
        "folder by dot": [["a.txt", 8], ["c.txt", 8], ["sub/b.txt", 8]],
    },
)
def what_zip_does():
    return {
        "file": packed("a.txt"),
        "folder": packed("sub"),
        "folder by dot": packed("."),
        "list": packed(["a.txt", "sub/b.txt"]),
        "list with folder": packed([Path("a.txt"), "sub"]),
        "empty folder": packed("empty"),
        "methods": [packed("a.txt", compression_method=name) for name in ("deflate", "store", "bzip2", "lzma")],
        "level": packed("a.txt", compression_level=1),
        "unknown method": raises(lambda: Zip(compression_method="DEFLATE")),
        "missing": raises(packed, "zz"),
        "pattern": raises(packed, "*.txt"),
        "nothing given": raises(Zip().run),
        "no source": raises(Zip(zip_path="z.zip").run),
        "empty list": raises(Zip(zip_path="z.zip", source_path=[]).run),
        "no archive": raises(Zip(source_path="a.txt").run),
        "no folder": raises(Zip(source_path="a.txt", zip_path="x/z.zip").run),
    }


def unpacked(**given):
    Zip().run(source_path=["a.txt", "c.txt"], zip_path="z.zip")
    returned = Unzip().run(zip_path="z.zip", **given)
    return [str(returned.relative_to(Path.cwd()) if returned.is_absolute() else returned)]


@scenario
def what_unzip_does():
    return {
        "to a folder": after(unpacked, extract_dir="out"),
        "here": after(unpacked),
        "password": after(unpacked, password="x"),
        "bytes": after(unpacked, password=b"x"),
        "nothing given": raises(Unzip().run),
        "missing": raises(Unzip().run, zip_path="zz.zip"),
        "no archive": raises(Unzip().run, zip_path="a.txt"),
    }


def database():
    """Make a database with a table of one row."""
    path = str(folder() / "any.db")
    returned = SQLiteScript(db=path, script="create table t (a, b); insert into t values (1, 'x');").run()
    assert returned is None
    return path


def rows(path, query, **given):
    return plain(SQLiteQuery(db=path).run(query=query, **given))


@scenario
def what_a_query_returns():
    path = database()
    return {
        "rows": rows(path, "select * from t"),
        "none": rows(path, "select * from t where a = 2"),
        "by position": rows(path, "select a from t where b = ?", data=("x",)),
        "by list": rows(path, "select a from t where b = ?", data=["x"]),
        "by name": rows(path, "select a from t where b = :b", data={"b": "x"}),
        "at init": plain(SQLiteQuery(db=path, query="select ?", data=(5,)).run()),
        "other database": plain(SQLiteQuery(db="/no/where").run(db=path, query="select a from t")),
        "empty": rows(path, ""),
        "memory": rows(":memory:", "select 1"),
    }


@scenario
def what_is_wrong_with_a_query_or_a_script():
    path = database()
    return {
        "no database": raises(SQLiteQuery().run, query="select 1"),
        "no database for a script": raises(SQLiteScript().run, script="select 1"),
        "no query": raises(SQLiteQuery(db=path).run),
        "no script": raises(SQLiteScript(db=path).run),
        "no table": raises(SQLiteQuery(db=path).run, query="select * from zz"),
        "no folder": raises(SQLiteQuery(db="/no/where/any.db").run, query="select 1"),
        "empty script": raises(SQLiteScript(db=path).run, script=""),
    }


@scenario
def what_a_failing_script_has_done_stays_done():
    path = database()
    script = "insert into t values (2, 'y'); insert into zz values (1); insert into t values (3, 'z')"
    return [raises(SQLiteScript(db=path).run, script=script), rows(path, "select a from t")]


@scenario(
    differs="Prefect does not commit what a single statement writes, and so loses it without a word",
    here={"1": [{"tuple": [1]}, {"tuple": [2]}]},
)
def what_a_query_writes():
    path = database()
    return [rows(path, "insert into t values (2, 'y')"), rows(path, "select a from t")]


@scenario
def a_table_is_loaded_and_asked_in_a_flow():
    path = str(folder() / "any.db")
    with Flow("flow") as flow:
        made = SQLiteScript(db=path, name="make")(script="create table t (a); insert into t values (1), (2)")
        asked = SQLiteQuery(db=path, query="select sum(a) from t", name="ask")(upstream_tasks=[made])
    return plain(flow.run().result[asked].result)
