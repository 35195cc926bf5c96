"""Retries: on time by whatever clock, without work for the processor, and well beside mapping, loops and caches."""

import datetime
import threading
import time
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine.results import LocalResult
from miniprefect.engine.signals import LOOP, RETRY
from miniprefect.engine.state import Cached, Failed, Mapped, Success, TimedOut
from miniprefect.executors import Executor
from miniprefect.utilities.clock import Clock, use_clock
from tests.engine.helpers import NOON, FakeClock, Returns
from tests.reliability.helpers import ended

NOTHING = datetime.timedelta(0)
MINUTE = datetime.timedelta(minutes=1)


class Flaky(Task):
    """Fail until the attempt that is wanted; keep what the context said of the attempts."""

    def __init__(self, succeeds_at: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.succeeds_at = succeeds_at
        self.counts: list[int] = []
        self.moments: list[float] = []

    def run(self) -> int:
        self.counts.append(context.task_run_count)
        self.moments.append(time.monotonic())
        if context.task_run_count < self.succeeds_at:
            raise ValueError(context.task_run_count)
        return len(self.counts)


def alone(only: Task, **settings: Any) -> Flow:
    flow = Flow("flow", **settings)
    flow.add_task(only)
    return flow


# ---------------------------------------------------------------------- clocks


class Jumping(Clock):
    """A clock of a machine that is put right, or put to sleep: each wait is longer or shorter than it seems."""

    def __init__(self, *jumps: datetime.timedelta) -> None:
        self.moment = NOON
        self.jumps = list(jumps)
        self.waits: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> datetime.datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        assert len(self.waits) < 100_000, "it never ends"
        with self._lock:
            self.waits.append(seconds)
            self.moment += datetime.timedelta(seconds=seconds)
            if self.jumps:
                self.moment += self.jumps.pop(0)


HOUR = datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    ("jumps", "most"),
    [([], 60), ([HOUR], 5), ([NOTHING, HOUR], 10), ([-HOUR], 3660), ([-HOUR, 2 * HOUR], 10), ([-30 * HOUR / 24], 4600)],
    ids=["no jump", "forward", "forward later", "backward", "there and back", "backward far"],
)
def test_a_clock_that_jumps_while_a_retry_waits(jumps: list[datetime.timedelta], most: float) -> None:
    flaky = Flaky(2, max_retries=1, retry_delay=MINUTE)
    with use_clock(Jumping(*jumps)) as jumping:
        final = ended(alone(flaky))
    assert type(final.result[flaky]) is Success
    assert flaky.counts == [1, 2]
    assert sum(jumping.waits) <= most  # type: ignore[attr-defined]


def test_a_clock_that_jumps_back_when_the_wait_is_over_costs_another_wait_and_no_busy_loop() -> None:
    class Back(FakeClock):
        back = 3

        def sleep_until(self, moment: datetime.datetime) -> None:
            super().sleep_until(moment)
            if self.back:
                self.back -= 1
                self.moment -= datetime.timedelta(seconds=30)

    flaky = Flaky(2, max_retries=1, retry_delay=MINUTE)
    with use_clock(Back()) as clock:
        final = ended(alone(flaky))
    assert type(final.result[flaky]) is Success
    assert flaky.counts == [1, 2]
    assert clock.waits == [60, 30, 30, 30]  # type: ignore[attr-defined]


def test_a_clock_that_jumps_back_during_the_attempts_counts_them_well() -> None:
    clock = FakeClock()

    class Backwards(Flaky):
        def run(self) -> int:
            clock.moment -= HOUR
            return super().run()

    flaky = Backwards(3, max_retries=2, retry_delay=MINUTE)
    with use_clock(clock):
        final = ended(alone(flaky))
    assert type(final.result[flaky]) is Success
    assert flaky.counts == [1, 2, 3]
    assert clock.waits == [60, 60]


def test_the_wait_costs_no_processor_time(executor: Executor) -> None:
    flaky = Flaky(2, max_retries=1, retry_delay=datetime.timedelta(seconds=0.6))
    flow = alone(flaky)
    began, used = time.monotonic(), time.process_time()
    final = ended(flow, executor=executor)
    used, took = time.process_time() - used, time.monotonic() - began
    assert final.is_successful()
    assert 0.6 <= took < 1.2
    assert used < 0.15


def test_several_waits_of_different_length_are_each_kept(executor: Executor) -> None:
    delays = {name: datetime.timedelta(minutes=minutes) for name, minutes in [("a", 5), ("b", 1), ("c", 3)]}
    order: list[str] = []

    class Noted(Flaky):
        def run(self) -> int:
            value = super().run()
            order.append(self.name)
            return value

    flow = Flow("waits")
    tasks = [Noted(2, name=name, max_retries=1, retry_delay=delay) for name, delay in delays.items()]
    for each in tasks:
        flow.add_task(each)
    with use_clock(FakeClock()) as clock:
        assert ended(flow, executor=executor).is_successful()
    assert order == ["b", "c", "a"]
    assert clock.waits == pytest.approx([60, 120, 120])  # type: ignore[attr-defined]


def test_other_branches_run_while_one_waits(executor: Executor) -> None:
    flaky = Flaky(2, max_retries=1, retry_delay=MINUTE)
    order: list[str] = []

    @task
    def note(name: str, before: Any = None) -> str:
        order.append(name)
        return name

    with Flow("branches") as flow:
        waited = flaky()
        after = note("after", waited)
        other = note("third", note("second", note("first")))
    with use_clock(FakeClock()):
        final = ended(flow, executor=executor)
    assert final.is_successful()
    assert order == ["first", "second", "third", "after"]
    assert [final.result[each].result for each in (after, other)] == ["after", "third"]


