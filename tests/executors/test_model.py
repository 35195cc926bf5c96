"""Random flows, with tasks that fail and tasks that kill their process, on every executor, beside a plain reference."""

import os
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from miniprefect import Flow, Task
from miniprefect.engine.state import Failed, State, Success, TriggerFailed
from miniprefect.executors import Executor, LocalExecutor, ProcessExecutor, ThreadExecutor

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

EXECUTORS: dict[str, Callable[[], Executor]] = {
    "local": LocalExecutor,
    "threads": lambda: ThreadExecutor(3),
    "processes": lambda: ProcessExecutor(2),
    "one process": lambda: ProcessExecutor(1),
}


class Node(NamedTuple):
    """A task: what it depends on, by place; over which of these it is mapped; which of its runs end badly, and how."""

    whole: list[int]
    over: list[int]
    bad: set[int]
    end: str


class Adds(Task):
    """Add all values up, those of maps included; end badly where the node says so."""

    def __init__(self, node: Node, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.node = node

    def run(self, **values: Any) -> int:  # type: ignore[override]
        total = 1 + sum(sum(value) if isinstance(value, list) else value for value in values.values())
        if total % 5 in self.node.bad:
            if self.node.end == "raise":
                raise ValueError(total)
            if self.node.end == "exit":
                os._exit(3)
            os.kill(os.getpid(), signal.SIGKILL)
        return total


@st.composite
def flows(draw: Any, ends: tuple[str, ...]) -> list[Node]:
    nodes: list[Node] = []
    lists = [0]  # place 0 stands for a list to map over
    for place in range(1, draw(st.integers(1, 9))):
        earlier = st.lists(st.integers(1, place - 1), max_size=3, unique=True) if place > 1 else st.just([])
        over = draw(st.lists(st.sampled_from(lists), max_size=2, unique=True))
        bad = draw(st.sets(st.integers(0, 4), max_size=2))
        nodes.append(Node([n for n in draw(earlier) if n not in over], over, bad, draw(st.sampled_from(ends))))
        if over:
            lists.append(place)
    return nodes


ITEMS = [0, 1, 2, 3, 4, 5]
# What became of a task: its value, or the kind of its failure; of a mapped one, a list of these.
Outcome = Any


def reference(nodes: list[Node]) -> list[Outcome]:
    """What becomes of each task, reckoned one after the other."""
    found: list[Outcome] = [ITEMS]
    for node in nodes:
        whole = [found[n] for n in node.whole]
        if node.over:
            columns = [found[n] for n in node.over]
            found.append([outcome(node, [*whole, *row]) for row in zip(*columns, strict=True)])
        else:
            found.append(outcome(node, whole))
    return found[1:]


def outcome(node: Node, values: list[Outcome]) -> Outcome:
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    if any(isinstance(one, type) for one in flat):
        return TriggerFailed
    total = 1 + sum(flat)
    return Failed if total % 5 in node.bad else total


def made(nodes: list[Node]) -> tuple[Flow, list[Adds]]:
    flow, tasks = Flow("random"), []
    for place, node in enumerate(nodes, start=1):
        tasks.append(Adds(node, name=f"t{place}"))
        flow.add_task(tasks[-1])
        for n in node.whole:
            flow.add_edge(tasks[n - 1], tasks[-1], key=f"x{n}")
        for n in node.over:
            if n:
                flow.add_edge(tasks[n - 1], tasks[-1], key=f"x{n}", mapped=True)
            else:
                tasks[-1].bind(x0=ITEMS, flow=flow, mapped=True)
    return flow, tasks


def seen(state: State) -> Outcome:
    if state.is_mapped():
        return [seen(child) for child in state.map_states]  # type: ignore[attr-defined]
    return state.result if type(state) is Success else type(state)


@pytest.mark.parametrize("name", EXECUTORS)
def test_every_task_ends_in_the_one_right_state(name: str) -> None:
    ends = ("raise", "exit", "kill") if "process" in name else ("raise",)

    @hypothesis.settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @hypothesis.given(flows(ends))
    def check(nodes: list[Node]) -> None:
        flow, tasks = made(nodes)
        result: Any = flow.run(executor=EXECUTORS[name]()).result  # type: ignore[union-attr]
        assert [seen(result[task]) for task in tasks] == reference(nodes)

    check()
