"""Logging: the lines that a run prints, where they go, and what records know."""

import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, Task, config, context, task
from miniprefect.utilities.logging import (
    RedirectToLog,
    configure_logging,
    create_diagnostic_logger,
    get_logger,
    temporary_logger_config,
)

SOURCE = Path(__file__).parents[2] / "src"
TIME = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0000\]"

START = """
import datetime
import miniprefect
from miniprefect import Flow, Parameter, Task, flatten, task
from miniprefect.engine import signals

@task
def one():
    return 1

@task
def bad():
    raise ValueError("boom")

@task
def same(x):
    if x == 2:
        raise ValueError("two")
    return x
"""


def printed(script: str, **environ: str) -> str:
    """Return what a Python process prints that runs `script`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT__LOGGING")}
    done = subprocess.run(
        [sys.executable, "-c", START + script],
        env={**clean, "PYTHONPATH": str(SOURCE), **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout


def lines(script: str, **environ: str) -> list[str]:
    """Return the log lines that `script` prints, without their times and without tracebacks."""
    found = [line for line in printed(script, **environ).splitlines() if line.startswith("[")]
    assert all(re.match(TIME + " ", line) for line in found)
    return [re.sub("^" + TIME + " ", "", line) for line in found]


def run(build: str, **environ: str) -> list[str]:
    """Return the log lines of a run of the flow "f" made by one expression."""
    return lines(f"with Flow('f') as flow:\n    {build}\nflow.run()", **environ)


BEGIN = "INFO - prefect.FlowRunner | Beginning Flow run for 'f'"
SUCCESS = "INFO - prefect.FlowRunner | Flow run SUCCESS: all reference tasks succeeded"
FAILED = "INFO - prefect.FlowRunner | Flow run FAILED: some reference tasks failed."


def starting(name: str) -> str:
    return f"INFO - prefect.TaskRunner | Task '{name}': Starting task run..."


def finished(name: str, state: str) -> str:
    return f"INFO - prefect.TaskRunner | Task '{name}': Finished task run for task with final state: '{state}'"


def error(name: str) -> str:
    return f"ERROR - prefect.TaskRunner | Task '{name}': Exception encountered during task execution!"


# ---------------------------------------------------------------------- the lines of Prefect 1.4.1


def test_a_run_that_succeeds() -> None:
    assert run("same(one())") == [
        BEGIN,
        starting("one"),
        finished("one", "Success"),
        starting("same"),
        finished("same", "Success"),
        SUCCESS,
    ]


def test_a_run_that_fails() -> None:
    assert run("same(bad())") == [
        BEGIN,
        starting("bad"),
        error("bad"),
        finished("bad", "Failed"),
        starting("same"),
        finished("same", "TriggerFailed"),
        FAILED,
    ]


def test_the_traceback_follows_the_error() -> None:
    text = printed("with Flow('f') as flow:\n    bad()\nflow.run()")
    after = text.split(error("bad") + "\n")[1].splitlines()
    assert after[0] == "Traceback (most recent call last):"
    assert "ValueError: boom" in after


def test_a_map() -> None:
    assert run("same.map([1, 2])") == [
        BEGIN,
        starting("same"),
        finished("same", "Mapped"),
        starting("same[0]"),
        finished("same[0]", "Success"),
        starting("same[1]"),
        error("same[1]"),
        finished("same[1]", "Failed"),
        FAILED,
    ]


def test_parameters_and_collections_have_lines_and_constants_have_none() -> None:
    assert run("same([Parameter('p', default=1), 1, 'secret'])") == [
        BEGIN,
        starting("p"),
        finished("p", "Success"),
        starting("List"),
        finished("List", "Success"),
        starting("same"),
        finished("same", "Success"),
        SUCCESS,
    ]


def test_an_empty_flow() -> None:
    assert run("pass") == [BEGIN, SUCCESS]


def signal_run(signal: str) -> list[str]:
    return lines(
        f"""
from miniprefect.engine import FlowRunner
@task
def raises():
    raise signals.{signal}
with Flow("f") as flow:
    raises()
