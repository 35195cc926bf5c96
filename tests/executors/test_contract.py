"""The contract of executors, kept by every one of them. To add one, add a class or a function to `EXECUTORS`."""

import datetime
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from miniprefect import Flow, Parameter, Task, context, task, unmapped
from miniprefect.engine import FlowRunner
from miniprefect.engine.signals import LOOP, SKIP
from miniprefect.engine.state import Failed, Mapped, Skipped, State, Success, TriggerFailed
from miniprefect.executors import Executor, LocalExecutor
from miniprefect.triggers import all_finished
from miniprefect.utilities.clock import use_clock
from tests.engine.helpers import FakeClock, Returns, Unprintable
from tests.executors.helpers import Threads


class Ticket:
    """A future of which nothing is known but that its executor can wait for it."""

    __slots__ = ("_done", "_value")

    def __init__(self) -> None:
        self._done = threading.Event()


class Opaque(Executor):
    """An executor as Prefect's users wrote them: `submit` and `wait`, nothing else."""

    def submit(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Ticket:
        kwargs.pop("extra_context", None)
        ticket = Ticket()

        def work() -> None:
            ticket._value = fn(*args, **kwargs)
            ticket._done.set()

        threading.Thread(target=work, daemon=True).start()
        return ticket

    def wait(self, futures: Any) -> Any:
        if isinstance(futures, list):
            return [self.wait(future) for future in futures]
        if isinstance(futures, dict):
            return {key: self.wait(future) for key, future in futures.items()}
        if not isinstance(futures, Ticket):
            return futures
        assert futures._done.wait(20)
        return futures._value


EXECUTORS: dict[str, Callable[[], Executor]] = {
    "local": LocalExecutor,
    "threads": Threads,
    "one thread": lambda: Threads(1),
    "opaque": Opaque,
}
# Those that run calls beside each other.
PARALLEL = ("threads", "opaque")


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS[request.param]()


@pytest.fixture(params=PARALLEL)
def parallel(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS[request.param]()


@task
def add(x: Any, y: Any) -> Any:
    return x + y


@task
def inc(x: Any) -> Any:
    return x + 1


@task
def not_two(x: Any) -> Any:
    if x == 2:
        raise ValueError("two")
    return x


class Sum(Task):
    def run(self, values: Any) -> Any:
        return sum(values)


# ---------------------------------------------------------------------- the executor itself


def test_a_submitted_call_can_be_waited_for(executor: Executor) -> None:
    with executor.start():
        future = executor.submit(divmod, 7, 2)
        assert executor.wait(future) == (3, 1)


def test_keywords_reach_the_call_and_the_extra_context_does_not(executor: Executor) -> None:
    def echo(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    with executor.start():
        future = executor.submit(echo, 1, extra_context={"task_name": "t"}, a=2)
        assert executor.wait(future) == ((1,), {"a": 2})


def test_lists_and_dicts_of_futures_and_plain_values_can_be_waited_for(executor: Executor) -> None:
    with executor.start():
        futures = [executor.submit(abs, -n) for n in range(3)]
        assert executor.wait(futures) == [0, 1, 2]
        assert executor.wait({"a": futures[2], "b": 5}) == {"a": 2, "b": 5}
        assert executor.wait(7) == 7


def test_an_executor_can_be_started_again_and_again(executor: Executor) -> None:
    for n in range(3):
        with executor.start():
            assert executor.wait(executor.submit(abs, -n)) == n


def test_the_repr_names_the_class(executor: Executor) -> None:
    assert repr(executor) == f"<Executor: {type(executor).__name__}>"


def test_the_base_class_implements_starting_only() -> None:
    base = Executor()
    with base.start():
        pass
    with pytest.raises(NotImplementedError, match="submit"):
        base.submit(abs, 1)
    with pytest.raises(NotImplementedError, match="wait"):
        base.wait(1)


# ---------------------------------------------------------------------- flows


def run(executor: Executor, flow: Flow, **options: Any) -> State:
    return flow.run(executor=executor, **options)  # type: ignore[return-value]


def test_results_flow_downstream(executor: Executor) -> None:
    with Flow("flow") as flow:
        x = Parameter("x")
        total = add(inc(x), inc(inc(x)))
    final = run(executor, flow, x=1)
    assert final.is_successful()
    assert final.result[total].result == 5


def test_an_executor_can_be_that_of_the_flow(executor: Executor) -> None:
    flow = Flow("flow", executor=executor)
    first = Returns(1)
    flow.add_task(first)
    assert flow.run().result[first].result == 1


def test_a_flow_runner_alone_takes_an_executor(executor: Executor) -> None:
    flow = Flow("flow")
    first = Returns(1)
    flow.add_task(first)
    assert FlowRunner(flow).run(executor=executor, return_tasks=[first]).result[first].result == 1


def test_a_wide_and_deep_flow(executor: Executor) -> None:
    with Flow("flow") as flow:
        layer: list[Any] = [inc(n) for n in range(10)]
        for _ in range(10):
            layer = [inc(node) for node in layer]
        total = add(layer[0], layer[-1])
    assert run(executor, flow).result[total].result == 11 + 20


def test_a_failure_fails_what_depends_on_it_and_nothing_else(executor: Executor) -> None:
    with Flow("flow") as flow:
        bad = not_two(2)
        after, other = inc(bad), inc(1)
    final = run(executor, flow)
    assert [type(final.result[node]) for node in (bad, after, other)] == [Failed, TriggerFailed, Success]
    assert isinstance(final.result[bad].result, ValueError)


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), MemoryError(), Unprintable()], ids=type)
def test_whatever_a_task_raises_the_run_goes_on(executor: Executor, error: BaseException) -> None:
    bad, good, after = Returns(error), Returns(2), Returns(3, trigger=all_finished)
    flow = Flow("flow")
    flow.add_task(good)
    flow.add_edge(bad, after)
    final = run(executor, flow)
    assert [type(final.result[node]) for node in (bad, good, after)] == [Failed, Success, Success]
    assert final.result[bad].result is error


