"""The scheduling loop on executors that answer with futures: what waits for what, what goes first, and retries."""

import datetime
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from miniprefect import Flow, Parameter, Task, context, task, unmapped
from miniprefect.engine import FlowRunner
from miniprefect.engine.state import (
    Cancelled,
    Failed,
    Mapped,
    Paused,
    Pending,
    Retrying,
    State,
    Success,
    TriggerFailed,
)
from miniprefect.executors import Executor
from miniprefect.utilities.clock import use_clock
from tests.engine.helpers import FUTURE, FakeClock


class Pool(Executor):
    """A pool of threads; `width` is what the executor says that it can use, `most` what it was given at a time."""

    def __init__(self, workers: int = 4, width: int | None = None) -> None:
        self.workers = workers
        self.width = width
        self.now = self.most = 0

    @contextmanager
    def start(self) -> Any:
        with ThreadPoolExecutor(self.workers) as self.pool:
            yield

    def submit(self, fn: Any, *args: Any, extra_context: Any = None, **kwargs: Any) -> Future[Any]:
        self.now += 1
        self.most = max(self.most, self.now)
        future = self.pool.submit(fn, *args, **kwargs)
        future.add_done_callback(self._less)
        return future

    def _less(self, future: Any) -> None:
        self.now -= 1

    def wait(self, futures: Any) -> Any:
        return futures.result()


