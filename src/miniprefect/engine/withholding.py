"""What of a flow run can't be sent to other processes: find it, name it, and do without where that is possible.

A task that can't be sent keeps the whole flow from being sent. A value need not: what a task is called with, a
parameter, something in the context. Each is sealed by itself; if that fails, or reading it, so does the task that wants
it, alone.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

from miniprefect.engine.plan import Plan
from miniprefect.engine.result.base import Result
from miniprefect.executors.processes import NotSendable, decode
from miniprefect.utilities.context import Frame
from miniprefect.utilities.logging import get_logger
from miniprefect.utilities.pickling import portable, replacing

_REMEDY = "Make it in the task that wants it."


# What always can be sent.
_PLAIN = (type(None), bool, int, float, str)


class Sealed(Result):
    """Be a value that is on its way to another process: made anew when it is read, if that can be done.

    Args:
        data: it, as bytes.
        problem: why there are none.
    """

    def __init__(self, data: bytes = b"", problem: str = "") -> None:
        super().__init__()
        self.data = data
        self.problem = problem

    def __reduce__(self) -> Any:
        return Sealed, (self.data, self.problem)

    @property
    def value(self) -> Any:
        """The value.

        Raises:
            NotSendable: it could not be sent, or can't be made anew.
        """
        if "_read" not in self.__dict__:
            self._read = self._opened()
        return self._read

    @value.setter
    def value(self, value: None) -> None:
        pass

    def _opened(self) -> Any:
        try:
            if self.problem:
                raise NotSendable(self.problem)
            return decode(self.data)
        except NotSendable as error:
            raise NotSendable(f"What was given can't be sent to a worker: {error}. {_REMEDY}") from None


def encoded(common: Any, encode: Callable[[Any], bytes]) -> bytes:
    """Return what task runs have in common as bytes, with each value in it sealed.

    Raises:
        NotSendable: there is more than values that can't be sent.
    """
    token = replacing.set(functools.partial(_sealed, encode))
    try:
        return encode(common)
    finally:
        replacing.reset(token)


def _sealed(encode: Callable[[Any], bytes], value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    try:
        return Sealed(encode(value))
    except NotSendable as error:
        return Sealed(problem=str(error))


def context_values(frame: Frame) -> dict[str, Any]:
    """Return what the context of a flow run shows, to be sent."""
    values = {key: value for key, value in frame.items() if key not in ("config", "logger", "flow")}
    if replacing.get() is None:
        return values
    if isinstance(values.get("parameters"), dict):
        values["parameters"] = _portable(values["parameters"])
    return _portable(values)


def _portable(values: dict[str, Any]) -> dict[str, Any]:
    return {key: portable(value) for key, value in values.items()}


def opened(values: dict[str, Any]) -> dict[str, Any]:
    """Return what `context_values` has returned elsewhere, without what could not be sent."""
    values = _readable(values, "value")
    if isinstance(values.get("parameters"), dict):
        values["parameters"] = _readable(values["parameters"], "parameter")
    return values


def _readable(values: dict[str, Any], kind: str) -> dict[str, Any]:
    found = {}
    for key, value in values.items():
        try:
            found[key] = value.value if isinstance(value, Sealed) else value
        except NotSendable as error:
            get_logger("FlowRunner").warning("The %s '%s' is missing in the context here. %s", kind, key, error)
    return found


def parts(plan: Plan, frame: Frame, remedy: str) -> Iterator[tuple[str, Any, str]]:
    """List the parts of a flow run, as (what to call it in an error, the part, what to do if it can't be sent)."""
    for task in plan.tasks:
        yield f"Task '{task.name}'", task, remedy
        for key, value in plan.constants.get(task, {}).items():
            yield f"The argument '{key}' of task '{task.name}'", value, _REMEDY
    flow: Any = frame.flow  # type: ignore[attr-defined]
    for handler in (*flow.state_handlers, flow.terminal_state_handler):
        yield f"The state handler '{getattr(handler, '__name__', handler)}' of flow '{flow.name}'", handler, remedy
    for key, value in (frame.get("parameters") or {}).items():
        yield f"The parameter '{key}'", value, _REMEDY
    for key, value in context_values(frame).items():
        yield f"'{key}' in the context", value, _REMEDY
