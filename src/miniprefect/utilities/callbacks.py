"""State handlers made of small functions."""

from collections.abc import Callable
from typing import Any


class _CallWhen:
    """Call a function at those changes of state that pass a check. A class, so that tasks with it can be pickled."""

    def __init__(self, fn: Callable[[Any, Any], Any], check: Callable[[Any], bool]) -> None:
        self.fn = fn
        self.check = check

    def __call__(self, tracked: Any, old_state: Any, new_state: Any) -> Any:
        if self.check(new_state):
            self.fn(tracked, new_state)
        return new_state


def callback_factory(fn: Callable[[Any, Any], Any], check: Callable[[Any], bool]) -> Callable[..., Any]:
    """Make a state handler that calls ``fn(task_or_flow, state)`` whenever ``check(state)`` is true.

    Args:
        fn: what to call; what it returns is ignored.
        check: a question about the new state, such as ``lambda state: state.is_failed()``.
    """
    return _CallWhen(fn, check)


def is_failed(state: Any) -> bool:
    """Say whether `state` is a failure."""
    return bool(state.is_failed())
