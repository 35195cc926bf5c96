"""Flows: graphs of tasks that can be run."""

import copy
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import Token
from typing import Any, Self, cast

from miniprefect.configuration import config
from miniprefect.core.backendless import NeedsBackend
from miniprefect.core.building import warn_of_unused
from miniprefect.core.builtin import as_task
from miniprefect.core.checks import checked_handlers, expect, several
from miniprefect.core.compile import compile_plan
from miniprefect.core.describe import described, digest, slugified
from miniprefect.core.edge import Edge
from miniprefect.core.graph import Graph
from miniprefect.core.running import run_flow
from miniprefect.core.task import Task
from miniprefect.engine.plan import FlowLike, Plan
from miniprefect.engine.result.base import Result
from miniprefect.engine.state import State
from miniprefect.executors.base import Executor
from miniprefect.utilities.callbacks import callback_factory, is_failed
from miniprefect.utilities.collections import OrderedSet
from miniprefect.utilities.context import Frame, context, current_frame, enter_frame, leave_frame
from miniprefect.utilities.lazy import VIEWS, LazyModule
from miniprefect.utilities.logging import get_logger
from miniprefect.utilities.pickling import portable, replacing

json = LazyModule("json")
pathlib = LazyModule("pathlib")
pickle = LazyModule("pickle")
result_handlers = LazyModule("miniprefect.engine.result_handlers")


def _explain(error: AttributeError) -> None:
    """Add to an error that a task has no such attribute what is mostly behind it, unless the task is half made."""
    if "wants" in vars(error.obj):
        error.add_note("A task has no value before the flow runs. If its result is meant, use it in another task.")


