"""Copy, move, remove and find files. What Prefect does is among the conformance scenarios (tasks_files)."""

from pathlib import Path

import pytest

from miniprefect import Flow
from miniprefect.tasks.files import Copy, Glob, Move, Remove


def test_files_go_through_a_flow(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_text(name)
    target = tmp_path / "done"
    target.mkdir()
    with Flow("files") as flow:
        found = Glob(path=tmp_path)(pattern="*.csv")
        copied = Copy(target_path=target).map(source_path=found)
        removed = Remove().map(path=found, upstream_tasks=[copied])
        Move(tmp_path / "c.txt")(target_path=target / "d.txt", upstream_tasks=[removed])
    state = flow.run()
    assert state.is_successful()
    assert state.result[found].result == [tmp_path / "a.csv", tmp_path / "b.csv"]
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "done",
        "done/a.csv",
        "done/b.csv",
        "done/d.txt",
    ]


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for name in ("file", "folder"):
        (tmp_path / f"to {name}").symlink_to(tmp_path / name)
        Remove(tmp_path / f"to {name}").run()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_link_that_leads_nowhere_can_be_removed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    Remove(tmp_path / "link").run()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("task", [Copy, Move])
def test_what_is_missing_is_named(task: type[Copy], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^Source path \(.*nothing\) not found$"):
        task(tmp_path / "nothing", tmp_path / "target").run()
    with pytest.raises(ValueError, match=r"^No `target_path` provided\.$"):
        task(tmp_path).run()