FlowRunner(flow).run()
"""
    )


@pytest.mark.parametrize(
    ("name", "state", "end"),
    [
        ("SKIP", "Skipped", SUCCESS),
        ("FAIL", "Failed", FAILED),
        ("VALIDATIONFAIL", "ValidationFailed", FAILED),
        ("TRIGGERFAIL", "TriggerFailed", FAILED),
        ("RETRY", "Retrying", "INFO - prefect.FlowRunner | Flow run RUNNING: terminal tasks are incomplete."),
        ("PAUSE", "Paused", "INFO - prefect.FlowRunner | Flow run RUNNING: terminal tasks are incomplete."),
    ],
)
def test_a_signal_has_a_line(name: str, state: str, end: str) -> None:
    assert signal_run(f"{name}('why')") == [
        BEGIN,
        starting("raises"),
        f"INFO - prefect.TaskRunner | {name} signal raised: {name}('why')",
        finished("raises", state),
        end,
    ]


def test_a_success_signal_has_none() -> None:
    assert signal_run("SUCCESS('why')") == [
        BEGIN,
        starting("raises"),
        finished("raises", "Success"),
        SUCCESS,
    ]


def test_a_loop_has_no_line_for_each_turn() -> None:
    script = """
@task
def loop():
    n = miniprefect.context.get("task_loop_count", 1)
    if n < 3:
        raise signals.LOOP("again", result=n)
with Flow("f") as flow:
    loop()
flow.run()
"""
    assert lines(script) == [BEGIN, starting("loop"), finished("loop", "Success"), SUCCESS]


def test_a_retry_runs_the_flow_again() -> None:
    script = """
@task(max_retries=1, retry_delay=datetime.timedelta(0))
def flaky():
    if miniprefect.context.task_run_count == 1:
        raise ValueError("once")
with Flow("f") as flow:
    flaky()
flow.run()
"""
    found = [line for line in lines(script) if "Waiting for next available Task run" not in line]
    assert found == [
        BEGIN,
        starting("flaky"),
        error("flaky"),
        finished("flaky", "Retrying"),
        "INFO - prefect.FlowRunner | Flow run RUNNING: terminal tasks are incomplete.",
        BEGIN,
        starting("flaky"),
        finished("flaky", "Success"),
        SUCCESS,
    ]


def test_a_trigger_that_raises() -> None:
    assert run("one(task_args={'trigger': lambda states: 1 / 0})") == [
        BEGIN,
        starting("one"),
        "ERROR - prefect.TaskRunner | Task 'one': Unexpected error while evaluating task trigger: "
        "ZeroDivisionError('division by zero')",
        finished("one", "TriggerFailed"),
        FAILED,
    ]


def test_a_state_handler_that_raises() -> None:
    assert run("one(task_args={'state_handlers': [lambda *args: 1 / 0]})") == [
        BEGIN,
        starting("one"),
        "ERROR - prefect.TaskRunner | Unexpected error while calling state handlers: "
        "ZeroDivisionError('division by zero')",
        finished("one", "Failed"),
        FAILED,
    ]


def test_a_flow_handler_that_raises() -> None:
    script = """
flow = Flow("f", state_handlers=[lambda *args: 1 / 0])
flow.run()
"""
    assert lines(script) == [
        BEGIN,
        "ERROR - prefect.FlowRunner | Unexpected error while calling state handlers: "
        "ZeroDivisionError('division by zero')",
        "ERROR - prefect.f | Unexpected error occured in FlowRunner: ZeroDivisionError('division by zero')",
    ]


def test_a_flow_that_has_finished_already() -> None:
    script = """
from miniprefect.engine import FlowRunner
from miniprefect.engine.state import Success
FlowRunner(Flow("f")).run(state=Success())
"""
    assert lines(script) == [BEGIN, "INFO - prefect.FlowRunner | Flow run has already finished."]


def test_the_lines_of_tasks_go_under_their_own_names() -> None:
    script = """
class Talks(Task):
    def run(self):
        self.logger.info("by self")
        miniprefect.context.logger.warning("by context")
        miniprefect.context.get("logger").error("by get")
with Flow("f") as flow:
    Talks(name="my task")()
flow.run()
"""
    assert lines(script)[2:5] == [
        "INFO - prefect.my task | by self",
        "WARNING - prefect.my task | by context",
        "ERROR - prefect.my task | by get",
    ]


@pytest.mark.parametrize(("log_stdout", "line"), [(False, "hello"), (True, "INFO - prefect.TaskRunner | hello")])
def test_prints_are_lines_of_the_log_on_demand(log_stdout: bool, line: str) -> None:
    script = f"""
