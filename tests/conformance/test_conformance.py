"""Each scenario does here what it does on real Prefect 1.4.1, except where it says why not.

What Prefect does is in recorded/ (made by record.py); what we do is seen by play.py in a process of its own.
"""

from __future__ import annotations

import ast
import copy
import difflib
import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
# Topics that are recorded but wait for what they are about: the module that they import and miss.
NOT_BUILT = {"executors": "prefect.executors.LocalDaskExecutor", "task_library": "prefect.tasks.shell"}
TOPICS = sorted(path.stem for path in (HERE / "scenarios").glob("*.py"))
ABSENT = "<absent>"


def scenario_names(topic: str) -> list[str]:
    """Read the names of a topic's scenarios without running the file."""
    tree = ast.parse((HERE / "scenarios" / f"{topic}.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if any("scenario" in ast.unparse(mark) for mark in node.decorator_list)]


@functools.cache
def recorded(topic: str) -> dict[str, Any]:
    """What real Prefect did in each scenario of the topic."""
    return json.loads((HERE / "recorded" / f"{topic}.json").read_text())["scenarios"]


@functools.cache
def played(topic: str) -> tuple[dict[str, Any], str]:
    """What we do in each scenario of the topic, or why they could not be played; asked once for all tests."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    child = subprocess.run(
        [sys.executable, str(HERE / "play.py"), topic],
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    return ({}, child.stderr) if child.returncode else (json.loads(child.stdout), "")


def promised(observation: Any) -> Any:
    """Drop the full texts of errors and warnings: only the fragments that scenarios name are promised."""
    if isinstance(observation, dict):
        return {key: promised(part) for key, part in observation.items() if key != "prefect_said"}
    if isinstance(observation, list):
        return [promised(part) for part in observation]
    return observation


def changed(observation: Any, here: dict[str, Any]) -> Any:
    """Put our own values (path: value) into an observation of Prefect."""
    result = {"": copy.deepcopy(observation)}
    for path, value in here.items():
        *parents, last = ["", *filter(None, path.split("/"))]
        place: Any = result
        for step in parents:
            place = place[int(step) if isinstance(place, list) else step]
        key = int(last) if isinstance(place, list) else last
        if value == ABSENT:
            del place[key]
        else:
            place[key] = value
    return result[""]


def difference(expected: Any, ours: Any) -> str:
    before, after = (json.dumps(one, indent=1, sort_keys=True).splitlines() for one in (expected, ours))
    return "\n".join(difflib.unified_diff(before, after, "Prefect", "miniprefect", lineterm="", n=6))


@pytest.mark.parametrize(
    ("topic", "name"), [(topic, name) for topic in TOPICS if topic not in NOT_BUILT for name in scenario_names(topic)]
)
def test_scenario(topic: str, name: str) -> None:
    scenarios, complaint = played(topic)
    if complaint:
        pytest.fail(complaint, pytrace=False)
    if "error" in scenarios[name]:
        pytest.fail(f"The scenario breaks here:\n{scenarios[name]['error']}", pytrace=False)
    prefect, ours = recorded(topic)[name], scenarios[name]["observation"]
    expected = changed(prefect, scenarios[name]["here"]) if "differs" in scenarios[name] else prefect
    if "differs" in scenarios[name] and promised(expected) == promised(prefect):
        pytest.fail("The scenario states a difference that is none. Take it out.", pytrace=False)
    if promised(ours) != promised(expected):
        pytest.fail(difference(expected, ours), pytrace=False)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_scenario_is_recorded_and_every_recording_has_its_scenario(topic: str) -> None:
    assert sorted(scenario_names(topic)) == sorted(recorded(topic))


@pytest.mark.parametrize("topic", NOT_BUILT)
def test_a_topic_that_waits_can_not_be_played_yet(topic: str) -> None:
    _, complaint = played(topic)
    missing = NOT_BUILT[topic].rpartition(".")[2]
    assert "ImportError" in complaint or "ModuleNotFoundError" in complaint, (
        "It can be played: take it out of NOT_BUILT."
    )
    assert missing in complaint
