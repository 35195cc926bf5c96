"""What the tables of misuse are made of: two kinds of row, tasks to misuse, short ways to write a misuse."""

import importlib
import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from miniprefect import Flow, Parameter, Task, task
from miniprefect.core.edge import Edge
from miniprefect.engine.state import State

A_DAY = timedelta(days=1)
NO_FLOW = "Could not infer an active Flow context"
NOT_ITERABLE = "Task is not iterable"


class Misuse(NamedTuple):
    """Hold a row: what is done, the error, fragments of its message, and what Prefect 1.4.1 did on the same.

    Where Prefect raises, the type here is the same (a subclass will do). Where it only gives a failed run
    ("Failed"), miniprefect raises before anything has run. A tuple of fragments is met by any one of them.
    """

    id: str
    do: Callable[[], Any]
    error: Any
    says: list[str | tuple[str, ...]]
    prefect: str


class Look(NamedTuple):
    """Hold a row of `WORKS`: the value that the lookalike has to give."""

    id: str
    do: Callable[[], Any]
    value: Any


@task
def load(path):
    return path


@task
def one():
    return 1


@task
def join_tables(left, right):
    return left, right


class Plus(Task):
    def __init__(self, n=1, **kwargs):
        self.n = n
        super().__init__(**kwargs)

    def run(self, x):
        return x + self.n


def the(path: str) -> Any:
    """Fetch `module:name` of miniprefect; skip the row while the module has not been written."""
    module, _, name = path.partition(":")
    full = f"miniprefect.{module}"
    try:
        return getattr(importlib.import_module(full), name)
    except ModuleNotFoundError as error:
        if error.name is None or not full.startswith(error.name):
            raise
        pytest.skip(f"{full} is not there yet")


def in_flow(build: Callable[[], Any]) -> Callable[[], Any]:
    def misuse():
        with Flow("etl"):
            build()

    return misuse


def on_etl(act: Callable[..., Any]) -> Callable[[], Any]:
    """Call `act` with a flow of two tasks, extract -> clean, these two, and a task that is not in it."""

    def misuse():
        extract, clean = Task("extract"), Task("clean")
        flow = Flow("etl", edges=[Edge(extract, clean)])
        return act(flow, extract, clean, Task("stranger"))

    return misuse


def run_etl(*parameters: Parameter, **run_arguments: Any) -> Callable[[], Any]:
    """Run a flow of these parameters and one more task."""
    return lambda: Flow("etl", tasks=[one.copy(), *(p.copy(p.name) for p in parameters)]).run(**run_arguments)


def run_one(**task_arguments: Any) -> State:
    """Run a flow of a single task and give the state of that task."""
    lone = task(lambda: 1, name="lone", **task_arguments)
    return Flow("etl", tasks=[lone]).run().result[lone]


def cycle(names: str, act: Callable[[Flow], Any], lead_in: str = "") -> Callable[[], Any]:
    def misuse():
        tasks = {name: Task(name) for name in lead_in + names}
        path = lead_in + names + names[0]
        edges = [Edge(tasks[up], tasks[down]) for up, down in itertools.pairwise(path)]
        return act(Flow("loop", edges=edges))

    return misuse


def turns(names: str) -> tuple[str, ...]:
    """Write the cycle from each place where one may start to read it."""
    starts = [names[i:] + names[:i] for i in range(len(names))]
    return tuple(" -> ".join(start + start[0]) for start in starts)


def flow_with(**arguments: Any) -> Callable[[], Any]:
    """Make a flow with these arguments and run it."""
    return lambda: Flow("etl", tasks=[one.copy()], **arguments).run()


def retrying(**arguments: Any) -> Callable[[], Any]:
    return lambda: Task(**{"max_retries": 1, "retry_delay": A_DAY, **arguments})


start_date, rows = Parameter("start_date"), Parameter("rows", default=9)
later_date = Parameter("start_date", default=1)


def state_of(task_in_it: Task, flow: Flow, **arguments: Any) -> State:
    return flow.run(**arguments).result[task_in_it]