@task(log_stdout={log_stdout})
def talk():
    print("hello")
    return 5
with Flow("f") as flow:
    talked = talk()
print(flow.run().result[talked].result)
"""
    found = [re.sub("^" + TIME + " ", "", text) for text in printed(script).splitlines()]
    assert found[2] == line
    assert found[-1] == "5"


def test_at_debug_level_changes_of_state_are_told() -> None:
    assert run("one()", PREFECT__LOGGING__LEVEL="DEBUG") == [
        BEGIN,
        "DEBUG - prefect.FlowRunner | Using executor type LocalExecutor",
        "DEBUG - prefect.FlowRunner | Flow 'f': Handling state change from Scheduled to Running",
        starting("one"),
        "DEBUG - prefect.TaskRunner | Task 'one': Handling state change from Pending to Running",
        "DEBUG - prefect.TaskRunner | Task 'one': Calling task.run() method...",
        "DEBUG - prefect.TaskRunner | Task 'one': Handling state change from Running to Success",
        finished("one", "Success"),
        SUCCESS,
        "DEBUG - prefect.FlowRunner | Flow 'f': Handling state change from Running to Success",
    ]


# ---------------------------------------------------------------------- level, format, time


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("INFO", {"INFO", "ERROR"}),
        ("WARNING", {"ERROR"}),
        ("ERROR", {"ERROR"}),
        ("CRITICAL", set()),
        ("40", {"ERROR"}),
    ],
)
def test_the_level_comes_from_the_environment(level: str, expected: set[str]) -> None:
    found = run("bad()", PREFECT__LOGGING__LEVEL=level)
    assert {line.split(" - ")[0] for line in found} == expected


def test_with_logging_off_nothing_at_all_is_printed() -> None:
    assert printed("with Flow('f') as flow:\n    bad()\nflow.run()", PREFECT__LOGGING__LEVEL="CRITICAL") == ""


def test_times_are_utc_wherever_one_is() -> None:
    script = """
import time
before = int(time.time())
Flow("f").run()
print(before, int(time.time()))
"""
    first, *_, last = printed(script, TZ="America/New_York").splitlines()
    stamp = datetime.strptime(first[1:25], "%Y-%m-%d %H:%M:%S%z")
    before, after = map(int, last.split())
    assert before <= stamp.astimezone(UTC).timestamp() <= after
    assert first[20:25] == "+0000"


def test_format_and_date_format_come_from_the_environment() -> None:
    script = "Flow('f').run()"
    text = printed(
        script,
        PREFECT__LOGGING__FORMAT="%(asctime)s|%(flow_name)s|%(message)s",
        PREFECT__LOGGING__DATEFMT="no time",
    )
    assert text.splitlines() == [
        "no time|None|Beginning Flow run for 'f'",
        "no time|f|Flow run SUCCESS: all reference tasks succeeded",
    ]


# ---------------------------------------------------------------------- loggers


def test_loggers_are_named_under_prefect() -> None:
    assert get_logger().name == "prefect"
    assert get_logger("a").name == "prefect.a"
    assert get_logger("a.b").name == "prefect.a.b"
    assert Flow("my flow").logger.name == "prefect.my flow"
    assert Task(name="my task").logger.name == "prefect.my task"


def test_the_prefect_logger_writes_to_stdout_and_passes_records_on() -> None:
    script = """
import logging, sys
logger = logging.getLogger("prefect")
print([handler.stream is sys.stdout for handler in logger.handlers if hasattr(handler, "stream")])
print(logger.propagate, logging.getLevelName(logger.level))
"""
    assert printed(script) == "[True]\nTrue INFO\n"


def test_configuring_again_does_not_double_the_lines() -> None:
    script = """
