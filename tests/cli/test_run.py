"""The command `run`, in processes of its own."""

import json
from pathlib import Path

import pytest

from miniprefect.cli import main
from miniprefect.compat import uninstall_as_prefect
from tests.cli.helpers import COMMAND, FLOW, Terminal, run

QUIETLY = ("--log-level", "error")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.py").write_text(FLOW)
    return tmp_path


def test_a_flow_runs(folder: Path) -> None:
    done = run(folder, "run", "flow.py", "--param", "name=you", "--param", 'times={"a": [1]}', "--context", "mood=7")
    assert (done.returncode, done.stderr) == (0, "")
    assert "said 'you' {'a': [1]} 7\n" in done.stdout
    assert "Beginning Flow run for 'greeting'" in done.stdout
    assert done.stdout.endswith("Flow run succeeded!\n")


def test_a_flow_that_fails_is_exit_code_1(folder: Path) -> None:
    done = run(folder, "run", "-p", "flow.py", "--param", "name=bad", *QUIETLY)
    assert done.returncode == 1
    assert "ValueError: a bad name" in done.stdout
    assert "INFO" not in done.stdout
    assert done.stdout.endswith("Flow run failed!\n")


def test_quiet_leaves_what_the_flow_says(folder: Path) -> None:
    done = run(folder, "run", "flow.py", "--param", "name=you", "-q", *QUIETLY)
    assert (done.returncode, done.stdout) == (0, "said 'you' 3 None\n")


def test_parameters_from_a_file_stand_behind_those_given(folder: Path) -> None:
    (folder / "some.json").write_text(json.dumps({"name": "file", "times": 1}))
    done = run(folder, "run", "flow.py", "--param-file", "some.json", "--param", "times=2", "-q", *QUIETLY)
    assert done.stdout == "said 'file' 2 None\n"


ONE_LINE = "miniprefect run: error: "

# Those that are found out before anything is loaded can be tried in this process.
EARLY_MISUSE = [
    (["nowhere.py"], "File does not exist: 'nowhere.py'."),
    (["."], "'.' is a folder."),
    ([], "Say where the flow is, once"),
    (["flow.py", "-m", "flow"], "Say where the flow is, once"),
    (["flow.py", "--workers", "2"], "--workers needs --executor"),
    (["flow.py", "--executor", "local", "--workers", "2"], "--workers needs --executor"),
    (["flow.py", "--executor", "dask:tcp://x:1", "--workers", "2"], "has its own"),
    (["flow.py", "--report", "nowhere/run.html"], "The report can't be written to 'nowhere/run.html'"),
    (["flow.py", "--param", "name={"], "Failed to parse JSON for --param name"),
]
USAGE = [
    (["flow.py", "--executor", "threads:4"], "'threads:4' is no executor"),
    (["flow.py", "--workers", "0"], "'0' is no number of workers"),
]
LATE_MISUSE = [
    (["flow.py", "--param", "nmae=1"], "For 'nmae', did you mean 'name'?"),
    (["flow.py"], "did not receive the following required parameters: name"),
    (["flow.py", "--param", "name=you", "--context", "parameters=1"], "`context['parameters']` is a dict of names and"),
    (["flow.py", "--param", "name=you", "--context", "config=2"], "`context['config']` is a dict of sections such as"),
    (["flow.py", "--param", "name=you", "--context", "task_tags=x"], "`context['task_tags']` is a list of texts"),
    (["-m", "no.such"], "No module named 'no', here or installed."),
    (["flow.py", "-n", "greetign"], "Found 'greeting'. Did you mean 'greeting'?"),
]


@pytest.mark.parametrize(("arguments", "complaint"), EARLY_MISUSE)
def test_misuse_is_one_line_and_exit_code_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        assert main(["run", *arguments]) == 2
    finally:
        uninstall_as_prefect()
    said = capsys.readouterr()
    assert said.err.startswith(ONE_LINE)
    assert complaint in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)


