"""What is written: no secret ever, and the prints of each task under its own name."""

import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.client import Secret
from miniprefect.engine.results import LocalResult
from miniprefect.engine.state import State
from miniprefect.executors import Executor
from miniprefect.tasks.secrets import EnvVarSecret, PrefectSecret
from miniprefect.tasks.secrets.base import SecretBase
from miniprefect.triggers import all_finished
from tests.engine.helpers import Returns
from tests.executors.helpers import Threads
from tests.reliability.helpers import ERRORS, at_once, ended

SECRET = "hunter2-swordfish"


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[State], str]]:
    """Return what shows all that was logged at any level, tracebacks too, and what the states say."""
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    handler.setFormatter(logging.Formatter("%(message)s %(args)s"))
    logger = logging.getLogger("prefect")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield lambda final: "\n".join(
        [shown.getvalue(), repr(final), *[f"{state!r} {state.message}" for state in final.result.values()]]
    )
    logger.setLevel(level)
    logger.removeHandler(handler)


def cast_that_quotes(value: str) -> Any:
    raise ValueError(f"can't make anything of {value!r}")


def cast_that_quotes_in_a_chain(value: str) -> Any:
    try:
        return int(value)
    except ValueError as error:
        raise KeyError(value) from error


CASTS: list[Callable[[str], Any]] = [int, float, json.loads, cast_that_quotes, cast_that_quotes_in_a_chain, {}.pop]


