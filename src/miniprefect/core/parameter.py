"""Parameters."""

import datetime
from typing import Any

from miniprefect.core.task import Parameter, no_default

__all__ = ["DateTimeParameter", "Parameter"]


class DateTimeParameter(Parameter):
    """Be a parameter whose value is a datetime, or a text that says one in ISO 8601.

    Args:
        name: the keyword of `Flow.run`.
        default: a datetime, a text or None.
        required: whether a value must be given.
        tags: labels, as for any task.
    """

    def __init__(self, name: str, default: Any = no_default, required: bool | None = None, tags: Any = None) -> None:
        super().__init__(name, default=default, required=required, tags=tags)

    def run(self) -> datetime.datetime | None:
        """Return the value as an aware datetime; one without a zone is taken as UTC.

        Raises:
            ValueError: the text names no moment.
        """
        value = super().run()
        if value is None:
            return None
        if not isinstance(value, datetime.datetime):
            try:
                value = datetime.datetime.fromisoformat(str(value))
            except ValueError as error:
                kind = type(value).__name__
                raise ValueError(f"{self} is a datetime in ISO 8601, not {value!r} ({kind}).") from error
        return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
