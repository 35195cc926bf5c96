"""Plain runs: what a task run is when nothing is asked for equals what the task runner makes of it, step by step."""

import contextvars
import datetime
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine import FlowRunner, plainly
from miniprefect.engine.result.base import Result
from miniprefect.engine.results import LocalResult
from miniprefect.engine.signals import ENDRUN, FAIL, LOOP, PAUSE, RETRY, SKIP, SUCCESS, TRIGGERFAIL
from miniprefect.engine.state import Cancelled, Failed, Paused, State, Success
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.triggers import all_finished
from miniprefect.utilities.clock import use_clock
from miniprefect.utilities.context import current_frame
from miniprefect.utilities.debug import raise_on_exception
from tests.engine.helpers import FUTURE, FakeClock, Returns, Unprintable


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    logger = logging.getLogger("prefect")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


class Ran:
    """Count the task runs that went through all steps of a task runner."""

    def __init__(self) -> None:
        self.times = 0


@pytest.fixture
def stepwise(monkeypatch: pytest.MonkeyPatch) -> Ran:
    ran = Ran()
    step_by_step = TaskRunner._run

    def counted(*args: Any) -> State:
        ran.times += 1
        return step_by_step(*args)

    monkeypatch.setattr(TaskRunner, "_run", counted)
    return ran


def loops() -> int:
    count: int = context.get("task_loop_count", 1)
    if count < 3:
        raise LOOP(result=count)
    return count + context.task_loop_result  # type: ignore[no-any-return]


def raising(error: BaseException) -> Callable[[], Any]:
    def run() -> None:
        raise error

    return run


OUTCOMES: dict[str, Callable[[], Any]] = {
    "value": lambda: 5,
    "nothing": lambda: None,
    "result": lambda: Result(5),
    "state": lambda: Success(result=1),
    "exception": lambda: ValueError("returned, not raised"),
    "error": raising(ValueError("no")),
    "unprintable": raising(Unprintable()),
    "exit": raising(SystemExit(3)),
    "memory": raising(MemoryError()),
    "generator": raising(GeneratorExit()),
    "skip": raising(SKIP("enough", result=1)),
    "fail": raising(FAIL("bad", result=2)),
    "success": raising(SUCCESS("well", result=3)),
    "trigger": raising(TRIGGERFAIL("no")),
    "retry": raising(RETRY("later", start_time=FUTURE)),
    "pause": raising(PAUSE("wait")),
    "loop": loops,
    "end": raising(ENDRUN(Failed("ended", result=4))),
    "context": lambda: sorted((key, str(context[key])) for key in ("task_name", "task_slug", "task_tags", "flow_name")),
    "count": lambda: (context.task_run_count, context.map_index, context.task_full_name),
}


def outcome(run: Callable[[], Any], runner: type[TaskRunner] | None, **settings: Any) -> list[Any]:
    """Run a task, what follows it, and what does not; say what became of each."""
    with Flow("flow") as flow:
        first = task(run, name="first", tags=["t"], **settings)()
        after = task(lambda x: [x], name="after")(first)
        always = task(lambda: "done", name="always", trigger=all_finished)(upstream_tasks=[first])
        other = task(lambda x=1, y=2: x + y, name="other")(y=5)
    with use_clock(FakeClock()):
        states = FlowRunner(flow, task_runner_cls=runner).run(return_tasks=flow.tasks).result
    return [
        (
            type(s),
            s.message,
            repr(s.result) if type(s.result) is not Unprintable else None,
            s.context,
            getattr(s, "start_time", None),
            getattr(s, "run_count", None),
        )
        for s in (states[node] for node in (first, after, always, other))
    ]


RETRIES = {"max_retries": 2, "retry_delay": datetime.timedelta(hours=1), "retry_on": ValueError}


@pytest.mark.parametrize("settings", [{}, RETRIES], ids=["", "retries"])
@pytest.mark.parametrize("run", OUTCOMES.values(), ids=OUTCOMES)
def test_a_plain_run_ends_as_one_step_by_step(run: Callable[[], Any], settings: dict[str, Any]) -> None:
    class Watching(TaskRunner):
        """Nothing but another class: its runs are never plain."""

    assert outcome(run, None, **settings) == outcome(run, Watching, **settings)


