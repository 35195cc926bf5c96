"""What a map keeps of each child, beside the two lists of numbers that its function was given and made."""

import gc
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.contenders import Work
from tests.benchmarks.shapes import MAP

TITLES = ("map of", "bytes a child in the final state", "most while it ran", "the result, bytes a child")
TARGET = 300


@dataclass(frozen=True)
class Memory:
    """Bytes a child: what remains of a run beyond the result, at most while it ran, and what the result takes."""

    size: int
    kept: float
    peak: float
    result: float

    def row(self) -> tuple[str, ...]:
        """Its line in the table."""
        return (f"{self.size:,}", *[f"{number:,.0f}" for number in (self.kept, self.peak, self.result)])


def traced(work: Work) -> tuple[float, float]:
    """What `work` leaves, and the most it took; bytes."""
    gc.collect()
    tracemalloc.start()
    kept = work()
    gc.collect()
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return now, peak


def results(size: int) -> list[Any]:
    """The numbers of the map, and what becomes of them."""
    graph = MAP.graph(size)
    numbers = graph.functions[0]()
    return [numbers, [graph.functions[1](number) for number in numbers]]


def measure(api: Any, size: int) -> Memory:
    """Run a map once, its final state in hand."""
    flow, _ = MAP.flow(api, size)
    bare, _ = traced(lambda: results(size))
    now, peak = traced(flow.run)
    return Memory(size, (now - bare) / size, (peak - bare) / size, bare / size)


def shortfalls(found: Memory) -> Iterator[str]:
    """What misses the target."""
    if found.peak > TARGET:
        yield f"map, {found.size:,}: a child takes up to {found.peak:.0f} bytes beyond its result, short of {TARGET}"
