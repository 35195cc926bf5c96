"""`miniprefect script`: run a script that imports Prefect."""

import argparse
import os
import sys

from miniprefect.cli._errors import MISUSE
from miniprefect.cli._parser import Parser
from miniprefect.script import run_script


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "script",
        help="run a script, with `import prefect` giving miniprefect",
        description="Run FILE as `python FILE ARGS` would, with `import prefect` giving miniprefect.",
    )
    parser.add_argument("file", metavar="FILE", help="the script, or a folder or zip file with a __main__.py")
    rest = parser.add_argument("args", metavar="ARGS", nargs=argparse.REMAINDER, help="what it finds in sys.argv")
    rest.required = False  # as it is, but argparse would ask for it
    parser.set_defaults(work=work, parser=parser)


def work(arguments: argparse.Namespace) -> int:
    """Run the script and return its exit code."""
    if not os.path.exists(arguments.file):
        print(f"miniprefect: can't open file {arguments.file!r}: there is no such file", file=sys.stderr)
        return MISUSE
    return run_script(arguments.file, arguments.args)
