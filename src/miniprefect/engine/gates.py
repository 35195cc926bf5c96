"""The gates of a task run: whether it may go on. One that says no raises `ENDRUN` with the state the run ends in."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from miniprefect.engine import signals
from miniprefect.engine.children import each_child
from miniprefect.engine.plan import TaskLike
from miniprefect.engine.runner import STOPPING, Runner, describe
from miniprefect.engine.signals import ENDRUN, PrefectStateSignal
from miniprefect.engine.state import (
    Failed,
    Mapped,
    Paused,
    Scheduled,
    Skipped,
    State,
    TriggerFailed,
)
from miniprefect.utilities.clock import utc_now
from miniprefect.utilities.context import context

UpstreamStates = Mapping[Any, State]
_Trigger = TypeVar("_Trigger", bound=Callable[..., Any])

_content_with_success: set[Callable[..., Any]] = set()


def content_with_success(trigger: _Trigger) -> _Trigger:
    """Mark a trigger that always lets a task run whose upstream tasks all succeeded, so that it need not be asked."""
    _content_with_success.add(trigger)
    return trigger


def is_content_with_success(trigger: Callable[..., Any]) -> bool:
    """Say whether a trigger was so marked."""
    try:
        return trigger in _content_with_success
    except TypeError:
        # A trigger that can't be hashed can't have been marked.
        return False


class Gates(Runner):
    """Ask whether a task may run."""

    __slots__ = ("task",)

    task: TaskLike
    logger: logging.Logger

    def check_upstream_finished(self, state: State, upstream_states: UpstreamStates) -> State:
        """End the run, unchanged, unless all upstream tasks have finished."""
        awaited = _awaited(upstream_states, lambda edge: getattr(edge, "flattened", False))
        if not all(s.is_finished() for s in awaited):
            raise ENDRUN(state)
        return state

    def check_upstream_skipped(self, state: State, upstream_states: UpstreamStates) -> State:
        """Skip the task if an upstream task was skipped, unless it does not mind."""
        if self.task.skip_on_upstream_skip and any(s.is_skipped() for s in _awaited(upstream_states)):
            raise ENDRUN(
                Skipped(
                    "Upstream task was skipped; if this was not the intended behavior, consider changing "
                    "`skip_on_upstream_skip=False` for this task."
                )
            )
        return state

    def check_task_ready_to_map(self, state: State, upstream_states: UpstreamStates) -> State:
        """End the run of a task that is mapped: `Mapped` if its inputs can be taken apart, else `Failed`."""
        if isinstance(state, Mapped):
            raise ENDRUN(state)
        states = [s for edge, s in upstream_states.items() if edge.mapped]
        if states and not any(s.is_successful() for s in states):
            raise ENDRUN(Failed("No upstream states can be mapped over."))
        for upstream in states:
            if upstream.is_successful() and not _can_be_mapped(upstream):
                raise ENDRUN(Failed("At least one upstream state has an unmappable result."))
        raise ENDRUN(Mapped("Ready to proceed with mapping."))

    def check_task_trigger(self, state: State, upstream_states: UpstreamStates) -> State:
        """Ask the trigger; what it raises decides how the run ends."""
        try:
            if not _answer(self.task.trigger, upstream_states):
                raise signals.TRIGGERFAIL("Trigger failed")
        except PrefectStateSignal as signal:
            self.logger.debug("Task '%s': trigger raised %r", self.task.name, signal)
            raise ENDRUN(signal.state) from signal
        except (ENDRUN, *STOPPING):
            raise
        except BaseException as error:
            if context.get("raise_on_exception"):
                raise
            self.logger.exception(
                "Task '%s': Unexpected error while evaluating task trigger: %s", self.task.name, describe(error)
            )
            message = f"Unexpected error while checking task trigger: {describe(error)}"
            raise ENDRUN(TriggerFailed(message, result=error)) from error
        return state

    def check_task_is_ready(self, state: State) -> State:
        """End the run, unchanged, if the task runs already or has finished."""
        if not (state.is_pending() or state.is_cached() or state.is_mapped()):
            raise ENDRUN(state)
        return state

    def check_task_reached_start_time(self, state: State) -> State:
        """End the run, unchanged, if it is to begin later, or waits for a person who has not said so."""
        if isinstance(state, Paused) and context.get("resume"):
            return state
        if isinstance(state, Scheduled) and (state.start_time is None or state.start_time > utc_now()):
            raise ENDRUN(state)
        return state


def _answer(trigger: Callable[[Any], Any], upstream_states: UpstreamStates) -> Any:
    """Ask a trigger; one written for Prefect 0.10, which looks for states where there are edges now, gets states."""
    try:
        return trigger(upstream_states)
    except AttributeError as error:
        if not (hasattr(error.obj, "upstream_task") and hasattr(State, error.name or "")):
            raise
        return trigger(set(upstream_states.values()))


def _can_be_mapped(state: State) -> bool:
    return state.is_mapped() or hasattr(state.result, "__getitem__")


def _awaited(upstream_states: UpstreamStates, takes_all: Callable[[Any], bool] = lambda edge: False) -> Iterator[State]:
    """List the states that a task depends on: all children of a mapped task, unless it is mapped over them itself.

    It is so also by an edge that `takes_all` children even then: to flatten them, all must be there.
    """
    for edge, state in upstream_states.items():
        if state.is_mapped() and (takes_all(edge) or not getattr(edge, "mapped", False)):
            yield from each_child([state])
        else:
            yield state
