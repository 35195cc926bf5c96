"""The states that a run makes by itself: of known parts, so that nobody has to ask the context for the tags."""

import datetime
from collections.abc import Collection
from typing import Any, TypeVar

from miniprefect.engine.state import Cached, State, Success

S = TypeVar("S", bound=State)

# Bound once: to look it up by a class takes longer than the call.
_new = object.__new__

# The message of what most task runs end in.
SUCCEEDED = "Task run succeeded."


def fresh(kind: type[S], message: str | None, tags: Collection[str]) -> S:
    """Return a state of a class that adds nothing to `State`, without a result."""
    state = _new(kind)
    state.message = message
    state._held = state._cached_inputs = None
    state._context = tuple(tags) if tags else ()
    return state


def succeeded(result: Any, tags: Collection[str]) -> Success:
    """Return what most task runs end in: a `Success` that holds `result`."""
    state = _new(Success)
    state.message = SUCCEEDED
    state._held = result
    # As they are now: a set of tags can be changed.
    state._context = tuple(tags) if tags else ()
    state._cached_inputs = None
    return state


def cached(
    success: State,
    tags: Collection[str],
    parameters: dict[str, Any] | None,
    expiration: datetime.datetime | None,
    inputs: dict[str, Any],
) -> tuple[Cached, Cached]:
    """Return two `Cached` of what `success` holds: one for the cache, with `inputs`, plain values, and one to show."""
    known, shown = _new(Cached), _new(Cached)
    known.message = shown.message = success.message
    known._held = shown._held = success._held
    known._context = shown._context = tuple(tags) if tags else ()
    known._cached_inputs = (inputs,)
    known.cached_parameters = shown.cached_parameters = parameters
    known.cached_result_expiration = shown.cached_result_expiration = expiration
    known.hashed_inputs = shown.hashed_inputs = shown._cached_inputs = None
    return known, shown
