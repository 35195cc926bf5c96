"""Triggers: functions that decide, from the states of a task's upstreams, whether the task runs.

A trigger is called with a dict of `Edge` to `State`. It returns True to let the task run. To stop it, the ones
here raise a signal; one of your own may also return False.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from miniprefect.engine import signals
from miniprefect.engine.children import each_child
from miniprefect.engine.gates import content_with_success
from miniprefect.engine.state import State
from miniprefect.utilities.context import context

UpstreamStates = Mapping[Any, State]
Trigger = Callable[[Any], bool]


def _states(upstream_states: Any) -> list[State]:
    """List the states, those of mapped tasks child by child; a set or list, as in Prefect 0.10, works too."""
    states: Iterable[State] = upstream_states.values() if isinstance(upstream_states, Mapping) else upstream_states
    return each_child(states)


@content_with_success
def all_finished(upstream_states: UpstreamStates) -> bool:
    """Run once all upstream tasks have finished, however they did."""
    if not all(s.is_finished() for s in _states(upstream_states)):
        raise signals.TRIGGERFAIL('Trigger was "all_finished" but some of the upstream tasks were not finished.')
    return True


always_run = all_finished


def manual_only(upstream_states: UpstreamStates) -> bool:
    """Run only when a person says so: pause unless the task is being resumed."""
    if context.get("resume"):
        return True
    raise signals.PAUSE('Trigger function is "manual_only"')


@content_with_success
def all_successful(upstream_states: UpstreamStates) -> bool:
    """Run if all upstream tasks succeeded; skipped ones count as successful. This is the default."""
    if not all(s.is_successful() for s in _states(upstream_states)):
        raise signals.TRIGGERFAIL('Trigger was "all_successful" but some of the upstream tasks failed.')
    return True


def all_failed(upstream_states: UpstreamStates) -> bool:
    """Run if all upstream tasks failed."""
    if not all(s.is_failed() for s in _states(upstream_states)):
        raise signals.TRIGGERFAIL('Trigger was "all_failed" but some of the upstream tasks succeeded.')
    return True


@content_with_success
def any_successful(upstream_states: UpstreamStates) -> bool:
    """Run if at least one upstream task succeeded."""
    if upstream_states and not any(s.is_successful() for s in _states(upstream_states)):
        raise signals.TRIGGERFAIL('Trigger was "any_successful" but none of the upstream tasks succeeded.')
    return True


def any_failed(upstream_states: UpstreamStates) -> bool:
    """Run if at least one upstream task failed."""
    if upstream_states and not any(s.is_failed() for s in _states(upstream_states)):
        raise signals.TRIGGERFAIL('Trigger was "any_failed" but none of the upstream tasks failed.')
    return True


def not_all_skipped(upstream_states: UpstreamStates) -> bool:
    """Run if no upstream task failed and not all were skipped."""
    states = _states(upstream_states)
    if all(s.is_skipped() for s in states):
        raise signals.SKIP("All upstreams were skipped", result=None)
    if not all(s.is_successful() for s in states):
        raise signals.TRIGGERFAIL('Trigger was "not_all_skipped" but some of the upstream tasks failed.')
    return True


def some_successful(at_least: int | float | None = None, at_most: int | float | None = None) -> Trigger:
    """Make a trigger that counts the upstream tasks that succeeded.

    Args:
        at_least: the least number of them, or a share if below 1.
        at_most: the greatest number of them, or a share if below 1.
    """

    def _some_successful(upstream_states: UpstreamStates) -> bool:
        return _counted("some_successful", State.is_successful, upstream_states, at_least, at_most)

    return _some_successful


def some_failed(at_least: int | float | None = None, at_most: int | float | None = None) -> Trigger:
    """Make a trigger that counts the upstream tasks that failed.

    Args:
        at_least: the least number of them, or a share if below 1.
        at_most: the greatest number of them, or a share if below 1.
    """

    def _some_failed(upstream_states: UpstreamStates) -> bool:
        return _counted("some_failed", State.is_failed, upstream_states, at_least, at_most)

    return _some_failed


def _counted(
    name: str,
    counts: Callable[[State], bool],
    upstream_states: UpstreamStates,
    at_least: int | float | None,
    at_most: int | float | None,
) -> bool:
    if not upstream_states:
        return True
    states = _states(upstream_states)
    number = sum(map(counts, states))
    least = _threshold(at_least, len(states), 0)
    most = _threshold(at_most, len(states), len(states))
    if not least <= number <= most:
        raise signals.TRIGGERFAIL(f'Trigger was "{name}" but thresholds were not met.')
    return True


def _threshold(limit: int | float | None, total: int, default: float) -> float:
    if limit is None:
        return default
    return limit * total if 0 < limit < 1 else limit
