"""Tasks that a flow makes of what it finds: of functions, of plain values, and of collections that hold tasks."""

import importlib
import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

from miniprefect.core.attributes import OfFunction
from miniprefect.core.building import active_flow
from miniprefect.core.checks import several
from miniprefect.core.signature import check_function
from miniprefect.core.task import Task
from miniprefect.utilities.edges import EdgeAnnotation
from miniprefect.utilities.pickling import by_value, portable

if TYPE_CHECKING:
    from miniprefect.core.flow import Flow

COLLECTIONS = (list, tuple, set, dict)
_HOLDERS = (*COLLECTIONS, EdgeAnnotation)

# What a task takes over from its function as `functools.update_wrapper` does, unless it is looked up when asked for, as
# `OfFunction` is: a flow keeps a copy of what a task has of its own for each call.
_OWN_OF_FUNCTION = ("__module__", "__qualname__", "__doc__", "__annotations__")


class FunctionTask(Task):
    """Be a task whose `run` is a function. The `task` decorator makes these.

    Args:
        fn: the function.
        name: the function's name by default.
        **kwargs: as for `Task`.

    Raises:
        TypeError: `fn` can't be called.
        ValueError: `fn` is a class of tasks.
    """

    is_class_task = False

    __doc__ = OfFunction(__doc__)
    __name__ = OfFunction()
    __wrapped__ = OfFunction()

    def __init__(self, fn: Callable[..., Any], name: str | None = None, **kwargs: Any) -> None:
        if not callable(fn):
            raise TypeError(
                f"`fn` must be callable, but {fn!r} is a {type(fn).__name__}. Write @task(name={fn!r}) for a name."
            )
        if isinstance(fn, type) and issubclass(fn, Task):
            raise ValueError(
                f"{fn.__name__} is a Task class, which @task can't take. Make a task of it: {fn.__name__}(...)."
            )
        if isinstance(fn, FunctionTask):
            fn = fn.run
        if name is None:
            name = getattr(fn, "__name__", type(self).__name__)
        self.run = fn
        check_function(fn, name)
        for attribute in _OWN_OF_FUNCTION:
            if hasattr(fn, attribute) and getattr(self, attribute, None) is not getattr(fn, attribute):
                self.__dict__[attribute] = getattr(fn, attribute)
        super().__init__(name=name, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"run": _portable(self.run)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        run = state["run"]
        self.__dict__.update(state, run=run.function() if isinstance(run, _DecoratedFunction) else run)


class _DecoratedFunction:
    """Find a decorated function again: its name leads to the task that the decorator put in its place."""

    def __init__(self, module: str, qualname: str) -> None:
        self.module = module
        self.qualname = qualname

    def function(self) -> Callable[..., Any]:
        found: Any = operator.attrgetter(self.qualname)(importlib.import_module(self.module))
        function: Callable[..., Any] = getattr(found, "__wrapped__", found)
        return function


def _portable(function: Callable[..., Any]) -> Any:
    """Return what to pickle for the function of a task: pickle itself can't find one that was decorated."""
    module, qualname = getattr(function, "__module__", None), getattr(function, "__qualname__", "<")
    if module is None or "<" in qualname or module in by_value.get():
        return function
    reference = _DecoratedFunction(module, qualname)
    try:
        return reference if reference.function() is function else function
    except (ImportError, AttributeError):
        return function


class Constant(Task):
    """Be a task whose result is known.

    Args:
        value: the result.
        name: what to call it; the value's repr, if that is short.
        **kwargs: as for `Task`.
    """

    is_constant = True

    def __init__(self, value: Any, name: str | None = None, **kwargs: Any) -> None:
        self.value = value
        super().__init__(name=_constant_name(value) if name is None else name, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"value": portable(self.value)}

    def run(self) -> Any:
        """Return the value."""
        return self.value


_LONGEST_NAME = 8


def _constant_name(value: Any) -> str:
    if isinstance(value, str | int | float | bool | None | list | tuple | set | dict):
        shown = repr(value)
        if len(shown) <= _LONGEST_NAME:
            return shown
    return f"Constant[{type(value).__name__}]"


class VarArgsTask(Task):
    """Be a task that takes any number of values, in order."""

    def bind(  # type: ignore[override]
        self,
        *args: Any,
        mapped: bool = False,
        upstream_tasks: Iterable[Any] | None = None,
        flow: "Flow | None" = None,
    ) -> Self:
        """Make the task a part of the flow, with `args` as ``arg_1``, ``arg_2``, ..."""
        numbered = {f"arg_{number}": value for number, value in enumerate(args, 1)}
        return super().bind(mapped=mapped, upstream_tasks=upstream_tasks, flow=flow, **numbered)

    def run(self, **task_results: Any) -> Any:
        """Return the values in the order of their numbers."""
        # By number: shorter names have smaller ones.
        return [task_results[name] for name in sorted(sorted(task_results), key=len)]


class List(VarArgsTask):
    """Make a list of results."""


class Tuple(VarArgsTask):
    """Make a tuple of results."""

    def run(self, **task_results: Any) -> tuple[Any, ...]:
        """Return the values as a tuple."""
        return tuple(super().run(**task_results))


class Set(VarArgsTask):
    """Make a set of results."""

    def run(self, **task_results: Any) -> set[Any]:
        """Return the values as a set."""
        return set(super().run(**task_results))


class Dict(Task):
    """Make a dict of keys and results."""

    def run(self, keys: Iterable[Any], values: Iterable[Any]) -> dict[Any, Any]:
        """Return the dict.

        Raises:
            ValueError: there are more keys than values, or fewer.
        """
        keys, values = list(keys), list(values)
        if len(keys) != len(values):
            raise ValueError("A different number of keys and values were provided!")
        return dict(zip(keys, values, strict=True))


def holds_task(value: Any) -> bool:
    """Say whether `value` is a task or a collection with a task somewhere inside."""
    if not isinstance(value, _HOLDERS):
        return isinstance(value, Task)
    todo, seen = [value], set()
    while todo:
        item = todo.pop()
        if isinstance(item, Task):
            return True
        if isinstance(item, EdgeAnnotation):
            todo.append(item.value)
        elif isinstance(item, COLLECTIONS) and id(item) not in seen:
            seen.add(id(item))
            todo.extend((*item.keys(), *item.values()) if isinstance(item, dict) else item)
    return False


def as_task(x: Any, flow: "Flow | None" = None) -> Task:
    """Return `x` as a task.

    A task is returned as it is, a value becomes a `Constant`, and a collection that holds tasks becomes a task
    of the flow that collects their results.

    Args:
        x: anything.
        flow: the flow to add a collection to; by default the active one.
    """
    if isinstance(x, EdgeAnnotation):
        x = x.value
    if isinstance(x, Task):
        return x
    if not isinstance(x, COLLECTIONS) or not holds_task(x):
        return _generated(Constant(x))
    if isinstance(x, dict):
        collected: Task = _generated(Dict())
        return collected.bind(keys=list(x.keys()), values=list(x.values()), flow=active_flow(collected, flow))
    kind = List if isinstance(x, list) else Tuple if isinstance(x, tuple) else Set
    collected = _generated(kind())
    return collected.bind(*several(x, "x"), flow=active_flow(collected, flow))


def _generated(task: Task) -> Task:
    task.auto_generated = True
    return task
