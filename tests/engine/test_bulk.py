"""Children that travel together: what becomes of each is what would have become of it alone."""

import contextvars
import datetime
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task, unmapped
from miniprefect.engine import signals
from miniprefect.engine.cache_validators import all_inputs
from miniprefect.engine.flow_runner import FlowRunner
from miniprefect.engine.remote import Shared
from miniprefect.engine.state import Cached, Failed, Skipped, Success
from miniprefect.executors import LocalExecutor, ProcessExecutor, _pool
from miniprefect.utilities.configuration import set_temporary_config

MANY = 600


@pytest.fixture(params=["log off", "log on"], autouse=True)
def level(request: pytest.FixtureRequest) -> Iterator[None]:
    logger = logging.getLogger("prefect")
    before = logger.level
    logger.setLevel("CRITICAL" if request.param == "log off" else "INFO")
    yield
    logger.setLevel(before)


@pytest.fixture(autouse=True)
def bulks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what travelled as one."""
    sizes: list[int] = []
    call_many = _pool.Pool.call_many

    def counted(pool: Any, kind: Any, args: Any, size: int, receiver: Any) -> None:
        sizes.append(size)
        call_many(pool, kind, args, size, receiver)

    monkeypatch.setattr(_pool.Pool, "call_many", counted)
    return sizes


def run(flow: Flow, **options: Any) -> Any:
    return flow.run(executor=ProcessExecutor(2), **options)


def mixed(x: int) -> Any:
    """Be of all kinds that an answer can be of."""
    kind = x % 12
    if kind == 3:
        raise ValueError(x)
    if kind == 4:
        raise signals.SKIP(f"skipped {x}")
    if kind == 5:
        raise signals.SUCCESS("well", result=x)
    if kind == 6:
        raise signals.LOOP(result=x) if context.get("task_loop_count", 1) < 3 else signals.FAIL("enough")
    if kind == 7:
        raise SystemExit(3)
    values = {0: x, 1: float(x), 2: str(x), 8: (x, [x]), 9: None, 10: x.to_bytes(8, "big"), 11: ...}
    return values[kind]


def seen(state: Any) -> Any:
    return type(state), state.message, repr(state.result), state.context, state.cached_inputs.keys()


@pytest.mark.parametrize("settings", [{}, {"tags": {"a"}}, {"log_stdout": True}, {"checkpoint": True}])
def test_everything_is_as_it_is_in_one_process(settings: dict[str, Any], bulks: list[int]) -> None:
    with Flow("flow") as flow:
        mapped = task(mixed, name="mixed", **settings).map(list(range(MANY)))
        after = task(lambda x, y: (x, y), name="after").map(mapped, mapped)
    here, there = flow.run(executor=LocalExecutor()), run(flow)
    for each in (mapped, after):
        assert [*map(seen, there.result[each].map_states)] == [*map(seen, here.result[each].map_states)]
    assert max(bulks) > 1
    assert len(bulks) < MANY


def test_retries_and_what_a_mapped_task_is_called_with() -> None:
    @task(max_retries=1, retry_delay=datetime.timedelta(0))
    def again(x: int, factor: int) -> Any:
        if x % 50 == 0 and context.task_run_count == 1:
            raise ValueError
        return x * factor, context.map_index, context.task_run_count

    with Flow("flow") as flow:
        again_ = again.map(list(range(MANY)), factor=unmapped(3))
    assert run(flow).result[again_].result == [(x * 3, x, 2 if x % 50 == 0 else 1) for x in range(MANY)]


def test_times_are_kept_where_they_are_asked_for() -> None:
    with Flow("flow") as flow:
        mapped = task(lambda x: x, name="same").map(list(range(MANY)))
    with set_temporary_config({"flows.keep_times": True}):
        begun = time.time()
        states = run(flow).result[mapped].map_states
    assert all(begun <= state._times[0] <= state._times[1] <= time.time() for state in states)


def test_the_log_has_two_lines_for_each_if_it_is_on(caplog: pytest.LogCaptureFixture) -> None:
    with Flow("flow") as flow:
        task(lambda x: x, name="same").map(list(range(MANY)))
    logger = logging.getLogger("prefect")
    logger.addHandler(caplog.handler)
    try:
        run(flow)
    finally:
        logger.removeHandler(caplog.handler)
    lines = [record.getMessage() for record in caplog.records if "same[" in record.getMessage()]
    assert len({*lines}) == (2 * MANY if logger.isEnabledFor(logging.INFO) else 0)


def test_a_worker_that_dies_takes_one_child_with_it_whatever_the_others_return(tmp_path: Path) -> None:
    @task
    def dies(x: int) -> Any:
        with open(tmp_path / str(x), "a") as file:
            file.write("run\n")
        if x in (300, 301, 450):
            os.kill(os.getpid(), signal.SIGKILL)
        return x if x % 2 else [x]

    with Flow("flow") as flow:
        mapped = dies.map(list(range(MANY)))
    states = run(flow).result[mapped].map_states
    assert [n for n, state in enumerate(states) if not state.is_successful()] == [300, 301, 450]
    assert all(state.result == (n if n % 2 else [n]) for n, state in enumerate(states) if state.is_successful())
    assert {(tmp_path / str(n)).read_text() for n in range(MANY)} == {"run\n"}


class Refusing:
    """Travel there, and not be made anew."""

    def __reduce__(self) -> Any:
        return _refuse, ()


def _refuse() -> None:
    raise ValueError("not here")


def test_an_argument_that_can_not_be_read_fails_the_child_that_wants_it() -> None:
    with Flow("flow") as flow:
        values: list[Any] = list(range(40))
        values[33] = Refusing()
        mapped = task(lambda x: x, name="same").map(values)
    states = run(flow).result[mapped].map_states
    assert [type(state) for state in states] == [Failed if n == 33 else Success for n in range(40)]
    assert "not here" in states[33].message


def test_what_is_returned_and_can_not_be_sent_or_read_fails_its_child() -> None:
    def odd(x: int) -> Any:
        return {100: lambda: None, 200: Refusing()}.get(x, x)

    with Flow("flow") as flow:
        mapped = task(odd).map(list(range(MANY)))
    states = run(flow).result[mapped].map_states
    assert [n for n, state in enumerate(states) if type(state) is Failed] == [100, 200]
    assert "pickled" in states[100].message
    assert "not here" in states[200].message


def test_the_children_of_children_go_on_before_the_first_map_has_ended() -> None:
    with Flow("flow") as flow:
        first = task(lambda x: (x, time.sleep(0.0005) or time.monotonic()), name="first").map(list(range(MANY)))
        second = task(lambda x: time.monotonic(), name="second").map(first)
    result = run(flow).result
    assert min(result[second].result) < max(end for _, end in result[first].result)


def test_what_is_printed_is_all_there(capfd: pytest.CaptureFixture[str]) -> None:
    with Flow("flow") as flow:
        task(lambda x: print(f"<{x}>", end="\n" if x % 2 else ""), name="says").map(list(range(MANY)))
    run(flow)
    out = capfd.readouterr().out
    assert all(f"<{x}>" in out for x in range(MANY))


def test_what_is_in_the_cache_already_costs_them_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded_state = Shared.encoded_state

    def noted(*args: Any) -> bytes:
        (tmp_path / f"{time.monotonic_ns()}-{os.getpid()}").touch()
        return encoded_state(*args)

    monkeypatch.setattr(Shared, "encoded_state", noted)
    logging.getLogger("prefect").setLevel("CRITICAL")  # with the log on, every state has its times
    with Flow("flow") as flow:
        mapped = task(lambda x: x + 1, name="inc").map(list(range(MANY)))
    with context(caches={"earlier": [Cached(result=1)]}):
        assert run(flow).result[mapped].result == list(range(1, MANY + 1))
    assert not list(tmp_path.iterdir())


def test_what_the_flow_of_a_child_caches_is_known_afterwards() -> None:
    @task(cache_for=datetime.timedelta(hours=1), cache_validator=all_inputs)
    def costly(x: int) -> int:
        return 10 * x

    def of_flow(x: int) -> Any:
        if x % 100:
            return x
        with Flow("inner") as inner:
            value = costly(x)
        return inner.run().result[value].result

    with Flow("flow") as flow:
        mapped = task(of_flow, name="of flow").map(list(range(1, MANY)))
    with context(caches={"earlier": [Cached(result=1)]}):
        assert run(flow).result[mapped].result == [x if x % 100 else 10 * x for x in range(1, MANY)]
        known = sorted((state.cached_inputs["x"].value, state.result) for state in context.caches["costly"])
        assert len(context.caches["earlier"]) == 1
    assert known == [(x, 10 * x) for x in range(100, MANY, 100)]


def test_there_may_be_no_cache_at_all() -> None:
    with Flow("flow") as flow:
        mapped = task(lambda x: x + 1, name="inc").map(list(range(MANY)))
    state = FlowRunner(flow).run(executor=ProcessExecutor(2), context={"caches": None}, return_tasks=[mapped])
    assert state.result[mapped].result == list(range(1, MANY + 1))


def test_skips_pass_on() -> None:
    with Flow("flow") as flow:
        mapped = task(mixed).map(list(range(24)))
        after = task(lambda x: x, name="after").map(mapped)
    assert isinstance(run(flow).result[after].map_states[4], Skipped)


@task
def in_its_context(x: int) -> Any:
    """Return what the context says, and write into it."""
    before = (context.get("left"), context.map_index, context.task_run_id)
    context["left"] = x
    return (*before, context.task_full_name)


def test_a_child_has_a_context_of_its_own() -> None:
    with Flow("flow") as flow:
        mapped = in_its_context.map([*range(MANY)])
    values = run(flow).result[mapped].result
    assert [(left, index, name) for left, index, _, name in values] == [
        (None, number, f"in_its_context[{number}]") for number in range(MANY)
    ]
    assert len({run_id for _, _, run_id, _ in values}) == MANY


@task
def builds_and_logs(x: int) -> Any:
    """Return what a task that is made here, and a line of the log, know of the context, which odd ones change."""
    if x % 2:
        context["tags"] = {"odd"}
    lines: list[Any] = []
    watch = lines.append
    logger = logging.getLogger("prefect.mine")
    logger.addFilter(watch)
    logger.critical("a line")
    logger.removeFilter(watch)
    return sorted(Task().tags), lines[0].task_run_id == context.task_run_id


def test_what_is_kept_of_a_context_is_not_taken_for_that_of_the_next_child() -> None:
    with Flow("flow") as flow:
        mapped = builds_and_logs.map([*range(MANY)])
    assert run(flow).result[mapped].result == [(["odd"] if x % 2 else [], True) for x in range(MANY)]


# In a worker: the children that have run; those that left a thread, each with the index in the context of that.
_seen: list[int] = []
_went_on: list[tuple[int, int]] = []


@task
def leaves_a_thread(x: int, others: int) -> int:
    """Leave a thread that says, when so many other children have run, whose context it has."""
    _seen.append(x)
    if x % 50 == 7:
        begun = len(_seen)

        def go_on() -> None:
            while len(_seen) < begun + others:
                time.sleep(0.0001)
            _went_on.append((x, context.map_index))

        threading.Thread(target=contextvars.copy_context().run, args=(go_on,)).start()
    return x


@task
def went_on(values: list[int]) -> list[tuple[int, int]]:
    while threading.active_count() > 1:
        time.sleep(0.001)
    return _went_on


def test_what_goes_on_after_its_run_keeps_its_context() -> None:
    with Flow("flow") as flow:
        mapped = leaves_a_thread.map([*range(MANY)], unmapped(3))
        found = went_on(mapped)
    pairs = flow.run(executor=ProcessExecutor(1)).result[found].result  # type: ignore[union-attr]
    assert len(pairs) > 5
    assert [x for x, _ in pairs] == [index for _, index in pairs]


_generators: list[Any] = []
_copies: list[tuple[int, contextvars.Context]] = []


@task
def leaves_blocks_open(x: int) -> tuple[Any, bool]:
    """Return what an open block of another child says, and whether copies of contexts stay as they are."""

    def with_a_block() -> Iterator[None]:
        with context(mine=x):
            yield

    seen = context.get("mine"), all(copy.run(lambda: context.map_index) == index for index, copy in _copies[-3:])
    if x % 5 == 0:
        _copies.append((x, contextvars.copy_context()))
    if x % 7 == 0:
        _generators.append(with_a_block())
        next(_generators[-1])
    return seen


def test_a_context_that_is_held_is_left_to_who_holds_it() -> None:
    with Flow("flow") as flow:
        mapped = leaves_blocks_open.map([*range(MANY)])
    assert set(run(flow).result[mapped].result) == {(None, True)}


def test_who_decides_about_the_flow_gets_the_state_of_each_child() -> None:
    numbers: list[int] = []

    class Counting(FlowRunner):
        def determine_final_state(self, *args: Any, **kwargs: Any) -> Any:
            numbers.append(len(kwargs.get("key_states") or args[1]))
            return super().determine_final_state(*args, **kwargs)

    with Flow("flow", terminal_state_handler=lambda flow, state, states: numbers.append(len(states))) as flow:
        task(lambda x: x, name="same").map([*range(MANY)])
    assert run(flow).is_successful()
    flow.terminal_state_handler = None
    assert run(flow, runner_cls=Counting).is_successful()
    assert numbers == [MANY, MANY]


def test_the_states_of_children_are_there_for_who_asks() -> None:
    with Flow("flow") as flow:
        first = task(lambda x: x + 1, name="first", tags={"a"}).map([*range(MANY)])
        second = task(lambda x: x * 2, name="second").map(first)
    result = run(flow).result
    assert result[second].result == [2 * (x + 1) for x in range(MANY)]
    assert [(type(s), s.result, s.context) for s in result[first].map_states] == [
        (Success, x + 1, {"tags": ["a"]}) for x in range(MANY)
    ]