from miniprefect.utilities.logging import configure_logging
configure_logging()
configure_logging()
miniprefect.utilities.logging.get_logger().info("once")
"""
    assert lines(script) == ["INFO - prefect | once"]


@pytest.fixture
def collected() -> Iterator[list[logging.LogRecord]]:
    """The records that reach the prefect logger."""
    records: list[logging.LogRecord] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Collect()
    logging.getLogger("prefect").addHandler(handler)
    yield records
    logging.getLogger("prefect").removeHandler(handler)


def test_records_know_the_run_they_come_from(collected: list[Any]) -> None:
    seen: list[Any] = []

    @task
    def talk() -> None:
        context.logger.info("hello")
        seen.append((context.flow_run_id, context.task_run_id))

    with Flow("my flow") as flow:
        talk()
    flow.run()
    (record,) = [record for record in collected if record.getMessage() == "hello"]
    assert (record.flow_name, record.task_name, record.task_slug) == ("my flow", "talk", "talk-1")
    assert [(record.flow_run_id, record.task_run_id)] == seen


def test_records_of_any_logger_know_it(caplog: pytest.LogCaptureFixture) -> None:
    with context(task_name="t", flow_name="f"):
        logging.getLogger("somebody.else").warning("hello")
    (record,) = caplog.records
    assert (record.task_name, record.flow_name) == ("t", "f")  # type: ignore[attr-defined]


def test_outside_a_run_records_know_nothing(collected: list[Any]) -> None:
    get_logger().info("hello")
    (record,) = collected
    names = ("flow_name", "task_name", "task_slug", "flow_run_id", "task_run_id")
    assert [getattr(record, name) for name in names] == [None] * 5


@pytest.mark.parametrize("names", [["color", "size"], '["color", "size"]', "['color','size']"])
def test_log_attributes_add_keys_of_the_context(names: Any, collected: list[Any]) -> None:
    config.logging.log_attributes = names
    with context(color="red"):
        get_logger().info("hello")
    (record,) = collected
    assert (record.color, record.size) == ("red", None)


def test_log_attributes_come_from_the_environment() -> None:
    script = """
with miniprefect.context(color="red"):
    Flow("f").run()
"""
    text = printed(
        script,
        PREFECT__LOGGING__LOG_ATTRIBUTES="['color']",
        PREFECT__LOGGING__FORMAT="%(color)s %(message)s",
    )
    assert text.splitlines()[0] == "red Beginning Flow run for 'f'"


def test_configuring_for_tests_leaves_the_real_logger_alone() -> None:
    before = list(logging.getLogger("prefect").handlers)
    config.logging.level = "ERROR"
    config.logging.datefmt = "%Y"
    logger = configure_logging(testing=True)
    assert (logger.name, logger.level) == ("prefect-test-logger", logging.ERROR)
    assert logger.handlers[0].formatter is not None
    assert logger.handlers[0].formatter.datefmt == "%Y"
    assert logging.getLogger("prefect").handlers == before
    assert logging.getLogger("prefect").level != logging.ERROR


def test_extra_loggers_write_where_ours_does() -> None:
    script = """
import logging
logging.getLogger("mine").info("hello")
logging.getLogger("yours").info("unseen")
"""
    assert lines(script, PREFECT__LOGGING__EXTRA_LOGGERS="['mine']") == ["INFO - mine | hello"]


def test_a_temporary_configuration_ends() -> None:
    logger = get_logger()
    before = (logger.level, [handler.formatter for handler in logger.handlers])
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        with temporary_logger_config(level="ERROR", stream_fmt="<%(message)s>"):
            logger.info("unseen")
            logger.error("seen")
        logger.removeHandler(handler)
    finally:
        logger.removeHandler(handler)
    assert stream.getvalue() == "<seen>\n"
    assert (logger.level, [handler.formatter for handler in logger.handlers]) == before


def test_a_diagnostic_logger_says_everything(capsys: pytest.CaptureFixture[str]) -> None:
    create_diagnostic_logger("diagnosis").debug("hello")
    assert re.fullmatch(TIME + r" DEBUG - diagnosis \| hello\n", capsys.readouterr().out)


def test_what_is_printed_to_the_redirection_becomes_lines(collected: list[Any]) -> None:
    out = RedirectToLog(get_logger("out"))
    print("hello you", file=out, flush=True)  # type: ignore[arg-type]
    print(file=out)  # type: ignore[arg-type]
    print("a\nb", file=out)  # type: ignore[arg-type]
    assert [(record.name, record.getMessage()) for record in collected] == [
        ("prefect.out", "hello you"),
        ("prefect.out", "a\nb"),
    ]


def test_a_percent_sign_in_a_print_is_no_format(collected: list[Any]) -> None:
    print("100% %s", file=RedirectToLog(get_logger("out")))  # type: ignore[arg-type]
    assert [record.getMessage() for record in collected] == ["100% %s"]
