"""The plan: a flow compiled for running. Flat, in order, made once and kept until the flow changes.

The engine never sees a `Flow`, `Task` or `Edge` class; it works on a plan, and on objects that answer the
questions written down here as protocols.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from miniprefect.engine.result.base import Result
from miniprefect.engine.state import State, Success


class Wants(NamedTuple):
    """Say what the settings of a task ask of its runs, so that what is not asked for costs nothing."""

    run_name: bool
    target: bool
    cache: bool
    retries: bool
    special: bool
    asking: bool


class TaskLike(Protocol):
    """What the engine asks of a task."""

    name: str
    slug: str | None
    tags: set[str]
    max_retries: int
    retry_delay: datetime.timedelta | None
    retry_on: set[type[BaseException]] | None
    timeout: int | None
    trigger: Callable[[Any], bool]
    skip_on_upstream_skip: bool
    cache_for: datetime.timedelta | None
    cache_key: str | None
    cache_validator: Callable[..., bool]
    checkpoint: bool | None
    result: Result | None
    target: Any
    task_run_name: Any
    state_handlers: list[Callable[..., Any]]
    log_stdout: bool
    wants: Wants

    @property
    def is_constant(self) -> bool:
        """Whether the result is known, so that there is nothing to run."""

    @property
    def run(self) -> Callable[..., Any]:
        """The work itself."""


class EdgeLike(Protocol):
    """What the engine asks of an edge."""

    key: str | None
    mapped: bool
    flattened: bool

    @property
    def upstream_task(self) -> Any:
        """The task that the edge begins at."""


class FlowLike(Protocol):
    """What the engine asks of a flow."""

    name: str
    state_handlers: list[Callable[..., Any]]
    result: Result | None
    terminal_state_handler: Callable[..., State | None] | None

    def compiled(self) -> "Plan":
        """Return the plan of the flow as it is now."""


class Node:
    """Be one task of a plan.

    Attributes:
        task: the task.
        slug: its unique name in the flow.
        edges: the edges that end at it.
        sources: where in the plan they begin, in the same order.
        constants: the plain values that are arguments, by name: the flow's own dict, so that a change counts.
        mapped: whether any edge is mapped.
        flattens: whether any edge takes a level of nesting off.
    """

    __slots__ = ("_given", "constants", "edges", "flattens", "mapped", "slug", "sources", "task")

    def __init__(
        self, task: Any, slug: str, edges: tuple[Any, ...], sources: tuple[int, ...], constants: dict[str, Any]
    ) -> None:
        self.task = task
        self.slug = slug
        self.edges = edges
        self.sources = sources
        self.constants = constants
        self.mapped = self.flattens = False
        for edge in edges:
            self.mapped = self.mapped or edge.mapped
            self.flattens = self.flattens or edge.flattened
        self._given: dict[str, tuple[Any, GivenEdge, State]] = {}

    def upstream_states(self, states: Sequence[Any]) -> dict[Any, Any]:
        """Return the states that the task depends on, by edge, out of those of the whole plan.

        A plain value counts as the result of a task that succeeded.
        """
        upstream = dict(zip(self.edges, map(states.__getitem__, self.sources), strict=True))
        for key, value in self.constants.items():
            known = self._given.get(key)
            if known is None or known[0] is not value:
                known = self._give(key, value)
            upstream[known[1]] = known[2]
        return upstream

    def _give(self, key: str, value: Any) -> tuple[Any, "GivenEdge", State]:
        """Make the edge and the state of a plain value, and keep them for as long as it stays the same."""
        state = Success("Auto-generated constant value", result=value)
        given = self._given[key] = (value, GivenEdge(GivenValue(value), self.task, key), state)
        return given


class GivenValue:
    """Be where the edge of a plain value begins: a trigger can ask its `name` and `value`."""

    is_constant = True

    def __init__(self, value: Any) -> None:
        self.value = value

    @property
    def name(self) -> str:
        """The value's repr."""
        return repr(self.value)

    def __repr__(self) -> str:
        return f"<Task: {self.name}>"


class GivenEdge:
    """Be the edge of a plain value."""

    mapped = False
    flattened = False

    def __init__(self, upstream_task: GivenValue, downstream_task: Any, key: str) -> None:
        self.upstream_task = upstream_task
        self.downstream_task = downstream_task
        self.key = key


class Plan:
    """Be a flow, ready to run: its tasks in an order in which they can run, each with what feeds it.

    Attributes:
        nodes: the tasks, upstream before downstream.
        terminal: where in `nodes` the tasks are that no other depends on.
        reference: where the tasks are that decide the state of a run.
        parameters: the tasks whose results are given to a run.
        setups: the tasks that set up what a later run can't do without; see `FlowRunner`.
        runners: what takes the tasks through their runs, in the order of `nodes`, by what it was made for; the flow
            runner keeps it here from run to run.
    """

    __slots__ = ("nodes", "parameters", "reference", "runners", "setups", "terminal")

    def __init__(
        self,
        nodes: list[Node],
        terminal: Iterable[int],
        reference: Iterable[int],
        setups: Iterable[Any] = (),
        parameters: Iterable[Any] = (),
    ) -> None:
        self.nodes = nodes
        self.terminal = tuple(terminal)
        self.reference = tuple(reference)
        self.setups = tuple(setups)
        self.parameters = tuple(parameters)
        self.runners: dict[Any, list[Any]] = {}
