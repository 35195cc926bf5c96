"""The words in which a scenario says what it saw: plain data that can be written as JSON and compared.

A scenario is a function without arguments that does one small thing with Prefect and returns an observation:

    @scenario
    def a_task_returns_its_value():
        @task
        def one():
            return 1

        with Flow("flow") as flow:
            one()
        return run(flow)

An observation holds nothing that changes from run to run: no times, ids, addresses or paths, and no order but
the one that the dependencies force (Prefect runs independent tasks in random order).

Where miniprefect differs from Prefect on purpose, the scenario says why and what we do instead. `here` maps a
path in the observation to our value (`ABSENT`: we have no such entry; the path `""`: the whole observation);
everything else must match:

    @scenario(differs="the message names the remedy", here={"tasks/one-1/message": "..."})

Scenarios are recorded from Prefect 1.4.1. One that is marked `since="0.10"` is recorded from 0.10.6 as well, and
one that is marked `only="0.10"` from 0.10.6 instead of 1.4.1: it is written in a spelling that 1.4.1 dropped. Where
the two versions disagree, 1.4.1 wins; such a scenario says why 0.10.6 did otherwise, and `where` in the observation:

    @scenario(since="0.10", differed="the parent of a map changed twice", where=["handler calls"])

This file, play.py and record.py run on Python 3.7 too, which 0.10.6 needs.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import slugs

UTC = datetime.timezone.utc  # noqa: UP017 - Python 3.7 has no `datetime.UTC`
ABSENT = "<absent>"
NEW, OLD = "1.4.1", "0.10.6"
WORDS_OF_PREFECT = "prefect_said"
"""The key of full texts, recorded for the reader: only the fragments a scenario asks for are compared."""


@dataclass
class Scenario:
    """One scenario: what to do, the versions to record it from, and how our own observation differs, if it does."""

    observe: Callable[[], Any]
    versions: tuple[str, ...] = (NEW,)
    differs: str = ""
    here: dict[str, Any] = field(default_factory=dict)
    differed: str = ""
    where: list[str] = field(default_factory=list)


SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Callable[[], Any] | None = None, **marks: Any) -> Any:
    """Register a scenario under its function's name, with its marks: see the top of this file."""

    def register(function: Callable[[], Any]) -> Callable[[], Any]:
        name = function.__name__
        # Other topics may have been loaded before, in a worker of a cluster.
        if name in SCENARIOS and SCENARIOS[name].observe.__module__ == function.__module__:
            raise ValueError(f"Two scenarios are called {name!r}. Rename one of them.")
        SCENARIOS[name] = marked(function, **marks)
        return function

    return register if function is None else register(function)


def marked(function: Callable[[], Any], *, since: str = "", only: str = "", **differences: Any) -> Scenario:
    made = Scenario(function, versions(since, only), **differences)
    if bool(made.differs) != bool(made.here):
        raise ValueError(f"Scenario {function.__name__!r}: `differs` (why) and `here` (our values) go together.")
    if bool(made.differed) != bool(made.where):
        raise ValueError(f"Scenario {function.__name__!r}: `differed` (why) and `where` (the paths) go together.")
    if made.differed and made.versions != (NEW, OLD):
        raise ValueError(f"Scenario {function.__name__!r}: `differed` is for one that is marked `since`.")
    return made


def versions(since: str, only: str) -> tuple[str, ...]:
    """Return the versions to record from: `since` adds 0.10.6 to 1.4.1, `only` puts it in its place."""
    known = {("", ""): (NEW,), ("0.10", ""): (NEW, OLD), ("", "0.10"): (OLD,)}
    if (since, only) not in known:
        raise ValueError(f'A scenario is marked since="0.10" or only="0.10", not {since!r}, {only!r}.')
    return known[since, only]


