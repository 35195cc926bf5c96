"""Run every call at once, in the thread that submits it."""

from collections.abc import Callable
from typing import Any

from miniprefect.executors.base import Executor


class LocalExecutor(Executor):
    """Run calls one after the other. This is the default; it has no settings."""

    def __init__(self) -> None:
        # It has none, and says so by name when given one.
        super().__init__()

    @property
    def runs_at_once(self) -> bool:  # type: ignore[override]
        """Whether `submit` is the one below: a subclass, or whoever patches it in a test, may do otherwise."""
        return getattr(self.submit, "__func__", None) is _SUBMIT

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """Call `fn` and return its value."""
        return fn(*args, **kwargs)

    def wait(self, futures: Any) -> Any:
        """Return what was given: a call's value is there as soon as it is submitted."""
        return futures


_SUBMIT = LocalExecutor.submit
