"""Tasks: the steps of a flow."""

import datetime
import functools
import itertools
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from miniprefect.configuration import config
from miniprefect.core.attributes import made_by_init
from miniprefect.core.building import active_flow, outside_of, surroundings
from miniprefect.core.checks import (
    check_settings,
    checked_handlers,
    checked_name,
    checked_retries,
    checked_retry_on,
    checked_tags,
    checked_timeout,
    chosen_validator,
    expect,
    nearest,
)
from miniprefect.core.signature import CallSignature, InstanceSignature, call_signature, check_method, outputs_count
from miniprefect.engine.cache_validators import never_use
from miniprefect.engine.plan import Wants
from miniprefect.engine.result.base import Result
from miniprefect.engine.task_runner import wants_of
from miniprefect.triggers import all_successful
from miniprefect.utilities.callbacks import callback_factory, is_failed
from miniprefect.utilities.context import context
from miniprefect.utilities.lazy import FilledLater, LazyModule, imported_later
from miniprefect.utilities.logging import get_logger

result_handlers = LazyModule("miniprefect.engine.result_handlers")

if TYPE_CHECKING:
    import logging

    from miniprefect.core.flow import Flow
    from miniprefect.engine.state import State


class Task:
    """Be one step of a flow: something that runs when the tasks before it allow it.

    Subclasses say what happens in `run`. Calling a task inside a ``with Flow(...)`` block makes a copy of it a
    part of the flow, fed by the results of the tasks among the arguments.

    Args:
        name: what people call the task; the class's name by default.
        slug: how the flow tells it from others; the flow gives one.
        tags: labels, to find tasks by and to mark their states with.
        max_retries: how often to try again after a failure.
        retry_delay: how long to wait before each of these.
        retry_on: the exception types to try again after; all by default.
        timeout: after how many whole seconds a run is stopped, or a timedelta.
        trigger: decides from the upstream states whether the task runs; `triggers.all_successful` by default.
        skip_on_upstream_skip: whether the task is skipped when an upstream task was.
        cache_for: for how long a result may be used again.
        cache_validator: decides whether it may; see `engine.cache_validators`.
        cache_key: the name under which results are kept; tasks with the same key share them.
        checkpoint: whether the result is written where `result` says.
        state_handlers: functions of (task, old state, new state), called at each change of state; what one
            returns replaces the new state, unless it is None.
        on_failure: a function of (task, state), called when the task fails.
        log_stdout: whether what the task prints becomes log lines.
        result: where the result is written.
        target: a place; if a result is there already, the task does not run.
        task_run_name: a name for each run: a template, or a function of the inputs' keywords.
        nout: how many values the task returns, so that its call can be unpacked.
        result_handler: what Prefect 0.10 had before `result`.
    """

    # The engine asks these instead of asking what class a task has.
    is_parameter: ClassVar[bool] = False
    is_constant: ClassVar[bool] = False
    is_cleanup: ClassVar[bool] = False
    is_setup: ClassVar[bool] = False

    # What a task has if it is not told otherwise. These are left to the class, as a flow keeps a copy of what a task
    # has of its own for each call.
    slug: str | None = None
    max_retries: int = 0
    retry_delay: datetime.timedelta | None = None
    retry_on: set[type[BaseException]] | None = None
    timeout: int | None = None
    trigger: Callable[[Any], bool] = staticmethod(all_successful)
    skip_on_upstream_skip: bool = True
    cache_for: datetime.timedelta | None = None
    cache_key: str | None = None
    cache_validator: Callable[..., bool] = staticmethod(never_use)
    checkpoint: bool | None = None
    result: Result | None = None
    target: str | Callable[..., str] | None = None
    task_run_name: str | Callable[..., str] | None = None
    auto_generated: bool = False
    log_stdout: bool = False
    nout: int | None = None

    name: str = made_by_init()
    _call_signature: CallSignature = made_by_init()
    wants: Wants

    # The tags, only to look at.
    labels: Collection[str] = ()

    # Whether the task was called or added to a flow: if not, making it in a flow block was probably a slip.
    is_used: bool = False
    is_class_task: ClassVar[bool] = True

    # Grows whenever a setting of any task changes, so that compiled plans know when they are out of date.
    changes: ClassVar[Iterator[int]] = itertools.count(1)
    makings: ClassVar[Iterator[int]] = itertools.count(1)
    generation: ClassVar[int] = 0

    # The task class of each operator, by symbol.
    operators: "ClassVar[dict[str, type[Task]]]" = FilledLater("miniprefect.core.operators")

    __signature__ = InstanceSignature()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "run" in cls.__dict__:
            check_method(cls.run, cls.__name__, is_static=isinstance(cls.__dict__["run"], staticmethod))

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if any(isinstance(value, Task) for value in (*args, *kwargs.values())):
            warnings.warn(
                f"A Task was passed as an argument to {cls.__name__}, which only makes the task. Results are passed "
                f"when it is called: `{cls.__name__}(...)(task)`.",
                stacklevel=2,
            )
        return super().__new__(cls)

    def __init__(
        self,
        name: str | None = None,
        slug: str | None = None,
        tags: Iterable[str] | None = None,
        max_retries: int | None = None,
        retry_delay: datetime.timedelta | None = None,
        retry_on: type[Exception] | Iterable[type[Exception]] | None = None,
        timeout: int | datetime.timedelta | None = None,
        trigger: Callable[[Any], bool] | None = None,
        skip_on_upstream_skip: bool = True,
        cache_for: datetime.timedelta | None = None,
        cache_validator: Callable[..., bool] | None = None,
        cache_key: str | None = None,
        checkpoint: bool | None = None,
        state_handlers: "list[Callable[..., State | None]] | None" = None,
        on_failure: Callable[..., Any] | None = None,
        log_stdout: bool = False,
        result: Result | None = None,
        target: str | Callable[..., str] | None = None,
        task_run_name: str | Callable[..., str] | None = None,
        nout: int | None = None,
        result_handler: Any = None,
    ) -> None:
        self._warn_of_early_settings()
        around = surroundings()
        defaults = config.tasks.defaults
        self.name = checked_name(name, "task") if name is not None else type(self).__name__
        owner = f"Task {self.name!r}"
        self.slug = slug
        self._call_signature = call_signature(self)
        self.tags = checked_tags(tags, owner) | set(around.tags or ())

        retries = defaults.max_retries if max_retries is None else max_retries
        if retry_delay is None and retries and max_retries is not None:
            retry_delay = defaults.retry_delay
        self.max_retries = checked_retries(retries, retry_delay, owner)
        self.retry_delay = retry_delay
        self.retry_on = checked_retry_on(retry_on, self.max_retries)
        self.timeout = checked_timeout(defaults.timeout if timeout is None else timeout, owner)

        self.trigger = trigger or all_successful
        self.skip_on_upstream_skip = skip_on_upstream_skip
        self.cache_for = cache_for
        self.cache_key = cache_key
        self.cache_validator = chosen_validator(cache_for, cache_validator)
        self.checkpoint = checkpoint
        self.result = result if result is not None else (result_handler and result_handlers.as_result(result_handler))
        self.target = target
        if isinstance(target, str) and self.result is not None:
            self.result = self.result.copy()
            self.result.location = target
        self.task_run_name = task_run_name
        self.state_handlers = checked_handlers(state_handlers, owner)
        if on_failure is not None:
            self.state_handlers.append(callback_factory(on_failure, is_failed))
        self.auto_generated = False
        self.log_stdout = log_stdout
        self.nout = outputs_count(self._call_signature.signature) if nout is None else nout
        check_settings(self)
        self._leave_defaults_to_class()
        self.made_as = next(Task.makings)
        self.__dict__["wants"] = wants_of(self)
        if around.created is not None:
            around.created.append(self)

    def _leave_defaults_to_class(self) -> None:
        own, cls = self.__dict__, type(self)
        own["labels"] = own["tags"]
        if not own["tags"]:
            del own["tags"], own["labels"]
        settings = {name: own[name] for name in own if not (name in _DEFAULTS and own[name] is getattr(cls, name))}
        object.__setattr__(self, "__dict__", settings)

    def _warn_of_early_settings(self) -> None:
        for name in sorted(_SETTINGS & self.__dict__.keys()):
            warnings.warn(
                f"`{type(self).__name__}` sets a `{name}` attribute before calling `super().__init__()`, which sets it "
                "again. Pass it to `super().__init__` or use another name.",
                stacklevel=3,
            )

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if "wants" in self.__dict__ and (name in _SETTINGS or name == "run"):
            if name == "tags":
                self.__dict__["labels"] = value
            if name == "run":
                self._call_signature = call_signature(self, is_replaced=True)
            self.__dict__["wants"] = wants_of(self)
            Task.generation = next(Task.changes)

    def __repr__(self) -> str:
        return f"<Task: {self.name}>"

    @functools.cached_property
    def tags(self) -> set[str]:
        """The labels. Few tasks have any: the set is made when it is asked for, by those who may change it."""
        made = self.__dict__["labels"] = set[str]()
        return made

    @property
    def logger(self) -> "logging.Logger":
        """The logger of this task, which is ``prefect.<name>``."""
        return get_logger(self.name)

    if TYPE_CHECKING:
        # Subclasses take the arguments they like, which no one signature could allow.
        run: Callable[..., Any]
    else:

        def run(self) -> Any:
            """Do the work and return the result. Subclasses implement this, with any named arguments."""

    # ------------------------------------------------------------------ making calls

    def copy(self, **task_args: Any) -> Self:
        """Return a copy that is not part of any flow yet.

        Args:
            **task_args: attributes to change on the copy; tags are added to those there are.

        Raises:
            AttributeError: the task has no such attribute.
        """
        around = surroundings()
        if around.flow is not None and self in around.flow:
            self._warn_of_copied_dependencies(around.flow)
        new: Self = object.__new__(type(self))
        # A copy of the whole dict takes less time and half the memory of one that grows.
        settings = self.__dict__.copy()
        settings["made_as"] = next(Task.makings)
        settings["is_used"] = False
        settings.pop("slug", None)
        settings.pop("labels", None)
        if settings.pop("tags", None) or around.tags:
            settings["labels"] = settings["tags"] = {*self.tags, *(around.tags or ())}
        object.__setattr__(new, "__dict__", settings)
        for name, value in task_args.items():
            if not hasattr(new, name):
                raise AttributeError(
                    f"{new} does not have {name} as an attribute; `task_args` changes attributes of the task, "
                    f"such as {nearest(name, _SETTINGS)}."
                )
            setattr(new, name, checked_tags(value, repr(new)) | self.tags if name == "tags" else value)
        if around.created is not None:
            around.created.append(new)
        return new

    def _warn_of_copied_dependencies(self, flow: "Flow") -> None:
        if flow.edges_to(self) or flow.edges_from(self):
            warnings.warn(
                f"You are making a copy of {self}, which has dependencies in {flow}; the copy has none of them.",
                stacklevel=outside_of(__file__),
            )

    def __call__(
        self,
        *args: Any,
        mapped: bool = False,
        task_args: dict[str, Any] | None = None,
        upstream_tasks: Iterable[Any] | None = None,
        flow: "Flow | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Make a copy of the task a part of the flow.

        Args:
            *args: arguments of `run`: tasks, whose results are passed, or plain values.
            mapped: whether to run once for each element of the arguments.
            task_args: attributes to change on the copy, such as ``{"name": "clean"}``.
            upstream_tasks: tasks that must run first but pass nothing.
            flow: the flow; by default the one whose ``with`` block this is.
            **kwargs: further arguments of `run`.

        Returns:
            The copy. Give it to other calls, or look up its state with it.

        Raises:
            TypeError: the arguments do not fit `run`.
            ValueError: there is no flow.
        """
        self.__dict__["is_used"] = True
        new = self.copy(**(task_args or {}))
        new.bind(*args, mapped=mapped, upstream_tasks=upstream_tasks, flow=flow, **kwargs)
        return new

    def bind(
        self,
        *args: Any,
        mapped: bool = False,
        upstream_tasks: Iterable[Any] | None = None,
        flow: "Flow | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Make the task itself, not a copy, a part of the flow; for the arguments see `__call__`."""
        arguments = self._call_signature.bind(self.name, args, kwargs)
        around = surroundings()
        flow = active_flow(self, around.flow if flow is None else flow)
        if mapped and around.mapped:
            raise ValueError(
                f"Cannot set `mapped=True` when running from inside a mapped context: apply_map maps {self.name} "
                "already. Call it plainly."
            )
        flow.set_dependencies(self, upstream_tasks=upstream_tasks, keyword_tasks=arguments, mapped=mapped)
        if around.tags:
            self.tags = self.tags | set(around.tags)
        for block in (around.case, around.resource):
            if block is not None:
                block.add_task(self, flow)
        return self

    def map(
        self,
        *args: Any,
        upstream_tasks: Iterable[Any] | None = None,
        flow: "Flow | None" = None,
        task_args: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Make the task a part of the flow, to run once for each element of its arguments.

        Arguments wrapped in `unmapped` are passed whole. With several mapped arguments the shortest decides.

        Raises:
            TypeError: an argument can't be taken apart by index, as a set or a number.
        """
        new = self.__call__(*args, mapped=True, task_args=task_args, upstream_tasks=upstream_tasks, flow=flow, **kwargs)
        new.nout = None
        return new

    def pipe(_prefect_self, _prefect_task: Any, **kwargs: Any) -> Any:
        """Call another task with this one as its first argument, so that calls read from left to right."""
        # The parameters have unusual names because their usual ones may be keywords of the other task.
        if "self" in kwargs:
            raise ValueError(f"`self` can't be a keyword of pipe: {_prefect_task} gets {_prefect_self} first.")
        return _prefect_task(_prefect_self, **kwargs)

    # ------------------------------------------------------------------ dependencies

    def set_dependencies(
        self,
        flow: "Flow | None" = None,
        upstream_tasks: Iterable[Any] | None = None,
        downstream_tasks: Iterable[Any] | None = None,
        keyword_tasks: Mapping[str, Any] | None = None,
        mapped: bool = False,
        validate: bool | None = None,
    ) -> Self:
        """Say what runs before and after this task; see `Flow.set_dependencies`."""
        self._flow_given(flow).set_dependencies(
            self, upstream_tasks, downstream_tasks, keyword_tasks, mapped=mapped, validate=validate
        )
        return self

    def set_upstream(
        self, task: object, flow: "Flow | None" = None, key: str | None = None, mapped: bool = False
    ) -> Self:
        """Let `task` run before this one; with a `key`, its result becomes that argument."""
        self._flow_given(flow).add_edge(task, self, key=key, mapped=mapped)
        return self

    def set_downstream(
        self, task: "Task", flow: "Flow | None" = None, key: str | None = None, mapped: bool = False
    ) -> Self:
        """Let `task` run after this one; with a `key`, this task's result becomes that argument of it."""
        expect(isinstance(task, Task), f"{self}.set_downstream", "task", "a task", task)
        self._flow_given(flow).add_edge(self, task, key=key, mapped=mapped)
        return self

    def _flow_given(self, flow: "Flow | None") -> "Flow":
        found: Flow | None = flow if flow is not None else context.get("flow")
        if found is None:
            raise ValueError(
                f"No Flow was passed, and could not infer an active Flow context for {self}. Give `flow=`, or do this "
                "inside a `with Flow(...)` block."
            )
        return found

    # ------------------------------------------------------------------ descriptions

    def inputs(self) -> dict[str, dict[str, Any]]:
        """Describe each argument of `run`: its ``type``, whether it is ``required``, its ``default``."""
        return {
            p.name: {
                "type": Any if p.annotation is p.empty else p.annotation,
                "default": None if p.default is p.empty else p.default,
                "required": p.default is p.empty,
            }
            for p in self._call_signature.signature.parameters.values()
        }

    def outputs(self) -> Any:
        """Return the type that `run` is annotated to return, or Any."""
        signature = self._call_signature.signature
        return Any if signature.return_annotation is signature.empty else signature.return_annotation

    def serialize(self) -> dict[str, Any]:
        """Describe the task in plain data."""
        return {
            "name": self.name,
            "slug": self.slug,
            "type": f"{type(self).__module__}.{type(self).__qualname__}",
            "tags": sorted(self.tags),
            "max_retries": self.max_retries,
            "retry_delay": None if self.retry_delay is None else self.retry_delay.total_seconds(),
            "timeout": self.timeout,
            "trigger": getattr(self.trigger, "__name__", repr(self.trigger)),
            "inputs": {name: str(described["type"]) for name, described in self.inputs().items()},
            "auto_generated": self.auto_generated,
        }

    # ------------------------------------------------------------------ operators

    def __iter__(self) -> "Iterator[Task]":
        if self.nout is None:
            raise TypeError(
                f"Task is not iterable: {self.name} does not say how many values it returns. Give the task `nout=`, or "
                "annotate it to return a `Tuple[...]`; for a list of unknown length, map over it."
            )
        return (self[index] for index in range(self.nout))

    def __getitem__(self, key: Any) -> "Task":
        shown = key.name if isinstance(key, Task) else repr(key)
        item = self.operators["[]"](name=f"{self.name}[{shown}]", checkpoint=self.checkpoint, result=self.result)
        return item.bind(self, key)

    def __or__(self, other: "Task") -> "Task":
        """Let `other`, a task or what `as_task` makes one of, run after this task; ``a | b | c`` is a chain."""
        self.set_dependencies(downstream_tasks=[other])
        return other

    def __ror__(self, other: object) -> Self:
        return self.set_upstream(other)

    def _operate(self, symbol: str, *operands: object) -> "Task":
        return self.operators[symbol]().bind(*operands)

    def is_equal(self, other: object) -> "Task":
        """Compare results with ``==`` (which on tasks themselves asks for identity)."""
        return self._operate("==", self, other)

    def is_not_equal(self, other: object) -> "Task":
        """Compare results with ``!=``."""
        return self._operate("!=", self, other)

    def not_(self) -> "Task":
        """Negate the result."""
        return self._operate("not", self)

    def or_(self, other: object) -> "Task":
        """Compute ``x or y`` of the results (``|`` chains tasks)."""
        return self._operate("or", self, other)

    def __add__(self, other: object) -> "Task":
        return self._operate("+", self, other)

    def __radd__(self, other: object) -> "Task":
        return self._operate("+", other, self)

    def __sub__(self, other: object) -> "Task":
        return self._operate("-", self, other)

    def __rsub__(self, other: object) -> "Task":
        return self._operate("-", other, self)

    def __mul__(self, other: object) -> "Task":
        return self._operate("*", self, other)

    def __rmul__(self, other: object) -> "Task":
        return self._operate("*", other, self)

    def __truediv__(self, other: object) -> "Task":
        return self._operate("/", self, other)

    def __rtruediv__(self, other: object) -> "Task":
        return self._operate("/", other, self)

    def __floordiv__(self, other: object) -> "Task":
        return self._operate("//", self, other)

    def __rfloordiv__(self, other: object) -> "Task":
        return self._operate("//", other, self)

    def __mod__(self, other: object) -> "Task":
        return self._operate("%", self, other)

    def __rmod__(self, other: object) -> "Task":
        return self._operate("%", other, self)

    def __pow__(self, other: object) -> "Task":
        return self._operate("**", self, other)

    def __rpow__(self, other: object) -> "Task":
        return self._operate("**", other, self)

    def __and__(self, other: object) -> "Task":
        return self._operate("&", self, other)

    def __rand__(self, other: object) -> "Task":
        return self._operate("&", other, self)

    def __gt__(self, other: object) -> "Task":
        return self._operate(">", self, other)

    def __ge__(self, other: object) -> "Task":
        return self._operate(">=", self, other)

    def __lt__(self, other: object) -> "Task":
        return self._operate("<", self, other)

    def __le__(self, other: object) -> "Task":
        return self._operate("<=", self, other)


# The settings that the class has for all tasks that are not told otherwise.
_DEFAULTS = frozenset(Task.__annotations__) & vars(Task).keys() - {"__signature__"}

# The settings that a compiled plan depends on, and that a subclass should leave to `Task.__init__`.
_SETTINGS = frozenset(
    """
    name slug tags max_retries retry_delay retry_on timeout trigger skip_on_upstream_skip cache_for cache_key
    cache_validator checkpoint result target task_run_name state_handlers log_stdout nout
    """.split()  # noqa: SIM905 - a list of them would be twenty lines
)

__getattr__ = imported_later(
    __name__,
    {name: f"miniprefect.core.parameter:{name}" for name in ("NoDefault", "Parameter", "no_default")},
)
