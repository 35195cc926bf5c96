"""The plan: a flow compiled for running. Flat, in order, made once and kept until the flow changes.

The engine never sees a `Flow`, `Task` or `Edge` class; it works on a plan, and on objects that answer the
questions written down here as protocols.
"""

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from miniprefect.engine.result.base import Result
from miniprefect.engine.state import State, Success


class Wants(NamedTuple):
    """Say what the settings of a task ask of its runs, so that what is not asked for costs nothing.

    Attributes:
        run_name: a name for each run.
        target: to look whether the result is there already.
        cache: to use results again.
        special: a time limit, an event loop, or its output in the log.
        asking: to ask its trigger even when all upstream tasks succeeded.
        retries: to try again after a failure.
        ordinary: to be run when all upstream tasks succeeded, without asking anybody.
        plain: that, and no more than to be called with the results of upstream tasks.
    """

    run_name: bool
    target: bool
    cache: bool
    special: bool
    asking: bool
    retries: bool
    ordinary: bool
    plain: bool


class TaskLike(Protocol):
    """What the engine asks of a task."""

    name: str
    slug: str | None
    labels: Collection[str]
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
    def tags(self) -> set[str]:
        """The labels, to be changed by whoever likes."""

    @property
    def is_constant(self) -> bool:
        """Whether the result is known, so that there is nothing to run."""

    @property
    def is_parameter(self) -> bool:
        """Whether the result is given to the flow run."""

    @property
    def is_setup(self) -> bool:
        """Whether it sets up what a later run can't do without."""

    @property
    def is_cleanup(self) -> bool:
        """Whether it only cleans up."""

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


class Feeds(NamedTuple):
    """Say which results are arguments of ordinary tasks: not mapped, and run when all upstream tasks succeeded.

    One flat list for all tasks costs less than a small one for each.

    Attributes:
        keys: the names of arguments.
        sources: the places of the tasks whose results they are.
        spans: for each task where in these two its own are; None for a task that is not ordinary.
    """

    keys: list[str]
    sources: list[int]
    spans: list[range | None]


class Plan:
    """Be a flow, ready to run: its tasks in an order in which they can run, each with what feeds it.

    The lists are parallel: what is at one place in them is about one task.

    Attributes:
        tasks: the tasks, upstream before downstream.
        places: where in the lists each of them is.
        slugs: their unique names in the flow.
        constants: the plain values that are arguments, by task and name: the flow's own, so that a change counts.
        feeds: the results that are arguments of each.
        mapped: the places of the tasks that are mapped.
        flattening: the places of the tasks that take a level of nesting off an input.
        terminal: the places of the tasks that no other depends on.
        reference: the places of the tasks that decide the state of a run.
        parameters: the tasks whose results are given to a run.
        setups: the tasks that set up what a later run can't do without; see `FlowRunner`.
        crews: what takes the tasks through their runs, by what it was made for; the flow runner keeps it here from
            run to run.
    """

    __slots__ = (
        "_edges_to",
        "_given",
        "constants",
        "crews",
        "feeds",
        "flattening",
        "mapped",
        "parameters",
        "places",
        "reference",
        "setups",
        "slugs",
        "tasks",
        "terminal",
    )

    def __init__(
        self,
        places: dict[Any, int],
        slugs: list[str],
        constants: Mapping[Any, dict[str, Any]],
        edges_to: Callable[[Any], Sequence[Any]],
        feeds: Feeds,
        terminal: list[int],
        reference: list[int],
    ) -> None:
        self.tasks = list(places)
        self.places = places
        self.slugs = slugs
        self.constants = constants
        self._edges_to = edges_to
        self.feeds = feeds
        self.terminal = terminal
        self.reference = reference
        special = [place for place, span in enumerate(feeds.spans) if span is None]
        self.mapped = {place for place in special if any(edge.mapped for edge in self.edges(place))}
        self.flattening = {place for place in special if any(edge.flattened for edge in self.edges(place))}
        self.parameters = [self.tasks[place] for place in special if self.tasks[place].is_parameter]
        self.setups = [self.tasks[place] for place in special if self.tasks[place].is_setup]
        self.crews: dict[Any, Any] = {}
        self._given: dict[tuple[int, str], GivenEdge] = {}

    def edges(self, place: int) -> Sequence[Any]:
        """Return the edges that end at a task."""
        return self._edges_to(self.tasks[place])

    def sources(self, place: int) -> set[int]:
        """Return the places of the tasks that a task depends on."""
        return {self.places[edge.upstream_task] for edge in self.edges(place)}

    def upstream_states(self, place: int, states: Sequence[Any]) -> dict[Any, Any]:
        """Return the states that a task depends on, by edge, out of those of the whole plan.

        A plain value counts as the result of a task that succeeded.
        """
        upstream = {edge: states[self.places[edge.upstream_task]] for edge in self.edges(place)}
        upstream.update(self.given(place))
        return upstream

    def given(self, place: int) -> dict[Any, Any]:
        """Return the states of the plain values that a task is given, by edge."""
        given: dict[Any, Any] = {}
        for key, value in self.constants.get(self.tasks[place], {}).items():
            given[self._given_edge(place, key, value)] = Success("Auto-generated constant value", result=value)
        return given

    def _given_edge(self, place: int, key: str, value: Any) -> "GivenEdge":
        """Return the edge of a plain value, kept for as long as it stays the same."""
        edge = self._given.get((place, key))
        if edge is None or edge.upstream_task.value is not value:
            edge = self._given[place, key] = GivenEdge(GivenValue(value), self.tasks[place], key)
        return edge