def test_maps_chain_and_reduce(executor: Executor) -> None:
    with Flow("flow") as flow:
        mapped = add.map(inc.map(list(range(20))), unmapped(10))
        listed = inc.map(mapped)
        total = Sum()(listed)
    final = run(executor, flow)
    assert type(final.result[mapped]) is Mapped
    assert final.result[listed].result == [n + 12 for n in range(20)]
    assert final.result[total].result == sum(n + 12 for n in range(20))


def test_a_failed_child_fails_alone(executor: Executor) -> None:
    with Flow("flow") as flow:
        mapped = inc.map(not_two.map([1, 2, 3]))
    children = run(executor, flow).result[mapped].map_states
    assert [type(child) for child in children] == [Success, TriggerFailed, Success]
    assert [child.result for child in children][::2] == [2, 4]


def test_a_map_over_nothing(executor: Executor) -> None:
    with Flow("flow") as flow:
        mapped = inc.map([])
        after = Sum()(inc.map(mapped))
    final = run(executor, flow)
    assert (final.result[mapped].result, final.result[after].result) == ([], 0)


def test_a_skip_is_passed_on(executor: Executor) -> None:
    with Flow("flow") as flow:
        skipped = Returns(SKIP("no"))()
        after = inc(skipped)
    final = run(executor, flow)
    assert [type(final.result[node]) for node in (skipped, after)] == [Skipped, Skipped]


def test_a_retry_is_waited_for(executor: Executor) -> None:
    @task(max_retries=2, retry_delay=datetime.timedelta(hours=1))
    def flaky() -> int:
        if context.task_run_count < 3:
            raise ValueError("not yet")
        return context.task_run_count  # type: ignore[no-any-return]

    with Flow("flow") as flow:
        tried = flaky()
        after = inc(tried)
    with use_clock(FakeClock()):
        final = run(executor, flow)
    assert (final.result[tried].result, final.result[after].result) == (3, 4)


def test_a_loop_runs_to_its_end(executor: Executor) -> None:
    @task
    def count() -> int:
        n = context.get("task_loop_count", 1)
        if n < 5:
            raise LOOP(result=n)
        return n  # type: ignore[no-any-return]

    with Flow("flow") as flow:
        counted = count()
    assert run(executor, flow).result[counted].result == 5


def test_tasks_see_their_context_in_whatever_thread_they_run(executor: Executor) -> None:
    @task
    def look(x: int) -> Any:
        time.sleep(0.001)
        return context.map_index, context.task_full_name, context.flow_name, context.color, context.parameters

    with Flow("flow") as flow:
        Parameter("p", default=7)()
        looked = look.map(list(range(8)))
    result = run(executor, flow, context={"color": "red"}).result[looked].result
    assert result == [(n, f"look[{n}]", "flow", "red", {"p": 7}) for n in range(8)]


def test_nothing_of_a_task_is_left_for_the_next_one_in_the_same_thread(executor: Executor) -> None:
    @task
    def write() -> Any:
        before = context.get("mark")
        context.mark = "left behind"
        return before

    with Flow("flow") as flow:
        written = [write() for _ in range(10)]
    result = run(executor, flow).result
    assert [result[node].result for node in written] == [None] * 10


def test_a_flow_can_run_inside_a_task(executor: Executor) -> None:
    with Flow("inner") as inner:
        x = inc(Parameter("x"))

    @task
    def outer(n: int) -> Any:
        state = inner.run(x=n)
        return state.result[x].result, context.flow_name, context.map_index

    with Flow("outer flow") as flow:
        outers = outer.map([1, 2, 3])
    result = run(executor, flow).result[outers].result
    assert result == [(n + 1, "outer flow", n - 1) for n in (1, 2, 3)]


