"""The command `describe`."""

import json
from pathlib import Path

import pytest

from tests.cli.helpers import run

FLOW = """
import datetime
from miniprefect import Flow, Parameter, flatten, task
from miniprefect.executors import ThreadExecutor
from miniprefect.schedules import IntervalSchedule
from miniprefect.triggers import all_finished

@task(max_retries=3, retry_delay=datetime.timedelta(seconds=10), timeout=5, tags=["b", "a"])
def crunch(x, y): ...

@task(trigger=all_finished)
def clean(all, day): ...

schedule = IntervalSchedule(datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC), datetime.timedelta(days=1))
with Flow("nightly", schedule=schedule, executor=ThreadExecutor(2)) as flow:
    numbers = Parameter("numbers", default=[[1], [2]])
    day = Parameter("day", default=datetime.date(2024, 2, 29))
    clean(crunch.map(flatten(numbers), y=Parameter("y")), day)
    crunch(1, "two\\nlines", upstream_tasks=[day])
"""

TEXT = """\
Flow 'nightly': 6 tasks, 5 edges

Parameters
  day      default datetime.date(2024, 2, 29)
  numbers  default [[1], [2]]
  y        required

Tasks
  numbers       Parameter
  y             Parameter
  crunch-a-b-1  FunctionTask, mapped, max_retries=3 every 10 s, timeout=5 s, tags: a b
  day           Parameter
  clean-1       FunctionTask, trigger=all_finished
  crunch-a-b-2  FunctionTask, max_retries=3 every 10 s, timeout=5 s, tags: a b, x=1, y='two\\nlines'

Edges
  numbers -> crunch-a-b-1  as x, mapped, flattened
  y -> crunch-a-b-1        as y, mapped
  crunch-a-b-1 -> clean-1  as all
  day -> clean-1           as day
  day -> crunch-a-b-2

Schedule
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.py").write_text(FLOW)
    return tmp_path


def test_for_people(folder: Path) -> None:
    done = run(folder, "describe", "flow.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(TEXT)
    assert "\n  next  2100-01-01T00:00:00+00:00, 2100-01-02T00:00:00+00:00, 2100-01-03T00:00:00+00:00\n" in done.stdout
    assert "\nExecutor\n  <Executor: ThreadExecutor>\n" in done.stdout


def test_for_programs(folder: Path) -> None:
    done = run(folder, "describe", "flow.py", "--json")
    said = json.loads(done.stdout)
    assert list(said) == ["name", "parameters", "tasks", "edges", "reference_tasks", "schedule", "executor"]
    assert said["parameters"] == [
        {"name": "day", "required": False, "default": "datetime.date(2024, 2, 29)"},
        {"name": "numbers", "required": False, "default": [[1], [2]]},
        {"name": "y", "required": True, "default": None},
    ]
    tasks = {task["slug"]: task for task in said["tasks"]}
    assert tasks["crunch-a-b-1"]["mapped"]
    assert tasks["crunch-a-b-1"]["retry_delay"] == 10
    assert tasks["crunch-a-b-2"]["constants"] == {"x": 1, "y": "two\nlines"}
    edge = {"upstream": "numbers", "downstream": "crunch-a-b-1", "argument": "x", "mapped": True, "flattened": True}
    assert edge in said["edges"]
    assert said["reference_tasks"] == ["clean-1", "crunch-a-b-2"]
    assert said["schedule"]["next"][0] == "2100-01-01T00:00:00+00:00"


def test_a_cycle_is_said(tmp_path: Path) -> None:
    source = "from miniprefect import Flow, Task\na, b = Task('a'), Task('b')\nflow = Flow('round')\n"
    (tmp_path / "it.py").write_text(f"{source}flow.add_edge(a, b)\nflow.add_edge(b, a)\n")
    done = run(tmp_path, "describe", "it.py")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "cycle" in done.stderr.lower()


def test_names_that_the_output_has_no_letters_for(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("from miniprefect import Flow\nflow = Flow('héllo ✓')\n", encoding="utf-8")
    done = run(tmp_path, "describe", "it.py", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, "Flow 'h\\xe9llo \\u2713': 0 tasks, 0 edges\n")
