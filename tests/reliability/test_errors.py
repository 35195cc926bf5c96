"""Whatever is raised, wherever: the run returns a state, and what does not depend on the culprit is unaffected."""

import datetime
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, Task, context, flatten, task
from miniprefect.engine.result.base import Result
from miniprefect.engine.results import LocalResult
from miniprefect.engine.signals import LOOP
from miniprefect.engine.state import Cancelled, Failed, Mapped, Retrying, State, Success, TriggerFailed
from miniprefect.executors import Executor
from miniprefect.triggers import all_finished
from tests.engine.helpers import Returns
from tests.reliability.helpers import ERRORS, at_once, ended
from tests.reliability.places import PLACES, Boolless, Make, RaisingSerializer, raiser


@pytest.fixture(params=ERRORS)
def make(request: pytest.FixtureRequest) -> Make:
    """Return what makes an error."""
    found: Make = ERRORS[request.param]
    return found


# The others are asked for the parent, too.
PLACES_OF_CHILDREN = [name for name in PLACES if not name.startswith(("handler", "on_failure", "trigger"))]


def around(bad: Task) -> tuple[Flow, list[Task]]:
    """Return a flow with tasks before, beside and after `bad`, which it must not drag along."""
    before, beside, after, below = (Returns(n) for n in range(4))
    after.trigger = all_finished
    with Flow("around") as flow:
        bad.set_upstream(before)
        after.set_upstream(bad)
        below.set_upstream(beside)
    return flow, [before, beside, after, below]


@pytest.mark.parametrize("place", PLACES)
def test_a_task_falls_alone(place: str, make: Make, executor: Executor, tmp_path: Path) -> None:
    bad = PLACES[place](make, tmp_path)
    flow, others = around(bad)
    with context(checkpointing=True):
        final = ended(flow, executor=executor)
    assert final.is_failed() is False  # `after`, which does not mind, is the reference task beside `below`
    assert isinstance(final.result[bad], Failed)
    assert [type(final.result[other]) for other in others] == [Success] * 4
    assert isinstance(final.result[bad].message, str)


@pytest.mark.parametrize("place", PLACES_OF_CHILDREN)
def test_mapped_children_fall_alone(place: str, make: Make, tmp_path: Path) -> None:
    whole = PLACES[place]
    bad = whole(make, tmp_path)
    beside, after = Returns(1), Returns(2, trigger=all_finished)
    with Flow("map") as flow:
        mapped = bad.map(upstream_tasks=[[1, 2, 3]])
        after.set_upstream(mapped)
        flow.add_task(beside)
    with context(checkpointing=True):
        final = ended(flow)
    assert type(final.result[mapped]) is Mapped
    assert [isinstance(state, Failed) for state in final.result[mapped].map_states] == [True] * 3
    assert [type(final.result[other]) for other in (beside, after)] == [Success] * 2


def test_of_three_children_two_are_well(make: Make, executor: Executor) -> None:
    @task
    def middle(x: int) -> int:
        if x == 1:
            raise make()
        return x

    @task
    async def middle_later(x: int) -> int:
        return middle.run(x)

    for each in (middle, middle_later):
        with Flow("map") as flow:
            mapped = each.map([0, 1, 2])
        children = ended(flow, executor=executor).result[mapped].map_states
        assert [type(child) for child in children] == [Success, Failed, Success]
        assert [child.result for child in children][::2] == [0, 2]


def test_a_loop_that_breaks_in_a_later_turn_falls_alone(make: Make) -> None:
    @task
    def loop() -> None:
        if context.get("task_loop_count", 1) == 3:
            raise make()
        raise LOOP(result=1)

    with Flow("loop") as flow:
        looped = loop()
        other = Returns(1)()
    final = ended(flow)
    assert isinstance(final.result[looped], Failed)
    assert isinstance(final.result[other], Success)