# --- values -------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Return a value as JSON-able data, the same in every run."""
    from prefect import Task
    from prefect.engine.state import State

    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return normalise(value)
    if isinstance(value, BaseException):
        return f"<{error_name(value)}: {normalise(str(value))}>"
    if isinstance(value, State):
        return describe(value)
    if isinstance(value, Task):
        return repr(value)
    if isinstance(value, type):
        return f"<class {value.__name__}>"
    if isinstance(value, datetime.datetime):
        return "<datetime>"
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else repr(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, Set):
        return {"set": sorted((plain(item) for item in value), key=repr)}
    if callable(value) and hasattr(value, "__name__"):
        return f"<function {value.__name__}>"
    return normalise(repr(value))


def normalise(text: str) -> str:
    """Take what changes from run to run out of a text."""
    text = text.replace(os.environ["PREFECT__HOME_DIR"], "<prefect home>").replace(os.environ["HOME"], "<home>")
    text = re.sub(r"<home>/tmp\w{8}\b", "<folder>", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d|Z)?", "<time>", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x?", text)
    return re.sub(r"\bminiprefect\b", "prefect", text)


def error_name(error: BaseException) -> str:
    """Name the class by which a user catches this error: a built-in one, a signal, or a Prefect exception."""
    import prefect.engine.signals

    try:
        import prefect.exceptions as exceptions
    except ImportError:
        import prefect.utilities.exceptions as exceptions  # the path in 0.10

    for kind in type(error).__mro__:
        known = kind.__module__ == "builtins" or any(
            getattr(module, kind.__name__, None) is kind for module in (prefect.engine.signals, exceptions)
        )
        if known or not kind.__module__.startswith(("prefect", "miniprefect")):
            return kind.__name__
    return type(error).__name__


def folder() -> Path:
    """Make a new empty folder, outside Prefect's home, that disappears with the process."""
    return Path(tempfile.mkdtemp(dir=os.environ["HOME"]))


def files(where: Path) -> list[str]:
    """List the files below a folder, by relative path."""
    return sorted(str(path.relative_to(where)) for path in where.rglob("*") if path.is_file())


# --- states and runs ----------------------------------------------------------------------------------------


def describe(state: Any) -> dict[str, Any]:
    """Return class, message, result and whatever else a state holds; empty entries are left out."""
    seen = {"state": type(state).__name__, "message": message_of(state)}
    if state.is_mapped() and state.map_states is not None:
        seen["map_states"] = [None if child is None else describe(child) for child in state.map_states]
    elif state.result is not None:
        seen["result"] = plain(state.result)
    context = dict(state.context or {})
    context["tags"] = sorted(context.get("tags", []))
    if any(context.values()):
        seen["context"] = {key: plain(value) for key, value in context.items() if value != []}
    if state.cached_inputs:
        seen["cached_inputs"] = sorted(state.cached_inputs)
    for name in ("run_count", "loop_count"):
        if getattr(state, name, None) is not None:
            seen[name] = getattr(state, name)
    return seen


def message_of(state: Any) -> Any:
    return None if state.message is None else normalise(str(state.message))


def outcome(flow: Any, state: Any) -> dict[str, Any]:
    """Describe what a run of this flow ended in: the flow's state, and each task's by its slug."""
    result = state.result if isinstance(state.result, Mapping) else {}
    seen: dict[str, Any] = {"flow": {"state": type(state).__name__, "message": message_of(state)}}
    if isinstance(state.result, BaseException):
        seen["flow"]["result"] = plain(state.result)
    named = slugs.of(flow)
    seen["tasks"] = {named[task]: describe(task_state) for task, task_state in result.items()}
    return seen


def run(flow: Any, **arguments: Any) -> dict[str, Any]:
    """Run a flow with `flow.run()` and describe the outcome."""
    return outcome(flow, flow.run(**arguments))


def run_once(flow: Any, **arguments: Any) -> dict[str, Any]:
    """Run a flow once with a FlowRunner, which waits neither for retries nor for a schedule."""
    from prefect.engine import FlowRunner

    arguments.setdefault("return_tasks", flow.tasks)
    return outcome(flow, FlowRunner(flow).run(**arguments))


