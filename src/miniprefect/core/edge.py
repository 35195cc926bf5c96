"""Edges: how one task depends on another."""

import keyword
from typing import TYPE_CHECKING, Any

from miniprefect.utilities.edges import EdgeAnnotation

if TYPE_CHECKING:
    from miniprefect.core.task import Task


def is_valid_identifier(string: str) -> bool:
    """Say whether `string` can name an argument."""
    return isinstance(string, str) and string.isidentifier() and not keyword.iskeyword(string)


def check_edge(upstream_task: Any, downstream_task: Any, key: str | None) -> None:
    """Check that there can be an edge.

    Raises:
        ValueError: the key can't name an argument, or both ends are the same task.
    """
    if upstream_task is downstream_task:
        raise ValueError(
            f"Edges can not connect a task to itself: {upstream_task!r} is given as both ends of the edge."
        )
    if key is not None and not is_valid_identifier(key):
        raise ValueError(
            f'Key must be a valid identifier (received "{key}"): it names the argument of {downstream_task!r} '
            "that takes the value."
        )


class Edge:
    """Say that one task runs before another, and which argument its result becomes.

    Edges are values: two of the same ends, key and annotations are equal.

    Args:
        upstream_task: the task that runs first.
        downstream_task: the task that runs after it.
        key: the argument of the downstream task that takes the result; None carries no data.
        mapped: whether the downstream task is mapped over the result.
        flattened: whether one level of nesting is taken off the result first.
        flow: accepted for Prefect's sake; an edge does not need it.

    Raises:
        ValueError: the key can't name an argument, or both ends are the same task.
    """

    __slots__ = ("downstream_task", "flattened", "key", "mapped", "upstream_task")

    def __init__(
        self,
        upstream_task: Any,
        downstream_task: "Task | Any",
        key: str | None = None,
        mapped: bool | None = None,
        flattened: bool | None = None,
        flow: Any = None,
    ) -> None:
        if isinstance(upstream_task, EdgeAnnotation):
            mapped = upstream_task.annotations.get("mapped", mapped)
            flattened = upstream_task.annotations.get("flattened", flattened)
            upstream_task = upstream_task.value
        check_edge(upstream_task, downstream_task, key)
        self.upstream_task = upstream_task
        self.downstream_task = downstream_task
        self.key = key
        self.mapped = bool(mapped)
        self.flattened = bool(flattened)

    @property
    def tasks(self) -> "set[Task]":
        """Both ends of the edge."""
        return {self.upstream_task, self.downstream_task}

    def parts(self) -> tuple[Any, ...]:
        """Return what the edge was made with: its ends, its key, whether it is mapped and flattened."""
        return self.upstream_task, self.downstream_task, self.key, self.mapped, self.flattened

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edge):
            return False
        same_ends = self.upstream_task is other.upstream_task and self.downstream_task is other.downstream_task
        return same_ends and self.parts()[2:] == other.parts()[2:]

    def __hash__(self) -> int:
        return hash((id(self.upstream_task), id(self.downstream_task), self.key))

    def __repr__(self) -> str:
        how = f"key={self.key}, mapped={self.mapped}, flattened={self.flattened}"
        return f"<Edge({how}): {_name(self.upstream_task)} to {_name(self.downstream_task)}>"

    def __getstate__(self) -> tuple[Any, ...]:
        return self.parts()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def serialize(self) -> dict[str, Any]:
        """Describe the edge in plain data."""
        return {
            "upstream_task": _name(self.upstream_task),
            "downstream_task": _name(self.downstream_task),
            "key": self.key,
            "mapped": self.mapped,
            "flattened": self.flattened,
        }


def _name(task: Any) -> str:
    return str(getattr(task, "name", task))
