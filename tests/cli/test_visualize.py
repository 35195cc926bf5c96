"""The command `visualize`: where the picture goes. What it looks like is tested in tests/pictures."""

import shutil
from pathlib import Path

import pytest

from tests.cli.helpers import FLOW, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "it.py").write_text(FLOW.replace('Flow("greeting")', 'Flow("My flow!")'))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "file", "begins"),
    [
        ([], "my-flow.svg", "<svg"),
        (["--format", "dot", "--horizontal"], "my-flow.dot", "digraph"),
        (["-o", "a.mmd", "--horizontal"], "a.mmd", "flowchart LR"),
        (["-o", "a.svg", "--format", "dot"], "a.svg", "digraph"),
    ],
)
def test_the_picture_is_where_it_should_be(arguments: list[str], file: str, begins: str, folder: Path) -> None:
    done = run(folder, "visualize", "it.py", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{file}\n", "")
    picture = (folder / file).read_text()
    assert picture.lstrip().startswith(begins)
    assert "say" in picture
    assert sorted(path.name for path in folder.glob("*.*")) == sorted(["it.py", file])


def test_a_picture_that_graphviz_draws(folder: Path) -> None:
    done = run(folder, "visualize", "it.py", "-o", "a.PNG")
    if shutil.which("dot") is None:
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "dot" in done.stderr
    else:
        assert (done.returncode, done.stdout, done.stderr) == (0, "a.PNG\n", "")
        assert (folder / "a.PNG").read_bytes().startswith(b"\x89PNG")


def test_to_standard_output(folder: Path) -> None:
    done = run(folder, "visualize", "it.py", "-o", "-", "--format", "dot")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("digraph")


def test_a_place_that_is_not_there(folder: Path) -> None:
    done = run(folder, "visualize", "it.py", "-o", "no/a.svg")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: 'no/a.svg' can't be written: No such file or directory." in done.stderr


def test_a_flow_whose_name_is_too_long_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("from miniprefect import Flow\nflow = Flow(200 * '流れ')")
    done = run(tmp_path, "visualize", "it.py", PYTHONUTF8="1")
    assert (done.returncode, done.stderr) == (0, "")
    (picture,) = tmp_path.glob("*.svg")
    assert picture.name.startswith("流れ流れ")
