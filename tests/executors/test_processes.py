"""The executor for worker processes: what it takes, how they are started, what comes back from them."""

import asyncio
import datetime
import logging
import os
import threading
import time
from typing import Any

import pytest

from miniprefect import Flow, Parameter, context, task
from miniprefect.engine.signals import LOOP
from miniprefect.engine.state import Cached, Failed, Success, TimedOut
from miniprefect.executors import LocalDaskExecutor, ProcessExecutor
from miniprefect.utilities.configuration import set_temporary_config


def run(flow: Flow, workers: int = 2, **options: Any) -> Any:
    return flow.run(executor=ProcessExecutor(workers), **options)


@task
def inc(x: Any) -> Any:
    return x + 1


@task
def where() -> int:
    return os.getpid()


def test_the_settings_are_checked() -> None:
    assert ProcessExecutor(3).num_workers == 3
    assert ProcessExecutor().num_workers >= 1
    with pytest.raises(ValueError, match="num_workers"):
        ProcessExecutor(0)
    with pytest.raises(ValueError, match="start_method"):
        ProcessExecutor(1, start_method="teleport")


def test_the_names_that_dask_has_for_it() -> None:
    for name in ("processes", "multiprocessing"):
        executor = LocalDaskExecutor(scheduler=name, num_workers=2)
        assert (executor.scheduler, type(executor.executor)) == ("processes", ProcessExecutor)


def test_it_can_be_chosen_in_three_ways() -> None:
    def process(flow: Flow, **options: Any) -> bool:
        node = where.copy()
        flow.add_task(node)
        return flow.run(**options).result[node].result != os.getpid()  # type: ignore[union-attr, no-any-return]

    assert not process(Flow("local"))
    assert process(Flow("flow", executor=ProcessExecutor(1)))
    assert process(Flow("flow"), executor=ProcessExecutor(1))
    with set_temporary_config({"engine.executor.default_class": "prefect.executors.ProcessExecutor"}):
        assert process(Flow("flow"))


def test_a_call_outside_of_start_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"with executor\.start\(\)"):
        ProcessExecutor().submit(abs, 1)


def test_workers_are_started_when_needed_only() -> None:
    with Flow("flow") as flow:
        at = where()
        for _ in range(5):
            at = task(lambda x: (x, os.getpid()) if isinstance(x, int) else (*x, os.getpid()), name="next")(at)
    assert len(set(run(flow, 8).result[at].result)) == 1


def test_one_worker_after_the_other_gets_a_task_and_they_run_at_a_time(tmp_path: Any) -> None:
    @task
    def meet(me: int) -> bool:
        (tmp_path / str(me)).write_text("here")
        end = time.monotonic() + 10
        while not (tmp_path / str(1 - me)).exists() and time.monotonic() < end:
            time.sleep(0.005)
        return (tmp_path / str(1 - me)).exists()

    with Flow("flow") as flow:
        met = meet.map([0, 1])
    assert run(flow).result[met].result == [True, True]


# ---------------------------------------------------------------------- what comes back


def test_log_lines_reach_the_handlers_of_the_parent(caplog: pytest.LogCaptureFixture) -> None:
    @task(log_stdout=True)
    def talks(x: int) -> None:
        context.logger.info("in %s of %s", x, {"a": threading.Lock})
        print(f"printed {x}")
        logging.getLogger("mine").warning("mine %s", x)
        raise ValueError("aloud")

    with Flow("flow") as flow:
        talks.map([1, 2])
    with caplog.at_level(logging.INFO, "prefect"):
        run(flow)
    mine = [r for r in caplog.records if getattr(r, "task_name", None) == "talks"]
    said = [r.getMessage() for r in mine]
    assert {"printed 1", "printed 2", "mine 1", "mine 2"} <= set(said)
    assert any(line.startswith("in 1 of {'a'") for line in said)
    assert said.index("printed 1") < said.index("mine 1")
    failed = [r for r in mine if r.levelno == logging.ERROR]
    assert [type(r.exc_info[1]) for r in failed if r.exc_info] == [ValueError, ValueError]
    assert 'raise ValueError("aloud")' in str(failed[0].exc_text)


def test_the_level_of_the_log_holds_in_the_workers(caplog: pytest.LogCaptureFixture) -> None:
    with Flow("flow") as flow:
        task(lambda: context.logger.debug("not this"), name="quiet")()
        task(lambda: context.logger.warning("but this"), name="loud")()
    with caplog.at_level(logging.WARNING, "prefect"):
        run(flow)
    assert [record.getMessage() for record in caplog.records if "this" in record.getMessage()] == ["but this"]


def test_what_a_worker_caches_later_runs_find() -> None:
    @task(cache_for=datetime.timedelta(hours=1))
    def costly() -> int:
        return time.monotonic_ns()

    with Flow("flow") as flow:
        computed = costly()
        again = inc(computed)
    with context():
        first, second = run(flow).result, run(flow).result
        local: Any = flow.run().result  # type: ignore[union-attr]
    assert [type(result[computed]) for result in (first, second, local)] == [Cached] * 3
    assert first[computed].result == second[computed].result == local[computed].result
    assert second[again].result == first[computed].result + 1


def test_all_task_runs_of_a_run_see_one_context() -> None:
    keys = ("flow_run_id", "flow_run_name", "date", "scheduled_start_time", "today")
    with Flow("flow") as flow:
        seen = task(lambda n: [context[key] for key in keys], name="look").map([1, 2, 3, 4])
    one, *others = run(flow).result[seen].result
    assert others == [one] * 3


