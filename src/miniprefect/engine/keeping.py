"""The steps of a task run that use or keep results: targets, caches, checkpoints, and names made of inputs."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from miniprefect.engine.cache_validators import never_use
from miniprefect.engine.caching import CachedStates
from miniprefect.engine.gates import Gates, UpstreamStates
from miniprefect.engine.making import cached
from miniprefect.engine.result.base import (
    CorruptResultError,
    Names,
    Result,
    ResultNotImplementedError,
    format_context,
)
from miniprefect.engine.runner import describe
from miniprefect.engine.signals import ENDRUN
from miniprefect.engine.state import Cached, Looped, Mapped, Pending, Skipped, State, Success
from miniprefect.utilities.clock import utc_now
from miniprefect.utilities.context import Frame, context, current_frame
from miniprefect.utilities.lazy import LazyModule

cache_records = LazyModule("miniprefect.engine.cache_records")

Inputs = dict[str, Any]

# Successes of which there is nothing to keep.
_WITHOUT_WORK = (Skipped, Mapped)


class Keeping(Gates):
    """Use results that are there already, and keep new ones."""

    __slots__ = ("result",)

    result: Result | None

    def load_results(self, state: State, upstream_states: UpstreamStates) -> tuple[State, UpstreamStates]:
        """Read those results of earlier runs that are known only by their place."""
        for upstream in upstream_states.values():
            upstream.load_result()
        return state.load_cached_results(), upstream_states

    def loaded(self, state: State) -> State:
        """Return the state that this task had in an earlier run, with its result read from its place if need be."""
        try:
            return state.load_result(self.result)
        except Exception as error:
            self.logger.warning("Task '%s': its earlier result can't be read: %s", self.task.name, describe(error))
            return state

    def set_task_run_name(self, task_inputs: Inputs) -> None:
        """Put the name of this run, made of its inputs and the context, into the context."""
        template = self.task.task_run_name
        is_function = callable(template)
        name = template(**format_context(**task_inputs)) if is_function else template.format_map(Names(task_inputs))
        context["task_run_name"] = name

    def check_target(self, state: State, inputs: Inputs) -> State:
        """End the run with the result that is at the target, if there is one."""
        result = self._target_result()
        if result is None:
            return state
        values = format_context(**inputs)
        location = result.format(**values).location
        if location is None or not result.exists(location, **values):
            return state
        try:
            known = result.read(location)
        except (CorruptResultError, FileNotFoundError) as error:
            self.logger.warning("Task '%s': %s It is computed again.", self.task.name, error)
            return state
        raise ENDRUN(Cached(f"Result found at task target {location}", result=known))

    def _target_result(self) -> Result | None:
        """Return the result with the task's target for its location."""
        if self.result is None or not self._checkpoints():
            return None
        target = self.result.copy()
        if callable(self.task.target):
            target.location, target._formatter = None, self.task.target
        else:
            target.location, target._formatter = self.task.target, None
        return target

    def check_task_is_cached(self, state: State, inputs: Inputs) -> State:
        """End the run with an earlier result that the task's validator lets pass, if there is one."""
        if isinstance(state, Cached):
            state = self._judged(state, inputs)
        validator = self.task.cache_validator
        if validator is never_use:
            return state
        parameters = context.get("parameters") or {}
        for known in self._cached_states(inputs, parameters):
            if validator(known, inputs, parameters):
                raise ENDRUN(_without_inputs(known))
        records = self._records()
        found = records and records.find(inputs, parameters)
        if found:
            self._remember(found, current_frame())
            raise ENDRUN(_without_inputs(found))
        return state

    def _judged(self, state: Cached, inputs: Inputs) -> State:
        """End the run with the result that it begins with, if the task's validator lets that pass."""
        parameters = context.get("parameters") or {}
        if not self.task.cache_validator(state, inputs, parameters):
            return Pending("Cache was invalid; ready to run.")
        if not any(known is state for known in self._cached_states(inputs, parameters)):
            self._remember(state, current_frame())
        raise ENDRUN(state)

    def _cached_states(self, inputs: Inputs, parameters: Inputs) -> Iterator[Cached]:
        """List the states that this process knows and the validator may let pass."""
        known = (context.get("caches") or {}).get(self._cache_key(), ())
        if isinstance(known, CachedStates):
            yield from known.candidates(self.task.cache_validator, inputs, parameters)
        else:
            yield from reversed(known)

    def _cache_key(self) -> str:
        return self.task.cache_key or self.task.name

    def _remember(self, state: Cached, frame: Frame) -> None:
        """Make a state known to later runs of this process."""
        caches, key = frame.get("caches"), self._cache_key()
        if caches is None:
            return
        known = caches.get(key)
        if known is None:
            known = caches.setdefault(key, CachedStates())
        known.append(state)

    def _records(self) -> Any:
        """Return what makes cached states known to other processes, too, or None if the task keeps no results."""
        task, result = self.task, self.result
        if result is None or task.cache_for is None or task.cache_validator is never_use:
            return None
        if not result.keeps_location or not self._checkpoints():
            return None
        return cache_records.CacheRecords(result, self._cache_key(), task.cache_validator, self._complain)

    def _complain(self, what: str, error: BaseException) -> None:
        self.logger.warning("Task '%s': %s: %s", self.task.name, what, describe(error))

    def cache_result(self, state: State, inputs: Inputs) -> State:
        """Make a success known to later runs, until it expires."""
        task = self.task
        if task.cache_for is None or not (type(state) is Success or _is_work(state)):
            return state
        frame = current_frame()
        parameters, expiration = frame.get("parameters"), utc_now() + task.cache_for
        known, shown = cached(state, task.labels, parameters, expiration, inputs)
        self._remember(known, frame)
        if self.result is not None and (records := self._records()):
            records.keep(known, inputs, parameters or {})
        return shown

    def _checkpoints(self) -> bool:
        return bool(context.get("checkpointing", False)) and self.task.checkpoint is not False

    def kept(self, state: State, inputs: Inputs) -> State:
        """Write the result of a success, or of a turn of a loop, where the task says; return the state."""
        if not isinstance(state, Success | Looped) or state.is_skipped() or state.result is None:
            return state
        result = self._target_result() if self.task.target is not None else self.result
        if result is not None and self._checkpoints():
            # A result without a place to write to is no fault of the task.
            with suppress(ResultNotImplementedError):
                state._result = self._written(result, state.result, format_context(**inputs))
        return state

    def _written(self, result: Result, value: Any, names: Inputs) -> Result:
        if self._records():
            known: Result = cache_records.write_sealed(result, value, names)
            return known
        return result.write(value, **names)


def _is_work(state: State) -> bool:
    """Say whether a state is a success of which there is something to keep."""
    return isinstance(state, Success) and not isinstance(state, _WITHOUT_WORK)


def _without_inputs(state: Cached) -> Cached:
    """Return a state like `state` to show: its inputs are for the cache only."""
    shown = Cached(
        state.message,
        state._held,
        cached_parameters=state.cached_parameters,
        cached_result_expiration=state.cached_result_expiration,
        hashed_inputs=state.hashed_inputs,
    )
    shown._context = state._context
    return shown
