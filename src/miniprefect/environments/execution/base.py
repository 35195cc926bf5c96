"""What all environments have in common."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from miniprefect.exceptions import no_backend
from miniprefect.utilities.records import Record

RUN_IT = "Run the flow with flow.run(); an executor given to the flow says where its tasks run."


class Environment(Record):
    """Keep labels (as a set) and what would be called around a flow run."""

    def __init__(
        self,
        labels: Iterable[str] | None = None,
        on_start: Callable[[], Any] | None = None,
        on_exit: Callable[[], Any] | None = None,
    ) -> None:
        self.labels = set(labels or ())
        self.on_start = on_start
        self.on_exit = on_exit

    @property
    def dependencies(self) -> list[str]:
        """The modules that the environment needs: none."""
        return []

    @property
    def logger(self) -> logging.Logger:
        """The logger of this environment."""
        return logging.getLogger(f"prefect.{type(self).__name__}")

    def setup(self, storage: Any) -> None:
        """Do nothing: there is nothing to set up."""

    def execute(self, storage: Any, flow_location: str, **kwargs: Any) -> None:
        """Raise NoBackendError: environments were run by Prefect's agents."""
        raise no_backend(f"{type(self).__name__}.execute()", RUN_IT)

    def __repr__(self) -> str:
        return f"<Environment: {type(self).__name__}>"
