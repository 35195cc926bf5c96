"""The contract of executors: run callables somewhere. They know of no flow, no task and no state.

An executor needs two methods. `submit` begins a call and returns either the call's value, when it has
finished already, or a future. A future that has ``add_done_callback`` and ``result``, as those of
``concurrent.futures`` have, lets the engine go on as soon as any call has finished; of any other kind, the
engine gets the value by `wait`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Executor:
    """Run callables. Subclasses implement `submit` and `wait`.

    Attributes:
        runs_at_once: whether `submit` runs a call itself, in the thread that submits it, and returns its value.
        width: how many calls it can use at a time; None for any number.
    """

    runs_at_once: bool = False
    width: int | None = None

    def __repr__(self) -> str:
        return f"<Executor: {type(self).__name__}>"

    @contextmanager
    def start(self) -> Iterator[None]:
        """Hold what the calls need (a pool, a connection) for the length of a flow run."""
        yield

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """Begin ``fn(*args, **kwargs)``; return its value or a future.

        Args:
            fn: what to call.
            *args: its positional arguments.
            extra_context: facts about the call that an executor may show to people, such as a task's name.
            **kwargs: its keyword arguments.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to `submit` a call.")

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to `wait` for futures.")
