"""Errors of the command line: one line, and an exit code."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

FAILED = 1
MISUSE = 2


class CommandError(Exception):
    """Say why a command can't do what it is asked to. What it was raised from is shown with ``--traceback``.

    Args:
        message: what is wrong and what to do.
        code: the exit code.
    """

    def __init__(self, message: str, code: int = MISUSE) -> None:
        super().__init__(message)
        self.code = code


def report(command: str, error: CommandError, with_traceback: bool) -> None:
    """Print an error, on one line unless the traceback of its cause is asked for."""
    hint = ""
    if error.__cause__ is not None:
        if with_traceback:
            traceback.print_exception(error.__cause__)
        else:
            hint = " (--traceback shows more.)"
    print(f"{command}: error: {on_one_line(str(error))}{hint}", file=sys.stderr)


def said(error: BaseException) -> str:
    """Return what an exception is and says, on one line."""
    return on_one_line(": ".join(filter(None, (type(error).__name__, str(error)))))


def on_one_line(text: str) -> str:
    """Return `text` with each stretch of blanks and line ends made one blank."""
    return " ".join(text.split())


def write_to_nobody() -> None:
    """Have what is printed from now on go nowhere, for who read it has gone, as in ``miniprefect ... | head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def missing_streams_replaced() -> Iterator[None]:
    """Have what is printed go nowhere where the process was started without standard output or standard error.

    Python then has None in their place, at which `print` is silent, but what writes to them by itself is not.
    """
    with ExitStack() as replaced:
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:
                setattr(sys, name, replaced.enter_context(open(os.devnull, "w", encoding="utf-8")))
                replaced.callback(setattr, sys, name, None)
        yield
