"""The environment of a process on this machine."""

from collections.abc import Callable, Iterable
from typing import Any

from miniprefect.environments.execution.base import Environment


class LocalEnvironment(Environment):
    """Say that a flow runs in the process that takes it up.

    Args:
        labels: kept as a set.
        on_start: kept, and not called.
        on_exit: kept, and not called.
        executor: where its tasks run, in releases after 0.12; kept, and not used.
        metadata: kept, in releases after 0.12.
    """

    def __init__(
        self,
        labels: Iterable[str] | None = None,
        on_start: Callable[[], Any] | None = None,
        on_exit: Callable[[], Any] | None = None,
        executor: Any = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(labels=labels, on_start=on_start, on_exit=on_exit)
        self.executor = executor
        self.metadata = metadata or {}
