"""What all run configurations have in common."""

from collections.abc import Iterable
from typing import Any

from miniprefect.utilities.records import Record


class RunConfig(Record):
    """Keep environment variables and labels (as a set)."""

    def __init__(self, env: dict[str, Any] | None = None, labels: Iterable[str] | None = None) -> None:
        self.env = env
        self.labels = set(labels or ())


class UniversalRun(RunConfig):
    """Say that a flow may run anywhere."""
