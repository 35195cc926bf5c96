"""Whole programs, as their users see them: what they print, what they leave behind, and their exit codes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

EXECUTORS = ["local", "threads", "processes"]

PROGRAM = """
import asyncio, os, sys, time
from miniprefect import Flow, Parameter, task
from miniprefect.executors import LocalExecutor, ProcessExecutor, ThreadExecutor

@task
def leaves(code):
    sys.exit(code)

@task
async def leaves_later(code):
    await asyncio.sleep(0.05)
    sys.exit(code)

@task
def stays(x):
    return x

@task
def sleeps(is_to):
    if is_to:
        print("begun", flush=True)
        time.sleep(60)

with Flow("program") as flow:
    left = leaves.map([3, 0, None, "text"])
    later = leaves_later(4)
    stayed = stays(1)
    sleeps(Parameter("sleep", default=False), upstream_tasks=[stayed])

if __name__ == "__main__":
    executors = {"local": LocalExecutor, "threads": ThreadExecutor, "processes": ProcessExecutor}
    state = flow.run(executor=executors[sys.argv[1]](), sleep=len(sys.argv) > 2)
    known = [task for task in (left, later, stayed) if task in state.result]
    print(type(state).__name__, [type(state.result[task]).__name__ for task in known])
    print([child.message for child in state.result[left].map_states] if len(sys.argv) == 2 else "")
"""


# The main thread takes no signals, so the system hands them to the other one. To the main thread, as it waits, it is as
# if they had come just before.
DEAF = """
import signal, sys, threading, time
from miniprefect import Flow, task
from miniprefect.executors import ProcessExecutor, ThreadExecutor

with Flow("flow") as flow:
    task(lambda: print("begun", flush=True) or time.sleep(60), name="slow")()

if __name__ == "__main__":
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    executors = {"threads": ThreadExecutor, "processes": ProcessExecutor}
    print(type(flow.run(executor=executors[sys.argv[1]]())).__name__)
"""


def start(folder: Path, *command: str, text: str = PROGRAM) -> "subprocess.Popen[str]":
    (folder / "program.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PREFECT__LOGGING__LEVEL": "CRITICAL"}
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("executor", EXECUTORS)
def test_sys_exit_in_a_task_fails_the_task_and_not_the_program(tmp_path: Path, executor: str) -> None:
    with start(tmp_path, "program.py", executor) as program:
        output, errors = program.communicate(timeout=30)
    said = ", ".join(f"'Error during execution of task: SystemExit({code})'" for code in ("3", "0", ""))
    last = "\"Error during execution of task: SystemExit('text')\""
    assert output == f"Failed ['Mapped', 'Failed', 'Success']\n[{said}, {last}]\n"
    assert (program.returncode, errors) == (0, "")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_command_line_says_by_its_exit_code_that_a_task_failed_by_sys_exit(tmp_path: Path, executor: str) -> None:
    with start(tmp_path, "-m", "miniprefect", "run", "program.py", "-q", "--executor", executor) as program:
        program.communicate(timeout=30)
    assert program.returncode == 1


@pytest.mark.parametrize("to_all", [True, False], ids=["to the group", "to the parent"])
@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_script_goes_on_after_ctrl_c_and_the_command_line_says_130(
    tmp_path: Path, executor: str, to_all: bool
) -> None:
    """The run is `Cancelled`, as in Prefect; what that means for the program is the script's to say."""
    commands = [
        (0, ["program.py", executor, "sleep"]),
        (130, ["-m", "miniprefect", "run", "program.py", "-q", "--executor", executor, "--param", "sleep=true"]),
    ]
    for code, command in commands:
        with start(tmp_path, *command) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "begun\n"
            (os.killpg if to_all else os.kill)(program.pid, signal.SIGINT)
            output, errors = program.communicate(timeout=30)
        assert program.returncode == code
        assert "Traceback" not in errors
        assert output.startswith("Cancelled [") or code


@pytest.mark.parametrize("executor", EXECUTORS[1:])
def test_ctrl_c_is_heard_of_at_once_even_if_it_does_not_wake_the_main_thread(tmp_path: Path, executor: str) -> None:
    with start(tmp_path, "program.py", executor, text=DEAF) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "begun\n"
        time.sleep(0.2)
        os.kill(program.pid, signal.SIGINT)
        pressed = time.monotonic()
        assert program.communicate(timeout=30)[0] == "Cancelled\n"
        assert time.monotonic() - pressed < 2
