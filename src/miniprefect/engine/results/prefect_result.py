"""Results kept as text in their own location, for values that are small."""

from typing import Any, Self

from miniprefect.engine.result.base import Result
from miniprefect.engine.serializers import DateTimeSerializer, JSONSerializer, Serializer


class PrefectResult(Result):
    """Keep the value as JSON in the location itself: nothing is written anywhere.

    Args:
        **kwargs: `value`, `location` and `serializer`, as every `Result` has them.

    Raises:
        TypeError: the serializer is neither a JSONSerializer, the default, nor a DateTimeSerializer.
    """

    keeps_location = False

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("serializer", JSONSerializer())
        # What is no serializer, None too, is refused by the setter.
        serializer = kwargs.pop("serializer")
        super().__init__(serializer=JSONSerializer(), **kwargs)
        self.serializer = serializer

    @property
    def serializer(self) -> Serializer:
        """How the value becomes text."""
        return self._serializer

    @serializer.setter
    def serializer(self, serializer: Serializer) -> None:
        if not isinstance(serializer, JSONSerializer | DateTimeSerializer):
            raise TypeError(
                f"A PrefectResult keeps text: its serializer is a JSONSerializer or a DateTimeSerializer, "
                f"not {serializer!r}."
            )
        self._serializer: Serializer = serializer

    def exists(self, location: str, **kwargs: Any) -> bool:
        """Say whether the text `location` holds a value."""
        try:
            self.serializer.deserialize(location.encode())
        except (ValueError, AttributeError, RecursionError):
            return False
        return True

    def read(self, location: str) -> Self:
        """Return a copy that holds the value in the text `location`.

        Raises:
            CorruptResultError: there is none.
        """
        return self._held_at(location, self._value_of(location.encode(), location))

    def write(self, value_: Any, **kwargs: Any) -> Self:
        """Return a copy that holds `value_` and, as its location, its text.

        Raises:
            TypeError: the value is not one that the serializer takes.
        """
        return self._held_at(self.serializer.serialize(value_).decode(), value_)
