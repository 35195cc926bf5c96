"""Each scenario does here what it does on real Prefect, except where it says why not.

What Prefect 1.4.1 and 0.10.6 do is in recorded/ (made by record.py); what we do is seen by play.py in a process of
its own. Where the two versions disagree, 1.4.1 wins, and the scenario says why and where 0.10.6 did otherwise.
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
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.elsewhere import EXECUTORS, OTHERWISE, PROCESSES, in_any_order, is_comparable, unordered
from tests.conformance.versions import of_today

HERE = Path(__file__).resolve().parent
# Topics that are recorded but wait for what they are about: the module that they import and miss.
NOT_BUILT: dict[str, str] = {}
TOPICS = sorted(path.stem for path in (HERE / "scenarios").glob("*.py"))
ABSENT = "<absent>"
NEW, OLD = "1.4.1", "0.10.6"
# Where scenarios are played, a topic on each at a time.
STAGES = ThreadPoolExecutor(4)
OBSERVERS = ["observe", "play", "record", "slugs"]


@functools.cache
def scenarios(topic: str) -> dict[str, tuple[str, ...]]:
    """Read the names of a topic's scenarios, and the versions to record each from, without running the file."""
    tree = ast.parse((HERE / "scenarios" / f"{topic}.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    marks = {node.name: ast.unparse(node.decorator_list[0]) for node in functions if node.decorator_list}
    return {name: versions(mark) for name, mark in marks.items() if mark.startswith("scenario")}


def versions(mark: str) -> tuple[str, ...]:
    if "only='0.10'" in mark:
        return (OLD,)
    return (NEW, OLD) if "since='0.10'" in mark else (NEW,)


def recorded_from(version: str) -> list[tuple[str, str, str]]:
    return [
        (version, topic, name)
        for topic in TOPICS
        if topic not in NOT_BUILT
        for name, versions in scenarios(topic).items()
        if version in versions
    ]


@functools.cache
def recorded(version: str, topic: str) -> dict[str, Any]:
    """What real Prefect did in each scenario of the topic."""
    path = HERE / "recorded" / version / f"{topic}.json"
    data = json.loads(path.read_text()) if path.exists() else {"prefect_version": version, "scenarios": {}}
    assert data["prefect_version"] == version
    return data["scenarios"]


def played(topic: str, *options: str) -> tuple[dict[str, Any], str]:
    """What we do in each scenario of the topic, or why they could not be played; asked once for all tests."""
    return being_played(topic, *options).result()


@functools.cache
def being_played(topic: str, *options: str) -> Future[tuple[dict[str, Any], str]]:
    return STAGES.submit(play, topic, *options)


def play(topic: str, *options: str) -> tuple[dict[str, Any], str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    child = subprocess.run(
        [sys.executable, str(HERE / "play.py"), topic, *options],
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    return ({}, child.stderr) if child.returncode else (json.loads(child.stdout), "")


@pytest.fixture(scope="module", autouse=True)
def play_ahead(request: pytest.FixtureRequest) -> None:
    """Have what the tests that were chosen are to compare played side by side: much of it is waiting."""
    for item in request.session.items:
        if item.path == request.path and isinstance(item, pytest.Function) and item.originalname in PLAYS_OF:
            for one in PLAYS_OF[item.originalname](**item.callspec.params):
                being_played(*one)


PLAYS_OF: dict[str, Callable[..., list[tuple[str, ...]]]] = {
    "test_scenario": lambda topic, **rest: [(topic,)],
    "test_nothing_depends_on_the_log": lambda topic: [(topic,), (topic, "--quiet")],
    "test_nothing_depends_on_the_executor": lambda topic, executor, how: [
        (topic, *how),
        elsewhere(topic, executor, *how),
    ],
}


def elsewhere(topic: str, executor: str, *how: str) -> tuple[str, ...]:
    """Say how to play what is to be seen on an executor, too."""
    names = [name for name in scenarios(topic) if is_comparable(executor, topic, name)]
    return topic, *names, *how, "--executor", f"prefect.executors.{executor}"


def test_it_can_be_played_from_a_clone_with_src_as_the_path() -> None:
    command = [sys.executable, str(HERE / "play.py"), "retries", "a_function_decorated_twice_by_hand"]
    environment = {**os.environ, "PYTHONPATH": "src"}
    done = subprocess.run(command, env=environment, cwd=HERE.parents[1], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert [*json.loads(done.stdout)] == ["a_function_decorated_twice_by_hand"]


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


def part(observation: Any, path: str) -> Any:
    """Return what is at a path of an observation, or `ABSENT`."""
    for step in filter(None, path.split("/")):
        try:
            observation = observation[int(step) if isinstance(observation, list) else step]
        except LookupError:
            return ABSENT
    return observation


def difference(expected: Any, ours: Any) -> str:
    before, after = (json.dumps(one, indent=1, sort_keys=True).splitlines() for one in (expected, ours))
    return "\n".join(difflib.unified_diff(before, after, "Prefect", "miniprefect", lineterm="", n=6))


def seen_here(topic: str, name: str) -> dict[str, Any]:
    """Return what play.py tells of a scenario: what it observed here, and the differences that it states."""
    entries, complaint = played(topic)
    if complaint:
        pytest.fail(complaint, pytrace=False)
    if "error" in entries[name]:
        pytest.fail(f"The scenario breaks here:\n{entries[name]['error']}", pytrace=False)
    return entries[name]


@pytest.mark.parametrize(("version", "topic", "name"), [*recorded_from(NEW), *recorded_from(OLD)])
def test_scenario(version: str, topic: str, name: str) -> None:
    seen = seen_here(topic, name)
    prefect, ours = promised(recorded(version, topic)[name]), promised(seen["observation"])
    if version == OLD:
        prefect, ours = of_today(prefect), of_today(ours)
    if version == scenarios(topic)[name][0]:
        differences = seen.get("here", {})
    else:
        differences = {path: part(ours, path) for path in seen.get("where", [])}
    if idle := [path for path, value in differences.items() if part(prefect, path) == promised(value)]:
        pytest.fail(f"The scenario states differences that are none: {idle}. Take them out.", pytrace=False)
    expected = changed(prefect, promised(differences))
    if ours != expected:
        pytest.fail(difference(expected, ours), pytrace=False)


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic not in {*NOT_BUILT, "logs"}])
def test_nothing_depends_on_the_log(topic: str) -> None:
    """With the log off, tasks that want nothing but to be called are run in another way (`engine.plainly`)."""
    loud, quiet = (
        {name: one["observation"] for name, one in played(topic, *how)[0].items()} for how in ((), ["--quiet"])
    )
    if quiet != loud:
        pytest.fail(difference(loud, quiet), pytrace=False)


BUILT = [topic for topic in TOPICS if topic not in NOT_BUILT]
# With the log off, children of maps travel together.
ELSEWHERE = [(topic, executor, ()) for topic in BUILT for executor in EXECUTORS]
ELSEWHERE += [(topic, PROCESSES, ("--quiet",)) for topic in BUILT if "map" in topic]


@pytest.mark.parametrize(("topic", "executor", "how"), ELSEWHERE)
def test_nothing_depends_on_the_executor(topic: str, executor: str, how: tuple[str, ...]) -> None:
    """Each scenario sees on threads and on processes what it sees when its tasks run one after the other."""
    check_it_sees_the_same(topic, played(topic, *how), played(*elsewhere(topic, executor, *how)))


def check_it_sees_the_same(topic: str, here: tuple[dict[str, Any], str], there: tuple[dict[str, Any], str]) -> None:
    """Compare what the scenarios saw that were played in two ways; those that were not played `there` are left out."""
    assert not there[1]
    assert there[0]
    broken = {name: entry["error"] for name, entry in there[0].items() if "error" in entry}
    assert not broken
    expected, seen = ({name: one[0][name]["observation"] for name in there[0]} for one in (here, there))
    for name in there[0]:
        if in_any_order(topic, name):
            expected[name], seen[name] = unordered(expected[name]), unordered(seen[name])
    if seen != expected:
        pytest.fail(difference(expected, seen), pytrace=False)


def test_what_is_said_to_depend_on_the_executor_is_there() -> None:
    assert all(name in scenarios(topic) for _, topic, name in OTHERWISE)


@pytest.mark.parametrize(("version", "topic"), [(version, topic) for version in (NEW, OLD) for topic in TOPICS])
def test_every_scenario_is_recorded_and_every_recording_has_its_scenario(version: str, topic: str) -> None:
    wanted = [name for name, versions in scenarios(topic).items() if version in versions]
    assert sorted(wanted) == sorted(recorded(version, topic))


@pytest.mark.parametrize("topic", NOT_BUILT)
def test_a_topic_that_waits_can_not_be_played_yet(topic: str) -> None:
    _, complaint = played(topic)
    missing = NOT_BUILT[topic].rpartition(".")[2]
    assert "ImportError" in complaint or "ModuleNotFoundError" in complaint, (
        "It can be played: take it out of NOT_BUILT."
    )
    assert missing in complaint


@pytest.mark.parametrize("path", [*OBSERVERS, *sorted({f"scenarios/{topic}" for _, topic, _ in recorded_from(OLD)})])
def test_what_is_recorded_from_0_10_can_be_read_by_the_python_that_it_needs(path: str) -> None:
    ast.parse((HERE / f"{path}.py").read_text(), feature_version=(3, 7))
