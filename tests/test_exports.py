"""Every public path of Prefect that we support imports here, and two paths to one thing give one object.

The paths are in data/prefect-names.tsv, which says where they come from. What is not here yet, and what never
will be, is listed below with the reason; an entry that starts to import must leave its list.
"""

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import miniprefect

DATA = Path(__file__).parent / "data" / "prefect-names.tsv"

NO_BACKEND = "it serves Prefect's backend, and there is none here"
INTERNAL = "it is how Prefect's engine is built, not what a script calls; this engine is built otherwise"
SERIALIZED = "it is the form in which Prefect's backend gets things; states and tasks pickle here"
VENDOR = "it calls a vendor's own library; a @task can do that"
OLD_RESULTS = "0.10 needed it before results had serializers; 1.0 took it out"

# A path stands for itself and for all below it.
NOT_HERE: Mapping[str, str] = {
    "prefect.agent": NO_BACKEND,
    "prefect.api": NO_BACKEND,
    "prefect.models": NO_BACKEND,
    "prefect.plugins": NO_BACKEND,
    "prefect.utilities.graphql": NO_BACKEND,
    "prefect.utilities.logging.CloudHandler": NO_BACKEND,
    "prefect.utilities.logging.LogManager": NO_BACKEND,
    "prefect.utilities.logging.getlogsize": NO_BACKEND,
    "prefect.engine.flow_runner.FlowRunner.check_for_cancellation": NO_BACKEND,
    "prefect.engine.state.State.deserialize": SERIALIZED,
    "prefect.engine.state.State.serialize": SERIALIZED,
    "prefect.serialization": SERIALIZED,
    "prefect.core.flow.ParameterDetails": INTERNAL,
    "prefect.core.flow.cache": INTERNAL,
    "prefect.core.task.SignatureValidator": INTERNAL,
    "prefect.core.task.TaskMetaclass": INTERNAL,
    "prefect.core.task.instance_property": INTERNAL,
    "prefect.engine.flow_runner.FlowRunner.run_task": INTERNAL,
    "prefect.engine.flow_runner.run_task": INTERNAL,
    "prefect.engine.runner.call_state_handlers": INTERNAL,
    "prefect.engine.task_runner.TaskRunner.run_mapped_task": INTERNAL,
    "prefect.engine.task_runner.TaskRunner.wait_for_mapped_task": INTERNAL,
    "prefect.utilities.executors": INTERNAL,
    "prefect.engine.result.ResultInterface": OLD_RESULTS,
    "prefect.engine.result.SafeResult": OLD_RESULTS,
    "prefect.engine.result.base.NoResultType.to_result": OLD_RESULTS,
    "prefect.engine.result.base.Result.deserialize_from_bytes": OLD_RESULTS,
    "prefect.engine.result.base.Result.populate_result": OLD_RESULTS,
    "prefect.engine.result.base.Result.serialize_to_bytes": OLD_RESULTS,
    "prefect.engine.result.base.Result.store_safe_value": OLD_RESULTS,
    "prefect.engine.result.base.Result.validate": OLD_RESULTS,
    "prefect.engine.result.base.ResultInterface": OLD_RESULTS,
    "prefect.engine.result.base.SafeResult": OLD_RESULTS,
    "prefect.tasks.dbt": VENDOR,
    "prefect.tasks.notifications.PushbulletTask": VENDOR,
    "prefect.tasks.notifications.pushbullet_task": VENDOR,
    "prefect.utilities.notifications.jira_notification": VENDOR,
    "prefect.utilities.notifications.jira_notifier": VENDOR,
    "prefect.utilities.notifications.notifications.snowflake_logger": VENDOR,
    "prefect.utilities.notifications.notifications.snowflake_message_formatter": VENDOR,
    "prefect.utilities.notifications.snowflake_logger": VENDOR,
    "prefect.utilities.notifications.snowflake_message_formatter": VENDOR,
}

# Parameters that Prefect has and we do not, by path.
WITHOUT_PARAMETERS: Mapping[str, tuple[set[str], str]] = {}

# Two paths that give one object in Prefect and, for the reason, not here.
APART: Mapping[str, str] = {}


@dataclass(frozen=True)
class Name:
    """A line of the table."""

    path: str
    known_from: frozenset[str]
    same_as: str
    parameters: tuple[str, ...]

    @classmethod
    def parse(cls, line: str) -> "Name":
        path, known_from, same_as, parameters = (cell if cell != "-" else "" for cell in line.split("\t"))
        return cls(path, frozenset(known_from.split()), same_as, tuple(parameters.split()))


