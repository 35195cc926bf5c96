"""What those who pickle by value tell those who are pickled."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

# The modules whose functions are to be pickled themselves, not their names, for the other side does not have them.
by_value: ContextVar[frozenset[str]] = ContextVar("miniprefect_by_value", default=frozenset())

# Returns a value, or what is to stand for it as it can't be pickled: set while a flow is pickled as far as it can be.
replacing: ContextVar[Callable[[Any], Any] | None] = ContextVar("miniprefect_replacing", default=None)


def portable(value: Any) -> Any:
    """Return what is to be pickled for a value that somebody has given."""
    replace = replacing.get()
    return value if replace is None else replace(value)
