"""Parameters: the tasks whose results are given to a run."""

import datetime
import enum
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from miniprefect.core.checks import checked_name
from miniprefect.core.task import Task
from miniprefect.engine.signals import FAIL
from miniprefect.utilities.context import context
from miniprefect.utilities.lazy import LazyModule
from miniprefect.utilities.pickling import portable

results = LazyModule("miniprefect.engine.results")

if TYPE_CHECKING:
    from miniprefect.core.flow import Flow


class NoDefault(enum.Enum):
    """Stand for "no default" where None is a default like any other."""

    value = "no_default"

    def __repr__(self) -> str:
        return "<no default>"


no_default = NoDefault.value


class Parameter(Task):
    """Be a value that is given to `Flow.run`.

    Args:
        name: the keyword of `Flow.run`; it is unique in the flow and is also the slug.
        default: the value when none is given.
        required: whether a value must be given; by default only if there is no default.
        tags: labels, as for any task.
    """

    is_parameter = True

    def __init__(
        self,
        name: str,
        default: Any = no_default,
        required: bool | None = None,
        tags: Iterable[str] | None = None,
    ) -> None:
        checked_name(name, "parameter")
        super().__init__(name=name, slug=name, tags=tags, checkpoint=True, result=results.PrefectResult())
        self.required = default is no_default if required is None else bool(required)
        self.default = None if default is no_default else default

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"default": portable(self.default)}

    def __repr__(self) -> str:
        return f"<Parameter: {self.name}>"

    def __call__(self, flow: "Flow | None" = None, **unexpected: Any) -> "Parameter":  # type: ignore[override]
        """Make the parameter a part of the flow.

        Raises:
            TypeError: anything but the flow is given; a parameter has no upstream tasks and can't be mapped.
        """
        if unexpected:
            raise TypeError(
                f"Parameter {self.name!r} got an unexpected keyword argument {min(unexpected)!r}; it takes flow=."
            )
        return self.bind(flow=flow)

    def map(self, *args: Any, **kwargs: Any) -> "Parameter":
        """Refuse: a parameter has no arguments that it could be mapped over."""
        raise TypeError(f"{self} takes no arguments, so it can't be mapped. Map a task over it: task.map({self.name}).")

    def copy(self, name: str, **task_args: Any) -> "Parameter":  # type: ignore[override]
        """Return a copy under another name."""
        return super().copy(name=name, slug=name, **task_args)

    def run(self) -> Any:
        """Return the value that this run was given, or the default."""
        given = context.get("parameters") or {}
        if self.required and self.name not in given:
            raise FAIL(f'Parameter "{self.name}" was required but not provided.')
        return given.get(self.name, self.default)

    def serialize(self) -> dict[str, Any]:
        """Describe the parameter in plain data."""
        return super().serialize() | {"required": self.required, "default": self.default}


class DateTimeParameter(Parameter):
    """Be a parameter whose value is a datetime, or a text that says one in ISO 8601.

    Args:
        name: the keyword of `Flow.run`.
        default: a datetime, a text or None.
        required: whether a value must be given.
        tags: labels, as for any task.
    """

    def __init__(self, name: str, default: Any = no_default, required: bool | None = None, tags: Any = None) -> None:
        super().__init__(name, default=default, required=required, tags=tags)

    def run(self) -> datetime.datetime | None:
        """Return the value as an aware datetime; one without a zone is taken as UTC.

        Raises:
            ValueError: the text names no moment.
        """
        value = super().run()
        if value is None:
            return None
        if not isinstance(value, datetime.datetime):
            try:
                value = datetime.datetime.fromisoformat(str(value))
            except ValueError as error:
                kind = type(value).__name__
                raise ValueError(f"{self} is a datetime in ISO 8601, not {value!r} ({kind}).") from error
        return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