def test_an_error_that_comes_once_is_retried(make: Make) -> None:
    seen = []

    @task(max_retries=2, retry_delay=datetime.timedelta(0))
    def bad() -> int:
        seen.append(context.task_run_count)
        if len(seen) < 3:
            raise make()
        return 7

    with Flow("retry") as flow:
        call = bad()
    final = ended(flow)
    assert final.is_successful()
    assert (final.result[call].result, seen) == (7, [1, 2, 3])


@pytest.mark.parametrize("name", ["serialize", "write"])
def test_a_write_that_fails_once_is_retried(name: str, tmp_path: Path) -> None:
    """As a full disk may be emptied, writing is a part of the work."""
    fail = raiser(lambda: OSError("disk full"), times=1)

    class Once(LocalResult):
        def write(self, value_: Any, **kwargs: Any) -> Any:
            fail()
            return super().write(value_, **kwargs)

    class OnceSerializer(RaisingSerializer):
        def serialize(self, value: Any) -> bytes:
            fail()
            return b"1"

    result = Once(dir=tmp_path) if name == "write" else LocalResult(dir=tmp_path, serializer=OnceSerializer("", fail))
    flow, again = Flow("retry"), Returns(5, result=result, max_retries=1, retry_delay=datetime.timedelta(0))
    flow.add_task(again)
    with context(checkpointing=True):
        final = ended(flow)
    assert type(final.result[again]) is Success
    assert len(again.runs) == 2


def test_a_result_that_implements_nothing_is_no_failure(executor: Executor) -> None:
    flow, plain = Flow("plain"), Returns(1, result=Result())
    flow.add_task(plain)
    with context(checkpointing=True):
        final = ended(flow, executor=executor)
    assert type(final.result[plain]) is Success


@pytest.mark.parametrize("moment", ["Running", "Retrying", "Failed"])
def test_a_handler_that_raises_between_attempts(moment: str, make: Make) -> None:
    def handler(tracked: Any, old: State, new: State) -> None:
        if type(new).__name__ == moment:
            raise make()

    bad = Returns(ValueError(), state_handlers=[handler], max_retries=1, retry_delay=datetime.timedelta(0))
    flow, others = around(bad)
    final = ended(flow)
    assert type(final.result[bad]) is Failed
    assert [type(final.result[other]) for other in others] == [Success] * 4


def test_a_cache_validator_that_raises(make: Make) -> None:
    bad = Returns(1, cache_for=datetime.timedelta(hours=1), cache_validator=raiser(make))
    flow, others = around(bad)
    assert type(ended(flow).result[bad]).__name__ == "Cached"
    final = ended(flow)  # only now there is something to ask about
    assert isinstance(final.result[bad], Failed)
    assert [type(final.result[other]) for other in others] == [Success] * 4


def test_a_deserializer_that_raises_is_a_miss_or_a_failure(make: Make, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    result = LocalResult(dir=tmp_path, serializer=RaisingSerializer("deserialize", make))
    bad = Returns(1, target="x", result=result)
    flow, others = around(bad)
    with context(checkpointing=True):
        final = ended(flow)
    assert type(final.result[bad]) is (Success if isinstance(make(), Exception) else Failed)
    assert [type(final.result[other]) for other in others] == [Success] * 4


def test_a_handler_of_the_task_runners(make: Make) -> None:
    def handler(runner: Any, old: State, new: State) -> None:
        if runner.task.name == "bad" and new.is_successful():
            raise make()

    bad = Returns(1, name="bad")
    flow, others = around(bad)
    final = ended(flow, task_runner_state_handlers=[handler])
    assert type(final.result[bad]) is Failed
    assert [type(final.result[other]) for other in others] == [Success] * 4


class Unhashable:
    """A handler that can't be the key of a dict, as a dataclass can't."""

    def __init__(self) -> None:
        self.calls = 0

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparing")

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, tracked: Any, old: Any, new: Any) -> None:
        self.calls += 1


