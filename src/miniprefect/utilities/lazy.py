"""Modules that are imported when they are first used, because most programs never use them and start sooner so."""

import importlib
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
