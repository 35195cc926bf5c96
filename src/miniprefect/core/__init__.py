"""What a workflow is: tasks, edges, and the flows that they form."""

from miniprefect.core.edge import Edge
from miniprefect.core.flow import Flow
from miniprefect.core.parameter import DateTimeParameter, Parameter
from miniprefect.core.task import Task
from miniprefect.utilities.lazy import submodules_of

__all__ = ["DateTimeParameter", "Edge", "Flow", "Parameter", "Task"]

__getattr__ = submodules_of(__name__)
