"""The `task` decorator and other helpers for writing tasks."""

import datetime
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

from miniprefect.core.builtin import FunctionTask, as_task
from miniprefect.engine.signals import PAUSE
from miniprefect.utilities.clock import utc_now
from miniprefect.utilities.context import context
from miniprefect.utilities.edges import unmapped
from miniprefect.utilities.lazy import imported_later

if TYPE_CHECKING:
    from miniprefect.core.applying import apply_map

__all__ = ["apply_map", "as_task", "defaults_from_attrs", "pause_task", "tags", "task", "unmapped"]

__getattr__ = imported_later(__name__, {"apply_map": "miniprefect.core.applying:apply_map"})


@overload
def task(fn: Callable[..., Any]) -> FunctionTask: ...
@overload
def task(fn: None = None, **task_init_kwargs: Any) -> Callable[[Callable[..., Any]], FunctionTask]: ...
@overload
def task(fn: Callable[..., Any], **task_init_kwargs: Any) -> FunctionTask: ...
def task(fn: Callable[..., Any] | None = None, **task_init_kwargs: Any) -> Any:
    """Make a task of a function; use it as ``@task`` or ``@task(max_retries=3, ...)``.

    Args:
        fn: the function.
        **task_init_kwargs: arguments of `Task`.

    Raises:
        TypeError: `fn` can't be called, or a setting makes no sense.
        ValueError: the function takes ``*args`` or an argument with a reserved name, or settings clash.
    """
    if fn is None:
        return functools.partial(task, **task_init_kwargs)
    return FunctionTask(fn, **task_init_kwargs)


@contextmanager
def tags(*tags: str) -> Iterator[None]:
    """Give tags to all tasks that are made or called in a ``with`` block."""
    with context(tags=set(tags) | set(context.get("tags") or ())):
        yield


def pause_task(message: str | None = None, duration: datetime.timedelta | None = None) -> None:
    """Pause the task that runs, unless it is being resumed.

    Args:
        message: why.
        duration: after how long it goes on by itself; by default a person must say so.
    """
    if context.get("resume"):
        return
    raise PAUSE(message or "Pause signal raised during task execution.", start_time=duration and utc_now() + duration)


def defaults_from_attrs(*attr_args: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let the arguments of a method that are left out be taken from attributes of the same names."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def with_defaults(self: Any, *args: Any, **kwargs: Any) -> Any:
            for name in attr_args:
                kwargs.setdefault(name, getattr(self, name))
            return method(self, *args, **kwargs)

        return with_defaults

    return decorate
