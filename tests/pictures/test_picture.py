"""What `flow.visualize()` returns, and the files that it writes."""

import shutil
import webbrowser

import pytest

from miniprefect import Flow, Task
from miniprefect.pictures import FORMATS, Picture
from tests.pictures.helpers import flow_with_everything

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program `dot` of Graphviz is not installed")
BEGINNINGS = {"svg": b"<svg ", "dot": b"digraph {", "mermaid": b"flowchart TD", "png": b"\x89PNG", "pdf": b"%PDF"}


def test_a_picture_has_three_languages_and_a_short_repr():
    picture = flow_with_everything().visualize()
    assert isinstance(picture, Picture)
    assert picture.svg == picture._repr_svg_()
    assert picture.svg.startswith("<svg ")
    assert picture.source.startswith("digraph {")
    assert picture.mermaid.startswith("flowchart ")
    assert repr(picture).startswith("<Picture of flow 'everything': 11 tasks, ")


@pytest.mark.parametrize(
    "format", ["svg", "dot", "mermaid", pytest.param("png", marks=needs_dot), pytest.param("pdf", marks=needs_dot)]
)
def test_every_format_is_written(format, tmp_path):
    flow = flow_with_everything()
    flow.visualize(flow.run(), filename=str(tmp_path / "flow"), format=format)
    (file,) = tmp_path.iterdir()
    assert file.name == f"flow.{format}"
    assert file.read_bytes().startswith(BEGINNINGS[format])


@pytest.mark.parametrize(
    ("filename", "format", "written", "language"),
    [
        ("a", None, "a.svg", "svg"),
        ("a.svg", None, "a.svg", "svg"),
        ("a.dot", None, "a.dot", "dot"),
        ("a.gv", None, "a.gv", "dot"),
        ("a.mmd", None, "a.mmd", "mermaid"),
        ("a.gv", "dot", "a.gv", "dot"),
        ("a.SVG", "svg", "a.SVG", "svg"),
        ("v1.2", None, "v1.2.svg", "svg"),
        ("a.png", "svg", "a.png.svg", "svg"),
        ("a", "SVG", "a.svg", "svg"),
    ],
)
def test_the_suffix_or_the_format_says_what_is_written(filename, format, written, language, tmp_path):
    picture = Flow("f", tasks=[Task("t")]).visualize()
    assert picture.save(tmp_path / filename, format) == str(tmp_path / written)
    assert (tmp_path / written).read_bytes().startswith(BEGINNINGS[language])


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match=rf"'jpeg'.*{', '.join(FORMATS)}"):
        Flow("f").visualize(filename=str(tmp_path / "a"), format="jpeg")
    assert not [*tmp_path.iterdir()]


def test_png_without_the_program_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"png.*`dot`.*Install Graphviz.*svg"):
        Flow("f").visualize(filename=str(tmp_path / "a.png"))
    assert not [*tmp_path.iterdir()]


def test_a_program_that_fails_is_quoted(tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho no fonts >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(RuntimeError, match="no fonts"):
        Flow("f").visualize().rendered("png")


def test_it_is_opened_in_the_browser_when_asked(monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Flow("f", tasks=[Task("t")]).visualize(view=True)
    (file,) = tmp_path.iterdir()
    assert opened == [file.as_uri()]
    assert file.read_text().startswith("<svg ")


class Terminal:
    def isatty(self):
        return True


@pytest.mark.parametrize(("options", "told"), [({}, True), ({"view": False}, False), ({"filename": "a"}, False)])
def test_a_terminal_is_told_how_to_see_it(options, told, monkeypatch, tmp_path, caplog):
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.chdir(tmp_path)
    Flow("f", tasks=[Task("t")]).visualize(**options)
    assert [".save('flow.svg')" in message for message in caplog.messages] == [True] * told
