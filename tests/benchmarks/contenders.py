"""Who runs the work: the bare loop, miniprefect, and what else is installed here."""

import gc
import graphlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from tests.benchmarks.shapes import Graph, Shape, increment


@dataclass(frozen=True)
class Timing:
    """Seconds per call: to build, to run what was just built, and to run it once more."""

    build: float
    first: float
    again: float


@dataclass(frozen=True)
class Contender:
    """Someone who does the work: `build(shape, n)` returns a function that does it and gives the result.

    `limit` is the largest size, and `most_rounds` the number of rounds, that is bearable.
    """

    name: str
    build: Callable[[Shape, int], Callable[[], Any]]
    limit: int = 10**9
    most_rounds: int = 10**9

    def measure(self, shape: Shape, n: int) -> tuple[Timing, Any]:
        """Build and run once; returns the timing and the result."""
        size, runs = shape.size(n), shape.runs(n)
        gc.collect()
        start = perf_counter()
        work = self.build(shape, size)
        built = perf_counter()
        result = run_often(work, runs)
        ran = perf_counter()
        run_often(work, runs)
        end = perf_counter()
        return Timing((built - start) / size, (ran - built) / size / runs, (end - ran) / size / runs), result


def run_often(work: Callable[[], Any], runs: int) -> Any:
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


def build_bare(shape: Shape, n: int) -> Callable[[], Any]:
    """Prepare the bare loop."""
    graph = shape.graph(n)
    run = run_bare_map if shape.mapped else run_bare
    return lambda: run(graph)


def build_flow(api: Any, shape: Shape, n: int) -> Callable[[], Any]:
    """Build a flow with `api`, which is miniprefect or prefect."""
    flow, last = shape.flow(api, n)
    return lambda: flow.run().result[last].result


def build_dask(get: Callable[..., Any], shape: Shape, n: int) -> Callable[[], Any]:
    """Write the graph as dask does: a dictionary of tuples; `get` is a scheduler."""
    graph = shape.graph(n)
    keys = {node: f"node-{node}" for node in graph.predecessors}
    described: dict[str, tuple[Any, ...]] = {
        keys[node]: (graph.functions[node], *[keys[index] for index in before])
        for node, before in graph.predecessors.items()
    }
    if shape.mapped:
        described.update({keys[node]: (increment_item, keys[0], node - 1) for node in range(1, n - 1)})
        described[keys[n - 1]] = (graph.functions[n - 1], [keys[node] for node in range(1, n - 1)])
    return lambda: get(described, keys[len(keys) - 1])


def increment_item(values: list[int], index: int) -> int:
    """Take one item of a list, as a mapped child does."""
    return increment(values[index])


def installed(name: str) -> Any:
    """The module, or None."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def contenders(prefect_limit: int, dask_limit: int) -> list[Contender]:
    """The bare loop, miniprefect, and which of the others are installed."""
    miniprefect = importlib.import_module("miniprefect")
    found = [
        Contender("bare loop", build_bare),
        Contender("miniprefect", lambda shape, n: build_flow(miniprefect, shape, n)),
    ]
    if prefect := installed("prefect"):
        title = f"prefect {prefect.__version__}"
        found.append(Contender(title, lambda shape, n: build_flow(prefect, shape, n), prefect_limit, most_rounds=1))
    if dask := installed("dask"):
        title = f"dask {dask.__version__}, sync"
        found.append(Contender(title, lambda shape, n: build_dask(dask.get, shape, n), dask_limit))
    return found
