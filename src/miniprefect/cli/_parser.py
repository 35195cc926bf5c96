"""A parser whose errors take one line and say what was probably meant."""

import argparse
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from miniprefect.cli._errors import MISUSE, on_one_line
from miniprefect.core.checks import nearest


class Parser(argparse.ArgumentParser):
    """Be an `ArgumentParser` of options that are not abbreviated; see the top of this module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.allow_abbrev = False

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return what is said by `args`, the arguments of the process by default.

        An option that nobody knows is an error of the command that it was given to.
        """
        known, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known

    def error(self, message: str) -> NoReturn:
        """End the process, saying what is wrong."""
        hint = "".join(f" Did you mean {meant}?" for meant in self._meant(message))
        self.exit(MISUSE, f"{self.prog}: error: {on_one_line(message)}.{hint} See {self.prog} --help.\n")

    def _meant(self, message: str) -> Iterator[str]:
        for wrong in re.findall(r"(?<=invalid choice: ')[^']*", message):
            yield from filter(None, [nearest(wrong, self._choices(message), cutoff=0.6)])
        if message.startswith("unrecognized arguments: "):
            for wrong in re.findall(r" (--[\w-]+)", message):
                yield from filter(None, [nearest(wrong, self._option_string_actions, cutoff=0.6)])

    def _choices(self, message: str) -> list[str]:
        """Return the choices of the argument that `message` begins with."""
        for action in self._actions:
            if action.choices is not None and str(argparse.ArgumentError(action, "")).rstrip(": ") in message:
                return [str(choice) for choice in action.choices]
        return []
