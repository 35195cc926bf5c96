"""What a workflow is: tasks, edges, and the flows that they form."""

from miniprefect.core import operators as operators
from miniprefect.core.edge import Edge
from miniprefect.core.flow import Flow
from miniprefect.core.parameter import DateTimeParameter, Parameter
from miniprefect.core.task import Task

__all__ = ["DateTimeParameter", "Edge", "Flow", "Parameter", "Task"]
