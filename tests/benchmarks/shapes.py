"""The work that is measured: the same graphs for the bare loop, for Prefect's API and for dask.

A shape of size n is a graph of about n calls of functions that do next to nothing, so that what is measured
is the cost of being a workflow. Node 0 is the root and the last node holds the result.
"""

import datetime
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[int, Any]


def zero() -> int:
    """Start a chain."""
    return 0


def increment(x: int) -> int:
    """Do the least that a task can do."""
    return x + 1


def add(x: int, y: int) -> int:
    """Join two branches, keeping numbers small."""
    return (x + y) % 1_000_003


def collect(*values: int) -> list[int]:
    """Gather a fan, as a list of tasks given to a task does."""
    return list(values)


def total(values: list[int]) -> int:
    """Close a fan or a map."""
    return sum(values)


@dataclass(frozen=True)
class Graph:
    """The plain form: who feeds whom, and the function of each node."""

    predecessors: dict[int, tuple[int, ...]]
    functions: dict[int, Callable[..., Any]]


@dataclass(frozen=True)
class Shape:
    """One kind of work: how to make its plain graph, and how to write it in Prefect's API.

    `flow(api, n)` returns a flow and its last task, where `api` is miniprefect, or prefect itself.
    `mapped` says that the nodes between first and last are children of one map over the first's result.
    `runs(n)` is how often the graph is run in one measurement, and `size(n)` how large a graph that is.
    """

    name: str
    graph: Callable[[int], Graph]
    flow: Callable[[Any, int], tuple[Any, Any]]
    mapped: bool = False
    size: Callable[[int], int] = int
    runs: Callable[[int], int] = lambda n: 1


def chain_graph(n: int) -> Graph:
    """Each node takes the one before it."""
    predecessors: dict[int, tuple[int, ...]] = {0: (), **{node: (node - 1,) for node in range(1, n)}}
    return Graph(predecessors, {0: zero, **dict.fromkeys(range(1, n), increment)})


def chain_flow(api: Any, n: int, **every_tenth: Any) -> tuple[Any, Any]:
    """Write the chain; `every_tenth` are arguments of every tenth task."""
    step, special = api.task(increment), api.task(**every_tenth)(increment)
    with api.Flow("chain") as flow:
        last = api.task(zero)()
        for number in range(1, n):
            last = (special if number % 10 == 0 else step)(last)
    return flow, last


def keep_state(task: Any, old: Any, new: Any) -> Any:
    """Handle a change of state by letting it be."""
    return new


def decorated_chain_flow(api: Any, n: int) -> tuple[Any, Any]:
    """Write the chain with retries, a handler and a cache on every tenth task; what is cached is not used again."""
    hour = datetime.timedelta(hours=1)
    caching = {"cache_for": hour, "cache_validator": api.engine.cache_validators.never_use}
    return chain_flow(api, n, max_retries=1, retry_delay=hour, state_handlers=[keep_state], **caching)


def fan_graph(n: int) -> Graph:
    """One node feeds all others, and those one list."""
    middle = range(1, n - 2)
    predecessors = {0: (), **dict.fromkeys(middle, (0,)), n - 2: tuple(middle), n - 1: (n - 2,)}
    functions = {0: zero, **dict.fromkeys(middle, increment), n - 2: collect, n - 1: total}
    return Graph(predecessors, functions)


def fan_flow(api: Any, n: int) -> tuple[Any, Any]:
    """Write the fan; the list of tasks becomes a task of its own."""
    step = api.task(increment)
    with api.Flow("fan") as flow:
        first = api.task(zero)()
        last = api.task(total)([step(first) for _ in range(n - 3)])
    return flow, last


def map_graph(n: int) -> Graph:
    """One node makes a list, each of the next takes one item of it, the last takes all."""
    middle = range(1, n - 1)

    def numbers() -> list[int]:
        return list(middle)

    predecessors = {0: (), **dict.fromkeys(middle, (0,)), n - 1: tuple(middle)}
    return Graph(predecessors, {0: numbers, **dict.fromkeys(middle, increment), n - 1: total})


def map_flow(api: Any, n: int) -> tuple[Any, Any]:
    """Write the map and the sum over it."""

    def numbers() -> list[int]:
        return list(range(1, n - 1))

    with api.Flow("map") as flow:
        last = api.task(total)(api.task(increment).map(api.task(numbers)()))
    return flow, last


def side_of(n: int) -> int:
    """The side of a square grid of about n nodes."""
    return max(2, math.isqrt(n))


def grid_graph(n: int) -> Graph:
    """Each node takes its left and its upper neighbour: diamonds in diamonds."""
    side = side_of(n)
    graph = Graph({}, {})
    for node in range(side * side):
        row, column = divmod(node, side)
        above, left = (node - side,) * bool(row), (node - 1,) * bool(column)
        graph.predecessors[node] = above + left
        graph.functions[node] = (zero, increment, add)[len(above + left)]
    return graph


def grid_flow(api: Any, n: int) -> tuple[Any, Any]:
    """Write the grid."""
    graph = grid_graph(n)
    tasks = {function: api.task(function) for function in (zero, increment, add)}
    nodes: list[Any] = []
    with api.Flow("grid") as flow:
        for node, before in graph.predecessors.items():
            nodes.append(tasks[graph.functions[node]](*[nodes[index] for index in before]))
    return flow, nodes[-1]


MOST_RUNS = 2_000

CHAIN = Shape("chain", chain_graph, chain_flow)
FAN = Shape("fan-out, fan-in", fan_graph, fan_flow)
MAP = Shape("map", map_graph, map_flow, mapped=True)
GRID = Shape("diamond grid", grid_graph, grid_flow, size=lambda n: side_of(n) ** 2)
DECORATED = Shape("decorated chain", chain_graph, decorated_chain_flow)
SHORT = Shape(
    "runs of 10 tasks", chain_graph, chain_flow, size=lambda n: 10, runs=lambda n: min(max(1, n // 10), MOST_RUNS)
)

SHAPES = (CHAIN, FAN, MAP, GRID, DECORATED, SHORT)
