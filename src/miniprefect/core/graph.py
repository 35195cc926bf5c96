"""The graph of a flow: its tasks, the edges between them, and what follows from both."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from miniprefect.configuration import config
from miniprefect.core.builtin import COLLECTIONS, as_task, holds_task
from miniprefect.core.checks import named, several
from miniprefect.core.edge import Edge, check_edge
from miniprefect.core.parameter import Parameter
from miniprefect.core.task import Task
from miniprefect.core.wiring import Wires, Wiring
from miniprefect.utilities.collections import OrderedSet
from miniprefect.utilities.edges import EdgeAnnotation


class Graph:
    """Hold tasks and edges, and answer questions about them.

    Attributes:
        constants: plain values by task and argument name; they need no task of their own.
        slugs: the unique name of each task.
        version: grows with each change that the versions of `tasks` and `edges` don't show.
    """

    name: str

    def __init__(self) -> None:
        self._tasks: OrderedSet[Task] = OrderedSet()
        self._wiring = Wiring()
        self.constants: defaultdict[Task, dict[str, Any]] = defaultdict(dict)
        self.slugs: dict[Task, str] = {}
        self._slug_counters: dict[str, int] = {}
        self._given_slugs: set[str] = set()
        self._reference_tasks: OrderedSet[Task] = OrderedSet()
        self.version = 0

    @property
    def tasks(self) -> OrderedSet[Task]:
        """The tasks, in the order in which they were added, each after what it was called with."""
        return self._tasks

    @tasks.setter
    def tasks(self, tasks: Iterable[Task]) -> None:
        self._tasks = OrderedSet(several(tasks, "tasks"))
        self.version += 1

    @property
    def edges(self) -> OrderedSet[Edge]:
        """The edges, in the order in which they were added."""
        return self._wiring.edges

    @edges.setter
    def edges(self, edges: Iterable[Edge]) -> None:
        self._wiring = Wiring(several(edges, "edges"))
        self.version += 1

    # ------------------------------------------------------------------ building

    def add_task(self, task: Task) -> Task:
        """Make `task` a part of the flow; return it.

        Raises:
            TypeError: it is not a task.
            ValueError: its slug is taken, as when two parameters have one name.
        """
        if not isinstance(task, Task):
            is_class = isinstance(task, type)
            remedy = "Make an instance of the class first." if is_class else "Decorate functions with @task."
            raise TypeError(f"Tasks must be Task instances (received {task if is_class else type(task)}). {remedy}")
        if task not in self._tasks:
            self.slugs[task] = self._new_slug(task)
            self._tasks.add(task)
            task.__dict__["is_used"] = True
        return task

    def _new_slug(self, task: Task) -> str:
        slug = task.slug
        if not slug:
            return self._numbered_slug(task)
        if slug in self._given_slugs or self._is_numbered(slug):
            raise ValueError(
                f'A task with the slug "{slug}" already exists in this flow. Rename one of the two, or use the '
                "one that is there (Flow.update: merge_parameters=True)."
            )
        self._given_slugs.add(slug)
        return slug

    def _is_numbered(self, slug: str) -> bool:
        """Say whether it is the slug of a task that had none."""
        stem, _, _ = slug.rpartition("-")
        return stem in self._slug_counters and slug in self.slugs.values()

    def _numbered_slug(self, task: Task) -> str:
        stem = "-".join((task.name, *sorted(task.tags))) if task.labels else task.name
        number = self._slug_counters.get(stem, 0) + 1
        while (slug := f"{stem}-{number}") in self._given_slugs:
            number += 1
        self._slug_counters[stem] = number
        return slug

    def add_edge(
        self,
        upstream_task: Any,
        downstream_task: Any,
        key: str | None = None,
        mapped: bool = False,
        flattened: bool = False,
        validate: bool | None = None,
    ) -> Edge:
        """Let one task run before another; add both to the flow if they are not part of it.

        Args:
            upstream_task: the task, value or annotated value that comes first.
            downstream_task: the task that comes after it.
            key: the argument that takes the result; without one no data is passed.
            mapped: whether to map over the result.
            flattened: whether to take one level of nesting off the result.
            validate: whether to look for cycles now; by default when the flow runs.

        Raises:
            ValueError: the downstream task is a parameter, or (when validated) there would be a cycle or the
                argument is taken.
            TypeError: (when validated) the task has no such argument.
        """
        if mapped:
            _check_mappable(upstream_task, downstream_task)
        if isinstance(upstream_task, EdgeAnnotation):
            mapped = upstream_task.annotations.get("mapped", mapped)
            flattened = upstream_task.annotations.get("flattened", flattened)
            upstream_task = upstream_task.value
        upstream, downstream = as_task(upstream_task, self), as_task(downstream_task, self)  # type: ignore[arg-type]
        if validate is None:
            validate = config.flows.eager_edge_validation
        edge = Edge(upstream, downstream, key=key, mapped=mapped, flattened=flattened)
        self._connect(upstream, downstream, key, edge.mapped, edge.flattened, validate)
        return edge

    def _connect(
        self, upstream: Task, downstream: Task, key: str | None, mapped: bool, flattened: bool, validate: bool
    ) -> None:
        if downstream.is_parameter:
            raise ValueError(
                f"Parameters must be root tasks and can not have upstream dependencies. {downstream} can't come after "
                f"{upstream}."
            )
        self.add_task(downstream)
        if upstream.is_constant and key is not None and not (mapped or flattened):
            self._set_constant(downstream, key, upstream.value)  # type: ignore[attr-defined]
            return
        self.add_task(upstream)
        if validate:
            self._check_edge(Edge(upstream, downstream, key, mapped, flattened))
        self._wiring.add(upstream, downstream, key, mapped, flattened)
        if validate:
            self.validate()

    def _check_edge(self, edge: Edge) -> None:
        task, key = edge.downstream_task, edge.key
        if key is None:
            return
        if any(e.key == key and e != edge for e in self.edges_to(task)) or key in self.constants.get(task, ()):
            raise ValueError(
                f'Argument "{key}" for task {task} has already been assigned in this flow. To run the task again with '
                "other arguments, call it again, or add task.copy()."
            )
        signature = task._call_signature
        if not signature.accepts_any and key not in signature.names:
            raise TypeError(
                f"Task {task.name!r} got an unexpected keyword argument {key!r}: see the keys of its edges."
            )

    def chain(self, *tasks: Task, validate: bool | None = None) -> list[Edge]:
        """Let `tasks` run one after the other; return the edges between them."""
        return [self.add_edge(a, b, validate=validate) for a, b in itertools.pairwise(tasks)]

    def set_dependencies(
        self,
        task: Any,
        upstream_tasks: Iterable[Any] | None = None,
        downstream_tasks: Iterable[Any] | None = None,
        keyword_tasks: Mapping[str, Any] | None = None,
        mapped: bool = False,
        validate: bool | None = None,
    ) -> None:
        """Say what runs before and after `task`, and where its arguments come from.

        Args:
            task: the task; it is added to the flow.
            upstream_tasks: tasks that run first but pass nothing.
            downstream_tasks: tasks that run after it.
            keyword_tasks: tasks or values by argument name.
            mapped: whether to map over the results of all of these.
            validate: whether to look for cycles now.
        """
        before = len(self._tasks)
        task = self.add_task(as_task(task, self))  # type: ignore[arg-type]
        own = len(self._tasks)
        for upstream in several(upstream_tasks, "upstream_tasks"):
            self.add_edge(upstream, task, mapped=mapped, validate=validate)
        self._feed(task, named(keyword_tasks, "keyword_tasks"), mapped, validate)
        if before < own < len(self._tasks):
            # To come after what it depends on: then a plan is made in the least time.
            self._tasks.discard(task)
            self._tasks.add(task)
        for downstream in several(downstream_tasks, "downstream_tasks"):
            self.add_edge(task, downstream, mapped=mapped, validate=validate)

    def _feed(self, task: Task, arguments: Mapping[str, Any], mapped: bool, validate: bool | None) -> None:
        if validate is None:
            validate = config.flows.eager_edge_validation
        for key, value in self._collected(arguments).items():
            if isinstance(value, Task) and not mapped:
                check_edge(value, task, key)
                self._connect(value, task, key, False, False, validate)
            elif mapped or holds_task(value) or isinstance(value, EdgeAnnotation):
                self.add_edge(value, task, key=key, mapped=mapped, validate=validate)
            else:
                self._set_constant(task, key, value)

    def _collected(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make tasks of the collections that hold tasks, so that the edges to one task follow one another."""
        collected = {}
        for key, value in arguments.items():
            if isinstance(value, COLLECTIONS) and holds_task(value):
                collected[key] = as_task(value, self)  # type: ignore[arg-type]
        return {**arguments, **collected} if collected else arguments

    def _set_constant(self, task: Task, key: str, value: Any) -> None:
        self.constants[task][key] = value
        self.version += 1

    # ------------------------------------------------------------------ questions

    def wires(self) -> Wires:
        """Return the edges as they are now, in columns."""
        return self._wiring.wires()

    def _own(self, task: Task) -> Task:
        if task not in self.tasks:
            raise ValueError(f"Task {task} was not found in Flow {self}; calling a task adds a copy of it.")
        return task

    def edges_to(self, task: Task) -> set[Edge]:
        """Return the edges that end at `task`."""
        return self._wiring.edges_to(self._own(task))

    def edges_from(self, task: Task) -> set[Edge]:
        """Return the edges that begin at `task`."""
        return self._wiring.edges_from(self._own(task))

    def upstream_tasks(self, task: Task) -> set[Task]:
        """Return the tasks that `task` directly depends on."""
        return {edge.upstream_task for edge in self.edges_to(task)}

    def downstream_tasks(self, task: Task) -> set[Task]:
        """Return the tasks that directly depend on `task`."""
        return {edge.downstream_task for edge in self.edges_from(task)}

    def all_upstream_edges(self) -> dict[Task, set[Edge]]:
        """Return the edges that end at each task."""
        return {task: self.edges_to(task) for task in self.tasks}

    def all_downstream_edges(self) -> dict[Task, set[Edge]]:
        """Return the edges that begin at each task."""
        return {task: self.edges_from(task) for task in self.tasks}

    def root_tasks(self) -> set[Task]:
        """Return the tasks that depend on no other."""
        return set(self.tasks).difference(self.wires().downstream)

    def terminal_tasks(self) -> set[Task]:
        """Return the tasks that no other depends on."""
        return set(self.tasks).difference(self.wires().upstream)

    def parameters(self) -> set[Parameter]:
        """Return the parameters."""
        return {task for task in self.tasks if isinstance(task, Parameter)}

    def reference_tasks(self) -> set[Task]:
        """Return the tasks that decide the state of a run: those that were set, or else the terminal ones.

        Cleaning up decides nothing, so what only a clean-up comes after counts as terminal here.
        """
        if self._reference_tasks:
            return set(self._reference_tasks)
        wires = self.wires()
        sources = set(wires.upstream)
        followed = {start for start, end in zip(wires.upstream, wires.downstream, strict=True) if not end.is_cleanup}
        is_alone = len(self._tasks) == 1
        return {
            task
            for task in self._tasks
            if task not in followed and (task in sources or is_alone or not task.is_cleanup)
        }

    def set_reference_tasks(self, tasks: Iterable[Task]) -> None:
        """Choose the tasks that decide the state of a run; with none, the terminal tasks do.

        Raises:
            TypeError: one task is given instead of several.
            ValueError: a task is not part of the flow.
        """
        chosen = OrderedSet(several(tasks, "tasks"))
        for task in chosen:
            if task not in self.tasks:
                raise ValueError(
                    f"reference tasks must be part of the flow. {task!r} is not part of {self.name!r}; add it."
                )
        self._reference_tasks = chosen
        self.version += 1

    def get_tasks(
        self,
        name: str | None = None,
        slug: str | None = None,
        tags: Iterable[str] | None = None,
        task_type: type | None = None,
    ) -> list[Task]:
        """Return the tasks that fit all that is given, in the order in which they were added.

        Args:
            name: the task's name.
            slug: the task's slug in this flow.
            tags: labels; a task must have all of them.
            task_type: a class; instances of subclasses fit too.
        """
        wanted = set(tags or ())
        return [
            task
            for task in self.tasks
            if (name is None or task.name == name)
            and (slug is None or self.slugs[task] == slug)
            and wanted.issubset(task.labels)
            and (task_type is None or isinstance(task, task_type))
        ]

    def sorted_tasks(self, root_tasks: Iterable[Task] | None = None) -> tuple[Task, ...]:
        """Return the tasks so that each comes after those it depends on.

        Where the dependencies leave a choice, tasks come in the order in which they were added.

        Args:
            root_tasks: return only these tasks and those that depend on them.

        Raises:
            ValueError: there is a cycle, or a root task is not part of the flow.
        """
        wires = self.wires()
        ordered = tuple(in_order(self.tasks, wires, self.name))
        roots = list(several(root_tasks, "root_tasks"))
        for root in roots:
            if root not in self.tasks:
                raise ValueError(f"Task {root} was not found in Flow {self}, so it can't be a root task.")
        if not roots:
            return ordered
        reached = _reached_from(roots, wires)
        return tuple(task for task in ordered if task in reached)

    def validate(self) -> None:
        """Check that the parts of the flow fit together.

        Raises:
            ValueError: there is a cycle, an edge or a reference task belongs to no task of the flow, or an
                argument is given twice.
        """
        self.check_edges()
        for task in self._reference_tasks:
            if task not in self.tasks:
                raise ValueError(f"Some reference tasks are not contained in this flow: {task}.")
        self.sorted_tasks()

    def check_edges(self) -> None:
        """Check that both ends of all edges are part of the flow.

        Raises:
            ValueError: one is not.
        """
        for edge in list(self.edges):
            if edge.upstream_task not in self.tasks or edge.downstream_task not in self.tasks:
                raise ValueError(
                    f"Some edges refer to tasks not contained in this flow: {edge}. Add the tasks again, or "
                    "discard the edge."
                )


