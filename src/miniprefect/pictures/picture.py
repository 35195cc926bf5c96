"""What `flow.visualize()` returns: a picture that can be shown, read in three languages, and written to a file."""

import pathlib
import shutil
import subprocess
import tempfile
import webbrowser
from functools import cached_property
from typing import Any

from miniprefect.pictures.dot import dot
from miniprefect.pictures.mermaid import mermaid
from miniprefect.pictures.sketch import Sketch
from miniprefect.pictures.svg import svg
from miniprefect.pictures.text import counted

# What a picture can be written as, by the suffix of the file; the last two need the program `dot`.
FORMATS = ("svg", "dot", "mermaid", "png", "pdf")
_SUFFIXES = {"gv": "dot", "mmd": "mermaid"}


class Picture:
    """Be a picture of a flow. A notebook shows it.

    Args:
        sketch: what is drawn.
        horizontal: whether it runs from left to right.
    """

    def __init__(self, sketch: Sketch, horizontal: bool = False) -> None:
        self.sketch = sketch
        self.horizontal = horizontal

    @cached_property
    def svg(self) -> str:
        """The picture as SVG."""
        return svg(self.sketch, self.horizontal)

    @cached_property
    def source(self) -> str:
        """The graph in the language of Graphviz, as Prefect's pictures have it."""
        return dot(self.sketch, self.horizontal)

    @cached_property
    def mermaid(self) -> str:
        """The graph in the language of Mermaid."""
        return mermaid(self.sketch, self.horizontal)

    def __repr__(self) -> str:
        about = f"{counted(len(self.sketch.boxes), 'task')}, {counted(len(self.sketch.arrows), 'edge')}"
        return f"<Picture of flow {self.sketch.name!r}: {about}; .save({'flow.svg'!r}) writes it, .view() opens it>"

    def save(self, filename: Any, format: str | None = None) -> str:
        """Write the picture to a file; return the file's path.

        Args:
            filename: the file. Its suffix says what to write, unless `format` does; one that says something else
                stays, and that of the format is added.
            format: "svg", the default, "dot", "mermaid", or with the program `dot` "png" or "pdf".

        Raises:
            ValueError: there is no such format.
            RuntimeError: the format needs `dot`, and it is not there or fails.
        """
        path = pathlib.Path(filename).expanduser()
        suffix = path.suffix[1:].lower()
        told = _SUFFIXES.get(suffix, suffix)
        wanted = told if format is None and told in FORMATS else _SUFFIXES.get(format or "", format or "svg").lower()
        if wanted not in FORMATS:
            raise ValueError(f"A picture can't be written as {format!r}. The formats are: {', '.join(FORMATS)}.")
        if told != wanted:
            path = path.with_name(f"{path.name}.{wanted}")
        data = self.rendered(wanted)
        path.write_bytes(data)
        return str(path)

    def rendered(self, format: str) -> bytes:
        """Return what a file of a format holds."""
        texts = {"svg": lambda: self.svg, "dot": lambda: self.source, "mermaid": lambda: self.mermaid}
        return texts[format]().encode() if format in texts else _by_dot(self.source, format)

    def view(self) -> str:
        """Open the picture in the browser, from a temporary file; return the file's path."""
        path = self.save(_temporary())
        webbrowser.open(pathlib.Path(path).as_uri())
        return path

    def _repr_svg_(self) -> str:
        return self.svg


def _temporary() -> str:
    with tempfile.NamedTemporaryFile(prefix="flow-", suffix=".svg", delete=False) as file:
        return file.name


def _by_dot(source: str, format: str) -> bytes:
    """Have Graphviz draw."""
    program = shutil.which("dot")
    if program is None:
        raise RuntimeError(
            f"A picture as {format} is drawn by the program `dot`, which is not on PATH. Install Graphviz, or write "
            "svg, dot or mermaid, which need nothing."
        )
    done = subprocess.run([program, f"-T{format}"], input=source.encode(), capture_output=True, check=False)
    if done.returncode or not done.stdout:
        raise RuntimeError(f"The program `dot` drew no {format}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
