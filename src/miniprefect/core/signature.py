"""What a task's ``run`` may look like, and how the arguments of a call are bound to it.

`inspect` answers both, but too slowly to be asked at each call of a task, so its answer is kept in a
`CallSignature`; `inspect` is asked again only to word an error.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

RESERVED = ("flow", "mapped", "task_args", "upstream_tasks")

_EXTRAS = [
    inspect.Parameter("mapped", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=bool),
    inspect.Parameter("task_args", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=dict),
    inspect.Parameter("upstream_tasks", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Iterable[Any]"),
    inspect.Parameter("flow", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Flow"),
]


def check_function(run: Callable[..., Any], name: str) -> inspect.Signature:
    """Check that the engine can call `run`, a function or bound method; return its signature.

    Raises:
        ValueError: it can't be inspected, takes ``*args``, or an argument has a reserved name.
        TypeError: an argument is positional-only.
    """
    signature = _signature(run, name)
    _check_kinds(list(signature.parameters.values()), name)
    return signature


def check_method(run: Callable[..., Any], name: str, is_static: bool) -> None:
    """Check that the engine can call `run`, a method as it stands in the class `name`; see `check_function`."""
    parameters = list(_signature(run, name).parameters.values())
    if not is_static and not parameters:
        raise ValueError(f"invalid method signature: {name}.run takes no arguments, not even `self`.")
    _check_kinds(parameters if is_static else parameters[1:], name)


def _signature(run: Callable[..., Any], name: str) -> inspect.Signature:
    try:
        signature = inspect.signature(run)
        if isinstance(run, type) and run.__module__ == "builtins" and "*" in str(signature):
            # What Python 3.13 can say of `zip` and its like, earlier ones can't.
            raise ValueError(f"no usable signature for {run!r}")
        return signature
    except ValueError as error:
        raise ValueError(
            f"This function can not be inspected: {name} (builtins and compiled functions often can't). "
            "Wrap it in a Python function and make a task of that."
        ) from error


def _check_kinds(parameters: list[inspect.Parameter], name: str) -> None:
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            raise ValueError(
                f"Tasks with variable positional arguments (*args) are not supported: {name} takes {parameter}. "
                f"Arguments travel by name; take {parameter.name} as a list, or **{parameter.name}."
            )
    reserved = sorted(p.name for p in parameters if p.name in RESERVED)
    if reserved:
        raise ValueError(
            f"Tasks cannot have the following argument names: {', '.join(reserved)}. These are reserved keyword "
            f"arguments of every task call; rename them in {name}."
        )
    positional = [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_ONLY]
    if positional:
        raise TypeError(
            f"Found positional-only parameters in the function signature for task {name}: {positional}. Arguments "
            "travel by name; take the '/' out."
        )


_VARIABLE = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


class CallSignature:
    """Bind the arguments of a task call to the names that ``run`` gives them.

    Args:
        signature: that of ``run``, without ``self``.
    """

    __slots__ = ("accepts_any", "names", "positional", "required", "signature")

    def __init__(self, signature: inspect.Signature) -> None:
        parameters = signature.parameters.values()
        named = [p for p in parameters if p.kind not in _VARIABLE]
        self.signature = signature
        self.positional = tuple(p.name for p in named if p.kind is not inspect.Parameter.KEYWORD_ONLY)
        self.names = frozenset(p.name for p in named)
        self.required = frozenset(p.name for p in named if p.default is inspect.Parameter.empty)
        self.accepts_any = len(named) < len(parameters)

    def bind(self, task_name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the given arguments by name.

        Raises:
            TypeError: an argument is missing, unknown, given twice, or one too many.
        """
        bound = dict(zip(self.positional, args, strict=False))
        fits = len(args) <= len(self.positional) and bound.keys().isdisjoint(kwargs)
        bound.update(kwargs)
        if fits and bound.keys() >= self.required and (self.accepts_any or self.names >= bound.keys()):
            return bound
        raise self._misfit(task_name, args, kwargs)

    def _misfit(self, task_name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> TypeError:
        try:
            self.signature.bind(*args, **kwargs)
        except TypeError as error:
            return TypeError(f"Task {task_name!r}: {error}. Its arguments are {task_name}{self.signature}.")
        return TypeError(f"Task {task_name!r} can't take these arguments. It takes {self.signature}.")

    def with_extras(self) -> inspect.Signature:
        """Return the signature of a call: the arguments of ``run``, then those that every task takes."""
        own = list(self.signature.parameters.values())
        at = len(own) - 1 if own and own[-1].kind is inspect.Parameter.VAR_KEYWORD else len(own)
        own[at:at] = _EXTRAS
        return self.signature.replace(parameters=own, return_annotation="Task")


def outputs_count(signature: inspect.Signature) -> int | None:
    """Return how many values a ``Tuple[...]`` return annotation promises, or None if it doesn't say."""
    annotation = signature.return_annotation
    if getattr(annotation, "__origin__", None) is not tuple:
        return None
    arguments = getattr(annotation, "__args__", None)
    if arguments is None:
        return None
    if not arguments or arguments == ((),):
        return 0
    return None if Ellipsis in arguments else len(arguments)


def call_signature(task: Any, is_replaced: bool = False) -> CallSignature:
    """Return how `task` is called; classes are inspected once.

    What replaces the ``run`` of a task later, `is_replaced`, may be any stand-in, as tests use them.
    """
    if "run" in task.__dict__:
        return CallSignature(_as_it_is(task.run) if is_replaced else check_function(task.run, task.name))
    cls = type(task)
    known: CallSignature | None = cls.__dict__.get("_run_signature")
    if known is None:
        known = cls._run_signature = CallSignature(check_function(task.run, task.name))
    return known


def _as_it_is(run: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function; of one that has none, one that takes anything."""
    try:
        return inspect.signature(run)
    except (TypeError, ValueError):
        return inspect.Signature([inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)])


class InstanceSignature:
    """Show `inspect.signature` how a task is called; of a class, how a task is made."""

    def __get__(self, task: Any, owner: type) -> inspect.Signature:
        if task is None:
            making = inspect.signature(owner.__init__)  # type: ignore[misc]
            return making.replace(parameters=list(making.parameters.values())[1:])
        signature: CallSignature = task._call_signature
        return signature.with_extras()
