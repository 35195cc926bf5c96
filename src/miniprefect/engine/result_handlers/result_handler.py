"""The contract of result handlers, and how the engine uses one: as a `Result`.

A handler has a `write` that keeps a value and returns its location, and a `read` that returns the value kept at a
location. The engine knows only results, so `as_result` turns one into the other:

    LocalResultHandler -> LocalResult        S3ResultHandler    -> S3Result
    JSONResultHandler  -> PrefectResult      GCSResultHandler   -> GCSResult
    any other          -> HandledResult      AzureResultHandler -> AzureResult
"""

import logging
from typing import Any, Self

from miniprefect.engine.result.base import Result
from miniprefect.utilities.logging import get_logger


class ResultHandler:
    """Keep values somewhere. Subclasses say where by implementing `read` and `write`."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    # Handlers that are equal have the same type; what they hold may have no hash.
    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"<ResultHandler: {type(self).__name__}>"

    @property
    def logger(self) -> logging.Logger:
        """The logger of this kind of handler."""
        return get_logger(type(self).__name__)

    def read(self, location: str) -> Any:
        """Return the value kept at `location`."""
        raise NotImplementedError(f"{type(self).__name__}.read is not implemented: say how to read a value back.")

    def write(self, result: Any) -> str:
        """Keep the value `result` and return its location."""
        raise NotImplementedError(f"{type(self).__name__}.write is not implemented: say how to keep a value.")

    def as_result(self) -> Result:
        """Return a result that keeps values as this handler does."""
        return HandledResult(self)


class ResultBackedHandler(ResultHandler):
    """Keep values as a `Result` does, the one that `as_result` returns."""

    def read(self, location: str) -> Any:
        """Return the value kept at `location`."""
        return self.as_result().read(location).value

    def write(self, result: Any) -> str:
        """Keep the value `result` and return its location."""
        return str(self.as_result().write(result).location)


class HandledResult(Result):
    """Be a result whose values a handler keeps: the handler chooses the locations, too.

    Args:
        handler: an object with `read(location)` and `write(value)`, which returns a location.
        **kwargs: `value` and `location`, as every `Result` has them.
    """

    keeps_location = False

    def __init__(self, handler: Any, **kwargs: Any) -> None:
        self.handler = handler
        super().__init__(**kwargs)

    def exists(self, location: str, **kwargs: Any) -> bool:
        """Say no: a handler can't be asked, so a task with a target always runs."""
        return False

    def read(self, location: str) -> Self:
        """Return a copy that holds the value that the handler reads from `location`."""
        return self._held_at(location, self.handler.read(location))

    def write(self, value_: Any, **kwargs: Any) -> Self:
        """Let the handler keep `value_`; return a copy that holds it and the location that the handler chose."""
        return self._held_at(self.handler.write(value_), value_)


def as_result(handler: Any) -> Result | None:
    """Return the result that does what `handler` does; None and results are returned as they are.

    Raises:
        TypeError: `handler` is neither a result handler nor a result: it lacks `read` or `write`.
    """
    if handler is None or isinstance(handler, Result):
        return handler
    if isinstance(handler, ResultHandler):
        return handler.as_result()
    if not isinstance(handler, type) and callable(getattr(handler, "read", None)) and hasattr(handler, "write"):
        return HandledResult(handler)
    raise TypeError(f"`result_handler` is a ResultHandler or a Result, such as LocalResult(dir=...), not {handler!r}.")
