"""Checks of what a task or a flow is given, made when it is given."""

import datetime
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from miniprefect.engine.cache_validators import duration_only, never_use
from miniprefect.utilities.lazy import LazyModule

difflib = LazyModule("difflib")


class MisuseError(TypeError, ValueError, AttributeError):
    """Say that something is of the wrong kind. Prefect finds that out later, by any of these three errors."""


def expect(fits: bool, owner: str, setting: str, wanted: str, value: Any) -> None:
    """Raise a MisuseError unless `value`, given to `owner` as `setting`, is what is `wanted`."""
    if not fits:
        raise MisuseError(f"{owner}: `{setting}` is {wanted}, not {value!r}.")


def checked_name(name: Any, what: str) -> str:
    """Return `name` if it is a text.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(name, str):
        hint = " A class task takes two calls: MyTask()(...)." if what == "task" else ""
        raise TypeError(f"The name of a {what} is a text, not {name!r}.{hint}")
    return name


def several(things: Any, what: str) -> Iterable[Any]:
    """Return `things` if they are several, or nothing for None.

    Raises:
        TypeError: it is one thing by itself, such as a task.
    """
    if things is None:
        return ()
    if hasattr(things, "set_upstream") or not isinstance(things, Iterable):
        raise TypeError(f"`{what}` takes a list, not {things!r} by itself. Write [{things}].")
    if isinstance(things, set | frozenset):
        # A set has no order of its own; tasks in it keep that of their making.
        return sorted(things, key=lambda thing: getattr(thing, "made_as", 0))
    return things


def named(things: Any, what: str) -> Mapping[str, Any]:
    """Return `things` if they are a mapping, or an empty one for None."""
    if things is None:
        return {}
    if not isinstance(things, Mapping):
        raise MisuseError(f"`{what}` is a dict of names and values, not {things!r}.")
    return things


def _is_named(value: Any) -> bool:
    return isinstance(value, Mapping)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and all(isinstance(text, str) for text in value)


# What a run reads from the context, or hands on, and takes for granted.
NEEDED_IN_CONTEXT: dict[str, tuple[Callable[[Any], bool], str]] = {
    "caches": (_is_named, "a dict of keys and lists of states"),
    "config": (_is_named, "a dict of sections such as {'flows': {'checkpointing': True}}"),
    "parameters": (_is_named, "a dict of names and values such as {'rows': 10}"),
    "secrets": (_is_named, "a dict of names and secrets such as {'TOKEN': 'abc'}"),
    "task_loop_count": (lambda value: isinstance(value, int), "a whole number"),
    "task_tags": (_are_texts, "a list of texts such as ['nightly']"),
}


def check_context(values: Mapping[str, Any], owner: str, setting: str) -> None:
    """Raise a MisuseError unless those of `values`, which are for the context, on which a run depends can be used."""
    for key, (fits, wanted) in NEEDED_IN_CONTEXT.items():
        if key in values:
            value = values[key]
            is_absent = value is None and key != "config"
            expect(is_absent or fits(value), owner, f"{setting}[{key!r}]", wanted, value)


def checked_tags(tags: Any, owner: str) -> set[str]:
    """Return `tags` as a set.

    Raises:
        TypeError: they are one text, which would be taken apart into letters, or no tags at all.
    """
    if isinstance(tags, str):
        raise TypeError(f"Tags should be a set of tags, not a string. For {owner}, write tags=[{tags!r}].")
    if tags is not None and not isinstance(tags, Iterable):
        raise TypeError(f"{owner}: `tags` is a set of texts, not {tags!r}.")
    return set(tags or ())


def checked_timeout(timeout: Any, owner: str) -> int | None:
    """Return `timeout` in whole seconds.

    Raises:
        TypeError: it is neither an integer nor a timedelta.
    """
    if isinstance(timeout, datetime.timedelta):
        seconds = timeout.total_seconds()
        if seconds != int(seconds):
            warnings.warn(
                f"Task timeouts do not support a sub-second resolution: {owner} has {int(seconds)} s, not {timeout}.",
                stacklevel=4,
            )
        return int(seconds)
    if timeout is not None and not isinstance(timeout, int):
        raise TypeError(
            f"Only integer timeouts (representing seconds) are supported, or a timedelta; {owner} has {timeout!r}."
        )
    return timeout


def checked_retries(max_retries: Any, retry_delay: Any, owner: str) -> int:
    """Return how often to retry, if that and the delay make sense together.

    Raises:
        ValueError: one is given without the other.
        TypeError: the number is no number.
    """
    retries = max_retries or 0
    if not isinstance(retries, int):
        raise TypeError(f"{owner}: `max_retries` is a whole number, not {max_retries!r}.")
    if retries > 0 and retry_delay is None:
        raise ValueError(
            f"A datetime.timedelta `retry_delay` must be provided if max_retries > 0 ({owner} has {max_retries}). "
            "Write for example retry_delay=timedelta(seconds=10)."
        )
    if retry_delay is not None and retries <= 0:
        raise ValueError(
            "A `max_retries` argument greater than 0 must be provided if specifying a retry delay "
            f"({owner} has retry_delay={retry_delay!r})."
        )
    return retries


def checked_retry_on(retry_on: Any, max_retries: int) -> set[type[BaseException]] | None:
    """Return the exception types to retry on as a set, or None for all.

    Raises:
        ValueError: there are no retries.
        TypeError: something in it is not an exception type.
    """
    if retry_on is None:
        return None
    if not max_retries:
        raise ValueError(f"`max_retries` must be provided if `retry_on` is (it is {retry_on!r}).")
    alone = isinstance(retry_on, type | str) or not isinstance(retry_on, Iterable)
    kinds = {retry_on} if alone else set(retry_on)
    for kind in kinds:
        if not isinstance(kind, type):
            raise TypeError(
                f"Invalid `retry_on` value {kind!r}. Expected an exception type but got an instance of "
                f"{type(kind).__name__}."
            )
        if not issubclass(kind, BaseException):
            raise TypeError(f"Invalid `retry_on` value {kind!r}. Expected an exception subclass.")
    return kinds


def checked_handlers(handlers: Any, owner: str) -> list[Callable[..., Any]]:
    """Return state handlers as a list.

    Raises:
        TypeError: one function is given instead of several, or something is not callable.
    """
    if handlers is None:
        return []
    if isinstance(handlers, str) or not isinstance(handlers, Iterable):
        raise TypeError(f"state_handlers should be iterable. {owner} was given {handlers!r}; write it in a list.")
    found = list(handlers)
    for handler in found:
        expect(
            callable(handler), owner, "state_handlers", "a list of callables of (object, old state, new state)", handler
        )
    return found


def chosen_validator(
    cache_for: datetime.timedelta | None, cache_validator: Callable[..., bool] | None
) -> Callable[..., bool]:
    """Return the cache validator to use; warn where it can have no effect."""
    if cache_for is None and cache_validator is not None and cache_validator is not never_use:
        warnings.warn(
            "cache_validator provided without `cache_for`: this Task will not be cached. Say for how long it may be.",
            stacklevel=4,
        )
    if cache_validator is None:
        return never_use if cache_for is None else duration_only
    return cache_validator


def check_settings(task: Any) -> None:
    """Check the kinds of the settings of a task that have no check of their own.

    Raises:
        TypeError: one is of the wrong kind.
    """
    for setting, fits, wanted in (
        ("trigger", callable, "a callable such as triggers.all_finished"),
        ("cache_for", lambda value: isinstance(value, datetime.timedelta), "a datetime.timedelta"),
        ("result", lambda value: hasattr(value, "write"), "a Result, such as LocalResult(dir=...)"),
        ("target", lambda value: isinstance(value, str) or callable(value), "a template text or a function"),
        ("task_run_name", lambda value: isinstance(value, str) or callable(value), "a template text or a function"),
        ("nout", lambda value: isinstance(value, int), "a whole number"),
    ):
        value = getattr(task, setting)
        expect(value is None or fits(value), f"Task {task.name!r}", setting, wanted, value)


def nearest(name: str, known: Iterable[str], cutoff: float = 0) -> str:
    """Return the known name that is most like `name`, or no text if none is like it by the share `cutoff`."""
    near: list[str] = difflib.get_close_matches(name, sorted(known), n=1, cutoff=cutoff)
    return near[0] if near else ""
