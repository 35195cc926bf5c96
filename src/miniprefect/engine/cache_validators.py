"""Cache validators: small functions that say whether an earlier result may be used again.

A validator is called as ``validator(state, inputs, parameters)`` with the `Cached` state, the task's inputs by
name and the flow's parameters. The ready-made ones say what they compare: states that are kept for other processes
(`engine.cache_records`) then hold that only. For one that does not say, they hold everything.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from miniprefect.engine.result.base import Result
from miniprefect.engine.state import Cached
from miniprefect.utilities.clock import utc_now

Validator = Callable[[Cached, dict[str, Any], dict[str, Any]], bool]


class Compared(NamedTuple):
    """Name the inputs and the parameters that a validator compares; None stands for all of them."""

    inputs: tuple[str, ...] | None = ()
    parameters: tuple[str, ...] | None = ()


def comparing(compared: Compared) -> Callable[[Validator], Validator]:
    """Mark a validator with what it compares: it must not look at anything else but the expiration."""

    def mark(validator: Validator) -> Validator:
        validator.compared = compared  # type: ignore[attr-defined]
        return validator

    return mark


def never_use(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Never use the cache."""
    return False


@comparing(Compared())
def duration_only(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Use the cache until it expires."""
    expiration = state.cached_result_expiration
    return expiration is None or expiration > utc_now()


@comparing(Compared(inputs=None))
def all_inputs(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Use the cache until it expires, for the very same inputs."""
    if inputs is None or not duration_only(state, inputs, parameters):
        return False
    return plain(state.cached_inputs) == plain(inputs)


@comparing(Compared(parameters=None))
def all_parameters(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
    """Use the cache until it expires, for the very same parameters of the flow."""
    return duration_only(state, inputs, parameters) and state.cached_parameters == parameters


def partial_inputs_only(validate_on: Iterable[str] | None = None) -> Validator:
    """Make a validator that compares the inputs named in `validate_on` only."""
    names = tuple(validate_on or ())

    @comparing(Compared(inputs=names))
    def partial_inputs(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
        if not duration_only(state, inputs, parameters):
            return False
        return _same(plain(state.cached_inputs), plain(inputs), names)

    return partial_inputs


def partial_parameters_only(validate_on: Iterable[str] | None = None) -> Validator:
    """Make a validator that compares the flow's parameters named in `validate_on` only."""
    names = tuple(validate_on or ())

    @comparing(Compared(parameters=names))
    def partial_parameters(state: Cached, inputs: dict[str, Any], parameters: dict[str, Any]) -> bool:
        if not duration_only(state, inputs, parameters):
            return False
        return _same(state.cached_parameters or {}, parameters or {}, names)

    return partial_parameters


def plain(inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the values of inputs, some of which may be results."""
    return {name: value.value if isinstance(value, Result) else value for name, value in (inputs or {}).items()}


def _same(old: Mapping[str, Any], new: Mapping[str, Any], names: Iterable[str]) -> bool:
    return all(old.get(name) == new.get(name) for name in names)
