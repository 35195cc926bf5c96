"""The classes that the configuration chooses for running."""

import functools
import importlib
from typing import Any

from miniprefect.configuration import config
from miniprefect.utilities.lazy import LazyModule

progress = LazyModule("miniprefect.engine.progress")


def get_default_executor_class() -> type[Any]:
    """Return the class of ``engine.executor.default_class``, which is `LocalExecutor` unless configured."""
    return _imported(config.engine.executor.default_class)


def get_default_flow_runner_class() -> type[Any]:
    """Return the class of ``engine.flow_runner.default_class``, which is `FlowRunner` unless configured.

    With ``flows.progress`` it shows how far its runs are.
    """
    # Read as dicts: this is asked at each run, and dots take their time.
    chosen = _imported(config["engine"]["flow_runner"]["default_class"])
    return progress.watched(chosen) if dict.get(config["flows"], "progress") else chosen


def get_default_task_runner_class() -> type[Any]:
    """Return the class of ``engine.task_runner.default_class``, which is `TaskRunner` unless configured."""
    return _imported(config.engine.task_runner.default_class)


def _imported(chosen: Any) -> type[Any]:
    """Return what the configuration names: a class, or the dotted path of one, ours or Prefect's."""
    return chosen if isinstance(chosen, type) else _found(str(chosen))


@functools.cache
def _found(chosen: str) -> type[Any]:
    module, _, name = chosen.rpartition(".")
    if module.split(".")[0] == "prefect":
        module = "mini" + module
    try:
        if not module:
            raise ValueError("it is not the path of a class, such as 'prefect.executors.LocalExecutor'")
        found = getattr(importlib.import_module(module), name)
        if not isinstance(found, type):
            raise ValueError("it is not a class")
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"The configuration names the class {chosen!r}, which can't be imported: {error}. Correct it in "
            "config.toml or in the environment (PREFECT__ENGINE__...__DEFAULT_CLASS)."
        ) from error
    return found
