"""`miniprefect visualize`: draw a flow into a file."""

import argparse
import os
import sys

from miniprefect.cli._errors import CommandError, said
from miniprefect.cli._flows import add_source, find_flow
from miniprefect.cli._parser import Parser
from miniprefect.core.describe import slugified
from miniprefect.core.flow import Flow
from miniprefect.utilities.lazy import LazyModule

shutil = LazyModule("shutil")
tempfile = LazyModule("tempfile")

FORMATS = ("svg", "dot", "mermaid", "png", "pdf")
_ENDINGS = {".gv": "dot", ".mmd": "mermaid", **{f".{name}": name for name in FORMATS}}

# In letters, of a file; systems allow 255 bytes.
_LONGEST_NAME = 60


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "visualize",
        help="draw a flow",
        description="Draw the flow in FILE or MODULE. svg, dot and mermaid need nothing else; png and pdf need the "
        "program `dot` of Graphviz.",
    )
    add_source(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="where to; - is standard output. By default NAME.FORMAT, here"
    )
    parser.add_argument("--format", choices=FORMATS, help="by default, as the output's name ends, or svg")
    parser.add_argument("--horizontal", action="store_true", help="from left to right, not from top to bottom")
    parser.set_defaults(work=work, parser=parser)


def work(arguments: argparse.Namespace) -> int:
    """Draw the flow and say where the picture is."""
    ending = os.path.splitext(arguments.output or "")[1].lower()
    kind = arguments.format or _ENDINGS.get(ending, "svg")
    flow = find_flow(arguments)
    output = arguments.output or f"{slugified(flow.name)[:_LONGEST_NAME]}.{kind}"
    with tempfile.TemporaryDirectory(prefix="miniprefect-") as folder:
        picture = _drawn(flow, folder, kind, arguments.horizontal)
        if output == "-":
            with open(picture, "rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            return 0
        try:
            shutil.copyfile(picture, output)
        except OSError as error:
            raise CommandError(f"{output!r} can't be written: {error.strerror}.") from error
    print(output)
    return 0


def _drawn(flow: Flow, folder: str, kind: str, horizontal: bool) -> str:
    """Draw a flow into a file in `folder`; return its path, whatever ending that was given."""
    try:
        flow.visualize(filename=os.path.join(folder, "flow"), format=kind, horizontal=horizontal)
    except Exception as error:
        words = str(error) if isinstance(error, RuntimeError | ValueError) else said(error)
        raise CommandError(words) from error
    # Graphviz leaves its source beside the picture.
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name != "flow"]
    return paths[0] if paths else os.path.join(folder, "flow")