@pytest.mark.parametrize(("arguments", "complaint"), USAGE)
def test_values_that_are_none_of_an_option(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["run", *arguments])
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "complaint"), LATE_MISUSE)
def test_misuse_that_the_flow_tells(arguments: list[str], complaint: str, folder: Path) -> None:
    done = run(folder, "run", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(ONE_LINE)
    assert complaint in done.stderr


def test_an_exception_that_the_context_asks_for_is_told(folder: Path) -> None:
    done = run(folder, "run", "flow.py", "--param", "name=bad", "--context", "raise_on_exception=true")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"{ONE_LINE}The flow run ended with ValueError: a bad name. (--traceback")


def test_a_report_of_a_run_that_failed(folder: Path) -> None:
    done = run(folder, "run", "flow.py", "--param", "name=bad", "--report", "run.html", *QUIETLY)
    assert (done.returncode, done.stderr) == (1, "")
    report = (folder / "run.html").read_text()
    assert "<html" in report
    assert "a bad name" in report


def test_a_report_that_cannot_be_written(folder: Path) -> None:
    (folder / "taken").mkdir()
    done = run(folder, "run", "flow.py", "--param", "name=you", "--report", "taken")
    assert (done.returncode, done.stdout) == (2, "")  # known before anything runs
    (folder / "flow.py").write_text(FLOW.replace("if x ==", "import os; os.mkdir('late')\n    if x =="))
    done = run(folder, "run", "flow.py", "--param", "name=you", "--report", "late", *QUIETLY)
    assert done.returncode == 1
    assert "The flow has run" in done.stderr
    assert done.stderr.count("\n") == 1


# Files and modules

SEVERAL = """
from miniprefect import Flow, task

@task
def name(text): print(text, __name__)

with Flow("one") as one:
    name("first")
with Flow("two") as two:
    name("second")
same = two
"""


def test_of_several_flows_one_is_chosen_by_name(tmp_path: Path) -> None:
    (tmp_path / "several.py").write_text(SEVERAL)
    refused = run(tmp_path, "run", "several.py")
    assert refused.returncode == 2
    assert "Found multiple flows at 'several.py': 'one', 'two'. Say which, with -n NAME." in refused.stderr
    chosen = run(tmp_path, "run", "several.py", "-n", "two", "-q", *QUIETLY)
    assert (chosen.returncode, chosen.stdout) == (0, "second <flow>\n")


def test_a_file_without_flows(tmp_path: Path) -> None:
    (tmp_path / "empty.py").touch()
    done = run(tmp_path, "run", "empty.py")
    assert done.returncode == 2
    assert "Found no flows at 'empty.py'" in done.stderr


SCRIPT = """
import sys
from helpers_of_mine import greeting
from prefect import Flow, task

@task
def greet(): print(greeting)

with Flow("script") as flow:
    greet()
print(flow.run(), flow.register(), sys.argv)
if __name__ == "__main__":
    print("as a script")
"""


def test_a_script_is_loaded_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "script.py").write_text(SCRIPT)
    (tmp_path / "folder" / "helpers_of_mine.py").write_text("greeting = 'hello'")
    done = run(tmp_path, "run", "folder/script.py", "-q", *QUIETLY, PYTHONWARNINGS="default")
    # Warnings are errors for `run`, so the first of them ends the loading.
    assert done.returncode == 2
    assert "UserWarning: Attempting to call `flow.run` during execution of flow file" in done.stderr
    assert "(script.py, line 11)" in done.stderr