def read_table(text: str) -> dict[str, Name]:
    """The names by path; comments and the line of titles are skipped."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name.path: name for name in map(Name.parse, lines[1:])}


NAMES = read_table(DATA.read_text(encoding="utf-8"))


def covers(entry: str, path: str) -> bool:
    """Whether an entry of NOT_HERE speaks of `path`."""
    return path == entry or path.startswith(f"{entry}.")


def absent(path: str) -> str:
    """The reason why `path` is not here, or ""."""
    reasons = (reason for entry, reason in NOT_HERE.items() if covers(entry, path))
    return next(reasons, "")


def resolve(path: str, root: str = miniprefect.__name__) -> Any:
    """The object at a Prefect path, found as `from module import name` finds it; ImportError without one."""
    parts = [root, *path.split(".")[1:]]
    module, rest = innermost_module(parts)
    try:
        return functools.reduce(getattr, rest, module)
    except AttributeError:
        return importlib.import_module(".".join(parts))


def innermost_module(parts: list[str]) -> tuple[ModuleType, list[str]]:
    """The longest part of a path, short of the whole, that is a module; and what remains."""
    for end in range(len(parts) - 1, 1, -1):
        name = ".".join(parts[:end])
        try:
            return importlib.import_module(name), parts[end:]
        except ModuleNotFoundError as error:
            if not name.startswith(error.name or name):
                raise
    return importlib.import_module(parts[0]), parts[1:]


def parameters_of(function: Callable[..., Any]) -> set[str] | None:
    """The names that `function` takes as keywords, or None if it takes any."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return {parameter.name for parameter in parameters if parameter.kind is not inspect.Parameter.POSITIONAL_ONLY}


PRESENT = [path for path in NAMES if not absent(path)]
ABSENT = [path for path in NAMES if absent(path)]
SAME = [(path, name.same_as) for path, name in NAMES.items() if name.same_as and path not in APART]


@pytest.mark.parametrize("path", PRESENT)
def test_it_is_here(path: str) -> None:
    resolve(path)


@pytest.mark.parametrize(("path", "home"), [pair for pair in SAME if not any(map(absent, pair))])
def test_two_paths_lead_to_one_object(path: str, home: str) -> None:
    assert resolve(path) is resolve(home)


@pytest.mark.parametrize("path", [path for path in PRESENT if NAMES[path].parameters])
def test_it_takes_the_parameters_of_prefect(path: str) -> None:
    known = parameters_of(resolve(path))
    missing = set() if known is None else {*NAMES[path].parameters} - known
    assert missing == WITHOUT_PARAMETERS.get(path, (set(), ""))[0]


@pytest.mark.parametrize("path", ABSENT)
def test_what_is_said_to_be_absent_is(path: str) -> None:
    try:
        found = resolve(path)
    except ImportError:
        return
    pytest.fail(f"{path} is here now ({found!r}): take it out of NOT_HERE")


@pytest.mark.parametrize("entry", [*NOT_HERE])
def test_every_excuse_is_needed(entry: str) -> None:
    assert any(covers(entry, path) for path in NAMES), f"{entry} excuses nothing in {DATA.name}"


@pytest.mark.parametrize("name", [path.split(".")[1] for path in PRESENT if path.count(".") == 1])
def test_the_root_offers_it(name: str) -> None:
    assert hasattr(miniprefect, name)


def test_the_root_lists_its_names() -> None:
    assert sorted(set(miniprefect.__all__)) == sorted(miniprefect.__all__)
    assert all(hasattr(miniprefect, name) for name in miniprefect.__all__)
    functions_and_classes = {path.split(".")[1] for path in PRESENT if path.count(".") == 1 and _is_own(path)}
    assert functions_and_classes <= set(miniprefect.__all__)


def _is_own(path: str) -> bool:
    return inspect.isclass(resolve(path)) or inspect.isfunction(resolve(path))


def test_the_table_was_read() -> None:
    assert NAMES["prefect.Flow"].same_as == "prefect.core.flow.Flow"
    assert {"project_name", "labels"} <= {*NAMES["prefect.core.flow.Flow.register"].parameters}
    assert sum("scripts" in name.known_from for name in NAMES.values()) > 100


def test_resolve_finds_modules_members_and_names_behind_a_shadowed_module() -> None:
    assert resolve("_.dumps", root="json").__module__ == "json"
    assert resolve("_.decoder.JSONDecoder.decode", root="json").__name__ == "decode"
    with pytest.raises(ImportError):
        resolve("_.decoder.nothing", root="json")
