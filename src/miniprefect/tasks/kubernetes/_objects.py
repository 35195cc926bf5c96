"""What the API server sends, in the shape that scripts know from the official client."""

import datetime
import re
from typing import Any

_LATER_WORD = re.compile(r"_(\w)")
_IS_TIME = re.compile(r".*(Time|Timestamp)")


class ApiObject(dict[str, Any]):
    """Be what the API server sent, with its names as keys, and attributes as those of the official client.

    ``job["status"]["completionTime"]`` is what was sent; ``job.status.completion_time`` is None if nothing was,
    and a datetime if it was. What a dict has itself (`values`, `copy`, ...) is to be read as a key.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        key = _LATER_WORD.sub(lambda match: match[1].upper(), name.lstrip("_"))
        value = self.get(name, self.get(key))
        if isinstance(value, str) and _IS_TIME.fullmatch(key):
            return datetime.datetime.fromisoformat(value)
        return value

    def to_dict(self) -> dict[str, Any]:
        """Return what was sent, with the API's own names."""
        return dict(self)


class ApiList(ApiObject):
    """Be a list of objects as the API server sends it; they are its `items`."""

    @property
    def items(self) -> list[Any]:  # type: ignore[override]
        """The objects."""
        found: list[Any] = self.get("items") or []
        return found


def api_object(pairs: dict[str, Any]) -> ApiObject:
    """Make the object that a JSON object stands for."""
    is_list = str(pairs.get("kind", "")).endswith("List") and isinstance(pairs.get("items", 0), list | None)
    return ApiList(pairs) if is_list else ApiObject(pairs)