class Flow(Graph, NeedsBackend):
    """Be a graph of tasks that can be run.

    Tasks that are called inside ``with Flow(...) as flow:`` become part of the flow. `run` runs them.

    Args:
        name: what people call the flow.
        schedule: when to run it.
        executor: where to run it; `LocalExecutor` by default.
        run_config: kept, and not used: there is no backend.
        storage: kept, and not used: there is no backend.
        tasks: tasks to begin with.
        edges: edges to begin with.
        reference_tasks: the tasks that decide the state of a run; by default those that no other depends on.
        state_handlers: functions of (flow, old state, new state), called at each change of state; what one returns
            replaces the new state, unless it is None.
        on_failure: a function of (flow, state), called when a run fails.
        validate: whether to look for cycles in `edges` now.
        result: where the results of tasks are written unless they say otherwise.
        terminal_state_handler: a function of (flow, final state, states of the reference tasks) that may return
            another final state.
        environment: what Prefect 0.10 had before `run_config`; kept, and not used.
        result_handler: what Prefect 0.10 had before `result`.

    Raises:
        ValueError: there is no name.
    """

    def __init__(
        self,
        name: str,
        schedule: Any = None,
        executor: Executor | None = None,
        run_config: Any = None,
        storage: Any = None,
        tasks: Iterable[Task] | None = None,
        edges: Iterable[Edge] | None = None,
        reference_tasks: Iterable[Task] | None = None,
        state_handlers: list[Callable[..., State | None]] | None = None,
        on_failure: Callable[..., Any] | None = None,
        validate: bool | None = None,
        result: Result | None = None,
        terminal_state_handler: Callable[..., State | None] | None = None,
        environment: Any = None,
        result_handler: Any = None,
    ) -> None:
        super().__init__()
        if not name:
            raise ValueError("A name must be provided for the flow.")
        if not isinstance(name, str):
            raise TypeError(f"The name of a flow is a text, but {name!r} is a {type(name).__name__}.")
        self.name = name
        self.schedule = schedule
        self.executor = executor
        self.run_config = run_config
        self.storage = storage
        self.environment = environment
        self.result = result if result is not None else (result_handler and result_handlers.as_result(result_handler))
        self.state_handlers = checked_handlers(state_handlers, f"Flow {name!r}")
        if on_failure is not None:
            self.state_handlers.append(callback_factory(on_failure, is_failed))
        handler = terminal_state_handler
        expect(handler is None or callable(handler), f"Flow {name!r}", "terminal_state_handler", "callable", handler)
        self.terminal_state_handler = handler
        self._plan: tuple[Any, Plan] | None = None
        self._entered: list[Token[Frame]] = []
        self._begin_with(tasks, edges, reference_tasks or (), validate)

    def _begin_with(
        self,
        tasks: Iterable[Task] | None,
        edges: Iterable[Edge] | None,
        reference_tasks: Iterable[Task],
        validate: bool | None,
    ) -> None:
        for task in several(tasks, "tasks"):
            self.add_task(task)
        self.set_reference_tasks(reference_tasks)
        for edge in several(edges, "edges"):
            expect(isinstance(edge, Edge), f"Flow {self.name!r}", "edges", "a list of Edge(upstream, downstream)", edge)
            self._add_like(edge, {}, validate)

    @property
    def logger(self) -> Any:
        """The logger of this flow, which is ``prefect.<name>``."""
        return get_logger(self.name)

    def __repr__(self) -> str:
        return f'<{type(self).__name__}: name="{self.name}">'

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Flow):
            return False
        mine = (self.name, self.tasks, self.edges, self.reference_tasks())
        return mine == (other.name, other.tasks, other.edges, other.reference_tasks())

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.sorted_tasks())

    def __contains__(self, task: object) -> bool:
        return task in self.tasks

    # ------------------------------------------------------------------ the `with` block

    def __enter__(self) -> Self:
        created = context.get("_created_tasks")
        values = {"flow": self, "_created_tasks": [] if created is None else created}
        self._entered.append(enter_frame(Frame(current_frame(), values)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, AttributeError) and isinstance(error.obj, Task) and not hasattr(error, "__notes__"):
            _explain(error)
        created = context["_created_tasks"]
        leave_frame(self._entered.pop())
        if kind is None and "_created_tasks" not in context:
            warn_of_unused(created)

    # ------------------------------------------------------------------ changing the graph

    def copy(self) -> Self:
        """Return a flow that is equal to this one, shares its tasks, and can be changed on its own."""
        new = copy.copy(self)
        new.tasks, new._wiring = self.tasks.copy(), self._wiring.copy()
        new.slugs, new._slug_counters = dict(self.slugs), dict(self._slug_counters)
        new._given_slugs = set(self._given_slugs)
        new.constants = copy.copy(self.constants)
        for task, values in self.constants.items():
            new.constants[task] = dict(values)
        new._reference_tasks = self._reference_tasks.copy()
        new.state_handlers = list(self.state_handlers)
        new._plan, new._entered = None, []
        return new

    def replace(self, old: Task, new: Any, validate: bool = True) -> None:
        """Put `new`, a task or a value, in the place of the task `old`.

        Raises:
            ValueError: `old` is not part of the flow.
        """
        self._own(old)
        new = as_task(new, self)
        edges = [edge for edge in self.edges if old in edge.tasks]
        references = [new if task is old else task for task in self._reference_tasks]
        constants = self.constants.pop(old, {})
        self._remove(old, edges)
        self.add_task(new)
        self.constants[new].update(constants)
        for edge in edges:
            self._add_like(edge, {old: new}, validate=False)
        self._reference_tasks = OrderedSet(task for task in references if task in self.tasks)
        if validate:
            self.validate()

    def _remove(self, task: Task, edges: Iterable[Edge]) -> None:
        for edge in edges:
            self.edges.discard(edge)
        self.tasks.discard(task)
        self._given_slugs.discard(self.slugs.pop(task))

    def update(
        self,
        flow: "Flow",
        merge_parameters: bool = False,
        validate: bool | None = None,
        merge_reference_tasks: bool = False,
    ) -> None:
        """Add the tasks, edges and constants of another flow.

        Args:
            flow: the other flow.
            merge_parameters: whether a parameter of the same name stands for the one that is here already.
            validate: whether to look for cycles now.
            merge_reference_tasks: whether its reference tasks become reference tasks here too.

        Raises:
            ValueError: a slug is taken, such as the name of a parameter.
        """
        expect(isinstance(flow, Flow), f"Flow {self.name!r}.update", "flow", "a Flow", flow)
        standing_in = self._same_parameters(flow) if merge_parameters else {}
        for task in flow.tasks:
            if task not in standing_in:
                self.add_task(task)
        for edge in flow.edges:
            self._add_like(edge, standing_in, validate)
        for task, values in flow.constants.items():
            self.constants[task].update(values)
        if merge_reference_tasks:
            self.set_reference_tasks(self.reference_tasks() | flow.reference_tasks())

    def _add_like(self, edge: Edge, standing_in: Mapping[Task, Task], validate: bool | None) -> None:
        """Add an edge like `edge`, between the tasks that stand in for its ends."""
        upstream, downstream = edge.upstream_task, edge.downstream_task
        self.add_edge(
            standing_in.get(upstream, upstream),
            standing_in.get(downstream, downstream),
            key=edge.key,
            mapped=edge.mapped,
            flattened=edge.flattened,
            validate=validate,
        )

    def _same_parameters(self, flow: "Flow") -> dict[Task, Task]:
        own: dict[str, Task] = {parameter.name: parameter for parameter in self.parameters()}
        return {theirs: own[theirs.name] for theirs in flow.parameters() if theirs.name in own}

    # ------------------------------------------------------------------ running

    def compiled(self) -> Plan:
        """Return the plan of the flow, made anew if the flow or a setting of a task has changed.

        Raises:
            ValueError: there is a cycle.
        """
        now = (self.tasks.version, self._wiring.version, self.version, Task.generation)
        if self._plan is None or self._plan[0] != now or self._plan[1].constants is not self.constants:
            self._plan = now, compile_plan(self)
        return self._plan[1]

    def run(
        self,
        parameters: Mapping[str, Any] | None = None,
        run_on_schedule: bool | None = None,
        runner_cls: type[Any] | None = None,
        **kwargs: Any,
    ) -> State:
        """Run the flow to its end: on its schedule if it has one, and with all retries.

        Args:
            parameters: values of the flow's parameters by name; they may also be given as keywords.
            run_on_schedule: whether to wait for the schedule; if it has one, by default.
            runner_cls: what takes the flow through a run; `FlowRunner` by default.
            **kwargs: values of parameters, and options of `FlowRunner.run`: ``context``, ``executor``, ``state``,
                ``task_states``, ``task_contexts``, ``task_runner_state_handlers``.

        Returns:
            The state of the (last) run. Its `result` maps each task to the task's own state. (While a file is
            loaded to find its flows, nothing runs and there is no state.)

        Raises:
            ValueError: a parameter is missing or unknown, or the flow has a cycle; nothing has run.
            TypeError: a keyword is neither a parameter nor an option.
            RuntimeError: this is the flow's own ``with`` block.
        """
        return cast(State, run_flow(self, parameters, run_on_schedule, runner_cls, kwargs))

    # ------------------------------------------------------------------ showing

    def visualize(
        self,
        flow_state: State | None = None,
        filename: str | None = None,
        format: str | None = None,
        horizontal: bool = False,
        view: bool | None = None,
    ) -> Any:
        """Draw the flow; return the picture (`miniprefect.pictures.Picture`), which a notebook shows.

        Args:
            flow_state: what `run` returned, to colour the tasks by their states.
            filename: where to write the picture to.
            format: "svg", "dot", "mermaid", or with the program `dot` of Graphviz "png" or "pdf"; what the suffix of
                the file name says, or else "svg".
            horizontal: whether it runs from left to right.
            view: whether to open it in the browser. By default a terminal is told how, if no file was asked for.

        Raises:
            ValueError: there is no such format.
            RuntimeError: the format needs `dot`, and it is not there.
        """
        return VIEWS["visualize"](self, flow_state, filename, format, horizontal, view)

    def _repr_html_(self) -> str:
        return str(VIEWS["show_flow"](self))

    # ------------------------------------------------------------------ keeping and describing

    def save(self, fpath: str | None = None) -> str:
        """Pickle the flow into a file; return the file's path.

        Args:
            fpath: the path; by default ``<home_dir>/flows/<name>.prefect``.
        """
        path = pathlib.Path(fpath) if fpath else _default_path(self.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(self))
        return str(path)

    @classmethod
    def load(cls, fpath: str) -> "Flow":
        """Return the flow that `save` wrote.

        Args:
            fpath: a path, or the name of a flow in ``<home_dir>/flows``.
        """
        path = pathlib.Path(fpath)
        if not path.is_absolute() and not path.exists():
            path = _default_path(fpath)
        flow: Flow = pickle.loads(path.read_bytes())
        return flow

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__ | {"_plan": None, "_entered": []}
        if replacing.get() is not None:
            state["constants"] = _portable(self.constants)
        return state

    def serialize(self, build: bool = False) -> dict[str, Any]:
        """Describe the flow in plain data; `build` has no meaning without storage."""
        return described(self)

    def serialized_hash(self, build: bool = False) -> str:
        """Return a digest of the description, which changes when the flow does."""
        return digest(self.serialize(build))

    def diagnostics(self, include_secret_names: bool = False) -> str:
        """Describe the flow and where it runs as JSON, for reports of problems."""
        about = {"name": self.name, "tasks": len(self.tasks), "edges": len(self.edges), "python": sys.version}
        report: str = json.dumps(
            {"flow": about, "schedule": repr(self.schedule), "executor": repr(self.executor)}, indent=2
        )
        return report


def _portable(constants: Mapping[Task, dict[str, Any]]) -> Any:
    copied: Any = defaultdict(dict)
    for task, values in constants.items():
        copied[task] = {key: portable(value) for key, value in values.items()}
    return copied


def _default_path(name: str) -> Any:
    return pathlib.Path(config.home_dir).expanduser() / "flows" / f"{slugified(name)}.prefect"


# The contract that the engine asks for, held by the class itself: checked by the type checker.
def _keeps_contract(flow: Flow) -> FlowLike:
    return flow