def test_two_runs_of_one_flow_do_not_mix(executor: Executor) -> None:
    with Flow("flow") as flow:
        increased = inc(Parameter("x"))
    finals: dict[int, Any] = {}
    threads = [threading.Thread(target=lambda n=n: finals.update({n: flow.run(x=n)})) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: final.result[increased].result for n, final in finals.items()} == {n: n + 1 for n in range(8)}
    assert run(executor, flow, x=41).result[increased].result == 42


# ---------------------------------------------------------------------- overlap


def test_independent_tasks_overlap(parallel: Executor) -> None:
    """Each waits for the other to have begun: one after the other, they would never end."""
    both = threading.Barrier(2, timeout=3)

    @task
    def meet() -> int:
        both.wait()
        return 1

    with Flow("flow") as flow:
        a, b = meet(), meet()
    final = run(parallel, flow)
    assert [final.result[node].result for node in (a, b)] == [1, 1]


def test_mapped_children_overlap(parallel: Executor) -> None:
    both = threading.Barrier(2, timeout=3)

    @task
    def meet(x: int) -> int:
        both.wait()
        return x

    with Flow("flow") as flow:
        met = meet.map([1, 2])
    assert run(parallel, flow).result[met].result == [1, 2]


def test_the_children_of_two_maps_overlap(parallel: Executor) -> None:
    both = threading.Barrier(2, timeout=3)

    @task
    def meet(x: int) -> int:
        both.wait()
        return x

    with Flow("flow") as flow:
        one, other = meet.map([1]), meet.map([2])
    final = run(parallel, flow)
    assert [final.result[node].result for node in (one, other)] == [[1], [2]]


def test_a_task_starts_as_soon_as_its_own_upstreams_are_done() -> None:
    """The slow task ends only when what follows the fast one has run: there is no barrier between levels."""
    through = threading.Event()

    @task
    def slow() -> bool:
        return through.wait(10)

    @task
    def after(x: int) -> None:
        through.set()

    with Flow("flow") as flow:
        waited = slow()
        after(inc(1))
    assert run(Threads(), flow).result[waited].result is True


@pytest.mark.parametrize("cls", [Threads, Opaque])
def test_a_call_that_is_lost_fails_its_task_only(cls: type[Executor]) -> None:
    class Losing(cls):  # type: ignore[misc, valid-type]
        lost: Any = None

        def submit(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
            future = super().submit(fn, *args, **kwargs)
            if self.lost is None:
                self.lost = future
            return future if future is not self.lost else self.broken()

        def broken(self) -> Any:
            if cls is Opaque:
                return "gone"
            future: Future[Any] = Future()
            future.set_exception(OSError("gone"))
            return future

        def wait(self, futures: Any) -> Any:
            if futures == "gone":
                raise OSError("gone")
            return super().wait(futures)

    first, second = Returns(1), Returns(2)
    flow = Flow("flow")
    flow.add_task(first)
    flow.add_task(second)
    final = run(Losing(), flow)
    states = sorted((final.result[node] for node in (first, second)), key=lambda state: state.is_failed())
    assert [type(state) for state in states] == [Success, Failed]
    assert isinstance(states[1].result, OSError)


@pytest.mark.parametrize("cls", [LocalExecutor, Threads, Opaque])
def test_an_executor_that_can_not_submit_gives_a_failed_flow(cls: type[Executor]) -> None:
    class Full(cls):  # type: ignore[misc, valid-type]
        def submit(self, *args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("full")

    flow = Flow("flow")
    flow.add_task(Returns(1))
    final = run(Full(), flow)
    assert (type(final), final.message) == (Failed, "Unexpected error: RuntimeError('full')")


def test_all_tasks_of_a_run_see_the_same_ids_and_date(parallel: Executor) -> None:
    together = threading.Barrier(2, timeout=10)

    @task
    def look(x: int) -> Any:
        together.wait()
        return context.flow_run_id, context.flow_run_name, context.date, id(context.caches)

    with Flow("flow") as flow:
        looked = look.map([0, 1])
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        seen = [{*run(parallel, flow).result[looked].result} for _ in range(50)]
    finally:
        sys.setswitchinterval(switch)
    assert {len(one) for one in seen} == {1}


@pytest.mark.parametrize("where", ["instance", "class"])
def test_an_executor_that_is_patched_gets_the_calls(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    executor = LocalExecutor()
    original = executor.submit

    def submit(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return original(*args[where == "class" :], **kwargs)

    monkeypatch.setattr(executor if where == "instance" else LocalExecutor, "submit", submit)
    with Flow("flow") as flow:
        mapped = inc.map([1, 2, 3])
        inc(1)
    assert run(executor, flow).result[mapped].result == [2, 3, 4]
    assert len(calls) == 5
