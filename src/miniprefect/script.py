"""Run a script as `python FILE ARGS...` would, with `import prefect` giving miniprefect."""

import io
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Any

from miniprefect.compat import install_as_prefect

# Worker processes that are started afresh ("spawn") run the script's file again, to have its functions.
# They learn what to run from the name of `__main__`'s spec, and from the environment which file that is.
WORKER_MODULE = "miniprefect._script_worker"
SCRIPT_VARIABLE = "MINIPREFECT_SCRIPT"


class _MainSpec(ModuleSpec):
    """Name WORKER_MODULE, and yet belong to no package: a script has no relative imports."""

    @property
    def parent(self) -> str:
        """The package of the script: none."""
        return ""


def run_script(file: str, args: Sequence[str] = ()) -> int:
    """Run the script `file` in this process, as its main program, and return its exit code.

    SystemExit is passed on; any other error is printed as Python does, without the lines of this module.
    The state of the process (sys.argv, sys.path, __main__) is the script's afterwards too.
    """
    install_as_prefect(force=True)
    path = os.path.abspath(file)
    sys.argv[:] = [file, *args]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(file))
    os.environ[SCRIPT_VARIABLE] = path
    main = _main_module(path)
    sys.modules["__main__"] = main
    try:
        execute(path, vars(main))
    except SystemExit:
        raise
    except BaseException as error:
        _report(error)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def execute(path: str, namespace: dict[str, Any]) -> None:
    """Run the source file at `path` in `namespace`."""
    with io.open_code(path) as source:
        code = compile(source.read(), path, "exec", dont_inherit=True)
    exec(code, namespace)


def _main_module(path: str) -> ModuleType:
    main = ModuleType("__main__")
    main.__file__ = path
    main.__loader__ = SourceFileLoader("__main__", path)
    main.__spec__ = _MainSpec(WORKER_MODULE, None, origin=path)
    vars(main).update(__builtins__=sys.modules["builtins"], __cached__=None, __annotations__={})
    return main


def _report(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)
