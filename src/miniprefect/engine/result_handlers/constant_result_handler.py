"""Prefect 0.10's results that never change."""

from typing import Any

from miniprefect.engine.result_handlers.result_handler import ResultHandler


class ConstantResultHandler(ResultHandler):
    """Hold a value that is known in advance; unlike a ConstantResult it lets a run write, and ignores what.

    Args:
        value: what is read, from every location.
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def read(self, location: str) -> Any:
        """Return the constant."""
        return self.value

    def write(self, result: Any) -> str:
        """Return the repr of the constant, and write nothing."""
        return repr(self.value)
