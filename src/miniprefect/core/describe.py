"""A flow in plain data, for people and for digests."""

import re
from typing import TYPE_CHECKING, Any

from miniprefect.utilities.lazy import LazyModule

hashlib = LazyModule("hashlib")
json = LazyModule("json")
unicodedata = LazyModule("unicodedata")

if TYPE_CHECKING:
    from miniprefect.core.flow import Flow


def described(flow: "Flow") -> dict[str, Any]:
    """Return the tasks, edges, constants and parameters of `flow` as JSON can say them, always in the same order."""
    slugs = flow.slugs
    return {
        "name": flow.name,
        "type": f"{type(flow).__module__}.{type(flow).__qualname__}",
        "tasks": [task.serialize() | {"slug": slugs[task]} for task in flow.tasks],
        "edges": [
            edge.serialize()
            | {"upstream_task": slugs[edge.upstream_task], "downstream_task": slugs[edge.downstream_task]}
            for edge in flow.edges
        ],
        "constants": {
            slugs[task]: {key: _steady(value) for key, value in values.items()}
            for task, values in flow.constants.items()
            if values
        },
        "parameters": sorted(parameter.name for parameter in flow.parameters()),
        "reference_tasks": sorted(slugs[task] for task in flow.reference_tasks()),
        "schedule": None if flow.schedule is None else _steady(flow.schedule),
    }


def digest(description: dict[str, Any]) -> str:
    """Return the SHA-256 of a description in hexadecimal."""
    digits: str = hashlib.sha256(json.dumps(description, sort_keys=True, default=_steady).encode()).hexdigest()
    return digits


def _steady(value: Any) -> str:
    """Return the repr of a value without what differs from process to process: addresses, the order of a set."""
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(_steady, value)))}}}"
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def slugified(name: str) -> str:
    """Return `name` as it can stand in the name of a file."""
    plain = unicodedata.normalize("NFC", name).casefold()
    return re.sub(r"\W+", "-", plain).strip("-") or digest({"name": name})[:12]
