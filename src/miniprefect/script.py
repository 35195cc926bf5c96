"""Run a script as `python FILE ARGS...` would, with `import prefect` giving miniprefect."""

import io
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, cast

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
    """Run `file` in this process, as its main program, and return its exit code.

    SystemExit is passed on; any other error is printed as Python does, without the lines of this module.
    The state of the process (sys.argv, sys.path, __main__) is the script's afterwards too.

    Args:
        file: a script, or a folder or zip file that has a ``__main__.py``.
        args: what the script finds in sys.argv after its name.
    """
    install_as_prefect(force=True)
    sys.argv[:] = [file, *args]
    path = os.path.abspath(file)
    finder = pkgutil.get_importer(path)
    try:
        if finder is None:
            _run_file(file, path)
        else:
            _run_folder(file, path, finder.find_spec("__main__"))
    except SystemExit:
        raise
    except BaseException as error:
        _report(error)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _run_file(file: str, path: str) -> None:
    """Run the script at `path`, called `file` by the user."""
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(file))
    os.environ[SCRIPT_VARIABLE] = path
    execute(path, vars(_new_main(path, SourceFileLoader("__main__", path))))


def _run_folder(file: str, path: str, found: ModuleSpec | None) -> None:
    """Run the main module that was `found` in the folder or zip file at `path`, called `file` by the user."""
    if found is None:
        sys.exit(f"miniprefect: can't find '__main__' module in {file!r}")
    if not sys.flags.safe_path:
        del sys.path[0]
    sys.path.insert(0, path)
    # Python does not run such a main module again in worker processes.
    os.environ[SCRIPT_VARIABLE] = ""
    loader = cast(InspectLoader, found.loader)
    main = _new_main(str(found.origin), loader)
    vars(main).update(__package__="", __cached__=found.cached)
    exec(cast(CodeType, loader.get_code("__main__")), vars(main))


def execute(path: str, namespace: dict[str, Any]) -> None:
    """Run the source file at `path` in `namespace`."""
    with io.open_code(path) as source:
        code = compile(source.read(), path, "exec", dont_inherit=True)
    exec(code, namespace)


def _new_main(path: str, loader: InspectLoader) -> ModuleType:
    main = ModuleType("__main__")
    main.__file__ = path
    main.__loader__ = loader
    main.__spec__ = _MainSpec(WORKER_MODULE, None, origin=path)
    vars(main).update(__builtins__=sys.modules["builtins"], __cached__=None, __annotations__={})
    sys.modules["__main__"] = main
    return main


def _report(error: BaseException) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith((__file__, "<frozen ")):
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)