# ---------------------------------------------------------------------- with the rest


def test_children_are_retried_each_by_itself(executor: Executor) -> None:
    seen: list[tuple[int, int]] = []

    @task(max_retries=3, retry_delay=MINUTE)
    def child(x: int) -> int:
        seen.append((x, context.task_run_count))
        if context.task_run_count <= x:
            raise ValueError(x)
        return x

    with Flow("map") as flow:
        mapped = child.map(list(range(5)))
    with use_clock(FakeClock()) as clock:
        final = ended(flow, executor=executor)
    assert type(final.result[mapped]) is Mapped
    assert [type(state) for state in final.result[mapped].map_states] == [*[Success] * 4, Failed]
    assert sorted(seen) == [(x, count) for x in range(5) for count in range(1, min(x + 1, 4) + 1)]
    assert clock.waits == pytest.approx([60] * 3, abs=1)  # type: ignore[attr-defined]


def test_what_follows_a_map_waits_for_its_last_retry(executor: Executor) -> None:
    @task(max_retries=1, retry_delay=MINUTE)
    def child(x: int) -> int:
        if x == 1 and context.task_run_count == 1:
            raise ValueError(x)
        return x

    totals: list[list[int]] = []

    @task
    def total(values: list[int]) -> int:
        totals.append(values)
        return sum(values)

    doubled: list[int] = []

    @task
    def double(x: int) -> int:
        doubled.append(x)
        return 2 * x

    with Flow("map") as flow:
        children = child.map([0, 1, 2])
        whole = total(children)
        doubles = double.map(children)
    with use_clock(FakeClock()):
        final = ended(flow, executor=executor)
    assert final.result[whole].result == 3
    assert final.result[doubles].result == [0, 2, 4]
    assert totals == [[0, 1, 2]]
    assert sorted(doubled) == [0, 1, 2]


def test_in_a_loop_each_turn_has_its_own_count(executor: Executor) -> None:
    seen: list[tuple[int, int, Any]] = []

    @task(max_retries=1, retry_delay=MINUTE)
    def loop() -> int:
        turn, attempt = context.get("task_loop_count", 1), context.task_run_count
        seen.append((turn, attempt, context.get("task_loop_result")))
        if attempt == 1:
            raise ValueError(turn)
        if turn < 3:
            raise LOOP(result=turn * 10)
        return turn

    with Flow("loop") as flow:
        call = loop()
    with use_clock(FakeClock()) as clock:
        final = ended(flow, executor=executor)
    assert final.result[call].result == 3
    assert seen == [(1, 1, None), (1, 2, None), (2, 1, 10), (2, 2, 10), (3, 1, 20), (3, 2, 20)]
    assert clock.waits == [60] * 3  # type: ignore[attr-defined]


def test_what_is_cached_is_the_success_and_no_failure(executor: Executor) -> None:
    flaky = Flaky(3, max_retries=2, retry_delay=MINUTE, cache_for=datetime.timedelta(days=1))
    flow = alone(flaky)
    with use_clock(FakeClock()):
        first, second = ended(flow, executor=executor), ended(flow, executor=executor)
    assert (first.result[flaky].result, second.result[flaky].result) == (3, 3)
    assert type(second.result[flaky]) is Cached
    assert flaky.counts == [1, 2, 3]


def test_a_target_is_written_by_the_attempt_that_succeeds(executor: Executor, tmp_path: Any) -> None:
    flaky = Flaky(2, max_retries=1, retry_delay=MINUTE, target="x", result=LocalResult(dir=tmp_path))
    flow = alone(flaky)
    with use_clock(FakeClock()), context(checkpointing=True):
        assert type(ended(flow, executor=executor).result[flaky]) is Success
        assert type(ended(flow, executor=executor).result[flaky]) is Cached
    assert flaky.counts == [1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_each_attempt_has_its_own_time_limit(executor: Executor) -> None:
    flaky, counts = Task(), []

    def spin() -> None:
        counts.append(context.task_run_count)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            pass

    flaky = task(spin, max_retries=2, retry_delay=NOTHING)
    flaky.timeout = 0.1  # type: ignore[assignment]
    began = time.monotonic()
    final = ended(alone(flaky), executor=executor)
    assert type(final.result[flaky]) is TimedOut
    assert counts == [1, 2, 3]
    assert 0.3 <= time.monotonic() - began < 1.8


def test_a_signal_asks_for_more_than_there_are_and_ends(executor: Executor) -> None:
    clock, counts = FakeClock(), []

    @task
    def again() -> int:
        counts.append(context.task_run_count)
        if len(counts) < 5:
            raise RETRY(start_time=clock.now() + MINUTE)
        return len(counts)

    flow = alone(again)
    with use_clock(clock):
        assert ended(flow, executor=executor).result[again].result == 5
    assert counts == [1, 2, 3, 4, 5]
    assert clock.waits == [60] * 4


def test_a_thousand_retries_need_no_recursion() -> None:
    flaky = Flaky(1000, max_retries=1000, retry_delay=NOTHING)
    assert ended(alone(flaky)).is_successful()
    assert flaky.counts == list(range(1, 1001))


def test_only_the_error_that_is_named_is_retried(executor: Executor) -> None:
    fails = Returns(KeyError(1), max_retries=5, retry_delay=NOTHING, retry_on=OSError)
    assert type(ended(alone(fails), executor=executor).result[fails]) is Failed
    assert len(fails.runs) == 1
