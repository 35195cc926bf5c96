"""The tasks that operators on tasks make: ``a + b`` is an `Add` fed by `a` and `b`."""

import operator
from collections.abc import Callable
from typing import Any, ClassVar

from miniprefect.core.parameter import no_default
from miniprefect.core.task import Task


class Operator(Task):
    """Be the task that an operator makes. Subclasses name their symbol and say what it does."""

    def __init_subclass__(cls, symbol: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Task.operators[symbol] = cls


class _Binary(Operator, symbol=""):
    function: ClassVar[Callable[[Any, Any], Any]]

    def run(self, x: Any, y: Any) -> Any:
        """Return what the operator makes of `x` and `y`."""
        return type(self).function(x, y)


class Add(_Binary, symbol="+"):
    """Compute ``x + y``."""

    function = operator.add


class Sub(_Binary, symbol="-"):
    """Compute ``x - y``."""

    function = operator.sub


class Mul(_Binary, symbol="*"):
    """Compute ``x * y``."""

    function = operator.mul


class Div(_Binary, symbol="/"):
    """Compute ``x / y``."""

    function = operator.truediv


class FloorDiv(_Binary, symbol="//"):
    """Compute ``x // y``."""

    function = operator.floordiv


class Mod(_Binary, symbol="%"):
    """Compute ``x % y``."""

    function = operator.mod


class Pow(_Binary, symbol="**"):
    """Compute ``x ** y``."""

    function = operator.pow


class GreaterThan(_Binary, symbol=">"):
    """Compute ``x > y``."""

    function = operator.gt


class GreaterThanOrEqual(_Binary, symbol=">="):
    """Compute ``x >= y``."""

    function = operator.ge


class LessThan(_Binary, symbol="<"):
    """Compute ``x < y``."""

    function = operator.lt


class LessThanOrEqual(_Binary, symbol="<="):
    """Compute ``x <= y``."""

    function = operator.le


class Equal(_Binary, symbol="=="):
    """Compute ``x == y``."""

    function = operator.eq


class NotEqual(_Binary, symbol="!="):
    """Compute ``x != y``."""

    function = operator.ne


class And(Operator, symbol="&"):
    """Compute ``x and y``."""

    def run(self, x: Any, y: Any) -> Any:
        """Return ``x and y``."""
        return x and y


class Or(Operator, symbol="or"):
    """Compute ``x or y``."""

    def run(self, x: Any, y: Any) -> Any:
        """Return ``x or y``."""
        return x or y


class Not(Operator, symbol="not"):
    """Say whether it is false."""

    def run(self, x: Any) -> bool:
        """Return ``not x``."""
        return not x


class _Getter(Operator, symbol="get"):
    """Take something out of a result.

    Args:
        default: what to return when it is not there; without a default the task fails.
        *args: as for `Task`.
        **kwargs: as for `Task`.
    """

    def __init__(self, default: Any = no_default, *args: Any, **kwargs: Any) -> None:
        self.default = default
        super().__init__(*args, **kwargs)

    def _chosen(self, default: Any, error: Exception) -> Any:
        chosen = self.default if default is no_default else default
        if chosen is no_default:
            raise error
        return chosen


class GetItem(_Getter, symbol="[]"):
    """Take an item out of a result: an index of a list, a key of a dict."""

    def run(self, task_result: Any, key: Any, default: Any = no_default) -> Any:
        """Return ``task_result[key]``, or the default."""
        try:
            return task_result[key]
        except (KeyError, IndexError) as error:
            return self._chosen(default, error)


class GetAttr(_Getter, symbol="."):
    """Take an attribute of a result; the attribute's name may have dots."""

    def run(self, task_result: Any, attr: Any, default: Any = no_default) -> Any:
        """Return the attribute, or the default."""
        try:
            return operator.attrgetter(attr)(task_result)
        except AttributeError as error:
            return self._chosen(default, error)