@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("settings", [{}, {"log_stdout": True}, {"timeout": 5}, {"max_retries": 0}], ids=str)
def test_a_variable_that_can_not_be_cast_is_not_shown(
    cast: Callable[[str], Any],
    settings: dict[str, Any],
    executor: Executor,
    everything: Callable[[State], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RELIABILITY_SECRET", SECRET)
    secret, after = EnvVarSecret("RELIABILITY_SECRET", cast=cast, **settings), Returns(1, trigger=all_finished)
    with Flow("secret") as flow:
        after.set_upstream(secret)
    final = ended(flow, executor=executor)
    assert final.result[secret].is_failed()
    assert SECRET not in everything(final)
    assert SECRET not in str(final.result[secret].result)
    assert SECRET not in str(final.result[secret].result.__context__)


@pytest.mark.parametrize("value", [SECRET, f'{{"key": "{SECRET}"', f'["{SECRET}"]', [SECRET]], ids=repr)
def test_a_secret_that_is_found_is_not_shown_though_all_around_it_fails(
    value: Any, executor: Executor, everything: Callable[[State], str], tmp_path: Any
) -> None:
    @task(result=LocalResult(dir=tmp_path), target="{task_name}")
    def uses(secret: Any) -> int:
        raise ValueError("wrong password")

    def handler(tracked: Any, old: State, new: State) -> None:
        if new.is_finished():
            raise RuntimeError("handler")

    with Flow("secret") as flow:
        secret, other = PrefectSecret("PASSWORD"), PrefectSecret("PASSWORD", state_handlers=[handler])
        call = uses(secret)
        flow.add_task(other)
    with context(secrets={"PASSWORD": value}, checkpointing=True):
        final = ended(flow, executor=executor)
    assert final.result[secret].is_successful()
    assert final.result[call].is_failed()
    assert final.result[other].is_failed()
    assert SECRET not in everything(final)
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_is_missing_shows_no_other(executor: Executor, everything: Callable[[State], str]) -> None:
    with Flow("secret") as flow:
        secret = PrefectSecret("MISSING")()
    with context(secrets={"PASSWORD": SECRET}):
        final = ended(flow, executor=executor)
        with pytest.raises(ValueError) as raised:
            Secret("MISSING").get()
    assert final.result[secret].is_failed()
    assert SECRET not in everything(final)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("name", ERRORS)
def test_a_secret_task_that_raises_fails_alone(name: str, executor: Executor) -> None:
    class Broken(SecretBase):
        def run(self) -> Any:
            raise ERRORS[name]()

    broken, beside = Broken(name="broken"), Returns(1)
    flow = Flow("secret")
    flow.add_task(broken)
    flow.add_task(beside)
    final = ended(flow, executor=executor)
    assert final.result[broken].is_failed()
    assert final.result[beside].is_successful()


# ---------------------------------------------------------------------- log_stdout


class Collecting(logging.Handler):
    """Keep the task and the text of every line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((str(record.task_name), record.getMessage()))  # type: ignore[attr-defined]


@pytest.fixture
def collected() -> Iterator[list[tuple[str, str]]]:
    handler = Collecting()
    logging.getLogger("prefect").addHandler(handler)
    yield handler.lines
    logging.getLogger("prefect").removeHandler(handler)


def talkative(name: str, lines: int, together: threading.Barrier) -> Task:
    def talk() -> str:
        together.wait()
        for number in range(lines):
            print(f"{name} says {number}")
            sys.stdout.flush()
        return name

    return task(talk, name=name, log_stdout=True)


def said_by(name: str, lines: int) -> list[tuple[str, str]]:
    return [(name, f"{name} says {number}") for number in range(lines)]


def test_prints_of_two_flows_in_two_threads_do_not_mix(
    collected: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    together = threading.Barrier(3, timeout=20)
    before = sys.stdout

    def run(name: str) -> bool:
        flow = Flow(name)
        flow.add_task(talkative(name, 200, together))
        return ended(flow).is_successful()

    def bystander() -> bool:
        together.wait()
        for number in range(200):
            print(f"bystander {number}")
        return True

    assert at_once(lambda: run("left"), lambda: run("right"), bystander) == [True] * 3
    assert sys.stdout is before
    for name in ("left", "right"):
        assert [line for line in collected if f"{name} says" in line[1]] == said_by(name, 200)
    assert not [line for line in collected if "bystander" in line[1]]
    assert capsys.readouterr().out.count("bystander") == 200


def test_prints_of_tasks_in_two_threads_of_one_flow_do_not_mix(collected: list[tuple[str, str]]) -> None:
    together = threading.Barrier(2, timeout=20)
    before = sys.stdout
    flow = Flow("talk")
    for name in ("left", "right"):
        flow.add_task(talkative(name, 100, together))
    assert ended(flow, executor=Threads(2)).is_successful()
    assert sys.stdout is before
    for name in ("left", "right"):
        assert [line for line in collected if f"{name} says" in line[1]] == said_by(name, 100)


def test_tasks_beside_one_whose_prints_are_logged_print_as_ever(
    collected: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    together = threading.Barrier(2, timeout=20)

    @task
    def plain() -> None:
        together.wait()
        for number in range(50):
            print(f"plain {number}")

    flow = Flow("talk")
    flow.add_task(talkative("left", 50, together))
    flow.add_task(plain)
    assert ended(flow, executor=Threads(2)).is_successful()
    assert [line for line in collected if "plain" in line[1] and "'plain'" not in line[1]] == []
    assert len([line for line in capsys.readouterr().out.splitlines() if line.startswith("plain ")]) == 50


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_gives_standard_output_back(name: str, executor: Executor) -> None:
    before = sys.stdout

    @task(log_stdout=True)
    def bad() -> None:
        print("about to fail")
        raise ERRORS[name]()

    @task(log_stdout=True)
    async def bad_later() -> None:
        print("about to fail")
        raise ERRORS[name]()

    flow = Flow("talk")
    for each in (bad, bad_later):
        flow.add_task(each)
    final = ended(flow, executor=executor)
    assert all(final.result[each].is_failed() for each in (bad, bad_later))
    assert sys.stdout is before


def test_a_flow_in_a_task_logs_under_the_inner_name(collected: list[tuple[str, str]], executor: Executor) -> None:
    before = sys.stdout

    @task(log_stdout=True)
    def inner_task() -> None:
        print("from within")

    inner = Flow("inner")
    inner.add_task(inner_task)

    @task(log_stdout=True)
    def outer_task() -> None:
        print("before")
        inner.run()
        print("after")

    flow = Flow("outer")
    flow.add_task(outer_task)
    assert ended(flow, executor=executor).is_successful()
    lines = [line for line in collected if line[1] in ("before", "from within", "after")]
    assert lines == [("outer_task", "before"), ("inner_task", "from within"), ("outer_task", "after")]
    assert sys.stdout is before


def test_a_task_that_redirects_standard_output_itself_gets_what_it_prints(executor: Executor) -> None:
    before = sys.stdout

    @task(log_stdout=True)
    def redirects() -> str:
        with redirect_stdout(io.StringIO()) as own:
            print("mine")
        return own.getvalue()

    flow = Flow("talk")
    flow.add_task(redirects)
    assert ended(flow, executor=executor).result[redirects].result == "mine\n"
    assert sys.stdout is before


def test_a_redirection_around_the_run_is_kept_and_given_back() -> None:
    @task
    def plain() -> None:
        print("plain")

    @task(log_stdout=True)
    def logged() -> None:
        print("logged")

    flow = Flow("talk")
    flow.add_task(plain)
    flow.add_task(logged)
    own = io.StringIO()
    with redirect_stdout(own):
        assert ended(flow).is_successful()
        assert sys.stdout is own
    assert own.getvalue() == "plain\n"


def test_prints_of_children_carry_the_name_of_their_task(collected: list[tuple[str, str]], executor: Executor) -> None:
    @task(log_stdout=True)
    def child(x: int) -> None:
        print(f"child says {x} {context.map_index}")

    with Flow("map") as flow:
        child.map(list(range(30)))
    assert ended(flow, executor=executor).is_successful()
    lines = sorted(line for line in collected if "says" in line[1])
    assert lines == sorted(("child", f"child says {x} {x}") for x in range(30))
