"""How far a run is, on real terminals."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.helpers import COMMAND, Terminal, run

FLOW = """
import time
import miniprefect.engine.progress
from miniprefect import Flow, Parameter, task

miniprefect.engine.progress.FIRST = miniprefect.engine.progress.OFTEN = 0.05

@task
def numbers(n): return list(range(n))

@task
def crunch(i):
    print("line", i)
    time.sleep(0.015)
    if i == 3: raise ValueError("three")
    return i

with Flow("long one") as flow:
    crunch.map(numbers(Parameter("n", default=20)))

if __name__ == "__main__":
    flow.run()
"""

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a program on a terminal, in a folder with the flow."""
    (tmp_path / "flow.py").write_text(FLOW)
    started: list[Terminal] = []

    def start(*command: str, size: tuple[int, int] = (24, 80), **variables: str) -> Terminal:
        started.append(Terminal(list(command), tmp_path, size, **variables))
        return started[-1]

    yield start
    for terminal in started:
        terminal.kill()


def screen(output: str) -> list[str]:
    """What a terminal shows that understands a new line, a return, and the clearing of a line's rest."""
    lines, column = [""], 0
    for token in re.findall(r"\r|\n|\x1b\[[GK]|[^\r\n\x1b]+", output):
        if token in ("\r", "\x1b[G"):
            column = 0
        elif token == "\n":
            lines.append("")
        elif token == "\x1b[K":
            lines[-1] = lines[-1][:column]
        else:
            lines[-1] = lines[-1][:column] + token + lines[-1][column + len(token) :]
            column += len(token)
    return lines


def printed(lines: list[str]) -> list[str]:
    return sorted((line for line in lines if line.startswith("line ")), key=lambda line: int(line[5:]))


ALL = [f"line {number}" for number in range(20)]


@pytest.mark.parametrize("executor", ["local", "threads", "processes"])
def test_a_long_run_shows_how_far_it_is(executor: str, start: Start) -> None:
    terminal = start(*COMMAND, "run", "flow.py", "--executor", executor, *(["--workers", "2"] * (executor != "local")))
    assert terminal.end() == 1
    shown = re.findall(r"long one  \d+/\d+ \d+%[^\r\n\x1b]*", terminal.output)
    form = r"long one  \d+/22 \d+%  crunch \d+/20( +running \d)?( +failed 1)?  [\d.]+/s  \d+:\d\d left"
    assert [text for text in shown if re.fullmatch(form, text)], shown
    # Nothing of it is left, and nothing else is missing or out of shape.
    lines = screen(terminal.output)
    assert printed(lines) == ALL
    assert not [line for line in lines if "long one  " in line]
    assert "ValueError: three" in lines
    assert lines[-2:] == ["Flow run failed!", ""]
    log = [line for line in lines if " - prefect." in line]
    assert all(line.startswith("[20") for line in log)
    assert len([line for line in log if "crunch[" in line]) == 41


def test_a_narrow_terminal(start: Start) -> None:
    terminal = start(*COMMAND, "run", "flow.py", "--log-level", "critical", size=(24, 25))
    terminal.end()
    shown = re.findall(r"\x1b\[K([^\r\n\x1b]+)", terminal.output)
    progress = [text for text in shown if "/" in text]
    assert progress
    assert max(map(len, progress)) < 25
    assert printed(screen(terminal.output)) == ALL


def test_a_window_that_is_made_narrower(start: Start) -> None:
    terminal = start(*COMMAND, "run", "flow.py", "--param", "n=30", "--log-level", "critical")
    terminal.read_until(lambda output: "long one  " in output)
    so_far = len(terminal.output)
    terminal.resize((24, 20))
    terminal.read_until(lambda output: bool(re.search(r"\x1b\[K\d+/4\d \d+%", output[so_far:])))
    terminal.end()


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["-q"], {}),
        (["--no-progress"], {}),
        ([], {"TERM": ""}),
        ([], {"PREFECT__FLOWS__PROGRESS": "false"}),
    ],
)
def test_off(arguments: list[str], variables: dict[str, str], start: Start) -> None:
    terminal = start(*COMMAND, "run", "flow.py", "--param", "n=8", *arguments, **variables)
    assert terminal.end() == 1
    assert "\x1b" not in terminal.output


def test_off_in_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    done = run(tmp_path, "run", "flow.py", "--progress", TERM="xterm")
    assert done.returncode == 1
    assert "\r" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(("setting", "is_shown"), [({}, False), ({"PREFECT__FLOWS__PROGRESS": "true"}, True)])
def test_a_script_shows_it_if_configured(setting: dict[str, str], is_shown: bool, start: Start) -> None:
    terminal = start(sys.executable, "flow.py", **setting)
    assert terminal.end() == 0
    assert ("/s  0:0" in terminal.output) == is_shown
    assert printed(screen(terminal.output)) == ALL


@pytest.mark.parametrize("executor", ["local", "threads", "processes"])
def test_ctrl_c_leaves_no_trace_of_it(executor: str, start: Start) -> None:
    terminal = start(*COMMAND, "run", "flow.py", "--param", "n=1000", "--executor", executor, "--log-level", "critical")
    terminal.read_until(lambda output: "line 9" in output and "left" in output)  # all workers have begun
    terminal.interrupt()
    assert terminal.end() == 130, terminal.output[-3000:]
    lines = screen(terminal.output)
    assert lines[-2:] == ["Flow run cancelled.", ""]
    assert not [line for line in lines if "long one  " in line]


def test_a_terminal_that_goes_away_ends_no_run(start: Start, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        FLOW.replace('print("line", i)', "pass").replace("return i", 'open("done", "a").write("x")')
    )
    terminal = start("env", "nohup", *COMMAND, "run", "flow.py", "--log-level", "critical")
    terminal.read_until(lambda output: "left" in output)
    terminal.hang_up()
    assert len((tmp_path / "done").read_text()) == 19


RETRIES = """
import datetime
import miniprefect.engine.progress
from miniprefect import Flow, context, task

miniprefect.engine.progress.FIRST = miniprefect.engine.progress.OFTEN = 0.05

@task
def numbers(): return list(range(20))

@task(max_retries=1, retry_delay=datetime.timedelta(seconds=1))
def crunch(i):
    if i == 3 and context.task_run_count == 1: raise ValueError("three")

with Flow("patient one") as flow:
    crunch.map(numbers())
"""


@pytest.mark.parametrize("executor", ["local", "threads", "processes"])
def test_while_all_that_is_left_waits_for_a_retry_the_line_says_so(executor: str, start: Start, tmp_path: Path) -> None:
    (tmp_path / "retries.py").write_text(RETRIES)
    terminal = start(*COMMAND, "run", "retries.py", "--executor", executor, "--log-level", "critical")
    assert terminal.end() == 0
    assert re.search(r"patient one  20/21 95%  crunch 19/20  retrying 1  next in 0:0[01]\x1b", terminal.output)
    assert screen(terminal.output)[-2:] == ["Flow run succeeded!", ""]
