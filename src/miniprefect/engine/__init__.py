"""What a run is: states and signals, the runners, the scheduling loop."""

from miniprefect.engine.defaults import (
    get_default_executor_class,
    get_default_flow_runner_class,
    get_default_task_runner_class,
)
from miniprefect.engine.flow_runner import FlowRunner
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.utilities.lazy import submodules_of

__all__ = [
    "FlowRunner",
    "TaskRunner",
    "get_default_executor_class",
    "get_default_flow_runner_class",
    "get_default_task_runner_class",
]

__getattr__ = submodules_of(__name__)
