"""The scheduling loop: what runs when, and what is made of executors that misbehave."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from miniprefect import Flow, Parameter, Task, task
from miniprefect.core.builtin import Constant
from miniprefect.engine.state import Failed, Success, TriggerFailed
from tests.engine.helpers import Returns
from tests.executors.helpers import Threads


class Losing(Threads):
    """A pool that loses the calls whose turn is in `lost`."""

    def __init__(self, *lost: int, error: BaseException) -> None:
        super().__init__()
        self.lost = lost
        self.error = error
        self.calls = 0

    def submit(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls - 1 not in self.lost:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_exception(self.error)
        return future


class Noting(Task):
    def __init__(self, log: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log = log

    def run(self) -> None:
        self.log.append(self.name)


def test_tasks_run_after_those_they_depend_on_in_a_fixed_order() -> None:
    log: list[str] = []
    a, b, c, d = (Noting(log, name=name) for name in "abcd")
    flow = Flow("flow")
    flow.add_edge(c, b)
    flow.add_edge(b, a)
    flow.add_edge(c, d)
    orders = set()
    for _ in range(5):
        log.clear()
        flow.run()
        orders.add(tuple(log))
    assert len(orders) == 1
    order = orders.pop()
    assert order[0] == "c"
    assert order.index("b") < order.index("a")


def test_every_task_runs_once() -> None:
    first = Returns(1)
    flow = Flow("diamond")
    middle = [Returns(n) for n in range(3)]
    last = Returns(9)
    for node in middle:
        flow.add_edge(first, node)
        flow.add_edge(node, last)
    flow.run()
    assert [len(node.runs) for node in (first, *middle, last)] == [1] * 5


@pytest.mark.parametrize("executor", [None, Threads()], ids=["local", "threads"])
def test_a_long_chain_needs_no_recursion(executor: Any) -> None:
    flow = Flow("chain")
    tasks = [Returns(n) for n in range(3000)]
    flow.chain(*tasks)
    assert flow.run(executor=executor).result[tasks[-1]].result == 2999


def test_independent_tasks_overlap() -> None:
    """Each waits for the other to have begun: one after the other, they would never end."""
    both = threading.Barrier(2, timeout=3)

    @task
    def meet() -> int:
        both.wait()
        return 1

    with Flow("flow") as flow:
        a, b = meet(), meet()
    final = flow.run(executor=Threads())
    assert [final.result[t].result for t in (a, b)] == [1, 1]


def test_mapped_children_overlap() -> None:
    both = threading.Barrier(2, timeout=3)

    @task
    def meet(x: int) -> int:
        both.wait()
        return x

    with Flow("flow") as flow:
        met = meet.map([1, 2])
    assert flow.run(executor=Threads()).result[met].result == [1, 2]


def test_a_task_starts_as_soon_as_its_own_upstreams_are_done() -> None:
    """The slow task ends only when the fast one's downstream has run: there is no barrier between levels."""
    fast_is_through = threading.Event()

    @task
    def slow() -> bool:
        return fast_is_through.wait(10)

    @task
    def fast() -> int:
        return 1

    @task
    def after(x: int) -> None:
        fast_is_through.set()

    with Flow("flow") as flow:
        s = slow()
        after(fast())
    assert flow.run(executor=Threads()).result[s].result is True


@pytest.mark.parametrize("error", [OSError("gone"), SystemExit(1), KeyError()], ids=repr)
def test_a_call_that_the_executor_loses_fails_that_task_only(error: BaseException) -> None:
    first, second = Returns(1), Returns(2)
    flow = Flow("flow")
    flow.add_task(first)
    flow.add_task(second)
    final = flow.run(executor=Losing(0, error=error))
    states = [final.result[node] for node in (first, second)]
    assert sorted(type(state).__name__ for state in states) == ["Failed", "Success"]
    lost = next(state for state in states if state.is_failed())
    assert lost.result is error


def test_what_depends_on_a_lost_call_fails_by_its_trigger() -> None:
    first, second = Returns(1), Returns(2)
    flow = Flow("flow")
    flow.add_edge(first, second)
    final = flow.run(executor=Losing(0, error=OSError("gone")))
    assert (type(final.result[first]), type(final.result[second])) == (Failed, TriggerFailed)


def test_a_lost_child_fails_alone() -> None:
    @task
    def same(x: int) -> int:
        return x

    with Flow("flow") as flow:
        mapped = same.map([1, 2, 3])
    state = flow.run(executor=Losing(2, error=OSError("gone"))).result[mapped]
    assert [type(child).__name__ for child in state.map_states] == ["Success", "Failed", "Success"]


def test_an_executor_that_submits_no_more_gives_a_failed_flow() -> None:
    class Full(Threads):
        calls = 0

        def submit(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls > 2:
                raise RuntimeError("full")
            return super().submit(fn, *args, **kwargs)

    flow = Flow("flow")
    for n in range(4):
        flow.add_task(Returns(n))
    final = flow.run(executor=Full())
    assert (type(final), final.message) == (Failed, "Unexpected error: RuntimeError('full')")


def test_user_code_in_tasks_never_runs_in_the_scheduling_thread() -> None:
    here = threading.get_ident()

    @task
    def where() -> int:
        return threading.get_ident()

    with Flow("flow") as flow:
        tasks = [where() for _ in range(3)]
        mapped = where.map(upstream_tasks=[[1, 2]])
    result = flow.run(executor=Threads()).result
    assert here not in [result[t].result for t in tasks] + result[mapped].result


def test_constants_are_not_sent_to_the_executor() -> None:
    executor = Losing(error=OSError())
    flow = Flow("flow")
    constant, after = Constant(5), Returns(1)
    flow.add_edge(constant, after)
    final = flow.run(executor=executor)
    assert executor.calls == 1
    assert type(final.result[constant]) is Success


def test_a_map_is_one_call_for_the_parent_and_one_for_each_child() -> None:
    @task
    def same(x: int) -> int:
        return x

    executor = Losing(error=OSError())
    with Flow("flow") as flow:
        same.map(list(range(10)))
    flow.run(executor=executor)
    assert executor.calls == 11


def test_one_flow_can_run_in_several_threads_at_once() -> None:
    @task
    def double(x: int) -> int:
        return 2 * x

    with Flow("flow") as flow:
        doubled = double(Parameter("x"))
    with ThreadPoolExecutor(8) as pool:
        finals = list(pool.map(lambda n: flow.run(x=n), range(40)))
    assert [final.result[doubled].result for final in finals] == [2 * n for n in range(40)]