class Log(Task):
    """A task that notes its name and index, and passes its input on."""

    def __init__(self, log: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log = log

    def run(self, x: Any = None) -> Any:
        self.log.append(f"{self.name}{context.map_index}")
        return x


@task
def inc(x: Any) -> Any:
    return x + 1


@task
def add(x: Any, y: Any) -> Any:
    return x + y


# ---------------------------------------------------------------------- depth first


def test_chained_maps_go_depth_first() -> None:
    log: list[str] = []
    with Flow("flow") as flow:
        first = Log(log, name="a").map([0, 1, 2])
        second = Log(log, name="b").map(first)
        Log(log, name="c").map(second)
    flow.run(executor=Pool(workers=1, width=1))
    assert log == [name + str(index) for index in range(3) for name in "abc"]


def test_tasks_go_in_the_order_of_the_plan() -> None:
    log: list[str] = []
    with Flow("flow") as flow:
        for name in "abcd":
            Log(log, name=name)()
    flow.run(executor=Pool(workers=1, width=1))
    assert log == ["aNone", "bNone", "cNone", "dNone"]


@pytest.mark.parametrize("width", [None, 2])
def test_a_child_of_the_second_map_does_not_wait_for_the_whole_first_map(width: int | None) -> None:
    through = threading.Event()

    @task
    def first(x: int) -> bool:
        return x == 0 or through.wait(10)

    @task
    def second(x: bool) -> bool:
        through.set()
        return x

    with Flow("flow") as flow:
        last = second.map(first.map([0, 1]))
    assert flow.run(executor=Pool(workers=2, width=width)).result[last].result == [True, True]


def test_a_child_waits_for_its_inputs_from_all_maps() -> None:
    slow_is_done = threading.Event()

    @task
    def quick(x: int) -> int:
        return x

    @task
    def slow(x: int) -> int:
        time.sleep(0.02 * (3 - x))
        slow_is_done.set()
        return 10 * x

    @task
    def both(x: int, y: int) -> Any:
        assert slow_is_done.is_set()
        return x + y

    with Flow("flow") as flow:
        total = both.map(quick.map([0, 1, 2]), slow.map([0, 1, 2]))
    assert flow.run(executor=Pool()).result[total].result == [0, 11, 22]


def every_kind_of_map(flow: Flow) -> list[Task]:
    with flow:
        n = Parameter("n", default=5)
        listed = task(lambda n: list(range(n)), name="listed")(n)
        first = inc.map(listed)
        again = inc.map(inc.map(first))
        shorter = add.map(first, [10, 20, 30])
        longer = add.map(shorter, again)
        whole = add.map(first, unmapped(n))
        after = inc.map(first, upstream_tasks=[again])
        waiting = inc.map(first, upstream_tasks=[unmapped(again)])
        empty = inc.map(inc.map([]))
        total = task(lambda xs: sum(xs), name="total")(again)
    return [first, again, shorter, longer, whole, after, waiting, empty, total]


@pytest.mark.parametrize("width", [None, 1, 3])
def test_maps_of_every_kind_give_what_they_give_one_after_the_other(width: int | None) -> None:
    flow = Flow("flow")
    tasks = every_kind_of_map(flow)
    expected, found = flow.run(), flow.run(executor=Pool(width=width))
    assert [found.result[t].result for t in tasks] == [expected.result[t].result for t in tasks]
    assert found.result[tasks[0]].result == [1, 2, 3, 4, 5]
    assert found.is_successful()


def test_the_child_of_a_failed_child_fails_and_the_others_go_on() -> None:
    with Flow("flow") as flow:
        last = inc.map(inc.map([1, None, 3]))
    state: Any = flow.run(executor=Pool()).result[last]
    assert [type(child) for child in state.map_states] == [Success, TriggerFailed, Success]


def test_children_that_have_finished_are_not_run_again() -> None:
    log: list[str] = []
    with Flow("flow") as flow:
        first = Log(log, name="a").map([0, 1, 2])
        last = inc.map(first)
    known = Mapped(map_states=[None, Success(result=10), Retrying(start_time=FUTURE - datetime.timedelta(days=1))])
    with use_clock(FakeClock()) as clock:
        result = flow.run(executor=Pool(), task_states={first: known}).result
    assert (result[first].result, result[last].result) == ([0, 10, 2], [1, 11, 3])
    assert sorted(log) == ["a0", "a2"]
    assert clock.now() > datetime.datetime(2998, 12, 1, tzinfo=datetime.UTC)


# ---------------------------------------------------------------------- the width of an executor


def test_an_executor_gets_no_more_calls_than_it_can_use() -> None:
    with Flow("flow") as flow:
        total = task(lambda xs: sum(xs), name="total")(inc.map(inc.map(list(range(200)))))
        for n in range(20):
            inc(n)
    narrow, wide = Pool(width=3), Pool()
    assert flow.run(executor=narrow).result[total].result == sum(range(2, 202))
    flow.run(executor=wide)
    assert narrow.most <= 3 < wide.most


# ---------------------------------------------------------------------- retries


def flaky(times: int, delay: datetime.timedelta, done: Callable[[], Any] = lambda: None, **settings: Any) -> Task:
    """Make a task that fails so many times, and calls `done` when it succeeds."""

    def run(x: Any = 0) -> Any:
        if context.task_run_count <= times and x == 0:
            raise ValueError("not yet")
        done()
        return context.task_run_count

    return task(run, name="flaky", max_retries=times, retry_delay=delay, **settings)


def test_a_retry_fires_when_due_while_another_task_still_runs() -> None:
    retried = threading.Event()

    @task
    def long() -> bool:
        return retried.wait(10)

    with Flow("flow") as flow:
        waited = long()
        tried = flaky(2, datetime.timedelta(milliseconds=20), retried.set)()
        after = inc(tried)
    result = flow.run(executor=Pool()).result
    assert [result[t].result for t in (waited, tried, after)] == [True, 3, 4]


def test_what_follows_a_child_that_retries_does_not_hold_up_the_others() -> None:
    others = threading.Event()

    @task
    def second(x: int) -> int:
        if x == 1:
            others.set()
        return x

    with Flow("flow") as flow:
        tried = flaky(1, datetime.timedelta(milliseconds=20), lambda: None).map([0, 1])
        last = second.map(tried)
    assert flow.run(executor=Pool()).result[last].result == [2, 1]
    assert others.is_set()


def test_the_wait_for_a_retry_costs_nothing_but_time() -> None:
    with Flow("flow") as flow:
        tried = flaky(2, datetime.timedelta(hours=1))()
    with use_clock(FakeClock()) as clock:
        assert flow.run(executor=Pool()).result[tried].result == 3
    assert clock.waits == [3600.0, 3600.0]


def test_retries_that_are_used_up_fail() -> None:
    with Flow("flow") as flow:
        tried = flaky(1, datetime.timedelta(0))()
        tried.run = lambda x=0: 1 / 0
        after = inc(tried)
    result = flow.run(executor=Pool()).result
    assert [type(result[t]) for t in (tried, after)] == [Failed, TriggerFailed]


# ---------------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize("executor", [None, Pool(workers=1, width=1)], ids=["local", "threads"])
def test_children_that_ended_before_ctrl_c_are_known_and_need_not_run_again(executor: Any) -> None:
    runs: list[int] = []
    presses = [KeyboardInterrupt()]

    @task
    def pressed(x: int) -> int:
        runs.append(x)
        if x == 2 and presses:
            raise presses.pop()
        return x

    with Flow("flow") as flow:
        mapped = pressed.map([0, 1, 2, 3])
        last = inc.map(mapped)
    final = flow.run(executor=executor)
    assert isinstance(final, Cancelled)
    children = final.result[mapped].map_states
    assert [type(child) for child in children] == [Success, Success, Pending, Pending]
    again: State = flow.run(executor=executor, task_states=final.result)
    assert (again.result[mapped].result, again.result[last].result) == ([0, 1, 2, 3], [1, 2, 3, 4])
    assert runs == [0, 1, 2, 2, 3]


def test_after_ctrl_c_no_call_begins_that_waits_in_the_pool_of_an_executor_without_width() -> None:
    begun: list[int] = []

    @task
    def pressed(x: int) -> int:
        begun.append(x)
        if x == 3:
            raise KeyboardInterrupt
        time.sleep(0.02)
        return x

    with Flow("flow") as flow:
        mapped = pressed.map(list(range(200)))
    final = flow.run(executor=Pool(workers=2))
    assert isinstance(final, Cancelled)
    assert len(begun) < 20
    # What ended while the pool was closed is known as well.
    known = [index for index, child in enumerate(final.result[mapped].map_states) if type(child) is Success]
    assert set(begun) - {3} == set(known)


# ---------------------------------------------------------------------- states that are given


@pytest.mark.parametrize("mapped", [False, True])
def test_a_retry_that_is_due_and_waits_for_others_is_left_as_it_is(mapped: bool) -> None:
    """Its gates give it back unchanged: to try it again and again would never end."""
    waiting = Retrying("again", start_time=FUTURE - datetime.timedelta(days=365_000), run_count=1)
    with Flow("flow") as flow:
        first = task(lambda: [1], name="first")()
        last = inc.map(first) if mapped else inc(first)
    known = {first: Paused("wait"), last: Mapped(map_states=[waiting]) if mapped else waiting}
    states = FlowRunner(flow).run(executor=Pool(), task_states=known, return_tasks=[last]).result
    assert states[last] is known[last] if not mapped else states[last].map_states[0] is waiting


def test_retries_keep_to_the_width_of_the_executor() -> None:
    with Flow("flow") as flow:
        tried = flaky(1, datetime.timedelta(milliseconds=50)).map([0] * 30)
    pool = Pool(width=2)
    assert flow.run(executor=pool).result[tried].result == [2] * 30
    assert pool.most <= 2


# ---------------------------------------------------------------------- calls that give no state


@pytest.mark.parametrize("answer", ["abc", None, 5])
def test_a_call_that_gives_no_state_fails_its_task_only(answer: Any) -> None:
    class Odd(Pool):
        def submit(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
            is_second_child = (args[3] or {}).get("map_index") == 1
            return super().submit((lambda *given, **named: answer) if is_second_child else fn, *args, **kwargs)

    with Flow("flow") as flow:
        mapped = inc.map([0, 1, 2])
    state: Any = flow.run(executor=Odd()).result[mapped]
    assert [type(child) for child in state.map_states] == [Success, Failed, Success]
    assert "no state" in str(state.map_states[1].result)
