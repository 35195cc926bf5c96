"""The contract of executors: run callables somewhere. They know of no flow, no task and no state.

An executor needs two methods. `submit` begins a call and returns either the call's value, when it has
finished already, or a future. A future that has ``add_done_callback`` and ``result``, as those of
``concurrent.futures`` have, lets the engine go on as soon as any call has finished; of any other kind, the
engine gets the value by `wait`.

What an executor holds for the length of a flow run, it makes in `start`. If that yields another executor, it is this
one that gets the calls: so several flow runs can use one executor at a time, each with workers of its own.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


class Executor:
    """Run callables. Subclasses implement `submit` and `wait`.

    Attributes:
        runs_at_once: whether `submit` runs a call itself, in the thread that submits it, and returns its value.
        width: how many calls it can use at a time; None for any number. It may change from call to call.
        overlap: how many calls of coroutines it can use at a time, besides the others; None if they are calls like
            any other.
        is_remote: whether calls run in other processes. Then `start_with` begins a run, in place of `start`; and
            large results are in what `new_store` makes, if it has one, or in a folder (see `engine.parcels`).
    """

    runs_at_once: bool = False
    width: int | None = None
    overlap: int | None = None
    is_remote: bool = False

    def __repr__(self) -> str:
        return f"<Executor: {type(self).__name__}>"

    @contextmanager
    def start(self) -> Iterator[Any]:
        """Hold what the calls need (a pool, a connection) for the length of a flow run."""
        yield

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """Begin ``fn(*args, **kwargs)``; return its value or a future.

        Args:
            fn: what to call.
            *args: its positional arguments.
            extra_context: facts about the call that an executor may use or show to people: `task_name`, `task_tags`,
                `task_index` for a child of a map, `is_async` for a task that is a coroutine.
            **kwargs: its keyword arguments.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to `submit` a call.")

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to `wait` for futures.")

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
        """Begin a call of `fn` for the first items of all iterables, the second ones, and so on; return the futures.

        Prefect 0.10 ran the children of a map so. The engine submits each by itself.
        """
        return [self.submit(fn, *items) for items in zip(*iterables, strict=False)]


def gathered(futures: Any, value_of: Callable[[Any], Any]) -> Any:
    """Return what `wait` returns: the value of a future by `value_of`, those of all in a list, tuple or dict."""
    if isinstance(futures, list | tuple):
        return type(futures)([gathered(future, value_of) for future in futures])
    if isinstance(futures, dict):
        return {key: gathered(future, value_of) for key, future in futures.items()}
    return value_of(futures)


def checked_number(number: Any, default: int) -> int:
    """Return how many workers there are to be: `number` if it is one, `default` for None."""
    if number is None:
        return default
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(f"`num_workers` is a number of workers, at least 1, or None; not {number!r}.")
    return number
