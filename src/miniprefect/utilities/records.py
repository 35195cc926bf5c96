"""Records: objects that keep the arguments of their constructor as attributes, and do nothing.

Storage, run configurations and environments tell Prefect's server where flows live and run. There is no
server here, but scripts that make them must load, so each such class is a record with Prefect's signature:

    class LocalRun(RunConfig):
        def __init__(self, *, env: ... = None, working_dir: ... = None, labels: ... = None) -> None:
            self.keep(locals())
            super().__init__(env=env, labels=labels)
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

# What a constructor's `locals()` holds besides its own arguments.
_NO_ARGUMENTS = frozenset({"self", "kwargs", "__class__"})


class Record:
    """Keep what it is given. Records of one class with equal attributes are equal."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def keep(self, arguments: Mapping[str, Any]) -> None:
        """Make attributes of `arguments`, the `locals()` of a constructor."""
        vars(self).update({name: arguments[name] for name in arguments if name not in _NO_ARGUMENTS})

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        # Attributes may change and need not be hashable; equal records are of one class.
        return hash(type(self).__qualname__)

    def __repr__(self) -> str:
        given = (f"{name}={_shown(value)}" for name, value in vars(self).items() if _says_something(value))
        return f"{type(self).__name__}({', '.join(given)})"

    def serialize(self) -> dict[str, Any]:
        """Return the public attributes and the name of the class as a dict."""
        public = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return {**public, "type": type(self).__name__}


def _says_something(value: object) -> bool:
    return value is not None and value != set()


def _shown(value: object) -> str:
    # A set of strings prints in another order in every process.
    return "{" + ", ".join(sorted(map(repr, value))) + "}" if isinstance(value, set) else repr(value)
