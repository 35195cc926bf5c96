"""What the commands about a flow share: how the user names it, and finding it."""

import argparse
import importlib
import importlib.util
import os
import sys
import traceback
from types import ModuleType

from miniprefect.cli._errors import CommandError, said
from miniprefect.cli._parser import Parser
from miniprefect.compat import install_as_prefect
from miniprefect.core.checks import nearest
from miniprefect.core.flow import Flow
from miniprefect.script import execute
from miniprefect.utilities.context import context

# The `__name__` of a file that is loaded to find its flows, as in Prefect: what it does only when run as a script
# (`if __name__ == "__main__":`) it does not do here.
FILE_AS_MODULE = "<flow>"


def add_source(parser: Parser) -> None:
    """Add the arguments that say which flow is meant."""
    parser.add_argument("file", metavar="FILE", nargs="?", help="the Python file that the flow is in")
    parser.add_argument("-p", "--path", metavar="FILE", help="the same")
    parser.add_argument("-m", "--module", metavar="MODULE", help="the Python module that the flow is in")
    parser.add_argument("-n", "--name", metavar="NAME", help="the name of the flow, if there are several")
    parser.add_argument("--traceback", action="store_true", help="with an error, show where it comes from")


def find_flow(arguments: argparse.Namespace) -> Flow:
    """Return the flow that is meant.

    Raises:
        CommandError: there is no such flow, or several, or its file can't be loaded.
    """
    sources = [source for source in (arguments.file, arguments.path, arguments.module) if source is not None]
    if len(sources) != 1:
        raise CommandError(f"Say where the flow is, once: FILE, -p FILE or -m MODULE (not {len(sources)} of them).")
    install_as_prefect(force=True)
    module = _loaded(sources[0], is_module=arguments.module is not None)
    flows = {id(thing): thing for thing in vars(module).values() if isinstance(thing, Flow)}
    return _chosen(list(flows.values()), arguments.name, sources[0])


def _chosen(flows: list[Flow], name: str | None, source: str) -> Flow:
    if not flows:
        raise CommandError(
            f"Found no flows at {source!r}. A flow has to be a variable of the module: flow = Flow(...)."
        )
    names = [flow.name for flow in flows]
    listed = ", ".join(map(repr, names))
    fitting = [flow for flow in flows if name in (None, flow.name)]
    if not fitting:
        near = nearest(str(name), names, cutoff=0.6)
        hint = f" Did you mean {near!r}?" if near else ""
        raise CommandError(f"Did not find {name!r} in flows at {source!r}. Found {listed}.{hint}")
    if len(fitting) > 1:
        remedy = "Say which, with -n NAME." if len(set(names)) > 1 else "Give them different names."
        raise CommandError(f"Found multiple flows at {source!r}: {listed}. {remedy}")
    return fitting[0]


# ---------------------------------------------------------------------- loading


def _loaded(source: str, is_module: bool) -> ModuleType:
    """Import a module or run a file; whatever it raises is an error of the command."""
    try:
        with context(loading_flow=True):
            return _import(source) if is_module else _execute(source)
    except SystemExit as error:
        raise CommandError(f"{source!r} ended with sys.exit({error.code!r}) while it was loaded.") from error
    except CommandError:
        raise
    except Exception as error:
        raise CommandError(f"{source!r} can't be loaded: {said(error)}{_place(error)}.") from error


def _import(name: str) -> ModuleType:
    if name.endswith(".py") or name.startswith(".") or {"/", os.sep}.intersection(name):
        raise CommandError(f"{name!r} is no name of a module, such as package.module. For a file, leave out -m.")
    _look_first_in(os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise CommandError(f"No module named {error.name!r}, here or installed.") from None
        raise


def _execute(file: str) -> ModuleType:
    if not os.path.exists(file):
        raise CommandError(f"File does not exist: {file!r}.")
    if os.path.isdir(file):
        raise CommandError(f"{file!r} is a folder. Name the Python file that the flow is in.")
    path = os.path.abspath(file)
    sys.argv[:] = [file]
    _look_first_in(os.path.dirname(os.path.realpath(file)))
    # Known by its name, so that what it defines can be pickled in this process and in those forked from it.
    module = sys.modules[FILE_AS_MODULE] = ModuleType(FILE_AS_MODULE)
    module.__file__ = path
    execute(path, vars(module))
    return module


def _look_first_in(folder: str) -> None:
    if not sys.flags.safe_path:
        sys.path.insert(0, folder)


def _place(error: Exception) -> str:
    """Return the line of the user's file that an exception comes from, as a part of a sentence."""
    if isinstance(error, SyntaxError):
        return ""  # which says it
    inner = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == "<module>"]
    return f" ({os.path.basename(inner[-1].filename)}, line {inner[-1].lineno})" if inner else ""


def send_by_value() -> None:
    """Have Dask send what the flow's file defines: its workers do not have the file as a module."""
    module = sys.modules.get(FILE_AS_MODULE)
    if module is not None and importlib.util.find_spec("cloudpickle") is not None:
        importlib.import_module("cloudpickle").register_pickle_by_value(module)
