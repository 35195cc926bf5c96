"""Prefect 0.10's way to keep results as JSON text."""

from miniprefect.engine.result_handlers.result_handler import ResultBackedHandler
from miniprefect.engine.results.prefect_result import PrefectResult


class JSONResultHandler(ResultBackedHandler):
    """Keep a value as JSON in its location: nothing is written anywhere."""

    def as_result(self) -> PrefectResult:
        """Return a PrefectResult."""
        return PrefectResult()
