"""What tasks cost that run side by side, in threads, processes and on Dask, beside what others or nobody would take.

Processes start anew in each round, as they do in a run of a flow; a Dask cluster of two workers stays.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.benchmarks.contenders import Work, build_bare, build_flow
from tests.benchmarks.processes import WORKERS, seconds
from tests.benchmarks.rivals import build_dask, installed
from tests.benchmarks.shapes import FAN, increment

TITLES = ("side by side", "beside", "its ms", "run ms", "x (median)", "at most")

SPINS, SPIN = 8, 3_000_000  # calls, and turns in each: a tenth of a second or two
SLEEPS, SLEEP, SLEEPERS = 200, 0.05, 50  # tasks, seconds, threads
DASK_CHILDREN = 5_000


@dataclass(frozen=True)
class Race:
    """Some work, whom a run of it is held against, how many times as long it may take, and seconds by round."""

    work: str
    other: str
    limit: float
    others: list[float] = field(default_factory=list)
    run: list[float] = field(default_factory=list)

    def ratio(self) -> float:
        """The median over the rounds of the ratio in each."""
        return median(run / other for run, other in zip(self.run, self.others, strict=True))

    def row(self) -> tuple[str, ...]:
        """Its line in the table."""
        times = [f"{min(times) * 1e3:.1f}" for times in (self.others, self.run)]
        ratios = f"{min(self.run) / min(self.others):.2f} ({self.ratio():.2f})"
        return (self.work, self.other, *times, ratios, f"{self.limit:.2f}")


def spin(index: int) -> int:
    """Keep a processor busy."""
    total = 0
    for number in range(SPIN):
        total += number
    return total + index


def sleep(index: int) -> int:
    """Wait."""
    time.sleep(SLEEP)
    return index


def measure(api: Any, size: int, rounds: int, with_others: bool) -> Iterator[Race]:
    """Let each race be run, with a fan of `size`; `with_others`: also those that want another library."""
    if with_others and installed("dask"):
        yield fan_in_threads(api, size, rounds)
    yield spinning_in_processes(api, rounds)
    yield sleeping_in_threads(api, rounds)
    if with_others and installed("distributed"):
        yield map_on_dask(api, rounds)


def timed(race: Race, other: Work | None, run: Work, rounds: int) -> Race:
    """Have both do the work in turn, `run` once before it counts; without `other`, only that."""
    run()
    for _ in range(rounds):
        if other is not None:
            race.others.append(seconds(other))
        race.run.append(seconds(run))
    return race


def flow_of(api: Any, function: Callable[[int], int], number: int) -> Any:
    """Return a flow that maps a function over so many numbers."""
    with api.Flow("map") as flow:
        api.task(function).map(list(range(number)))
    return flow


def fan_in_threads(api: Any, size: int, rounds: int) -> Race:
    """Fan out and in with dask's scheduler for threads, and with ours: what is beyond the calls by themselves."""
    race = Race(f"fan of {size:,}, {WORKERS} threads: overhead", "dask, threads", 1 / 3)
    get = installed("dask.threaded").get
    bare = min(seconds(build_bare(FAN, size)) for _ in range(rounds + 2))
    flow, _ = FAN.flow(api, size)
    executor = api.executors.ThreadExecutor(WORKERS)
    build_flow(api, FAN, size)  # what is loaded at the first use is no part of the work
    dask = build_dask(lambda *graph: get(*graph, num_workers=WORKERS), FAN, size)
    dask()
    timed(race, dask, lambda: flow.run(executor=executor), rounds)
    for times in (race.others, race.run):
        times[:] = [took - bare for took in times]
    return race


def spinning_in_processes(api: Any, rounds: int) -> Race:
    """Keep all processors busy, and before that but one."""
    flow = flow_of(api, spin, SPINS)
    executor = api.executors.ProcessExecutor(WORKERS)
    race = Race(f"{SPINS} busy tasks, {WORKERS} processes", "one after the other", 1 / 1.8)
    return timed(race, flow.run, lambda: flow.run(executor=executor), rounds)


def sleeping_in_threads(api: Any, rounds: int) -> Race:
    """Wait in many threads; nobody can do it in less than all the waiting shared among them."""
    flow = flow_of(api, sleep, SLEEPS)
    executor = api.executors.ThreadExecutor(SLEEPERS)
    race = Race(f"{SLEEPS} tasks that sleep, {SLEEPERS} threads", "the sleep alone", 1.25)
    timed(race, None, lambda: flow.run(executor=executor), rounds)
    race.others.extend([SLEEP * SLEEPS / SLEEPERS] * rounds)
    return race


def map_on_dask(api: Any, rounds: int) -> Race:
    """Map with a client of Dask alone, and with our executor, on the same cluster."""
    distributed = installed("distributed")
    race = Race(f"map of {DASK_CHILDREN:,} on Dask", "client.map, gather", 1.3)
    cluster = distributed.LocalCluster(WORKERS, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:

        def bare() -> None:
            client.gather(client.map(increment, range(DASK_CHILDREN), pure=False))

        bare()
        flow = flow_of(api, increment, DASK_CHILDREN)
        executor = api.executors.DaskExecutor(address=cluster.scheduler_address)
        return timed(race, bare, lambda: flow.run(executor=executor), rounds)


def shortfalls(race: Race) -> Iterator[str]:
    """What misses its target."""
    if race.ratio() > race.limit:
        yield f"{race.work}: takes {race.ratio():.2f} x as long as {race.other}, short of {race.limit:.2f} x"
