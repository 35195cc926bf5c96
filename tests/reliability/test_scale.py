"""Great numbers: no recursion, and cost in proportion. Limits on time are generous: only the order of growth counts."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine.signals import LOOP
from miniprefect.executors import Executor
from tests.executors.helpers import Threads
from tests.reliability.helpers import ended, run_python


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Log nothing, as lines cost more than runs."""
    logger = logging.getLogger("prefect")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def cost(call: Callable[[], Any]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def assert_linear(run: Callable[[int], Any], small: int, factor: int) -> None:
    """What is so many times as much takes at most about three times as long as that; with a square it would not."""
    few = min(cost(lambda: run(small)) for _ in range(3))
    many = cost(lambda: run(small * factor))
    assert many < 3 * factor * few + 0.05, f"{factor} times as much took {many / few:.0f} times as long"


def looping(turns: int, **settings: Any) -> tuple[Flow, Task]:
    @task(**settings)
    def loop() -> int:
        count = context.get("task_loop_count", 1)
        if count < turns:
            raise LOOP(result=context.get("task_loop_result", 0) + 1)
        return context.task_loop_result + 1

    flow = Flow("loop")
    flow.add_task(loop)
    return flow, loop


def test_ten_thousand_turns(executor: Executor) -> None:
    flow, loop = looping(10_000)
    assert ended(flow, executor=executor).result[loop].result == 10_000


def test_turns_cost_in_proportion() -> None:
    assert_linear(lambda turns: ended(looping(turns)[0]), 500, 20)


def test_ten_thousand_turns_with_all_that_can_be_set() -> None:
    seen: list[str] = []
    flow, loop = looping(
        10_000, timeout=60, log_stdout=True, state_handlers=[lambda tracked, old, new: seen.append(type(new).__name__)]
    )
    assert ended(flow).result[loop].result == 10_000
    assert seen.count("Looped") == 9_999


def test_many_children_that_loop() -> None:
    @task
    def loop(x: int) -> int:
        if context.get("task_loop_count", 1) < 100:
            raise LOOP(result=x)
        return x

    with Flow("loop") as flow:
        mapped = loop.map(list(range(100)))
    assert ended(flow).result[mapped].result == list(range(100))


# In a process of its own, as memory is measured. The results are small numbers: they are there already.
MAP = """
import gc, json, time, tracemalloc
from miniprefect import Flow, Parameter, task

@task
def child(x):
    return x % 100

with Flow("map") as flow:
    numbers = task(lambda n: list(range(n)), name="numbers")
    mapped = child.map(numbers(Parameter("n")))
flow.run(n=100)
report = {}
for n in (10_000, 1_000_000):
    gc.collect()
    began = time.process_time()
    final = flow.run(n=n)
    report[f"seconds {n}"] = time.process_time() - began
    assert len(final.result[mapped].result) == n
for n in (5_000, 50_000):
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    final = flow.run(n=n)
    gc.collect()
    # Not the children's: the list of inputs, its integers, and the two lists of results.
    report[f"bytes {n}"] = tracemalloc.get_traced_memory()[0] - before - n * (8 + 28 + 8)
    report[f"peak {n}"] = tracemalloc.get_traced_memory()[1] - before - n * (8 + 28 + 8)
    tracemalloc.stop()
    del final
print(json.dumps(report))
"""


def test_a_map_of_a_million_children_is_linear_in_time_and_memory() -> None:
    report = json.loads(run_python(MAP, PREFECT__LOGGING__LEVEL="CRITICAL"))
    assert report["seconds 1000000"] < 3 * 100 * report["seconds 10000"] + 0.5, report
    assert report["bytes 50000"] / 50_000 < 300, report
    assert report["peak 50000"] / 50_000 < 300, report
    assert report["bytes 50000"] < 2 * 10 * report["bytes 5000"], report


def test_a_map_in_threads() -> None:
    @task
    def child(x: int) -> int:
        return x

    with Flow("map") as flow:
        mapped = child.map(list(range(5_000)))
    assert ended(flow, executor=Threads(4)).result[mapped].result == list(range(5_000))


def test_maps_in_a_long_chain(executor: Executor) -> None:
    @task
    def child(x: int) -> int:
        return x + 1

    with Flow("map") as flow:
        mapped: Any = [0, 0]
        for _ in range(300):
            mapped = child.map(mapped)
    assert ended(flow, executor=executor).result[mapped].result == [300, 300]


CHAIN = """
import sys, time
from miniprefect import Flow, Task, task
from miniprefect.core.edge import Edge

class Next(Task):
    def run(self, x=0):
        return x + 1

class Fails(Task):
    def run(self, x=0):
        raise ValueError(x)

def chain(n, first=Next):
    flow = Flow("chain")
    last = first()
    flow.add_task(last)
    for _ in range(n - 1):
        new = Next()
        flow.add_edge(last, new, key="x")
        last = new
    return flow, last

seconds = {}
for n in (10_000, 100_000):
    began = time.process_time()
    flow, last = chain(n)
    built = time.process_time()
    final = flow.run()
    seconds[n] = (built - began, time.process_time() - built)
    assert final.is_successful() and final.result[last].result == n, final
for what in (0, 1):
    assert seconds[100_000][what] < 30 * seconds[10_000][what] + 0.5, seconds
del final, flow, last  # letting go of it must not recurse either

flow, last = chain(20_000, first=Fails)  # each state holds a signal, whose traceback holds the state before it
final = flow.run()
assert type(final.result[last]).__name__ == "TriggerFailed", final
del final, flow, last
print("well", seconds)
"""


def test_a_chain_of_a_hundred_thousand_tasks() -> None:
    assert run_python(CHAIN, PREFECT__LOGGING__LEVEL="CRITICAL").startswith("well")


THREADED_CHAIN = (
    CHAIN[: CHAIN.index("seconds = {}")]
    + """
from tests.executors.helpers import Threads
flow, last = chain(20_000)
final = flow.run(executor=Threads(2))
assert final.is_successful() and final.result[last].result == 20_000, final
print("well")
"""
)


def test_a_long_chain_in_threads() -> None:
    assert run_python(THREADED_CHAIN, PREFECT__LOGGING__LEVEL="CRITICAL").startswith("well")


def test_a_wide_fan_in_and_out(executor: Executor) -> None:
    @task
    def one(x: int) -> int:
        return x

    @task
    def total(values: list[int]) -> int:
        return sum(values)

    with Flow("fan") as flow:
        start = one(1)
        call = total([one(start) for _ in range(2_000)])
    assert ended(flow, executor=executor).result[call].result == 2_000
