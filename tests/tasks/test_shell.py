"""Shell commands: what they return and log, and that nothing of them is left when they are ended.

What Prefect does with them is among the conformance scenarios (task_library).
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow
from miniprefect.engine.signals import FAIL
from miniprefect.engine.state import Failed, State, TimedOut
from miniprefect.executors import LocalDaskExecutor
from miniprefect.tasks.shell import ShellTask

PATIENCE = 30  # seconds, that a busy machine may need
ASLEEP = 90  # seconds: whoever is gone before that has been ended


def state_of(made: ShellTask, command: str, **settings: Any) -> State:
    with Flow("flow") as flow:
        task = made(command=command)
    return flow.run(**settings).result[task]


def wait_for(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
    return found


def is_alive(pid: int) -> bool:
    """Whether a process is there, and is no zombie that waits for its parent to look."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def pids_in(path: Path, number: int) -> list[int]:
    """The ids that a command has written, once there are that many."""
    return wait_for(lambda: path.exists() and len(path.read_text().split()) >= number) and [
        int(word) for word in path.read_text().split()
    ]


def family(path: Path) -> str:
    """A command with children and grandchildren, all of which write down who they are and sleep."""
    me = f"echo $$ >> {path}"
    innermost = f"{me.replace('$$', chr(92) + '$' + chr(92) + '$')}; sleep {ASLEEP}"
    inner = f"bash -c '{me}; bash -c \"{innermost}\" & sleep {ASLEEP}'"
    return f"{me}; {inner} & {inner}"


FAMILY = 5

# Output


def test_megabytes_of_output() -> None:
    lines = ShellTask(return_all=True).run(command="seq 1 300000; head -c 3000000 /dev/zero | tr '\\0' x >&2")
    assert len(lines) == 300_001
    assert lines[:2] == ["1", "2"]
    assert lines[-1] == "x" * 3_000_000


def test_only_what_is_needed_of_the_output_is_kept() -> None:
    made = ShellTask()
    assert made.run(command="seq 1 300000") == "300000"
    with pytest.raises(FAIL) as caught:
        made.run(command="seq 1 300000; exit 1")
    assert str(caught.value.state.message).splitlines()[1:] == [str(number) for number in range(299_991, 300_001)]


def test_bytes_that_are_no_text() -> None:
    made = ShellTask(return_all=True)
    assert made.run(command=r"printf 'gr\303\274\303\237e\n\377\376 \303\n'") == ["grüße", "\\xff\\xfe \\xc3"]
    assert len("".join(made.run(command="head -c 100000 /dev/urandom"))) > 100_000


def test_a_line_that_comes_in_pieces_is_one() -> None:
    command = r"printf 'gr\303'; sleep 0.02; printf '\274'; sleep 0.02; printf 'n\nrot'"
    assert ShellTask(return_all=True).run(command=command) == ["grün", "rot"]


def test_lines_are_logged_as_they_come(tmp_path: Path) -> None:
    """The command goes on only after its first line has been logged."""
    heard = tmp_path / "heard"

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.touch()

    made = ShellTask(stream_output=True, name="streaming", return_all=True)
    listener = Listener()
    made.logger.addHandler(listener)
    command = f"echo first; for i in $(seq 500); do [ -e {heard} ] && echo heard && exit 0; sleep 0.02; done; exit 1"
    try:
        assert made.run(command=command) == ["first", "heard"]
    finally:
        made.logger.removeHandler(listener)


def test_a_percent_sign_in_a_line_is_no_format(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        ShellTask(stream_output="INFO").run(command="echo '100 %s %(x)d'")
    assert [record.getMessage() for record in caplog.records] == ["100 %s %(x)d"]


# Failures


def test_the_exit_code_and_what_was_written_are_in_the_message() -> None:
    state = state_of(ShellTask(), "echo fine; echo 'no such thing' >&2; exit 3")
    assert type(state) is Failed
    assert state.message == "Command failed with exit code 3:\nfine\nno such thing"
    assert state.result == "no such thing"


def test_the_message_does_not_grow_with_the_output() -> None:
    state = state_of(ShellTask(), "head -c 100000 /dev/zero | tr '\\0' x; echo; echo last; exit 1")
    assert len(str(state.message)) < 2100
    assert str(state.message).endswith("x\nlast")


def test_it_is_tried_again_by_its_own_settings(tmp_path: Path) -> None:
    command = f"echo x >> {tmp_path}/tries; [ $(wc -l < {tmp_path}/tries) -ge 3 ]"
    state = state_of(ShellTask(max_retries=2, retry_delay=timedelta(0)), command)
    assert state.is_successful()
    assert (tmp_path / "tries").read_text() == "x\nx\nx\n"


def test_a_value_that_is_no_text_is_refused_without_being_shown() -> None:
    with pytest.raises(TypeError, match=r"^`env` maps text to text, and 'TOKEN' to an object of type int\. Use str"):
        ShellTask(env={"TOKEN": 12345}).run(command="true")  # type: ignore[dict-item]


@pytest.mark.parametrize("given", [["ls", "-l"], b"ls"])
def test_a_command_that_is_no_text_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=r"^`command` is text, not an object of type \w+\. Of a list, shlex\.join\(\)"):
        ShellTask().run(command=given)


