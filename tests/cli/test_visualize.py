"""The command `visualize`: what it asks of `flow.visualize`, and where the picture goes."""

from pathlib import Path

import pytest

from tests.cli.helpers import run

# A flow that draws what it was asked for, as a program beside Graphviz does: its source without an ending.
FLOW = """
from pathlib import Path
from miniprefect import Flow

class Drawn(Flow):
    def visualize(self, filename=None, format=None, horizontal=None):
        Path(filename).write_text("source")
        Path(f"{filename}.{format}").write_text(f"{format} {horizontal}\\n")

flow = Drawn("My flow!")
"""


@pytest.mark.parametrize(
    ("arguments", "file", "content"),
    [
        ([], "my-flow.svg", "svg False"),
        (["--format", "dot", "--horizontal"], "my-flow.dot", "dot True"),
        (["-o", "a.mmd"], "a.mmd", "mermaid False"),
        (["-o", "a.PNG"], "a.PNG", "png False"),
        (["-o", "a.txt"], "a.txt", "svg False"),
        (["-o", "a.svg", "--format", "dot"], "a.svg", "dot False"),
    ],
)
def test_the_picture_is_where_it_should_be(arguments: list[str], file: str, content: str, tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(FLOW)
    done = run(tmp_path, "visualize", "it.py", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{file}\n", "")
    assert (tmp_path / file).read_text() == f"{content}\n"
    assert sorted(path.name for path in tmp_path.glob("*.*")) == sorted(["it.py", file])


def test_to_standard_output(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(FLOW)
    done = run(tmp_path, "visualize", "it.py", "-o", "-", "--format", "dot")
    assert (done.returncode, done.stdout, done.stderr) == (0, "dot False\n", "")


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(FLOW)
    done = run(tmp_path, "visualize", "it.py", "-o", "no/a.svg")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: 'no/a.svg' can't be written: No such file or directory." in done.stderr
