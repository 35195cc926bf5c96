"""Build a program from a small Python project: check, test, pack into one file, try that file, deliver it.

    python examples/build.py                      # builds examples/project into a new temporary folder
    python examples/build.py --output dist

Each step is a subprocess. One that fails stops the steps that need it; its output says why. The working
folder is removed in any case, and only a program that was tried gets into the output folder.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from miniprefect import Flow, Parameter, Task, task
from miniprefect.engine import signals
from miniprefect.triggers import all_finished

PROJECT = Path(__file__).parent / "project"


class Python(Task):
    """Run Python with the given arguments in a folder, and return what it printed."""

    def __init__(self, arguments, environment=None, **kwargs):
        super().__init__(**kwargs)
        self.arguments = arguments
        self.environment = environment or {}

    def run(self, folder):
        done = subprocess.run(
            [sys.executable, "-B", *self.arguments.split()],
            cwd=folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            raise signals.FAIL(f"python {self.arguments} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout


@task
def make_folder():
    return tempfile.mkdtemp(prefix="build-")


@task
def copy_project(project, folder):
    """Work on a copy, so that a build leaves nothing behind in the project. Return where the copy is."""
    return shutil.copytree(project, Path(folder) / "project", ignore=shutil.ignore_patterns("__pycache__"))


@task
def deliver(folder, output):
    Path(output).mkdir(parents=True, exist_ok=True)
    return shutil.copy(Path(folder) / "roman.pyz", output)


# With the default trigger, all_successful, a failed build would leave its folder behind.
@task(trigger=all_finished)
def clean_up(folder):
    shutil.rmtree(folder)


# One class, four tasks. In the first, warnings count as errors, and compiled files stay out of the sources.
check = Python("-W error -X pycache_prefix=cache -m compileall -q src", name="check")
test = Python("-m unittest discover -s tests", environment={"PYTHONPATH": "src"}, name="test")
pack = Python("-m zipapp src -m roman.cli:main -o roman.pyz", name="pack")
try_out = Python("roman.pyz 1994 MMXXVI", name="try out")

with Flow("build") as flow:
    project = Parameter("project", default=str(PROJECT))
    output = Parameter("output")

    folder = make_folder()
    copied = copy_project(project, folder)
    checked = check(copied)
    tested = test(copied)
    packed = pack(copied, upstream_tasks=[checked, tested])
    tried = try_out(copied, upstream_tasks=[packed])
    delivered = deliver(copied, output, upstream_tasks=[tried])
    clean_up(folder, upstream_tasks=[delivered])

# Left alone, the state of the flow is that of its last tasks, here of clean_up, which succeeds in any case.
flow.set_reference_tasks([delivered])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", default=str(PROJECT), help="the project (default: examples/project)")
    parser.add_argument("--output", help="folder of the program (default: a new temporary folder)")
    options = parser.parse_args()
    options.output = options.output or tempfile.mkdtemp(prefix="program-")

    state = flow.run(parameters=vars(options))
    for step in (copied, checked, tested, packed, tried, delivered):
        print(f"{step.name:<14}{state.result[step].message}")
    if not state.is_successful():
        return 1
    print(f"\n{state.result[delivered].result} says that 1994 and MMXXVI are\n{state.result[tried].result}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