def test_the_script_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(FAIL):
        ShellTask().run(command="exit 1")
    assert not list(tmp_path.iterdir())


def test_no_file_stays_open() -> None:
    before = os.listdir("/dev/fd")
    ShellTask().run(command="true")
    with pytest.raises(FAIL):
        ShellTask().run(command="exit 1")
    with pytest.raises(FileNotFoundError):
        ShellTask(shell="no-such-shell").run(command="true")
    assert os.listdir("/dev/fd") == before


# Processes


def timed_out(command: str, pids: Path, number: int, **settings: Any) -> list[int]:
    """Run a command into its timeout, which is longer if the machine was too busy to get that far: its processes."""
    for timeout in (1, 5, 25):
        pids.write_text("")
        begun = time.monotonic()
        assert type(state_of(ShellTask(timeout=timeout), command, **settings)) is TimedOut
        assert time.monotonic() - begun < timeout + PATIENCE
        if len(pids.read_text().split()) == number:
            break
    return pids_in(pids, number)


def test_a_timeout_ends_all_that_the_command_has_started(tmp_path: Path) -> None:
    """On the main thread, on another one and with an executor, at the same time."""
    found: list[int] = []

    def run(name: str, **settings: Any) -> None:
        pids = tmp_path / name
        found.extend(timed_out(family(pids), pids, FAMILY, **settings))

    threads = [
        threading.Thread(target=run, args=("thread",)),
        threading.Thread(target=run, args=("executor",), kwargs={"executor": LocalDaskExecutor(num_workers=2)}),
    ]
    for thread in threads:
        thread.start()
    run("main")
    for thread in threads:
        thread.join()
    assert len(found) == 3 * FAMILY
    for pid in found:
        wait_for(lambda pid=pid: not is_alive(pid))


def test_who_does_not_go_when_asked_is_killed(tmp_path: Path) -> None:
    command = f"trap 'echo asked > {tmp_path}/asked' TERM; echo $$ > {tmp_path}/pid; while true; do sleep 0.01; done"
    (pid,) = timed_out(command, tmp_path / "pid", 1)
    assert (tmp_path / "asked").read_text() == "asked\n"
    wait_for(lambda: not is_alive(pid))


SCRIPT = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # or nothing ends it where the tests themselves run under nohup
from miniprefect import Flow
from miniprefect.tasks.shell import ShellTask
with Flow("flow") as flow:
    ShellTask(stream_output=True)(command=sys.argv[1])
flow.run()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_what_ends_the_script_ends_the_command(tmp_path: Path, number: int) -> None:
    pids = tmp_path / "pids"
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, f"echo ready; {family(pids)}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    ) as script:
        try:
            # Killed before it has even come to read, it could not take the command with it.
            assert script.stdout is not None
            assert any(line.endswith(b" ready\n") for line in script.stdout)
            found = pids_in(pids, FAMILY)
            script.send_signal(number)
            script.wait(PATIENCE)
        finally:
            script.kill()
    for pid in found:
        wait_for(lambda pid=pid: not is_alive(pid))


def test_what_is_left_in_the_background_goes_on(tmp_path: Path) -> None:
    """As in Prefect: a command may start what is to outlive it, if that lets go of the output."""
    command = f"(sleep 0.3; echo done > {tmp_path}/done) > /dev/null 2>&1 &"
    ShellTask().run(command=command)
    assert not (tmp_path / "done").exists()
    wait_for((tmp_path / "done").exists)


def test_a_command_may_close_its_output_and_go_on() -> None:
    with pytest.raises(FAIL, match="exit code 4"):
        ShellTask().run(command="exec >&- 2>&-; sleep 0.2; exit 4")