def test_loops_retries_and_counts() -> None:
    @task(max_retries=2, retry_delay=datetime.timedelta(0))
    def counts() -> Any:
        n = context.get("task_loop_count", 1)
        if context.task_run_count == 1:
            raise ValueError("once more")
        if n < 3:
            raise LOOP(result=n)
        return n, context.task_run_count

    with Flow("flow") as flow:
        counted = counts()
    assert run(flow).result[counted].result == flow.run().result[counted].result  # type: ignore[union-attr]


def test_coroutines_wait_at_the_same_time_even_in_one_worker(caplog: pytest.LogCaptureFixture) -> None:
    @task
    async def wait(x: int) -> Any:
        await asyncio.sleep(0.1)
        context.logger.info("waited %s", x)
        return x, context.map_index, os.getpid()

    with Flow("flow") as flow:
        waited = wait.map(list(range(200)))
    begun = time.perf_counter()
    with caplog.at_level(logging.INFO, "prefect"):
        found = run(flow, 1).result[waited].result
    assert time.perf_counter() - begun < 3
    assert [pair[:2] for pair in found] == [(n, n) for n in range(200)]
    assert len({process for _, _, process in found} - {os.getpid()}) == 1
    assert {f"waited {n}" for n in range(200)} <= set(caplog.messages)


def test_coroutines_that_fail_or_time_out_do_so_alone() -> None:
    @task(timeout=1)
    async def one(x: int) -> int:
        if x == 1:
            raise ValueError("no")
        await asyncio.sleep(30 if x == 2 else 0.01)
        return x

    with Flow("flow") as flow:
        mapped = one.map([0, 1, 2, 3])
    begun = time.perf_counter()
    states = run(flow, 1).result[mapped].map_states
    assert time.perf_counter() - begun < 6
    assert [type(state) for state in states] == [Success, Failed, TimedOut, Success]


# ---------------------------------------------------------------------- not forked


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_that_are_not_forked_get_the_flow_sent(method: str, caplog: pytest.LogCaptureFixture) -> None:
    with Flow("flow") as flow:
        mapped = inc.map([1, 2, 3])
        elsewhere = where()
    with caplog.at_level(logging.INFO, "prefect"):
        result: Any = flow.run(executor=ProcessExecutor(2, start_method=method)).result  # type: ignore[union-attr]
    assert result[mapped].result == [2, 3, 4]
    assert type(result[elsewhere]) is Success
    assert result[elsewhere].result != os.getpid()
    assert "Task 'inc[0]': Starting task run..." in caplog.messages


def test_a_flow_that_can_not_be_sent_is_refused_before_anything_runs() -> None:
    ran: list[int] = []
    with Flow("flow") as flow:
        inc(1)
        task(lambda: ran.append(1), name="a lambda")()
    state: Any = flow.run(executor=ProcessExecutor(2, start_method="spawn"))
    assert type(state) is Failed
    assert "Task 'a lambda' can't be sent" in str(state.result)
    assert "top of a module" in str(state.result)
    assert ran == []


def test_a_handler_of_the_flow_that_can_not_be_sent_is_named() -> None:
    with Flow("handled", state_handlers=[lambda flow, old, new: new]) as flow:
        inc(1)
    state: Any = flow.run(executor=ProcessExecutor(2, start_method="spawn"))
    assert "The state handler '<lambda>' of flow 'handled' can't be sent" in str(state.result)


def test_a_value_that_can_not_be_sent_is_named_with_the_task_that_is_called_with_it() -> None:
    with Flow("flow") as flow:
        inc(threading.Lock())
    executor = ProcessExecutor(2, start_method="spawn")
    assert "The argument 'x' of task 'inc' can't be sent" in str(flow.run(executor=executor).result)  # type: ignore[union-attr]
    with Flow("flow") as flow:
        inc(Parameter("lock"))
    state: Any = flow.run(executor=executor, lock=threading.Lock())
    assert "The parameter 'lock' can't be sent" in str(state.result)
    state = flow.run(executor=executor, lock=1, context={"mine": threading.Lock()})
    assert "'mine' in the context can't be sent" in str(state.result)


def test_a_trigger_of_its_own_sees_the_children_of_a_map() -> None:
    """An ordinary task gets their results only: that is what it takes, and ten thousand states are long to send."""
    seen = task(lambda values: sum(values), name="seen", trigger=_three_children)
    with Flow("flow", executor=ProcessExecutor(1)) as flow:
        mapped = task(lambda x: x, name="same").map([1, 2, 3])
        ordinary, asking = task(lambda values: sum(values), name="sum")(mapped), seen(mapped)
    result = flow.run().result  # type: ignore[union-attr]
    assert (result[ordinary].result, result[asking].result) == (6, 6)
    assert [state.result for state in result[mapped].map_states] == [1, 2, 3]


def _three_children(upstream: Any) -> bool:
    (state,) = upstream.values()
    return len(state.map_states) == 3


def test_a_call_that_the_end_of_its_pool_has_overtaken_says_so() -> None:
    with ProcessExecutor(1).start() as pool:
        call = pool.submit(int, "3")
    with pytest.raises(RuntimeError, match="have been let go"):
        call.result()
