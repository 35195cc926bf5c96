"""Prefect 0.10's results that are secrets."""

from typing import Any

from miniprefect.engine.result_handlers.result_handler import ResultHandler
from miniprefect.engine.results.secret_result import SecretTask


class SecretResultHandler(ResultHandler):
    """Find a value again by running the secret task that it came from; nothing is written anywhere.

    Args:
        secret_task: the task.
    """

    def __init__(self, secret_task: SecretTask) -> None:
        self.secret_task = secret_task

    def read(self, location: str) -> Any:
        """Return the secret, looked up anew."""
        return self.secret_task.run()

    def write(self, result: Any) -> str:
        """Return the name of the secret, and write nothing."""
        return self.secret_task.name
