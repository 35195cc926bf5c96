"""What flow runners and task runners share: where a run begins, and telling handlers of its changes."""

import functools
import logging
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from miniprefect.engine.signals import ENDRUN, PrefectStateSignal
from miniprefect.engine.state import Failed, Pending, State
from miniprefect.exceptions import TimeUp
from miniprefect.utilities.context import context
from miniprefect.utilities.logging import get_logger

__all__ = ["ENDRUN", "Runner"]

# What no run holds up: Ctrl-C, and the time limit of a task that the run is part of.
STOPPING = (KeyboardInterrupt, TimeUp)

# What a flow run says that Ctrl-C ended.
INTERRUPTED = "Interrupt signal raised, cancelling flow run."


def checked(state_handlers: Iterable[Callable[..., Any]]) -> list[Callable[..., Any]]:
    """Return state handlers as a list.

    Raises:
        TypeError: they are no list, or anything like it.
    """
    if isinstance(state_handlers, str) or not isinstance(state_handlers, Iterable):
        raise TypeError(f"state_handlers should be iterable, not {state_handlers!r}. Write them in a list.")
    return list(state_handlers)


@functools.cache
def logger_of(class_name: str) -> logging.Logger:
    """Return the logger of a class of runners."""
    return get_logger(class_name)


class Runner:
    """Take something through a run.

    Args:
        state_handlers: functions of (runner, old state, new state), called at each change of state after the
            handlers of what is run.
    """

    # With a dict, made when a subclass keeps something of its own.
    __slots__ = ("__dict__", "__weakref__", "_handlers", "logger")

    def __init__(self, state_handlers: Iterable[Callable[..., Any]] | None = None) -> None:
        self._handlers = None if state_handlers is None else checked(state_handlers)
        self.logger = logger_of(type(self).__name__)

    @property
    def state_handlers(self) -> list[Callable[..., Any]]:
        """What is called at each change of state. Few runners have any: the list is made when it is asked for."""
        if self._handlers is None:
            self._handlers = []
        return self._handlers

    @state_handlers.setter
    def state_handlers(self, handlers: list[Callable[..., Any]]) -> None:
        self._handlers = handlers

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def initialize_run(self, state: State | None, context: dict[str, Any]) -> tuple[State, dict[str, Any]]:
        """Return the state that a run begins with, and the context that it has."""
        return Pending() if state is None else state, context

    @property
    def target(self) -> str:
        """What runs, as log lines call it."""
        return repr(self)

    def call_runner_target_handlers(self, old_state: State, new_state: State) -> State:
        """Tell the handlers of what is run, and return the state that they leave."""
        return new_state

    def handle_state_change(self, old_state: State, new_state: State) -> State:
        """Tell every handler of a change, and return the state that they leave.

        A handler that raises a signal puts the run into the signal's state; one that raises anything else
        fails it.
        """
        if self.logger.isEnabledFor(logging.DEBUG):
            kinds = type(old_state).__name__, type(new_state).__name__
            self.logger.debug("%s: Handling state change from %s to %s", self.target, *kinds)
        try:
            new_state = self.call_runner_target_handlers(old_state, new_state)
            return tell(self, old_state, new_state)
        except BaseException as error:
            self._end_for_handler(error)

    def _end_for_handler(self, error: BaseException) -> NoReturn:
        """End the run as what a handler raised has it."""
        if isinstance(error, (ENDRUN, *STOPPING)):
            raise error
        if isinstance(error, PrefectStateSignal):
            raise ENDRUN(error.state) from error
        if context.get("raise_on_exception"):
            raise error
        message = f"Unexpected error while calling state handlers: {describe(error)}"
        self.logger.error(message, exc_info=error)
        raise ENDRUN(Failed(message, result=error)) from error


def tell(tracked: Any, old_state: State, new_state: State, runner: Runner | None = None) -> State:
    """Tell handlers of a change, in order; return the state that they leave.

    Args:
        tracked: whose handlers: what is run, or its runner.
        old_state: the state before the change.
        new_state: the state after it.
        runner: ends its run for what a handler raises; without one, that is raised.

    Raises:
        AttributeError: a handler returns neither a state nor None.
    """
    try:
        for handler in tracked.state_handlers:
            answer = handler(tracked, old_state, new_state)
            if answer is new_state:  # as most handlers have it
                continue
            if isinstance(answer, State):
                new_state = answer
            elif answer:
                raise AttributeError(f"A state handler returns a state or None; {handler!r} returned {answer!r}.")
    except BaseException as error:
        if runner is None:
            raise
        runner._end_for_handler(error)
    return new_state


def describe(error: BaseException) -> str:
    """Return the repr of an exception, even if its author broke it."""
    try:
        return repr(error)
    except STOPPING:
        raise
    except BaseException:
        return f"{type(error).__name__}(...)"
