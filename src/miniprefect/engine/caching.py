"""The cached states that this process knows, and which of them a task run has to ask its validator about."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from miniprefect.engine.cache_validators import Compared, Validator, plain
from miniprefect.engine.state import Cached
from miniprefect.utilities.lazy import LazyModule

numbers = LazyModule("numbers")

Values = Mapping[str, Any]


class CachedStates(list[Cached]):
    """Be the cached states of one key, in the order in which they were made."""

    def __init__(self) -> None:
        super().__init__()
        self._indexes: dict[Compared, _Index] = {}

    def candidates(self, validator: Validator, inputs: Values, parameters: Values) -> Iterator[Cached]:
        """Return the states that may pass a validator, the newest first.

        If it says what it compares, these are the ones in which that looks the same as in this run. To ask about all
        would take time with the square of the children of a map.
        """
        compared: Compared | None = getattr(validator, "compared", None)
        if compared is None:
            return reversed(self)
        index = self._indexes.get(compared)
        if index is None or not index.is_of(self):
            index = self._indexes[compared] = _Index(compared)
        index.take_in(self)
        return reversed(index.states.get(_look(compared, inputs, parameters), ()))


class _Index:
    """The states of a list by what they look like to a validator."""

    def __init__(self, compared: Compared) -> None:
        self.compared = compared
        self.states: dict[Any, list[Cached]] = {}
        self._size = 0
        self._last: Cached | None = None

    def is_of(self, states: list[Cached]) -> bool:
        """Say whether nothing was taken out of the list since."""
        return not self._size or (len(states) >= self._size and states[self._size - 1] is self._last)

    def take_in(self, states: list[Cached]) -> None:
        """Add the states that are new in the list."""
        for state in states[self._size :]:
            look = _look(self.compared, plain(state.cached_inputs), state.cached_parameters or {})
            self.states.setdefault(look, []).append(state)
            self._size += 1
            self._last = state


def _look(compared: Compared, inputs: Values, parameters: Values) -> Any:
    """Return what the compared values look like: the same for values that are equal."""
    return _looks(compared.inputs, plain(inputs)), _looks(compared.parameters, parameters)


def _looks(names: Iterable[str] | None, values: Values) -> tuple[Any, ...]:
    return tuple(_look_of(values.get(name)) for name in (sorted(values) if names is None else names))


def _look_of(value: Any) -> Any:
    """Return a simple value as it is, and nothing for any other: who knows what that takes for its equal."""
    if isinstance(value, (str, bytes, numbers.Number)):
        return value
    return tuple(map(_look_of, value)) if type(value) in (list, tuple) else None
