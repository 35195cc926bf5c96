"""Where the time goes: a flow built, compiled and run, with the garbage collector and without it."""

import gc
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from tests.benchmarks.contenders import settle
from tests.benchmarks.shapes import Shape

PARTS = ("build", "compile", "run", "run again")
TITLES = ("work", "size", "collector", *(f"{part} us/call" for part in PARTS))


@contextmanager
def without_collector() -> Iterator[None]:
    """Switch the garbage collector off."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def spans(api: Any, shape: Shape, size: int) -> list[float]:
    """Microseconds a call of each part."""
    settle()
    moments = [perf_counter()]
    flow, _ = shape.flow(api, size)
    moments.append(perf_counter())
    for work in (flow.compiled, flow.run, flow.run):
        work()
        moments.append(perf_counter())
    return [(end - start) / size * 1e6 for start, end in itertools.pairwise(moments)]


def measure(api: Any, shape: Shape, size: int, rounds: int) -> list[tuple[str, ...]]:
    """Lines of the table: the best of all rounds, with and without the collector in turn."""
    on, off = [], []
    for _ in range(rounds):
        on.append(spans(api, shape, size))
        with without_collector():
            off.append(spans(api, shape, size))
    return [
        (shape.name, f"{size:,}", collector, *[f"{min(column):.2f}" for column in zip(*found, strict=True)])
        for collector, found in (("on", on), ("off", off))
    ]
