"""The command line: `miniprefect COMMAND ...`.

A command is one function that adds its parser to `commands` and names the function that does the work,
which takes the parsed arguments and returns the exit code. List it in COMMANDS.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from miniprefect.script import run_script

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (that of the process if None) and return the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.work is None:
        parser.print_help()
        return 0
    return int(arguments.work(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("miniprefect", description="Run Prefect 0.10 to 1.4 workflows.")
    version = getattr(sys.modules["miniprefect"], "__version__", "unknown")
    parser.add_argument("--version", action="version", version=f"miniprefect {version}")
    parser.set_defaults(work=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add_command in COMMANDS:
        add_command(commands)
    return parser


def _add_script(commands: "Commands") -> None:
    command = commands.add_parser(
        "script",
        help="run a script, with `import prefect` giving miniprefect",
        description="Run FILE as `python FILE ARGS` would, with `import prefect` giving miniprefect.",
    )
    command.add_argument("file", metavar="FILE", help="the script, or a folder or zip file with a __main__.py")
    command.add_argument("args", metavar="ARGS", nargs=argparse.REMAINDER, help="what the script finds in sys.argv")
    command.set_defaults(work=_script)


def _script(arguments: argparse.Namespace) -> int:
    if not os.path.exists(arguments.file):
        print(f"miniprefect: can't open file {arguments.file!r}: there is no such file", file=sys.stderr)
        return 2
    return run_script(arguments.file, arguments.args)


COMMANDS: tuple[Callable[["Commands"], None], ...] = (_add_script,)
