"""What mapped tiny tasks cost in worker processes, beside the pool of the standard library and dask's scheduler.

Each round starts the processes anew, as a run of a flow does; but those of dask stay from round to round.
"""

import functools
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from tests.benchmarks.contenders import settle
from tests.benchmarks.rivals import build_dask, dask_processes, installed
from tests.benchmarks.shapes import MAP, increment

WORKERS = 2
CHUNKS = (8, 4, 2, 1)  # for each worker
TITLES = ("mapped on 2 processes", "pool ms", "dask ms", "run ms", "x pool (median)")
POOL_TARGET = 1.5
DASK_TARGET = 5.0


@dataclass(frozen=True)
class Maps:
    """A map of a size, and seconds by round: of a pool with its best chunks, of dask if it is there, of the run."""

    size: int
    pool: list[float]
    dask: list[float]
    run: list[float]

    def ratio(self) -> float:
        """The median over the rounds of the ratio in each: the noise of several processes is not all on one side."""
        return median(run / pool for run, pool in zip(self.run, self.pool, strict=True))

    def row(self) -> tuple[str, ...]:
        """Its line in the table."""
        spans = [f"{min(times) * 1e3:.1f}" if times else "" for times in (self.pool, self.dask, self.run)]
        return (f"{self.size:,}", *spans, f"{min(self.run) / min(self.pool):.2f} ({self.ratio():.2f})")


def seconds(work: Callable[[], Any]) -> float:
    """Time some work."""
    settle()
    begun = perf_counter()
    work()
    return perf_counter() - begun


def pool_map(size: int, chunks: int) -> None:
    """Map with the pool of the standard library, in so many chunks for each worker."""
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("fork")) as pool:
        list(pool.map(increment, range(size), chunksize=-(-size // (chunks * WORKERS))))


def dask_map(size: int) -> Callable[[], Any] | None:
    """Return the map by dask's scheduler for processes, if that is installed."""
    return build_dask(dask_processes(), MAP, size) if installed("dask") else None


def measure(api: Any, size: int, rounds: int, dask_rounds: int = 3) -> Maps:
    """Run all of them in turn, round after round."""
    with api.Flow("map") as flow:
        api.task(increment).map(api.task(lambda: list(range(size)), name="numbers")())
    executor = api.executors.ProcessExecutor(WORKERS)
    dask = dask_map(size)
    pools: list[list[float]] = [[] for _ in CHUNKS]
    found = Maps(size, [], [], [])
    flow.run(executor=executor)
    if dask is not None:
        dask()
    for number in range(rounds):
        for times, chunks in zip(pools, CHUNKS, strict=True):
            times.append(seconds(functools.partial(pool_map, size, chunks)))
        found.run.append(seconds(lambda: flow.run(executor=executor)))
        if dask is not None and number < dask_rounds:
            found.dask.append(seconds(dask))
    found.pool.extend(min(pools, key=median))
    return found


def shortfalls(found: Maps) -> Iterator[str]:
    """What misses a target."""
    if found.ratio() > POOL_TARGET:
        yield f"map on processes, {found.size:,}: costs {found.ratio():.2f} x a pool's map, short of {POOL_TARGET:g} x"
    if found.dask and min(found.dask) < DASK_TARGET * min(found.run):
        times = min(found.dask) / min(found.run)
        yield f"map on processes, {found.size:,}: dask's takes {times:.2f} x as long, short of {DASK_TARGET:g} x"
