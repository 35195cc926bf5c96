"""What all kinds of storage have in common."""

import logging
import re
from typing import Any

from miniprefect.exceptions import no_backend
from miniprefect.utilities.records import Record

RUN_IT = "The flow is in this process: run it with flow.run(), or write it to a file with flow.save()."


class Storage(Record):
    """Remember which flows were added. Nothing is uploaded or written.

    Args:
        result: kept.
        secrets: kept; an empty list by default.
        labels: kept; an empty list by default.
        add_default_labels: kept; True by default.
        stored_as_script: kept.
    """

    def __init__(
        self,
        result: Any = None,
        secrets: list[str] | None = None,
        labels: list[str] | None = None,
        add_default_labels: bool | None = None,
        stored_as_script: bool = False,
    ) -> None:
        self.result = result
        self.secrets = secrets or []
        self.labels = labels or []
        self.add_default_labels = True if add_default_labels is None else add_default_labels
        self.stored_as_script = stored_as_script
        self.flows: dict[str, str] = {}
        self._flows: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The name of this storage."""
        return type(self).__name__

    @property
    def default_labels(self) -> list[str]:
        """The labels that the storage adds by itself: none."""
        return []

    @property
    def logger(self) -> logging.Logger:
        """The logger of this storage."""
        return logging.getLogger(f"prefect.{type(self).__name__}")

    def add_flow(self, flow: Any) -> str:
        """Remember `flow`, and return the place where Prefect would have put it."""
        if flow.name in self.flows:
            raise ValueError(f'Name conflict: Flow with the name "{flow.name}" is already present in this storage.')
        self.flows[flow.name] = self._place(flow.name)
        self._flows[flow.name] = flow
        return self.flows[flow.name]

    def get_flow(self, flow_name: str) -> Any:
        """Return the flow that was added under `flow_name`."""
        if flow_name not in self._flows:
            raise no_backend(f"Fetching {flow_name!r} from {self!r}", RUN_IT)
        return self._flows[flow_name]

    def build(self) -> "Storage":
        """Return the storage itself: there is nothing to build."""
        return self

    def run_basic_healthchecks(self) -> None:
        """Do nothing: there is nothing stored that could be unhealthy."""

    def _place(self, flow_name: str) -> str:
        """Return the place of a flow: the first of the arguments that says, or a name made of the flow's."""
        places = (getattr(self, argument, None) for argument in ("path", "flow_path", "key", "blob_name"))
        return next(filter(None, places), _slug(flow_name))

    def __contains__(self, flow_name: object) -> bool:
        return flow_name in self.flows

    def __repr__(self) -> str:
        return f"<Storage: {type(self).__name__}>"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
