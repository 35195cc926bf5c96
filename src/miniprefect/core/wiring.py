"""The edges of a flow, as they are recorded: `Edge`s are made of them when somebody looks.

Most flows are built and run without that. What they are spared is an object for each edge, in two indexes: at a
hundred thousand calls the better part of the time goes to what the garbage collector has to look through.
"""

import functools
from collections.abc import Iterable
from typing import Any

from miniprefect.core.edge import Edge
from miniprefect.core.task import Task
from miniprefect.utilities.collections import OrderedSet

# How many parts an edge has, which are the arguments of `Edge`: in one flat list, so that one step adds them all
# whatever other threads do.
_WIDTH = 5


class Wires:
    """Be the edges of a flow as they were at one moment: what is at one place in the columns is about one edge.

    Attributes:
        upstream: the tasks that edges begin at.
        downstream: the tasks that they end at.
        keys: the arguments that they feed; None for those that pass nothing.
        mapped: whether the downstream task is mapped over the result.
        flattened: whether a level of nesting is taken off the result.
    """

    def __init__(self, parts: list[Any]) -> None:
        self.upstream: list[Task] = parts[0::_WIDTH]
        self.downstream: list[Task] = parts[1::_WIDTH]
        self.keys: list[str | None] = parts[2::_WIDTH]
        self.mapped: list[bool] = parts[3::_WIDTH]
        self.flattened: list[bool] = parts[4::_WIDTH]
        self._edges: dict[Task, list[Edge]] = {}

    def __len__(self) -> int:
        return len(self.upstream)

    @functools.cached_property
    def into(self) -> dict[Task, list[int]]:
        """The places of the edges that end at each task."""
        found: dict[Task, list[int]] = {}
        for place, task in enumerate(self.downstream):
            found.setdefault(task, []).append(place)
        return found

    def arranged(self, places: Iterable[int]) -> "Wires":
        """Return the edges at `places`, in that order."""
        columns = (self.upstream, self.downstream, self.keys, self.mapped, self.flattened)
        return Wires([column[place] for place in places for column in columns])

    def edges_to(self, task: Task) -> list[Edge]:
        """Return the edges that end at `task`."""
        edges = self._edges.get(task)
        if edges is None:
            # Recorded twice, it is one edge all the same.
            edges = self._edges[task] = [*dict.fromkeys(map(self._edge, self.into.get(task, ())))]
        return edges

    def _edge(self, place: int) -> Edge:
        ends = self.upstream[place], self.downstream[place]
        return Edge(*ends, self.keys[place], self.mapped[place], self.flattened[place])


class Wiring:
    """Record the edges of a flow."""

    def __init__(self, edges: Iterable[Edge] = ()) -> None:
        self._generation = 0
        self._begin_with(OrderedSet(edges))

    def _begin_with(self, edges: OrderedSet[Edge]) -> None:
        self._edges = edges
        self._seen = edges.version
        self._parts = [part for edge in edges for part in edge.parts()]
        self._made = len(self._parts)
        self._to: dict[Task, list[Edge]] = {}
        self._from: dict[Task, list[Edge]] = {}
        for edge in edges:
            self._enter(edge)

    def add(self, upstream: Task, downstream: Task, key: str | None, mapped: bool, flattened: bool) -> None:
        """Record an edge."""
        self._parts += (upstream, downstream, key, mapped, flattened)

    @property
    def version(self) -> tuple[int, int]:
        """What is another whenever the edges have changed."""
        if self._edges.version != self._seen:
            self._recorded()
        return self._generation, len(self._parts)

    def wires(self) -> Wires:
        """Return the edges as they are now."""
        # A copy, so that all columns get the same edges whatever another thread adds.
        return Wires(self._recorded()[:])

    def _recorded(self) -> list[Any]:
        """Return the parts of all edges; recorded anew if somebody has changed the set of edges itself."""
        if self._edges.version != self._seen:
            not_made = self._parts[self._made :]
            self._begin_with(self._edges)
            self._parts += not_made
            self._generation += 1
        return self._parts

    # ------------------------------------------------------------------ for those who look

    @property
    def edges(self) -> OrderedSet[Edge]:
        """The edges, in the order in which they were recorded; a set that may be changed."""
        self._make()
        return self._edges

    def _make(self) -> None:
        """Make the edges that are recorded and not made yet."""
        parts = self._recorded()
        begin, self._made = self._made, len(parts)
        for at in range(begin, self._made, _WIDTH):
            edge = Edge(*parts[at : at + _WIDTH])
            if edge not in self._edges:
                self._edges.add(edge)
                self._enter(edge)
        self._seen = self._edges.version

    def _enter(self, edge: Edge) -> None:
        self._to.setdefault(edge.downstream_task, []).append(edge)
        self._from.setdefault(edge.upstream_task, []).append(edge)

    def edges_to(self, task: Task) -> set[Edge]:
        """Return the edges that end at `task`."""
        self._make()
        return set(self._to.get(task, ()))

    def edges_from(self, task: Task) -> set[Edge]:
        """Return the edges that begin at `task`."""
        self._make()
        return set(self._from.get(task, ()))

    def copy(self) -> "Wiring":
        """Return a record of the same edges that can be added to on its own."""
        new = Wiring()
        new._parts = self._recorded()[:]
        return new

    # Pickled as it was recorded.
    def __getstate__(self) -> list[Any]:
        return self._recorded()

    def __setstate__(self, parts: list[Any]) -> None:
        self.__init__()  # type: ignore[misc]
        self._parts = list(parts)
