"""Signals: exceptions that a task raises to choose the state it ends in.

PrefectSignal (a BaseException: ``except Exception`` in a task does not catch it)
  ENDRUN               ends a run at once with a given state
  PrefectStateSignal
    FAIL
      TRIGGERFAIL  VALIDATIONFAIL
    LOOP  PAUSE  RETRY  SKIP  SUCCESS
"""

from typing import Any, ClassVar

from miniprefect.engine.state import (
    Failed,
    Looped,
    Paused,
    Retrying,
    Skipped,
    State,
    Success,
    TriggerFailed,
    ValidationFailed,
)
from miniprefect.exceptions import PrefectSignal

__all__ = [
    "ENDRUN",
    "FAIL",
    "LOOP",
    "PAUSE",
    "RETRY",
    "SKIP",
    "SUCCESS",
    "TRIGGERFAIL",
    "VALIDATIONFAIL",
    "PrefectSignal",
    "PrefectStateSignal",
    "signal_from_state",
]


class ENDRUN(PrefectSignal):
    """End a run at once.

    Args:
        state: the state that the run ends in.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        super().__init__(str(state.message or ""))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.state,)


class PrefectStateSignal(PrefectSignal):
    """Carry a state out of a task.

    Args:
        message: the state's message.
        *args: further arguments of the state's class.
        **kwargs: the same by name; `result` is the signal itself unless given.
    """

    _state_cls: ClassVar[type[State]] = State

    def __init__(self, message: Any = None, *args: Any, **kwargs: Any) -> None:
        if not args:
            kwargs.setdefault("result", self._default_result())
        super().__init__(message)
        self.state = self._state_cls(message, *args, **kwargs)

    def _default_result(self) -> Any:
        return self


class FAIL(PrefectStateSignal):
    """End the task as failed."""

    _state_cls = Failed


class TRIGGERFAIL(FAIL):
    """Say that a trigger does not let the task run."""

    _state_cls = TriggerFailed


class VALIDATIONFAIL(FAIL):
    """Say that a result did not pass its validators."""

    _state_cls = ValidationFailed


class SUCCESS(PrefectStateSignal):
    """End the task as successful."""

    _state_cls = Success


class RETRY(PrefectStateSignal):
    """End this attempt; there will be another, at `start_time` if given."""

    _state_cls = Retrying


class SKIP(PrefectStateSignal):
    """End the task as skipped."""

    _state_cls = Skipped


class PAUSE(PrefectStateSignal):
    """End this attempt; the task waits for a person, or for `start_time` if given."""

    _state_cls = Paused


class LOOP(PrefectStateSignal):
    """End one turn of a loop: the task runs again and finds `result` in the context as ``task_loop_result``."""

    _state_cls = Looped

    def _default_result(self) -> Any:
        return repr(self)


def signal_from_state(state: State) -> type[PrefectStateSignal]:
    """Return the signal class that ends a task in a state of the class of `state`.

    Raises:
        ValueError: no signal makes states of that class.
    """
    # Ours come first: they were defined before any that a user adds.
    signals: list[type[PrefectStateSignal]] = [PrefectStateSignal]
    for signal in signals:
        if signal._state_cls is type(state):
            return signal
        signals.extend(signal.__subclasses__())
    raise ValueError(f"No signal matches the provided state: {state!r}. Raise ENDRUN(state) instead.")
