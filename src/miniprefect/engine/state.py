"""States: what is known about a flow run or a task run at one moment.

    State
      Pending                      not begun
        Scheduled                  to begin at `start_time`
          Paused  Resume  Retrying
      Running
        Cancelling
      Finished
        Looped                     one turn of a loop is done
        Success
          Cached  Mapped  Skipped
        Failed
          TimedOut  TriggerFailed  ValidationFailed
        Cancelled
      _MetaState                   says something about another state
        ClientFailed  Submitted  Queued

A state holds a `message` for people and a `result` for programs. States are made in great numbers, so they
have slots, and what is rarely read (`context`, `cached_inputs`) is made when it is read.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from miniprefect.engine.result.base import NoResult, Result
from miniprefect.engine.showing import Ran, as_html, report
from miniprefect.utilities.clock import utc_now
from miniprefect.utilities.context import current_frame


class State:
    """Say where a run stands.

    Args:
        message: a text, or an exception, that explains the state.
        result: the value that goes with it; a `Result` is unwrapped when `result` is read.
        context: facts about the run; inside a task run the task's tags are added.
        cached_inputs: the inputs of the run, by argument name, when it may have to be repeated.
    """

    # With a dict, made when somebody sets an attribute of their own, as scripts may.
    __slots__ = ("__dict__", "_cached_inputs", "_context", "_held", "message")

    color: ClassVar[str] = "#696969"

    # Dicts, or what they are made of when they are asked for: the tags, None outside a task run; a tuple of the plain
    # values by argument name, None if there are none.
    _context: Any
    _cached_inputs: Any

    # When the attempts of a task run began and ended, by turns, in seconds since 1970, where times are kept; see
    # `engine.times`.
    _times: tuple[float, ...] = ()
    # What the state of a flow run is the end of.
    _ran: Ran | None = None

    report = report
    _repr_html_ = as_html

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        context: dict[str, Any] | None = None,
        cached_inputs: dict[str, Result] | None = None,
    ) -> None:
        self.message = message
        self._held = result
        self._cached_inputs = cached_inputs
        tags = current_frame().task_tags
        if context is not None:
            self._context = _with_tags(context, tags)
        else:
            self._context = tags and tuple(tags)

    @property
    def result(self) -> Any:
        """The value that goes with this state."""
        held = self._held
        return held.value if isinstance(held, Result) else held

    @result.setter
    def result(self, value: Any) -> None:
        self._held = value

    @property
    def _result(self) -> Result:
        """The value with its location, if it has one."""
        held = self._held
        if not isinstance(held, Result):
            held = self._held = NoResult if held is None else Result(held)
        return held

    @_result.setter
    def _result(self, result: Result) -> None:
        self._held = result

    @property
    def context(self) -> dict[str, Any]:
        """Facts about the run that the state belongs to: ``tags`` and what was given."""
        held = self._context
        made: dict[str, Any] = held if isinstance(held, dict) else _with_tags({}, held)
        self._context = made
        return made

    @context.setter
    def context(self, context: dict[str, Any]) -> None:
        self._context = context

    @property
    def cached_inputs(self) -> dict[str, Result]:
        """The inputs of the run as results, by argument name."""
        held = self._cached_inputs
        made: dict[str, Result] = held if isinstance(held, dict) else _as_results(held)
        self._cached_inputs = made
        return made

    @cached_inputs.setter
    def cached_inputs(self, inputs: dict[str, Result] | None) -> None:
        self._cached_inputs = inputs

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"<{name}>" if self.message is None else f'<{name}: "{self.message}">'

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, State):
            return False
        same = self.result == other.result and self.cached_inputs == other.cached_inputs
        return bool(same and all(getattr(self, name) == getattr(other, name) for name in self.particulars()))

    @classmethod
    def particulars(cls) -> list[str]:
        """Name what this class adds to a state, such as a start time."""
        added = cls.__mro__[: -len(State.__mro__)]
        return [name for c in added for name in c.__dict__.get("__slots__", ())]

    __hash__ = object.__hash__

    def load_result(self, result: Result | None = None) -> "State":
        """Read the value from where it is kept, if that is not done yet.

        Args:
            result: says how to read; by default the state's own result does.
        """
        known = self._result
        if known.value is None and known.location is not None:
            self._held = (result or known).read(known.location)
        return self

    def load_cached_results(self, results: Mapping[str, Result | None] | None = None) -> "State":
        """Read the cached inputs from where they are kept; `results` says how, by argument name."""
        readers = results or {}
        for name, known in self.cached_inputs.items():
            if known.value is None and known.location is not None:
                self.cached_inputs[name] = (readers.get(name) or known).read(known.location)
        return self

    @classmethod
    def children(cls, include_self: bool = False, names_only: bool = False) -> list[Any]:
        """List the classes below this one, or their names."""
        found: list[type[State]] = []
        for child in cls.__subclasses__():
            found.extend(c for c in (child, *child.children()) if not c.__name__.startswith("_"))
        if include_self:
            found.append(cls)
        return [c.__name__ for c in found] if names_only else found

    @classmethod
    def parents(cls, include_self: bool = False, names_only: bool = False) -> list[Any]:
        """List the classes above this one, or their names."""
        above = cls.__mro__[0 if include_self else 1 :]
        found = [c for c in above if issubclass(c, State) and not c.__name__.startswith("_")]
        return [c.__name__ for c in found] if names_only else found

    def is_pending(self) -> bool:
        """Say whether the run has not begun."""
        return isinstance(self, Pending)

    def is_queued(self) -> bool:
        """Say whether the run waits in a queue."""
        return isinstance(self, Queued)

    def is_retrying(self) -> bool:
        """Say whether the run waits for another attempt."""
        return isinstance(self, Retrying)

    def is_running(self) -> bool:
        """Say whether the run has begun and not ended."""
        return isinstance(self, Running)

    def is_cached(self) -> bool:
        """Say whether the result was taken from a cache."""
        return isinstance(self, Cached)

    def is_finished(self) -> bool:
        """Say whether the run has ended, well or not."""
        return isinstance(self, Finished)

    def is_looped(self) -> bool:
        """Say whether one turn of a loop has ended."""
        return isinstance(self, Looped)

    def is_scheduled(self) -> bool:
        """Say whether the run waits for its time."""
        return isinstance(self, Scheduled | Queued)

    def is_submitted(self) -> bool:
        """Say whether the run was handed over for execution."""
        return isinstance(self, Submitted)

    def is_skipped(self) -> bool:
        """Say whether the run was skipped."""
        return isinstance(self, Skipped)

    def is_successful(self) -> bool:
        """Say whether the run has ended well."""
        return isinstance(self, Success)

    def is_failed(self) -> bool:
        """Say whether the run has ended badly."""
        return isinstance(self, Failed)

    def is_mapped(self) -> bool:
        """Say whether this is the state of a task that was mapped."""
        return isinstance(self, Mapped)

    def is_meta_state(self) -> bool:
        """Say whether this state is about another state."""
        return isinstance(self, _MetaState)


def _as_results(held: tuple[Mapping[str, Any]] | None) -> dict[str, Result]:
    return {} if held is None else {name: Result(value) for name, value in held[0].items()}


def _with_tags(context: dict[str, Any], tags: Iterable[str] | None) -> dict[str, Any]:
    context = dict(context)
    if tags is not None:
        context.setdefault("tags", list(tags))
    return context


class Pending(State):
    """Say that a run has not begun."""

    __slots__ = ()

    color = "#7ebdff"

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        cached_inputs: dict[str, Result] | None = None,
        context: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, result, context, cached_inputs)


class Scheduled(Pending):
    """Say that a run waits for a moment.

    Args:
        start_time: when it may begin, an aware datetime; now, if not given.
    """

    __slots__ = ("start_time",)

    color = "#ffab00"

    start_time: datetime.datetime | None

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        start_time: datetime.datetime | None = None,
        cached_inputs: dict[str, Result] | None = None,
        context: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, result, cached_inputs, context)
        self.start_time = _aware(start_time)
        run_count = current_frame().get("task_run_count")
        if run_count is not None:
            self.context.setdefault("task_run_count", run_count)


def _aware(moment: datetime.datetime | None) -> datetime.datetime:
    """Read a naive moment as UTC, and none as now."""
    if moment is None:
        return utc_now()
    if not isinstance(moment, datetime.datetime):
        raise AttributeError(f"A start_time or expiration is a datetime.datetime, not {moment!r}.")
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


class Paused(Scheduled):
    """Say that a run waits for a person, or for `start_time` if there is one."""

    __slots__ = ()

    color = "#99a8e8"

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        start_time: datetime.datetime | None = None,
        cached_inputs: dict[str, Result] | None = None,
        context: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, result, start_time, cached_inputs, context)
        if start_time is None:
            self.start_time = None


class Resume(Scheduled):
    """Say that a paused run may go on."""

    __slots__ = ()

    color = "#f58c0c"


class Retrying(Scheduled):
    """Say that a run failed and waits for another attempt.

    Args:
        run_count: how many attempts there have been.
    """

    __slots__ = ("run_count",)

    color = "#f66a0a"

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        start_time: datetime.datetime | None = None,
        cached_inputs: dict[str, Result] | None = None,
        context: dict[str, Any] | None = None,
        run_count: int | None = None,
    ) -> None:
        super().__init__(message, result, start_time, cached_inputs, context)
        self.run_count: int = current_frame().get("task_run_count", 1) if run_count is None else run_count


class Running(State):
    """Say that a run has begun."""

    __slots__ = ()

    color = "#3d67ff"


class Cancelling(Running):
    """Say that a run is being stopped."""

    __slots__ = ()

    color = "#E8E8E8"


class Finished(State):
    """Say that a run has ended."""

    __slots__ = ()

    color = "#003ccb"


class Looped(Finished):
    """Say that one turn of a loop has ended.

    Args:
        loop_count: which turn it was; the context's ``task_loop_count`` if not given.
    """

    __slots__ = ("loop_count",)

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        loop_count: int | None = None,
        context: dict[str, Any] | None = None,
        cached_inputs: dict[str, Result] | None = None,
    ) -> None:
        super().__init__(message, result, context, cached_inputs)
        self.loop_count: int = current_frame().get("task_loop_count", 1) if loop_count is None else loop_count


class Success(Finished):
    """Say that a run has ended well."""

    __slots__ = ()

    color = "#28a745"


class Cached(Success):
    """Say that a run was not needed: its result was known.

    Args:
        cached_parameters: the flow's parameters when the result was made.
        cached_result_expiration: until when the result may be used; None is for ever.
        hashed_inputs: a digest of each input when the result was made.
    """

    __slots__ = ("cached_parameters", "cached_result_expiration", "hashed_inputs")

    color = "#34d058"

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        cached_inputs: dict[str, Result] | None = None,
        cached_parameters: dict[str, Any] | None = None,
        cached_result_expiration: datetime.datetime | None = None,
        context: dict[str, Any] | None = None,
        hashed_inputs: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, result, context, cached_inputs)
        self.cached_parameters = cached_parameters
        self.cached_result_expiration = cached_result_expiration and _aware(cached_result_expiration)
        self.hashed_inputs = hashed_inputs


# The states of tasks that have a result and ask nothing more of those downstream.
PLAINLY_WELL = frozenset({Success, Cached})


class Mapped(Success):
    """Say that a task was mapped; its children have states of their own.

    Args:
        map_states: the states of the children, in order.
        n_map_states: how many there are, when the states themselves are not known.
    """

    __slots__ = ("_children", "_map_states", "_n_map_states")

    color = "#003ccb"

    # What gives the states of the children, which it may make by then; see `engine.children`. Or None.
    _children: Any

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        map_states: "list[Any] | None" = None,
        context: dict[str, Any] | None = None,
        cached_inputs: dict[str, Result] | None = None,
        n_map_states: int | None = None,
    ) -> None:
        super().__init__(message, result, context, cached_inputs)
        self.map_states = map_states or []
        self._n_map_states = n_map_states

    @classmethod
    def particulars(cls) -> list[str]:
        """Name what this class adds to a state."""
        named = {"_map_states": "map_states"}
        return [named.get(name, name) for name in super().particulars() if name != "_children"]

    @property
    def map_states(self) -> list[Any]:
        """The states of the children, in order."""
        return self._map_states if self._children is None else self._children.shown()

    @map_states.setter
    def map_states(self, states: list[Any]) -> None:
        self._map_states, self._children = states, None

    @property
    def n_map_states(self) -> int:
        """How many children there are."""
        if self._n_map_states is not None:
            return self._n_map_states
        return len(self.map_states if self._children is None else self._children)


class Skipped(Success):
    """Say that a run was passed over, on purpose."""

    __slots__ = ()

    color = "#62757f"


class Cancelled(Finished):
    """Say that a run was stopped from outside."""

    __slots__ = ()

    color = "#bdbdbd"


class Failed(Finished):
    """Say that a run has ended badly; the result is the exception."""

    __slots__ = ()

    color = "#eb0000"

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        cached_inputs: dict[str, Result] | None = None,
        context: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, result, context, cached_inputs)


class TimedOut(Failed):
    """Say that a run took longer than it may."""

    __slots__ = ()

    color = "#ff4e33"


class TriggerFailed(Failed):
    """Say that the trigger did not let the run begin."""

    __slots__ = ()

    color = "#ff5131"


class ValidationFailed(Failed):
    """Say that the result did not pass its validators."""

    __slots__ = ()

    color = "#ff5131"


class _MetaState(State):
    """Say something about another state.

    Args:
        state: the state that this one is about.
    """

    __slots__ = ("state",)

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        state: State | None = None,
        context: dict[str, Any] | None = None,
        cached_inputs: dict[str, Result] | None = None,
    ) -> None:
        super().__init__(message, result, context, cached_inputs)
        self.state = state


class ClientFailed(_MetaState):
    """Say that a backend could not be told about a state."""

    __slots__ = ()

    color = "#eb0000"


class Submitted(_MetaState):
    """Say that a run was handed over for execution."""

    __slots__ = ()

    color = "#ffdf5d"


class Queued(_MetaState):
    """Say that a run waits in a queue until `start_time`, or until there is room."""

    __slots__ = ("start_time",)

    color = "#ffea7f"

    def __init__(
        self,
        message: Any = None,
        result: Any = None,
        state: State | None = None,
        start_time: datetime.datetime | None = None,
        context: dict[str, Any] | None = None,
        cached_inputs: dict[str, Result] | None = None,
    ) -> None:
        super().__init__(message, result, state, context, cached_inputs)
        self.start_time = _aware(start_time)
