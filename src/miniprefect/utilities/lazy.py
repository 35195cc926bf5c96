"""What is imported when it is first used, because most programs never use it and start sooner so."""

import importlib
import sys
from collections.abc import Callable, Mapping
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


missing = LazyModule("miniprefect.utilities.missing")


class FilledLater(dict[str, Any]):
    """Be a dict that a module fills when it is imported, which is when a key is first missing.

    Args:
        module: the module's full name.
    """

    def __init__(self, module: str) -> None:
        super().__init__()
        self._module = module

    def __missing__(self, key: str) -> Any:
        importlib.import_module(self._module)
        # Not of this dict itself: a key that the module does not fill in is missing for good.
        return dict(self)[key]


# What flows and states look like: asked for where they are defined, and drawn in a layer above, by functions that
# the module puts here when somebody first looks. So nothing imports upward.
VIEWS = FilledLater("miniprefect.pictures.views")


def imported_later(module: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a module that imports some of its names when they are first read.

    Args:
        module: the module's name.
        places: where each name is: a module, a colon, and what to take of it, or nothing for the module itself.
    """

    def find(name: str) -> Any:
        if name not in places:
            missing.refuse(module, name, sys._getframe(1))
        place, _, attribute = places[name].partition(":")
        found = importlib.import_module(place)
        return getattr(found, attribute) if attribute else found

    return find


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
        missing.refuse(package, name, sys._getframe(1))

    return find
