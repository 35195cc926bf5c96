"""Who runs the work: the bare loop and miniprefect. The others are in `rivals`."""

import functools
import gc
import graphlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from tests.benchmarks.shapes import CHAIN, DECORATED, SHAPES, Graph, Shape

BARE = "bare loop"
OURS = "miniprefect"
PLAIN = "miniprefect, plain"

Work = Callable[[], Any]
"""Runs a graph and gives the result."""


@dataclass(frozen=True)
class Timing:
    """Seconds per call: to build, to run what was just built, and to run it once more."""

    build: float
    first: float
    again: float


@dataclass(frozen=True)
class Contender:
    """Someone who does the work: `build(shape, n)` returns a function that does it and gives the result.

    `limit` is the largest size, and `most_rounds` the number of rounds, that is bearable. `shapes` are those that make
    sense.
    """

    name: str
    build: Callable[[Shape, int], Work]
    limit: int = 10**9
    most_rounds: int = 10**9
    shapes: tuple[Shape, ...] = SHAPES

    def can(self, shape: Shape, n: int) -> bool:
        """Say whether it is to do the work at that size."""
        return shape in self.shapes and n <= self.limit

    def limited(self, limit: int) -> "Contender":
        """Itself, for sizes up to `limit`."""
        return replace(self, limit=min(self.limit, limit))

    def measure(self, shape: Shape, n: int) -> tuple[Timing, Any]:
        """Build and run once; returns the timing and the result."""
        size, runs = shape.size(n), shape.runs(n)
        settle()
        start = perf_counter()
        work = self.build(shape, size)
        built = perf_counter()
        result = run_often(work, runs)
        ran = perf_counter()
        run_often(work, runs)
        end = perf_counter()
        return Timing((built - start) / size, (ran - built) / size / runs, (end - ran) / size / runs), result


def settle() -> None:
    """Hide what is alive from the garbage collector: what one leaves behind is no burden of the next."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.collect()  # so that the collector counts from nothing


def run_often(work: Work, runs: int) -> Any:
    """Call `work` as many times; returns what it said last."""
    result = None
    for _ in range(runs):
        result = work()
    return result


def run_bare(graph: Graph) -> Any:
    """The yardstick: the order by graphlib, and plain calls."""
    predecessors, functions = graph.predecessors, graph.functions
    results = {}
    for node in graphlib.TopologicalSorter(predecessors).static_order():
        results[node] = functions[node](*[results[before] for before in predecessors[node]])
    return results[len(results) - 1]


def run_bare_map(graph: Graph) -> Any:
    """The yardstick for a map, whose children take one item of the list."""
    predecessors, functions = graph.predecessors, graph.functions
    last = len(predecessors) - 1
    results = {}
    for node in graphlib.TopologicalSorter(predecessors).static_order():
        if 0 < node < last:
            results[node] = functions[node](results[0][node - 1])
        elif node:
            results[node] = functions[node]([results[before] for before in predecessors[node]])
        else:
            results[node] = functions[node]()
    return results[last]


def build_bare(shape: Shape, n: int) -> Work:
    """Prepare the bare loop."""
    graph = shape.graph(n)
    run = run_bare_map if shape.mapped else run_bare
    return lambda: run(graph)


def build_flow(api: Any, shape: Shape, n: int) -> Work:
    """Build a flow with `api`, which is miniprefect or prefect."""
    flow, last = shape.flow(api, n)
    return lambda: flow.run().result[last].result


def contenders() -> list[Contender]:
    """Those that are always there: the bare loop, and miniprefect; beside a decorated chain also with a plain one."""
    ours = functools.partial(build_flow, importlib.import_module("miniprefect"))
    return [
        Contender(BARE, build_bare),
        Contender(OURS, ours),
        Contender(PLAIN, lambda shape, n: ours(CHAIN, n), shapes=(DECORATED,)),
    ]
