"""How worker processes are started and ended while somebody presses Ctrl-C."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals as Unix has them")

# Each run is interrupted at another moment while its workers are being started.
PRESSED_WHILE_STARTING = """
    import collections, os, random, subprocess, sys, threading, time
    from miniprefect import Flow, task
    from miniprefect.executors import ProcessExecutor

    KILLER = "import os, signal, sys, time\\n"
    KILLER += "for line in sys.stdin: time.sleep(float(line)), os.kill(int(sys.argv[1]), signal.SIGINT)"

    @task
    def slow(x):
        time.sleep(0.5)

    with Flow("flow", executor=ProcessExecutor(4)) as flow:
        slow.map([1, 2, 3, 4])

    if sys.argv[1] == "another":
        threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
    random.seed(1)
    ends = collections.Counter()
    command = [sys.executable, "-c", KILLER, str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True, bufsize=1) as killer:
        for _ in range(40):
            killer.stdin.write(f"{random.uniform(0, 0.02)}\\n")
            try:
                ends[type(flow.run()).__name__] += 1
            except KeyboardInterrupt:  # the run had not begun
                ends["Cancelled"] += 1
    print(dict(ends))
"""


@pytest.mark.parametrize("threads", ["one thread", "another"])
def test_ctrl_c_while_workers_are_started_is_not_lost(tmp_path: Path, threads: str) -> None:
    done = run_script(tmp_path, PRESSED_WHILE_STARTING, *threads.split()[:1])
    assert (done.stderr, done.stdout) == ("", "{'Cancelled': 40}\n")


def run_script(folder: Path, text: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    path = folder / "script.py"
    path.write_text(textwrap.dedent(text))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PREFECT__LOGGING__LEVEL": "CRITICAL"}
    command = [sys.executable, "-W", "ignore", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