def states(flow: Any, **arguments: Any) -> dict[str, str]:
    """Run a flow and return just the class of each task's state, with the flow's under its own name."""
    state = flow.run(**arguments)
    named = slugs.of(flow)
    seen = {named[task]: type(task_state).__name__ for task, task_state in state.result.items()}
    return {**seen, f"flow {flow.name}": type(state).__name__}


def results(flow: Any, **arguments: Any) -> dict[str, Any]:
    """Run a flow and return just the result of each task."""
    state = flow.run(**arguments)
    named = slugs.of(flow)
    return {named[task]: plain(task_state.result) for task, task_state in state.result.items()}


def graph(flow: Any) -> dict[str, Any]:
    """Describe the graph of a flow: its tasks and edges by slug, and its constants."""
    named = slugs.of(flow)
    edges = []
    for edge in flow.edges:
        kinds = [kind for kind in ("mapped", "flattened") if getattr(edge, kind, False)]
        label = ", ".join([*filter(None, [edge.key]), *kinds])
        edges.append(f"{named[edge.upstream_task]} -> {named[edge.downstream_task]}" + (f" ({label})" if label else ""))
    seen: dict[str, Any] = {"tasks": sorted(named[task] for task in flow.tasks), "edges": sorted(edges)}
    constants = {named[task]: plain(values) for task, values in flow.constants.items() if values}
    if constants:
        seen["constants"] = constants
    return seen


def names(tasks: Iterable[Any]) -> list[str]:
    """Name tasks that come in no particular order."""
    return sorted(task.name for task in tasks)


class Watch:
    """A state handler that keeps (name, old state, new state) of each change it sees and changes nothing."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []

    def __call__(self, tracked: Any, old: Any, new: Any) -> Any:
        self.seen.append([tracked.name, type(old).__name__, type(new).__name__])
        return new


# --- errors, warnings, log lines ----------------------------------------------------------------------------


def raises(action: Callable[..., Any], *arguments: Any, says: str | Iterable[str] = (), **keywords: Any) -> Any:
    """Return the error that an action raises, and whether its text holds each fragment that users rely on."""
    try:
        returned = action(*arguments, **keywords)
    except BaseException as error:
        text = normalise(str(error))
        return {"raised": error_name(error), **fragments(text, says), WORDS_OF_PREFECT: text}
    return {"raised": None, "returned": plain(returned)}


def warns(action: Callable[[], Any], says: str | Iterable[str] = ()) -> Any:
    """Return the warnings that an action gives: category, and whether the texts hold each fragment."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    ours = [one for one in caught if not issubclass(one.category, (DeprecationWarning, ResourceWarning))]
    texts = [normalise(str(one.message)) for one in ours]
    seen = {"warnings": [one.category.__name__ for one in ours], **fragments("\n".join(texts), says)}
    return {**seen, WORDS_OF_PREFECT: texts} if texts else seen


def fragments(text: str, says: str | Iterable[str]) -> dict[str, Any]:
    wanted = [says] if isinstance(says, str) else list(says)
    return {"says": {fragment: fragment in text for fragment in wanted}} if wanted else {}


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        text = normalise(record.getMessage()).split("\nTraceback")[0]
        trace = " + traceback" if record.exc_info and record.exc_info[0] else ""
        self.lines.append(f"{record.levelname} {record.name} | {text}{trace}")


@contextlib.contextmanager
def log_lines(level: str = "INFO") -> Iterator[list[str]]:
    """Collect what the `prefect` loggers say: level, logger and text."""
    lines: list[str] = []
    logger = logging.getLogger("prefect")
    handler, before = _Lines(lines), logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def logged_run(flow: Any, level: str = "INFO", **arguments: Any) -> list[str]:
    """Run a flow and return its log lines."""
    with log_lines(level) as lines:
        flow.run(**arguments)
    return lines


@contextlib.contextmanager
def checkpointing() -> Iterator[None]:
    """Switch checkpointing on, as PREFECT__FLOWS__CHECKPOINTING=true does."""
    from prefect.utilities.configuration import set_temporary_config

    with set_temporary_config({"flows.checkpointing": True}):
        yield