def _check_mappable(value: Any, task: Any) -> None:
    """Check that a plain value can be taken apart, for a task that is mapped over it.

    Raises:
        TypeError: it can't.
    """
    if not isinstance(value, Task | EdgeAnnotation) and not hasattr(value, "__getitem__"):
        raise TypeError(
            f"Cannot map over unsubscriptable object of type {type(value)}: {value!r:.20}... for {task}. Map over a "
            "list, or pass the value whole with unmapped(...)."
        )


def _reached_from(roots: list[Task], wires: Wires) -> set[Task]:
    """Return `roots` and the tasks that depend on them."""
    after: dict[Task, list[Task]] = {}
    for start, end in zip(wires.upstream, wires.downstream, strict=True):
        after.setdefault(start, []).append(end)
    reached: set[Task] = set()
    todo = list(roots)
    while todo:
        task = todo.pop()
        if task not in reached:
            reached.add(task)
            todo.extend(after.get(task, ()))
    return reached


def in_order(tasks: Iterable[Task], wires: Wires, flow_name: str) -> Iterator[Task]:
    """Yield `tasks` so that each comes after its upstream tasks, else as they are.

    The search goes down to what a task still waits for, keeping the way down on a stack of its own: flows are
    deeper than Python's.

    Args:
        tasks: the tasks.
        wires: the edges.
        flow_name: for the message.

    Raises:
        ValueError: there is a cycle; the message names its tasks.
    """
    placed: set[Task] = set()
    upstream, into = wires.upstream, wires.into
    for task in tasks:
        if task in placed:
            continue
        for place in into.get(task, ()):
            if upstream[place] not in placed:
                # Mostly tasks come after those they depend on, and this is not needed.
                yield from _with_upstream(task, wires, placed, flow_name)
                break
        else:
            placed.add(task)
            yield task


def _with_upstream(start: Task, wires: Wires, placed: set[Task], flow_name: str) -> Iterator[Task]:
    """Yield what `start` still waits for, then `start`."""
    upstream, into = wires.upstream, wires.into
    way: dict[Task, Iterator[int]] = {}
    task: Task | None = start
    while task is not None:
        places = way.setdefault(task, iter(into.get(task, ())))
        waits_for = next((upstream[place] for place in places if upstream[place] not in placed), None)
        if waits_for is None:
            way.pop(task)
            placed.add(task)
            yield task
            task = next(reversed(way), None)
        elif waits_for in way:
            raise _cycle([*way], waits_for, flow_name)
        else:
            task = waits_for


def _cycle(way: list[Task], again: Task, flow_name: str) -> ValueError:
    # The way leads from a task to what it depends on; people read the other direction.
    around = [again.name, *(task.name for task in reversed(way[way.index(again) :]))]
    return ValueError(
        f"Cycle found; flows must be acyclic! Flow {flow_name!r} has the cycle: {' -> '.join(around)}. Remove one of "
        "these edges."
    )
