"""Modules that are imported when they are first used, because most programs never use them and start sooner so."""

import importlib
from collections.abc import Callable
from typing import Any


class LazyModule:
    """Stand for a module until something of it is asked for.

    Args:
        name: the module's full name.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)

    def __repr__(self) -> str:
        return f"<lazy module {self._name}>"


def submodules_of(package: str) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package whose modules are imported when they are first read as its attributes.

    Prefect imports all of its modules at once, so that scripts reach them by dots alone.
    """

    def find(name: str) -> Any:
        if not name.startswith("_"):
            try:
                return importlib.import_module(f"{package}.{name}")
            except ModuleNotFoundError as error:
                if error.name != f"{package}.{name}":
                    raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