def test_handlers_and_triggers_need_no_hash_and_no_comparing(executor: Executor) -> None:
    class Always(Unhashable):
        def __call__(self, states: Any) -> bool:  # type: ignore[override]
            return True

    handler = Unhashable()
    fine = Returns(1, state_handlers=[handler], trigger=Always())
    flow = Flow("flow", state_handlers=[handler], terminal_state_handler=Unhashable())
    flow.add_task(fine)
    for _ in range(2):
        assert ended(flow, executor=executor, task_runner_state_handlers=[handler]).is_successful()
    assert handler.calls == 2 * (2 + 2 + 2)


# ---------------------------------------------------------------------- what raises beside the task


class Thorny:
    """A result that can't be taken apart."""

    def __init__(self, make: Make, at: str) -> None:
        self.make, self.at = make, at

    def __len__(self) -> int:
        if self.at == "len":
            raise self.make()
        return 3

    def __getitem__(self, index: int) -> Any:
        if self.at == "item":
            raise self.make()
        return index

    def __iter__(self) -> Any:
        if self.at == "iter":
            raise self.make()
        yield 1
        if self.at == "next":
            raise self.make()


@pytest.mark.parametrize("at", ["len", "item"])
def test_an_input_that_cannot_be_mapped_over(at: str, make: Make) -> None:
    @task
    def identity(x: Any) -> Any:
        return x

    thorny = Returns(Thorny(make, at))
    with Flow("map") as flow:
        mapped = identity.map(thorny)
        beside = Returns(1)()
    final = ended(flow)
    assert isinstance(final.result[mapped], Failed)
    assert [type(final.result[other]) for other in (thorny, beside)] == [Success] * 2


@pytest.mark.parametrize("at", ["iter", "next"])
def test_an_input_that_cannot_be_flattened(at: str, make: Make) -> None:
    @task
    def identity(x: Any) -> Any:
        return x

    thorny = Returns([Thorny(make, at)])
    with Flow("map") as flow:
        mapped = identity.map(flatten(thorny))
        beside = Returns(1)()
    final = ended(flow)
    assert isinstance(final.result, dict), final
    assert [type(final.result[other]) for other in (thorny, beside)] == [Success] * 2
    assert final.result[mapped].is_finished()


@pytest.mark.parametrize("at", ["iter", "next"])
def test_a_child_that_cannot_be_flattened(at: str, make: Make) -> None:
    @task
    def thorn(x: int) -> Any:
        return Thorny(make, at) if x == 1 else [x]

    @task
    def identity(x: Any) -> Any:
        return x

    with Flow("map") as flow:
        thorns = thorn.map([0, 1])
        mapped = identity.map(flatten(thorns))
        beside = Returns(1)()
    final = ended(flow)
    assert isinstance(final.result, dict), final
    assert type(final.result[beside]) is Success
    assert final.result[mapped].is_finished()


@pytest.mark.parametrize("at", ["Running", "Success"])
def test_a_handler_of_the_flow(at: str, make: Make) -> None:
    def handler(tracked: Any, old: State, new: State) -> None:
        if type(new).__name__ == at:
            raise make()

    flow = Flow("flow", state_handlers=[handler])
    flow.add_task(Returns(1))
    assert type(ended(flow)) is Failed


def test_a_handler_of_the_flow_that_always_raises(make: Make) -> None:
    flow = Flow("flow", state_handlers=[raiser(make)], on_failure=raiser(make))
    flow.add_task(Returns(1))
    assert type(ended(flow)) is Failed


def test_a_terminal_state_handler(make: Make) -> None:
    flow = Flow("flow", terminal_state_handler=raiser(make))
    flow.add_task(Returns(1))
    assert type(ended(flow)) is Failed


def test_a_terminal_state_handlers_answer(make: Make) -> None:
    flow = Flow("flow", terminal_state_handler=lambda flow, state, states: Boolless(make))
    flow.add_task(Returns(1))
    assert type(ended(flow)) is Failed


