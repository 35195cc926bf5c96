"""Record the public names of Prefect, with the parameters and members that they have, for names.py to compare with.

Run it where Prefect is installed and miniprefect need not be:

    /tmp/oracle/bin/python tests/reference/record_names.py

It imports every module of Prefect that is public by its name. Libraries of vendors that are not installed are stood in
for by modules that have whatever they are asked for, so that the tasks that call them can be imported as well.
"""

import enum
import importlib
import importlib.abc
import importlib.machinery
import inspect
import pkgutil
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parents[1] / "data" / "prefect-1.4.1-public.tsv"
TITLE = """\
# Public names of Prefect {version}, recorded by tests/reference/record_names.py; tab-separated, "-" for nothing.
#
# module
# name        "-" for the module itself
# home        the module that defines it, if that is another
# members     of a class, those that are not inherited; each with its parameters, and first the constructor's; of a
#             function, its parameters
"""
# How to get at the function behind what decorators make of one.
MADE_OF_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "curry": lambda curried: curried.func,
    "FunctionTask": lambda task: inspect.unwrap(task.run),
}
# Public values that nothing tells from those that a module has for itself.
VALUES = {"prefect": ("__version__", "api", "models", "plugins")}


class Whatever(type):
    """The class of classes that have every attribute, and take every keyword when one derives from them."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Any:
        return super().__new__(cls, name, bases, namespace)

    def __init__(cls, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name)


class Anything(Exception):
    """What takes every argument and has every attribute, so does its class and what derives from it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] if args else self


def stand_in(name: str) -> Any:
    """A class that will do for any other."""
    return Whatever(name, (Anything,), {"__module__": "whatever"})


class StandIn(types.ModuleType):
    """A module that has every class."""

    __path__: list[str] = []
    __version__ = "99"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(self, name, stand_in(name))
        return getattr(self, name)


class StandInFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds stand-ins, when it comes after all other finders, for modules that are not there."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name.partition(".")[0] == "prefect":
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> StandIn:
        return StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def modules_below(paths: Iterable[str], prefix: str) -> Iterator[str]:
    """The names of public modules, without importing them."""
    for found in pkgutil.iter_modules(paths, prefix):
        short = found.name.rpartition(".")[2]
        if not short.startswith("_"):
            yield found.name
            if found.ispkg:
                yield from modules_below([f"{path}/{short}" for path in paths], f"{found.name}.")


def public_names(module: types.ModuleType) -> Iterator[tuple[str, Any, str]]:
    """Name, value and home of what `module` defines, or offers if it is a package."""
    yield from ((name, None, module.__name__) for name in VALUES.get(module.__name__, ()))
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") or isinstance(value, types.ModuleType):
            continue
        kind = value if inspect.isclass(value) or inspect.isfunction(value) else type(value)
        home = kind.__module__
        if type(value).__name__ in MADE_OF_FUNCTIONS:
            kind, home = value, MADE_OF_FUNCTIONS[type(value).__name__](value).__module__
        is_package = hasattr(module, "__path__")
        below = "prefect." if kind is value else f"{module.__name__}."
        if home == module.__name__ or (is_package and home.startswith(below)):
            yield name, value, home


def parameters(function: Any) -> str:
    """The names that a callable takes as keywords, or "*" if that can't be told."""
    if isinstance(function, enum.EnumMeta):  # which Python says otherwise in every version
        return "*"
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return "*"
    plain = [one.name for one in found if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    return ",".join(name for name in plain if name != "self")


def members(value: Any) -> Iterator[str]:
    """What the parameters of `value` are, and of its methods that Prefect defines."""
    if not callable(value):
        return
    yield f"({parameters(getattr(value, 'run', value) if not inspect.isclass(value) else value)})"
    if not inspect.isclass(value):
        return
    for name in sorted(name for name in vars(value) if not name.startswith("_")):
        member = getattr(value, name, None)
        takes = f"({parameters(member)})" if inspect.isfunction(member) or inspect.ismethod(member) else ""
        yield f"{name}{takes}"


def rows_of(name: str) -> Iterator[tuple[str, str, str, str]]:
    """The lines for one module."""
    yield name, "-", "-", "-"
    module = importlib.import_module(name)
    for short, value, home in public_names(module):
        if home == name:
            yield name, short, "-", " ".join(members(value)) or "-"
        else:
            yield name, short, home, "-"


def main() -> None:
    """Write the record."""
    warnings.simplefilter("ignore")
    prefect = importlib.import_module("prefect")
    sys.meta_path.append(StandInFinder())
    names = ["prefect", *sorted(modules_below(list(prefect.__path__), "prefect."))]
    lines = ["\t".join(row) for name in names for row in rows_of(name)]
    RECORD.write_text(TITLE.format(version=prefect.__version__) + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
