"""Annotations of the values given to a task: how the edge that carries a value treats it."""

from typing import Any, ClassVar


class EdgeAnnotation:
    """Wrap a value (a task or a constant) to say how its edge treats it.

    Args:
        value: the value; one that is wrapped already keeps its own annotations, which win.
    """

    annotations: ClassVar[dict[str, bool]] = {}

    def __init__(self, value: Any) -> None:
        self.value = value
        self.annotations = dict(type(self).annotations)  # type: ignore[misc]
        if isinstance(value, EdgeAnnotation):
            self.value = value.value
            self.annotations.update(value.annotations)

    def pipe(self, task: Any, **kwargs: Any) -> Any:
        """Call `task` with this value as its first argument; see `Task.pipe`."""
        return task(self, **kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.value!r}>"


class mapped(EdgeAnnotation):
    """Map over the value, whatever the call says."""

    annotations = {"mapped": True}


class unmapped(EdgeAnnotation):
    """Give the whole value to every child of a map."""

    annotations = {"mapped": False}


class flatten(EdgeAnnotation):
    """Take one level of nesting off the value: ``[[1, 2], [3]]`` becomes ``[1, 2, 3]``."""

    annotations = {"flattened": True}
