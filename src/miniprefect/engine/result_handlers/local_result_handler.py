"""Prefect 0.10's way to keep results in files."""

import os

from miniprefect.engine.result_handlers.result_handler import ResultBackedHandler
from miniprefect.engine.results.local_result import LocalResult


class LocalResultHandler(ResultBackedHandler):
    """Keep values in files named ``prefect-result-<time>``, as a `LocalResult` without a location does.

    Args:
        dir: the folder; ``<config.home_dir>/results`` by default.
        validate: whether to make the folder now, and its path absolute.

    Raises:
        OSError: the folder can't be made.
    """

    def __init__(self, dir: str | os.PathLike[str] | None = None, validate: bool = True) -> None:
        self.dir = LocalResult(dir, validate_dir=validate).dir

    def as_result(self) -> LocalResult:
        """Return the LocalResult of the same folder."""
        return LocalResult(self.dir, validate_dir=False)
