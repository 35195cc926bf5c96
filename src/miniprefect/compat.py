"""Let scripts written for Prefect run unchanged: `import prefect` gives miniprefect.

`install_as_prefect()` puts a finder in front of Python's own ones. It answers for `prefect` and everything
below it, by importing the module of the same name below `miniprefect` and putting *that very module* into
`sys.modules` a second time. So there is one module with two names, nothing is executed twice, and
`prefect.Flow is miniprefect.Flow`. The module itself does not learn of its second name: classes keep
pickling as `miniprefect...`.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from miniprefect.configuration import reload_if_changed
from miniprefect.utilities.context import take_configuration
from miniprefect.utilities.logging import configure_logging
from miniprefect.utilities.missing import advice_for

OURS = "miniprefect"
PREFECT = "prefect"


class _AliasLoader(Loader):
    """Load `prefect.x` by loading `miniprefect.x`."""

    def exec_module(self, module: ModuleType) -> None:
        # Python takes the module that it finds in sys.modules afterwards, not the empty one that it made.
        sys.modules[module.__name__] = import_module(_our_name(module.__name__))
        _mirror()


class _AliasFinder(MetaPathFinder):
    """Find `prefect` and `prefect.x`, and say what to use instead of those that miniprefect does not have."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_below(fullname, PREFECT):
            return None
        if fullname == PREFECT and reload_if_changed(os.environ):
            configure_logging()
            take_configuration()
        ours = find_spec(_our_name(fullname))
        if ours is None:
            below = fullname.removeprefix(f"{PREFECT}.")
            raise ModuleNotFoundError(f"miniprefect does not have {fullname}. {advice_for(below)}", name=fullname)
        spec = ModuleSpec(fullname, _AliasLoader(), origin=ours.origin)
        spec.submodule_search_locations = ours.submodule_search_locations
        return spec


_FINDER = _AliasFinder()


def install_as_prefect(force: bool = False) -> None:
    """Make `import prefect`, and all modules below it, give the modules of miniprefect.

    Calling it again changes nothing.

    Raises:
        RuntimeError: the real Prefect has been imported already; or it is installed and `force` is not set.
            With `force` miniprefect stands in for it in this process.
    """
    if _FINDER in sys.meta_path:
        return
    _refuse_imported()
    if not force:
        _refuse_installed()
    sys.meta_path.insert(0, _FINDER)
    _mirror()


def uninstall_as_prefect() -> None:
    """Undo `install_as_prefect`, for tests: `import prefect` means again what it meant before."""
    if _FINDER in sys.meta_path:
        sys.meta_path.remove(_FINDER)
        for name in [name for name in sys.modules if _is_below(name, PREFECT)]:
            del sys.modules[name]


def _refuse_imported() -> None:
    real = sys.modules.get(PREFECT)
    if real is not None:
        raise RuntimeError(
            f"Real Prefect ({_place(real.__spec__)}) is imported already, so `import prefect` cannot give "
            "miniprefect. Call install_as_prefect() before anything imports prefect."
        )


def _refuse_installed() -> None:
    real = find_spec(PREFECT)
    # A mere folder called prefect (a namespace package) has no origin: it is not Prefect.
    if real is not None and real.origin is not None:
        raise RuntimeError(
            f"The real Prefect is installed ({_place(real)}), and install_as_prefect() leaves it alone. "
            "Call install_as_prefect(force=True) to have miniprefect stand in for it in this process."
        )


def _place(spec: ModuleSpec | None) -> str:
    return str(spec.origin) if spec is not None else "place unknown"


def _mirror() -> None:
    """Give every loaded module of miniprefect its second name.

    A package may give a name to something else than its module of that name: `tasks.control_flow.case` is a
    class and a module. Importing such a module would bind the name to the module again, so a module must be
    known under its second name as soon as its package is, before a script imports it.
    """
    for name, module in list(sys.modules.items()):
        # Not the package itself: its first import is when the script has set its environment variables.
        if _is_below(name, OURS) and name != OURS:
            sys.modules.setdefault(PREFECT + name.removeprefix(OURS), module)


def _is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _our_name(name: str) -> str:
    return OURS + name.removeprefix(PREFECT)