def test_an_executor_that_raises(make: Make) -> None:
    class Broken(Executor):
        def submit(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
            raise make()

    flow = Flow("flow")
    flow.add_task(Returns(1))
    assert type(ended(flow, executor=Broken())) is Failed


def test_a_broken_log_handler_breaks_no_run(executor: Executor) -> None:
    """Handlers of the logging module report their own errors; one that does not is worse than most."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            try:
                raise ValueError("the log is full")
            except ValueError:
                self.handleError(record)

        def handleError(self, record: logging.LogRecord) -> None:
            lost.append(record)

    lost: list[Any] = []
    handler = Broken()
    logging.getLogger("prefect").addHandler(handler)
    try:
        flow, bad = Flow("flow"), Returns(ValueError())
        flow.add_task(bad)
        assert type(ended(flow, executor=executor).result[bad]) is Failed
    finally:
        logging.getLogger("prefect").removeHandler(handler)
    assert lost


# ---------------------------------------------------------------------- Ctrl-C


def interrupt() -> BaseException:
    return KeyboardInterrupt()


# Where a callable of the user is: not in the middle of somebody else's library.
@pytest.mark.parametrize("place", PLACES)
def test_ctrl_c_cancels_the_flow_wherever_it_strikes(place: str, executor: Executor, tmp_path: Path) -> None:
    bad = PLACES[place](interrupt, tmp_path)
    flow, others = around(bad)
    with context(checkpointing=True):
        final = ended(flow, executor=executor)
    assert isinstance(final, Cancelled)
    assert isinstance(final.result, dict)
    assert final.result[others[0]].is_successful()


def test_ctrl_c_in_a_mapped_child_cancels_the_flow(executor: Executor) -> None:
    @task
    def child(x: int) -> None:
        if x == 1:
            raise KeyboardInterrupt

    with Flow("map") as flow:
        child.map([0, 1, 2])
    assert isinstance(ended(flow, executor=executor), Cancelled)
    assert threading.active_count() < 20


def test_ctrl_c_in_handlers_of_the_flow(executor: Executor) -> None:
    def handler(tracked: Any, old: State, new: State) -> None:
        if isinstance(new, Success):
            raise KeyboardInterrupt

    flow = Flow("flow", state_handlers=[handler])
    flow.add_task(Returns(1))
    assert isinstance(ended(flow, executor=executor), Cancelled)


def test_ctrl_c_in_handlers_of_the_flow_at_every_change() -> None:
    flow = Flow("flow", state_handlers=[raiser(interrupt)])
    flow.add_task(Returns(1))
    assert isinstance(ended(flow), Cancelled)


def test_ctrl_c_in_a_terminal_state_handler(executor: Executor) -> None:
    flow = Flow("flow", terminal_state_handler=raiser(interrupt))
    flow.add_task(Returns(1))
    assert isinstance(ended(flow, executor=executor), Cancelled)


def test_after_ctrl_c_the_flow_runs_again_where_it_was(executor: Executor) -> None:
    seen: list[int] = []

    @task
    def number(x: int) -> int:
        seen.append(x)
        if x == 2 and seen.count(2) == 1:
            raise KeyboardInterrupt
        return x

    with Flow("flow") as flow:
        first = number(1)
        second = number(2, upstream_tasks=[first])
        third = number(3, upstream_tasks=[second])
    cancelled = ended(flow, executor=executor)
    known = {each: state for each, state in cancelled.result.items() if state.is_successful()}
    final = ended(flow, executor=executor, task_states=known)
    assert final.is_successful()
    assert seen == [1, 2, 2, 3]
    assert final.result[third].result == 3


def test_two_threads_with_errors_at_once(make: Make) -> None:
    def one() -> list[str]:
        bad = Returns(make())
        flow, others = around(bad)
        final = ended(flow)
        return [type(final.result[each]).__name__ for each in (bad, *others)]

    assert at_once(one, one) == [["Failed", *["Success"] * 4]] * 2


def test_a_failed_trigger_downstream_carries_on_with_unprintable_errors(make: Make) -> None:
    bad, after = Returns(make()), Returns(1)
    flow = Flow("flow")
    flow.add_edge(bad, after)
    final = ended(flow)
    assert [type(final.result[each]) for each in (bad, after)] == [Failed, TriggerFailed]
    assert not isinstance(final.result[after], Retrying)
