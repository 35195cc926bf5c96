"""What those who pickle by value tell those who are pickled."""

from contextvars import ContextVar

# The modules whose functions are to be pickled themselves, not their names, for the other side does not have them.
by_value: ContextVar[frozenset[str]] = ContextVar("miniprefect_by_value", default=frozenset())