def test_what_a_script_runs_only_warns(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(f"import warnings\nwarnings.simplefilter('default')\n{SCRIPT}")
    (tmp_path / "helpers_of_mine.py").write_text("greeting = 'hello'")
    done = run(tmp_path, "run", "script.py", "-q", *QUIETLY)
    assert (done.returncode, done.stdout) == (0, "None None ['script.py']\nhello\n")
    assert "Attempting to call `flow.run`" in done.stderr
    assert "Attempting to call `flow.register`" in done.stderr


def test_a_module_is_found_here(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "flows.py").write_text(SEVERAL)
    done = run(tmp_path, "run", "-m", "package.flows", "-n", "one", "-q", *QUIETLY)
    assert (done.returncode, done.stdout) == (0, "first package.flows\n")


@pytest.mark.parametrize("file", ["flows.py", "./package/flows.py", "package/flows"])
def test_a_file_in_the_place_of_a_module(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-m", file]) == 2
    assert capsys.readouterr().err == (
        f"miniprefect run: error: {file!r} is no name of a module, such as package.module. For a file, leave out -m.\n"
    )


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = 1\n1 / 0", "'it.py' can't be loaded: ZeroDivisionError: division by zero (it.py, line 2)."),
        ("def (", "'it.py' can't be loaded: SyntaxError: invalid syntax (it.py, line 1)."),
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing' (it.py, line 1)."),
        (
            "import prefect.tasks.aws",
            "miniprefect does not have prefect.tasks.aws. Write it as a @task that calls boto3.",
        ),
        ("import sys; sys.exit(3)", "'it.py' ended with sys.exit(3) while it was loaded."),
    ],
)
def test_a_file_that_cannot_be_loaded(source: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(source)
    done = run(tmp_path, "run", "it.py")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert complaint in done.stderr
    assert done.stderr.endswith("(--traceback shows more.)\n")


def test_the_traceback_is_shown_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("x = 1\n1 / 0")
    done = run(tmp_path, "run", "it.py", "--traceback")
    assert done.returncode == 2
    assert 'it.py", line 2, in <module>' in done.stderr
    assert "--traceback" not in done.stderr


# Executors. They are to send what the file defines, such as the class Place.

WHERE = """
import os, threading
from dataclasses import dataclass
from miniprefect import Flow, task

here = os.getpid()

@dataclass
class Place:
    process: int
    thread: str

@task
def place(x): return Place(os.getpid(), threading.current_thread().name)

@task
def show(places):
    print(len({p.process for p in places} - {here}) > 0, "MainThread" not in {p.thread for p in places})

with Flow("where") as flow:
    show(place.map([1, 2, 3]))
"""


@pytest.mark.parametrize(
    ("executor", "shown"),
    [
        (["local"], "False False"),
        (["threads", "--workers", "2"], "False True"),
        (["processes", "--workers", "2"], "True False"),
    ],
)
def test_executors(executor: list[str], shown: str, tmp_path: Path) -> None:
    (tmp_path / "where.py").write_text(WHERE)
    done = run(tmp_path, "run", "where.py", "--executor", *executor, "-q", *QUIETLY)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{shown}\n", "")


# Schedules

SCHEDULED = """
import datetime
from miniprefect import Flow, task
from miniprefect.schedules import Schedule
from miniprefect.schedules.clocks import DatesClock

soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=SECONDS)

@task
def say(): print("ran")

with Flow("scheduled", schedule=Schedule(clocks=[DatesClock([soon, soon + datetime.timedelta(seconds=0.1)])])) as flow:
    say()
"""


def test_a_schedule_is_kept_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(SCHEDULED.replace("SECONDS", "0.3"))
    assert run(tmp_path, "run", "it.py", "-q", *QUIETLY).stdout == "ran\n"
    assert run(tmp_path, "run", "it.py", "-q", *QUIETLY, "--no-schedule").stdout == "ran\n"
    assert run(tmp_path, "run", "it.py", "-q", *QUIETLY, "--schedule").stdout == "ran\nran\n"


def test_a_schedule_that_is_over(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(SCHEDULED.replace("SECONDS", "-60"))
    done = run(tmp_path, "run", "it.py", "-s")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Flow 'scheduled' has no more scheduled runs." in done.stderr


def test_ctrl_c_while_waiting_for_the_schedule(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(SCHEDULED.replace("SECONDS", "3600"))
    terminal = Terminal([*COMMAND, "run", "it.py", "--schedule"], tmp_path)
    try:
        terminal.read_until(lambda output: "Waiting for next scheduled run" in output)
        terminal.interrupt()
        assert terminal.end() == 130
    finally:
        terminal.kill()
    assert "Traceback" not in terminal.output
    assert terminal.output.endswith("Flow run cancelled.\r\n")
