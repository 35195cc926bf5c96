"""Help with finding faults."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from miniprefect.utilities.context import context


@contextmanager
def raise_on_exception() -> Iterator[None]:
    """Let the errors of tasks out of `flow.run`, instead of making failed states of them, in a ``with`` block."""
    with context(raise_on_exception=True):
        yield


def is_serializable(obj: Any, raise_on_error: bool = False) -> bool:
    """Say whether `obj` can be pickled and read again.

    Args:
        obj: anything.
        raise_on_error: whether to raise pickle's error instead of returning False.
    """
    try:
        pickle.loads(pickle.dumps(obj))
    except Exception:
        if raise_on_error:
            raise
        return False
    return True