def test_tasks_without_settings_are_run_plainly(stepwise: Ran) -> None:
    with Flow("flow") as flow:
        mapped = task(lambda x: x + 1, name="inc").map([1, 2, 3])
        task(lambda x: x, name="after")(task(lambda: 1, name="one")())
    assert flow.run().result[mapped].result == [2, 3, 4]
    assert stepwise.times == 1  # the parent of the map


@pytest.mark.parametrize(
    "settings",
    [{"trigger": all_finished, "skip_on_upstream_skip": False}, {"state_handlers": [lambda *states: None]}],
    ids=["trigger", "handler"],
)
def test_what_a_task_asks_for_it_gets(settings: dict[str, Any], stepwise: Ran) -> None:
    flow = Flow("flow")
    flow.add_edge(Returns(SKIP()), Returns(1, **settings))
    states = flow.run().result.values()
    assert [type(state).__name__ for state in states] == ["Skipped", "Success" if "trigger" in settings else "Skipped"]
    assert stepwise.times == 1


def test_a_log_that_a_task_switches_on_has_the_tasks_that_follow(caplog: pytest.LogCaptureFixture) -> None:
    def switch() -> None:
        logging.getLogger("prefect").setLevel(logging.INFO)

    with Flow("flow") as flow:
        task(lambda x: x, name="after")(task(switch, name="switch")())
    flow.run()
    assert [record.getMessage() for record in caplog.records][:2] == [
        "Task 'after': Starting task run...",
        "Task 'after': Finished task run for task with final state: 'Success'",
    ]


def test_what_a_task_writes_into_the_context_is_gone_when_the_next_one_runs() -> None:
    blocks: list[Any] = []

    @task
    def write() -> Any:
        before = context.get("mark"), context.get("also")
        context.mark = "left behind"
        blocks.append(context(also="not left"))
        blocks[-1].__enter__()
        return before

    with Flow("flow") as flow:
        written = [write() for _ in range(3)]
        mapped = write.map(upstream_tasks=[[1, 2]])
    result = flow.run().result
    assert [result[node].result for node in written] == [(None, None)] * 3
    assert result[mapped].result == [(None, None)] * 2
    assert "mark" not in context
    assert "also" not in context


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError()], ids=repr)
def test_the_context_is_left_whatever_ends_the_run(error: BaseException) -> None:
    before = current_frame()
    with Flow("flow") as flow:
        task(raising(error), name="bad")()
        task(raising(error), name="bad").map(upstream_tasks=[[1]])
    final = flow.run()
    assert isinstance(final, Cancelled if isinstance(error, KeyboardInterrupt) else Failed)
    assert current_frame() is before


def test_a_thread_that_outlives_its_task_keeps_the_context_of_that_task() -> None:
    others_have_run = threading.Event()
    seen: list[Any] = []
    threads: list[threading.Thread] = []

    def look() -> None:
        others_have_run.wait(10)
        seen.append((context.task_name, context.map_index))

    @task
    def start() -> None:
        threads.append(threading.Thread(target=contextvars.copy_context().run, args=(look,)))
        threads[-1].start()

    with Flow("flow") as flow:
        start()
        start.map(upstream_tasks=[[1, 2]])
        task(others_have_run.set, name="last")()
    flow.run()
    for thread in threads:
        thread.join()
    assert sorted(seen, key=str) == [("start", 0), ("start", 1), ("start", None)]


def test_a_flow_that_runs_inside_a_task_leaves_its_context_alone() -> None:
    with Flow("inner") as inner:
        one = task(lambda: context.task_name, name="one")()

    @task
    def outer() -> Any:
        return inner.run().result[one].result, context.task_name, context.flow_name

    with Flow("outer flow") as flow:
        ran = outer()
    assert flow.run().result[ran].result == ("one", "outer", "outer flow")


@pytest.mark.parametrize("is_mapped", [False, True])
def test_raise_on_exception_raises(is_mapped: bool) -> None:
    bad = task(raising(ValueError("no")), name="bad")
    with Flow("flow") as flow:
        bad.map(upstream_tasks=[[1]]) if is_mapped else bad()
    with pytest.raises(ValueError, match="no"), raise_on_exception():
        flow.run()


