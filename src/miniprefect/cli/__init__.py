"""The command line: `miniprefect COMMAND ...`.

Each command is a file here: its `add_parser` adds it to the parser, and names the function that does the work, which
takes the parsed arguments and returns the exit code. List it in COMMANDS.

Exit codes: 0, all went well; 1, the flow run did not succeed, or what there is to say found no place; 2, nothing has
run, for the command line or the flow's file is wrong; 130, somebody pressed Ctrl-C.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from miniprefect.cli import completion, describe, kubernetes, run, script, visualize
from miniprefect.cli._errors import FAILED, CommandError, missing_streams_replaced, report, said, write_to_nobody
from miniprefect.cli._parser import Parser

COMMANDS: tuple[Callable[["argparse._SubParsersAction[Parser]"], None], ...] = (
    run.add_parser,
    script.add_parser,
    describe.add_parser,
    visualize.add_parser,
    kubernetes.add_parser,
    completion.add_parser,
)

# What a shell says of a program that ended so.
_INTERRUPTED = 128 + 2
_NOBODY_READS = 128 + 13


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (that of the process if None) and return the exit code."""
    with missing_streams_replaced():
        arguments = make_parser().parse_args(argv)
        if arguments.work is None:
            arguments.parser.print_help()
            return 0
        return _code(arguments)


def _code(arguments: argparse.Namespace) -> int:
    """Do what the arguments say, and return the exit code, whatever happens."""
    try:
        return _done(arguments)
    except CommandError as error:
        report(arguments.parser.prog, error, with_traceback=getattr(arguments, "traceback", False))
        return error.code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Or Python would find the pipe broken once more, at its end, and say so.
        write_to_nobody()
        return _NOBODY_READS


def _done(arguments: argparse.Namespace) -> int:
    """Do the work; a refusal of the system that the command has no words for, as of a full disk, is one line."""
    try:
        code: int = arguments.work(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _flush_or_forget()
        raise CommandError(f"{said(error)}.", code=FAILED) from error
    return code


def _flush_or_forget() -> None:
    """Leave nothing in the buffer that would not find a place at the end of the process either."""
    try:
        sys.stdout.flush()
    except OSError:
        write_to_nobody()


def make_parser() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser("miniprefect", description="Run Prefect 0.10 to 1.4 workflows.")
    version = getattr(sys.modules["miniprefect"], "__version__", "unknown")
    parser.add_argument("--version", action="version", version=f"miniprefect {version}")
    parser.set_defaults(work=None, parser=parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add_parser in COMMANDS:
        add_parser(commands)
    return parser
