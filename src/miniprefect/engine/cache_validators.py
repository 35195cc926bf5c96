"""Cache validators: small functions that say whether an earlier result may be used again.

A validator is called as ``validator(state, inputs, parameters)`` with the `Cached` state, the task's inputs by
name and the flow's parameters.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from miniprefect.engine.result.base import Result
from miniprefect.engine.state import Cached
from miniprefect.utilities.clock import utc_now

Validator = Callable[[Cached, dict[str, Any], dict[str, Any]], bool]


def never_use(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Never use the cache."""
    return False


def duration_only(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Use the cache until it expires."""
    expiration = state.cached_result_expiration
    return expiration is None or expiration > utc_now()


def all_inputs(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Use the cache until it expires, for the very same inputs."""
    if inputs is None or not duration_only(state, inputs, parameters):
        return False
    return _plain(state.cached_inputs) == _plain(inputs)


def all_parameters(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Use the cache until it expires, for the very same parameters of the flow."""
    return duration_only(state, inputs, parameters) and state.cached_parameters == parameters


def partial_inputs_only(validate_on: Iterable[str] | None = None) -> Validator:
    """Make a validator that compares the inputs named in `validate_on` only."""

    def partial_inputs(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
        if not duration_only(state, inputs, parameters):
            return False
        return _same(_plain(state.cached_inputs), _plain(inputs), validate_on)

    return partial_inputs


def partial_parameters_only(validate_on: Iterable[str] | None = None) -> Validator:
    """Make a validator that compares the flow's parameters named in `validate_on` only."""

    def partial_parameters(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
        if not duration_only(state, inputs, parameters):
            return False
        return _same(state.cached_parameters or {}, parameters or {}, validate_on)

    return partial_parameters


def _plain(inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value.value if isinstance(value, Result) else value for name, value in (inputs or {}).items()}


def _same(old: Mapping[str, Any], new: Mapping[str, Any], names: Iterable[str] | None) -> bool:
    return all(old.get(name) == new.get(name) for name in names or ())
