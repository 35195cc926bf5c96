"""How worker processes are started and ended while somebody presses Ctrl-C."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from miniprefect import Flow, task
from miniprefect.engine.state import Cancelled
from miniprefect.executors import ProcessExecutor

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals as Unix has them")

# Each run is interrupted at another moment while its workers are being started.
SCRIPT = """
    import gc, os, random, subprocess, sys, threading, time
    from miniprefect import Flow, task
    from miniprefect.executors import ProcessExecutor

    KILLER = '''if 1:
        import os, signal, sys, time
        for line in sys.stdin:
            time.sleep(float(line))
            os.kill(int(sys.argv[1]), signal.SIGINT)
    '''

    @task
    def slow(x):
        time.sleep(0.5)

    with Flow("flow", executor=ProcessExecutor(4)) as flow:
        slow.map([1, 2, 3, 4])

    if "threads" in sys.argv:
        threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
    gc.disable()  # in a finalizer, Ctrl-C would be lost as well: nothing can be done about that
    random.seed(1)
    ends = set()
    command = [sys.executable, "-c", KILLER, str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, bufsize=1) as killer:
        for _ in range(40):
            gc.collect()
            try:
                killer.stdin.write(f"{random.uniform(0.003, 0.02)}\\n")
                ends.add(type(flow.run()).__name__)
            except KeyboardInterrupt:  # the run had not begun
                pass
    print(*ends)
"""


@pytest.mark.parametrize("how", ["alone", "threads"])
def test_ctrl_c_while_workers_are_started_is_not_lost(tmp_path: Path, how: str) -> None:
    assert script_with(tmp_path, how) == ("Cancelled\n", "")


def test_what_had_finished_in_the_workers_is_known_after_ctrl_c(tmp_path: Path) -> None:
    """Many tiny tasks travel together: those that have ended are known, though nobody had looked at them yet."""
    ended = os.open(tmp_path / "ended", os.O_CREAT | os.O_APPEND | os.O_RDWR)

    @task
    def tiny(x: int) -> int:
        time.sleep(0.0005)
        os.write(ended, b"%d\n" % x)
        if x == 700:
            os.kill(os.getppid(), signal.SIGINT)
        return x

    with Flow("flow", executor=ProcessExecutor(2)) as flow:
        mapped = tiny.map(list(range(3000)))
    for _ in range(5):
        os.ftruncate(ended, 0)
        state: Any = flow.run()
        assert type(state) is Cancelled
        known = [n for n, child in enumerate(state.result[mapped].map_states) if child and child.is_successful()]
        assert 0 <= len((tmp_path / "ended").read_text().split()) - len(known) <= 2  # a call may end unheard by itself
    os.close(ended)


def script_with(folder: Path, how: str) -> tuple[str, str]:
    """Run the script to its end, and return what it said there, to stdout and to stderr; no process is left."""
    path = folder / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PREFECT__LOGGING__LEVEL": "CRITICAL"}
    command = [sys.executable, "-W", "ignore", str(path), how]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True
    ) as process:
        said = process.communicate(timeout=60)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 9)
    return said