def test_a_child_that_fails_fails_alone_and_loops_to_its_end() -> None:
    @task
    def child(x: int) -> Any:
        if x == 0:
            raise ValueError("zero")
        return loops() + x

    with Flow("flow") as flow:
        mapped = child.map([0, 1])
    state: Any = flow.run().result[mapped]
    assert [type(one) for one in state.map_states] == [Failed, Success]
    assert state.result[1] == 3 + 2 + 1


class StepByStep(TaskRunner):
    """A task runner that adds nothing; but that is for nobody to know."""


def kinds_in_turn(folder: Path) -> tuple[Flow, list[tuple[str, str, str]]]:
    """Make a flow of tasks that ask for different things, one of which runs it again, and a list of what its handlers
    hear."""
    heard: list[tuple[str, str, str]] = []

    def hear(what: Any, old: State, new: State) -> None:
        heard.append((what.name, type(old).__name__, type(new).__name__))

    def once_more(x: int) -> int:
        if context.get("is_inner"):
            return x
        with context(is_inner=True):
            inner = flow.run()
        return sum(state.result for state in inner.result.values() if state.is_successful())

    def fail(x: int) -> int:
        raise ValueError(x)

    settings: list[tuple[Callable[[int], int], dict[str, Any]]] = [
        (lambda x: x + 1, {}),
        (lambda x: x + 1, {"cache_for": datetime.timedelta(hours=1)}),
        (lambda x: x + 1, {"result": LocalResult(str(folder), location="kept")}),
        (once_more, {}),
        (lambda x: x + 1, {"tags": ["tag"], "timeout": 5}),
        (fail, {"max_retries": 1, "retry_delay": datetime.timedelta(hours=1)}),
        (lambda x: x + 1, {"trigger": all_finished, "skip_on_upstream_skip": False}),
    ]
    with Flow("flow") as flow:
        for number, (run, asked) in enumerate(settings):
            task(run, name=f"task {number}", state_handlers=[hear], **asked)(number)
    return flow, heard


def test_tasks_that_ask_for_different_things_in_turn_each_get_theirs(tmp_path: Path) -> None:
    """One runner serves all whose runs nobody watches but their handlers."""
    seen = []
    for runner in (TaskRunner, StepByStep):
        flow, heard = kinds_in_turn(tmp_path / runner.__name__)
        with use_clock(FakeClock()), context(checkpointing=True):
            state = FlowRunner(flow, task_runner_cls=runner).run(return_tasks=flow.tasks)
        ends = {t.name: (repr(s), s.result, s.context) for t, s in state.result.items() if not s.is_retrying()}
        seen.append((ends, heard, {path.name for path in (tmp_path / runner.__name__).iterdir()}))
    (ends, heard, kept), step_by_step = seen
    assert (ends, heard, kept) == step_by_step
    assert (len(ends), kept) == (6, {"kept"})
    assert {("task 1", "Success", "Cached"), ("task 5", "Failed", "Retrying")} <= set(heard)


def test_outcomes_know_plain_successes_from_others() -> None:
    outcomes = plainly.Outcomes(3)
    plain, odd = Success(result=Result(1)), Paused("wait")
    outcomes.add(0, plain)
    outcomes.add(2, odd)
    assert (outcomes.states, outcomes.values, outcomes.odd) == ([plain, None, odd], [1, None, None], {2})


class Counting(Task):
    def run(self, x: int = 0) -> int:
        return x + 1


def test_constants_that_are_changed_between_runs_count() -> None:
    with Flow("flow") as flow:
        counted = Counting()(x=1)
    assert flow.run().result[counted].result == 2
    flow.constants[counted]["x"] = 10
    assert flow.run().result[counted].result == 11


def test_a_run_does_not_change_the_constants_of_the_flow() -> None:
    with Flow("flow") as flow:
        one = Counting()(x=1)
        total = task(lambda x, y: x + y, name="add")(one, y=1)
    flow.run()
    assert flow.constants[total] == {"y": 1}
