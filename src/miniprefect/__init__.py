"""Workflows for Python scripts: Prefect's original API, and nothing but the standard library.

from miniprefect import Flow, Parameter, task

@task
def add(x, y):
    return x + y

with Flow("sum") as flow:
    total = add(Parameter("x"), 1)

state = flow.run(x=2)
state.result[total].result  # 3
"""

from typing import TYPE_CHECKING

from miniprefect import triggers as triggers
from miniprefect.configuration import config
from miniprefect.core import Flow, Parameter, Task
from miniprefect.utilities.context import context
from miniprefect.utilities.edges import flatten, mapped, unmapped
from miniprefect.utilities.lazy import imported_later
from miniprefect.utilities.tasks import tags, task

if TYPE_CHECKING:
    from miniprefect.client import Client
    from miniprefect.compat import install_as_prefect, uninstall_as_prefect
    from miniprefect.core.applying import apply_map
    from miniprefect.tasks.control_flow import case
    from miniprefect.tasks.core.resource_manager import resource_manager

__version__ = "0.1.0"

__all__ = [
    "Client",
    "Flow",
    "Parameter",
    "Task",
    "apply_map",
    "case",
    "config",
    "context",
    "flatten",
    "install_as_prefect",
    "mapped",
    "resource_manager",
    "tags",
    "task",
    "uninstall_as_prefect",
    "unmapped",
]

# What most scripts do not use is imported by those that do.
_LATER = {
    "Client": "miniprefect.client:Client",
    "apply_map": "miniprefect.core.applying:apply_map",
    "case": "miniprefect.tasks.control_flow:case",
    "install_as_prefect": "miniprefect.compat:install_as_prefect",
    "resource_manager": "miniprefect.tasks.core.resource_manager:resource_manager",
    "uninstall_as_prefect": "miniprefect.compat:uninstall_as_prefect",
    **{name: f"miniprefect.{name}:" for name in ("artifacts", "backend", "client", "environments", "executors")},
    **{name: f"miniprefect.{name}:" for name in ("run_configs", "schedules", "storage", "tasks")},
}

__getattr__ = imported_later(__name__, _LATER)
