"""Results that never change."""

from typing import Any, Self

from miniprefect.engine.result.base import Result


class ConstantResult(Result):
    """Hold a value that is known in advance: reading gives it, and writing is an error.

    Args:
        **kwargs: `value` and `location`, as every `Result` has them.

    Raises:
        ValueError: a serializer is among them.
    """

    keeps_location = False

    def __init__(self, **kwargs: Any) -> None:
        if "serializer" in kwargs:
            raise ValueError("Can't pass a serializer to a ConstantResult: it writes nothing.")
        super().__init__(**kwargs)

    def exists(self, location: str, **kwargs: Any) -> bool:
        """Say yes: the value is always there."""
        return True

    def read(self, location: str) -> Self:
        """Return this very result."""
        return self

    def write(self, value_: Any, **kwargs: Any) -> Self:
        """Raise ValueError: a constant can't be written."""
        raise ValueError("Cannot write values to a ConstantResult. Give the task another result, or checkpoint=False.")
