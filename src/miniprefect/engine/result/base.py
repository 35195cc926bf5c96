"""The contract of results: a value, and a place to write it to and read it from."""

import copy
import datetime
import logging
import traceback
from collections.abc import Callable
from typing import Any, ClassVar, Self

from miniprefect.engine.serializers import PickleSerializer, Serializer
from miniprefect.utilities.context import context
from miniprefect.utilities.identity import new_id
from miniprefect.utilities.logging import get_logger

Location = str | Callable[..., str]

# One for all: it has no settings.
_PICKLE = PickleSerializer()


class ResultNotImplementedError(NotImplementedError):
    """Say that a kind of result has no place to keep values."""


class CorruptResultError(ValueError):
    """Say that what is kept at a location is no value: it is empty, cut short, or was written in another way."""


class Result:
    """Hold a value together with the place where it is, or can be, kept.

    Subclasses say where by implementing `exists`, `read` and `write`.

    Args:
        value: the value itself.
        location: where it is kept: a text, a template such as ``"{task_name}/{today}.pkl"`` that is filled
            in from the context, or a function of the context's keywords that returns the place.
        serializer: how the value becomes bytes; pickle by default.
    """

    # Whether `write` keeps the value where `location` says, so that others can look there.
    keeps_location: ClassVar[bool] = True

    # A digest of the bytes that were written, if anybody needs it: see `engine.cache_records`.
    _seal: str | None = None

    def __init__(
        self, value: Any = None, location: Location | None = None, serializer: Serializer | None = None
    ) -> None:
        self.value = value
        self.serializer = _PICKLE if serializer is None else serializer
        self.location: str | None = None if callable(location) else location
        self._formatter: Callable[..., str] | None = location if callable(location) else None

    def __eq__(self, other: object) -> bool:
        """Compare the classes and all that was given: value, location, serializer, and what a subclass adds."""
        return type(self) is type(other) and _settings(self) == _settings(other)

    # A result can be changed, and its value may have no hash: as in Prefect, it can't be the key of a dict.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.value!r}>"

    @property
    def logger(self) -> logging.Logger:
        """The logger of this kind of result."""
        return get_logger(type(self).__name__)

    def copy(self) -> Self:
        """Return a copy that shares the value."""
        return copy.copy(self)

    def from_value(self, value: Any) -> Self:
        """Return a copy that holds `value` instead, and so is kept nowhere yet: it has no location."""
        new = self.copy()
        new.value, new.location = value, None
        return new

    @property
    def default_location(self) -> str:
        """A fresh place for a value that was given none; each reading makes another."""
        return f"{datetime.datetime.now(datetime.UTC):%Y/%m/%d}/{new_id()}.prefect_result"

    def format(self, **kwargs: Any) -> Self:
        """Return a copy whose location is filled in from `kwargs`, or is a fresh one if there was none.

        Raises:
            KeyError: the template names something that is not in `kwargs`.
        """
        new = self.copy()
        if self.location is not None:
            new.location = self.location.format(**kwargs)
        elif self._formatter is not None:
            new.location = self._formatter(**kwargs)
        else:
            new.location = self.default_location
        return new

    def exists(self, location: str, **kwargs: Any) -> bool:
        """Say whether something is kept at `location`, a template filled in from `kwargs`."""
        raise self._no_place("exists")

    def read(self, location: str) -> "Result":
        """Return a copy that holds the value kept at `location`.

        Raises:
            CorruptResultError: what is kept there is no value.
        """
        raise self._no_place("read")

    def write(self, value_: Any, **kwargs: Any) -> "Result":
        """Keep `value_` at the location filled in from `kwargs`; return a copy that holds both."""
        raise self._no_place("write")

    def _no_place(self, method: str) -> ResultNotImplementedError:
        return ResultNotImplementedError(
            f"{type(self).__name__}.{method} is not implemented: this kind of result has no place to keep values. "
            "Use LocalResult(dir=...) or another subclass."
        )

    def _held_at(self, location: str, value: Any) -> Self:
        """Return a copy that holds `value` and is kept at `location`."""
        new = self.copy()
        new.value, new.location = value, location
        return new

    def _value_of(self, data: bytes, place: str) -> Any:
        """Return the value that was serialized to `data`; `place` is for the error."""
        try:
            value = self.serializer.deserialize(data)
            # A lenient serializer takes a file that was left empty for a value. It is one only if it comes out so.
            is_empty = not data and self.serializer.serialize(value) != data
        except Exception as error:
            raise corrupt(place, type(self.serializer).__name__, error) from error
        if is_empty:
            raise CorruptResultError(f"{place!r} holds no value: it is empty. {_REMEDY}")
        return value


_REMEDY = "Delete it, or let a task write it again."


def corrupt(place: str, serializer: str, error: Exception) -> CorruptResultError:
    """Make the error that says that what is kept at `place` could not be read with `serializer`."""
    reason = "".join(traceback.format_exception_only(error)).strip()
    return CorruptResultError(f"{place!r} holds no value that {serializer} can read: {reason}. {_REMEDY}")


def _settings(result: Result) -> dict[str, Any]:
    return {name: value for name, value in vars(result).items() if not name.startswith("_")}


class NoResultType(Result):
    """Stand for the absence of a result."""

    def __repr__(self) -> str:
        return f"<NoResultType: {self.value}>"


NoResult = NoResultType()


class Names(dict[str, Any]):
    """Be what `format_context` collects, but read it when a template names it. Holds the task's inputs, which win."""

    def __missing__(self, name: str) -> Any:
        parameters = context.get("parameters") or {}
        return parameters[name] if name in parameters else context[name]


def format_context(**inputs: Any) -> dict[str, Any]:
    """Collect what a location template may name: the context, then the task's inputs, which win."""
    values = dict(context)
    values.update(values.get("parameters") or {})
    values.update(inputs)
    return values
