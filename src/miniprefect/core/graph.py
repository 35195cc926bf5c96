"""The graph of a flow: its tasks, the edges between them, and what follows from both."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from miniprefect.configuration import config
from miniprefect.core.builtin import as_task, holds_task
from miniprefect.core.checks import named, several
from miniprefect.core.edge import Edge
from miniprefect.core.parameter import Parameter
from miniprefect.core.task import Task
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
        self._edges: OrderedSet[Edge] = OrderedSet()
        self.constants: defaultdict[Task, dict[str, Any]] = defaultdict(dict)
        self.slugs: dict[Task, str] = {}
        self._slug_counters: dict[str, int] = {}
        self._taken_slugs: set[str] = set()
        self._reference_tasks: OrderedSet[Task] = OrderedSet()
        self._index = _EdgeIndex()
        self.version = 0

    @property
    def tasks(self) -> OrderedSet[Task]:
        """The tasks, in the order in which they were added."""
        return self._tasks

    @tasks.setter
    def tasks(self, tasks: Iterable[Task]) -> None:
        self._tasks = OrderedSet(several(tasks, "tasks"))
        self.version += 1

    @property
    def edges(self) -> OrderedSet[Edge]:
        """The edges, in the order in which they were added."""
        return self._edges

    @edges.setter
    def edges(self, edges: Iterable[Edge]) -> None:
        self._edges = OrderedSet(several(edges, "edges"))
        self._index = _EdgeIndex(self._edges)
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
        slug = task.slug or self._numbered_slug(task)
        if slug in self._taken_slugs:
            raise ValueError(
                f'A task with the slug "{slug}" already exists in this flow. Rename one of the two, or use the '
                "one that is there (Flow.update: merge_parameters=True)."
            )
        self._taken_slugs.add(slug)
        return slug

    def _numbered_slug(self, task: Task) -> str:
        stem = "-".join((task.name, *sorted(task.tags))) if task.tags else task.name
        number = self._slug_counters.get(stem, 0) + 1
        while (slug := f"{stem}-{number}") in self._taken_slugs:
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
        return self._connect(Edge(upstream, downstream, key=key, mapped=mapped, flattened=flattened), validate)

    def _connect(self, edge: Edge, validate: bool) -> Edge:
        upstream, downstream, key = edge.upstream_task, edge.downstream_task, edge.key
        if downstream.is_parameter:
            raise ValueError(
                f"Parameters must be root tasks and can not have upstream dependencies. {downstream} can't come after "
                f"{upstream}."
            )
        self.add_task(downstream)
        if upstream.is_constant and key is not None and not (edge.mapped or edge.flattened):
            self._set_constant(downstream, key, upstream.value)
            return edge
        self.add_task(upstream)
        if validate:
            self._check_edge(edge)
        self._insert(edge)
        if validate:
            self.validate()
        return edge

    def _insert(self, edge: Edge) -> None:
        index = self._current_index()
        if index.is_shared:
            index = self._index = _EdgeIndex(self._edges)
        self._edges.add(edge)
        if index.version != self._edges.version:
            index.add(edge)
            index.version = self._edges.version

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
        task = self.add_task(as_task(task, self))  # type: ignore[arg-type]
        for upstream in several(upstream_tasks, "upstream_tasks"):
            self.add_edge(upstream, task, mapped=mapped, validate=validate)
        for downstream in several(downstream_tasks, "downstream_tasks"):
            self.add_edge(task, downstream, mapped=mapped, validate=validate)
        if validate is None:
            validate = config.flows.eager_edge_validation
        for key, value in named(keyword_tasks, "keyword_tasks").items():
            if isinstance(value, Task) and not mapped:
                self._connect(Edge(value, task, key), validate)
            elif mapped or holds_task(value) or isinstance(value, EdgeAnnotation):
                self.add_edge(value, task, key=key, mapped=mapped, validate=validate)
            else:
                self._set_constant(task, key, value)

    def _set_constant(self, task: Task, key: str, value: Any) -> None:
        self.constants[task][key] = value
        self.version += 1

    # ------------------------------------------------------------------ questions

    def _current_index(self) -> "_EdgeIndex":
        """Return the edges by their ends; made anew if somebody changed the edges directly."""
        if self._index.version != self._edges.version:
            self._index = _EdgeIndex(self._edges)
        return self._index

    def _shared_index(self) -> "_EdgeIndex":
        """Return the current index, never to be changed from now on: the next change makes another."""
        index = self._current_index()
        index.is_shared = True
        return index

    def _own(self, task: Task) -> Task:
        if task not in self.tasks:
            raise ValueError(f"Task {task} was not found in Flow {self}; calling a task adds a copy of it.")
        return task

    def edges_to(self, task: Task) -> set[Edge]:
        """Return the edges that end at `task`."""
        return set(self._current_index().upstream.get(self._own(task), ()))

    def edges_from(self, task: Task) -> set[Edge]:
        """Return the edges that begin at `task`."""
        return set(self._current_index().downstream.get(self._own(task), ()))

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
        upstream = self._current_index().upstream
        return {task for task in self.tasks if not upstream.get(task)}

    def terminal_tasks(self) -> set[Task]:
        """Return the tasks that no other depends on."""
        sources = self._current_index().sources
        return {task for task in self.tasks if task not in sources}

    def parameters(self) -> set[Parameter]:
        """Return the parameters."""
        return {task for task in self.tasks if isinstance(task, Parameter)}

    def reference_tasks(self) -> set[Task]:
        """Return the tasks that decide the state of a run: those that were set, or else the terminal ones.

        Cleaning up decides nothing, so what only a clean-up comes after counts as terminal here.
        """
        if self._reference_tasks:
            return set(self._reference_tasks)
        downstream = self._current_index().downstream
        return {task for task in self._tasks if _ends(task, downstream.get(task)) or len(self._tasks) == 1}

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
            and wanted <= task.tags
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
        ordered = tuple(in_order(self.tasks, self._current_index().upstream, self.name))
        roots = list(several(root_tasks, "root_tasks"))
        for root in roots:
            if root not in self.tasks:
                raise ValueError(f"Task {root} was not found in Flow {self}, so it can't be a root task.")
        if not roots:
            return ordered
        reached = self._reached_from(roots)
        return tuple(task for task in ordered if task in reached)

    def _reached_from(self, roots: list[Task]) -> set[Task]:
        downstream = self._current_index().downstream
        reached: set[Task] = set()
        todo = list(roots)
        while todo:
            task = todo.pop()
            if task not in reached:
                reached.add(task)
                todo.extend(edge.downstream_task for edge in downstream.get(task, ()))
        return reached

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


def _ends(task: Task, edges: list[Edge] | None) -> bool:
    """Say whether nothing comes after `task`, given the edges from it, but cleaning up."""
    if not edges:
        return not task.is_cleanup
    # A loop, not `all`: it is asked of every task, and mostly ends at the first edge.
    for edge in edges:  # noqa: SIM110
        if not edge.downstream_task.is_cleanup:
            return False
    return True


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


class _EdgeIndex:
    """The edges by the task they end at and by the task they begin at."""

    is_shared = False

    def __init__(self, edges: OrderedSet[Edge] | None = None) -> None:
        self.version = 0 if edges is None else edges.version
        self.upstream: dict[Task, list[Edge]] = {}
        # Where edges begin. The edges themselves by where they begin are looked up in few flows.
        self.sources: set[Task] = set()
        self._downstream: dict[Task, list[Edge]] | None = None
        # A copy: another thread may add edges meanwhile.
        for edge in list(edges or ()):
            self.add(edge)

    def add(self, edge: Edge) -> None:
        """Take in one more edge."""
        self.upstream.setdefault(edge.downstream_task, []).append(edge)
        self.sources.add(edge.upstream_task)
        if self._downstream is not None:
            self._downstream.setdefault(edge.upstream_task, []).append(edge)

    @property
    def downstream(self) -> dict[Task, list[Edge]]:
        """The edges by the task they begin at, found when first asked for and kept up to date from then on."""
        if self._downstream is None:
            found: dict[Task, list[Edge]] = {}
            for edges in self.upstream.values():
                for edge in edges:
                    found.setdefault(edge.upstream_task, []).append(edge)
            self._downstream = found
        return self._downstream


def in_order(
    tasks: Iterable[Task], upstream: Mapping[Task, list[Edge]], flow_name: str, placed: Iterable[Task] = ()
) -> Iterator[Task]:
    """Yield `tasks`, but for those `placed` already, so that each comes after its upstream tasks, else as they are.

    The search goes down to what a task still waits for, keeping the way down on a stack of its own: flows are
    deeper than Python's.

    Raises:
        ValueError: there is a cycle; the message names its tasks.
    """
    placed = set(placed)
    for task in tasks:
        if task in placed:
            continue
        for edge in upstream.get(task, ()):
            if edge.upstream_task not in placed:
                # Mostly tasks come after those they depend on, and this is not needed.
                yield from _with_upstream(task, upstream, placed, flow_name)
                break
        else:
            placed.add(task)
            yield task


def _with_upstream(
    start: Task, upstream: Mapping[Task, list[Edge]], placed: set[Task], flow_name: str
) -> Iterator[Task]:
    """Yield what `start` still waits for, then `start`."""
    way: dict[Task, Iterator[Edge]] = {}
    task: Task | None = start
    while task is not None:
        edges = way.setdefault(task, iter(upstream.get(task, ())))
        waits_for = next((e.upstream_task for e in edges if e.upstream_task not in placed), None)
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
