"""Functions with some arguments given, which say so and can be pickled."""

from functools import partial
from typing import TypeVar

T = TypeVar("T")


class Bound(partial[T]):
    """Hold a function of this package and its first arguments; the name is the function's, without the underscore."""

    def __repr__(self) -> str:
        return f"{self.func.__name__.lstrip('_')}({', '.join(map(str, self.args))})"
