"""What scenarios see on other executors, beside what they see when tasks run one after the other.

Two rules. What tasks, handlers and triggers write down in the memory of the scenario (`remembers`) nobody sees if they
are in another process; and if they are in threads it comes in any order, as do log lines (`in_any_order`). All else is
the same, but for a few scenarios which are listed, each with its reason.
"""

from __future__ import annotations

import ast
import functools
import json
from pathlib import Path
from typing import Any

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
THREADS, PROCESSES, DASK = "ThreadExecutor", "ProcessExecutor", "DaskExecutor"
EXECUTORS = (THREADS, PROCESSES)

NAMES_IT = "it says which executor is the default, or in use"
AT_ONCE = "a retry without a delay is made within the run, and a run of its own would have other traces"
UNSTOPPABLE = "it says that a sleep in a thread can't be interrupted"
ANEW = "it is one like it, made anew in this process"
# What differs, by executor, topic and scenario.
OTHERWISE: dict[tuple[str, str, str], str] = {
    **{
        (executor, topic, name): reason
        for executor in (*EXECUTORS, DASK)
        for topic, name, reason in (
            ("context_config", "configuration_that_flows_read", NAMES_IT),
            ("executors", "the_default_executor_is_local", NAMES_IT),
            ("logs", "debug_lines_tell_of_each_change_of_state", NAMES_IT),
            ("old_paths", "the_default_classes_of_the_engine", NAMES_IT),
            ("pairs", "retry_inside_a_resource", AT_ONCE),
            ("pairs_mapping", "mapping_and_retry", AT_ONCE),
            ("pairs_mapping", "mapping_and_retries_used_up", AT_ONCE),
            ("retries", "the_log_of_a_retry", AT_ONCE),
        )
    },
    (THREADS, "timeouts", "a_timeout_in_the_log"): UNSTOPPABLE,
    (DASK, "timeouts", "a_timeout_in_the_log"): UNSTOPPABLE,
    (PROCESSES, "running", "the_exception_itself_is_the_result"): ANEW,
    (DASK, "running", "the_exception_itself_is_the_result"): ANEW,
    (DASK, "parameters", "a_parameter_can_hold_any_object"): ANEW,
    (
        DASK,
        "handlers",
        "a_handler_that_raises_fails_the_task",
    ): "Dask pickles no more of an exception than its arguments",
}

_CHANGING = {"append", "extend", "insert", "pop", "popleft", "remove", "add", "update", "setdefault", "clear", "put"}


def remembers(topic: str, name: str) -> bool:
    """Say whether a function within the scenario changes something outside of itself, or keeps what it is told."""
    functions, helpers = _functions(topic)
    inside, wanted = [], [functions[name]]
    while wanted:
        inside.append(wanted.pop())
        used = _names(inside[-1]) & helpers.keys()
        wanted += [helpers[helper] for helper in used if helpers[helper] not in inside]
    return any(_changes(node) for one in inside for node in ast.walk(one))


def is_comparable(executor: str, topic: str, name: str) -> bool:
    """Say whether the scenario is to see on the executor what it sees elsewhere."""
    if (executor, topic, name) in OTHERWISE:
        return False
    return executor == THREADS or not remembers(topic, name)


def in_any_order(topic: str, name: str) -> bool:
    """Say whether the scenario sees things in the order in which they happened, which is any."""
    return remembers(topic, name) or bool(_names(_functions(topic)[0][name]) & {"log_lines", "logged_run"})


def unordered(observation: Any) -> Any:
    """Sort all lists of an observation."""
    if isinstance(observation, list):
        return sorted(map(unordered, observation), key=json.dumps)
    if isinstance(observation, dict):
        return {key: unordered(part) for key, part in observation.items()}
    return observation


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _changes(node: ast.AST) -> bool:
    if isinstance(node, ast.Nonlocal | ast.Global):
        return True
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute):
            return called.attr in _CHANGING and isinstance(called.value, ast.Name | ast.Attribute)
        return isinstance(called, ast.Name) and called.id in ("next", "Watch")
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(target, ast.Subscript | ast.Attribute) for target in targets)
    return False


@functools.cache
def _functions(topic: str) -> tuple[dict[str, ast.AST], dict[str, ast.AST]]:
    """Return the scenarios of a topic and its other functions and classes, by name."""
    tree = ast.parse((SCENARIOS / f"{topic}.py").read_text())
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    marked = {node.name for node in found if any("scenario" in ast.unparse(mark) for mark in node.decorator_list)}
    return (
        {node.name: node for node in found if node.name in marked},
        {node.name: node for node in found if node.name not in marked},
    )
