"""Branches in a flow: `case`, `switch`, `ifelse`, `merge`, and a filter of results."""

from miniprefect.tasks.control_flow.case import case
from miniprefect.tasks.control_flow.conditional import ifelse, merge, switch
from miniprefect.tasks.control_flow.filter import FilterTask

__all__ = ["FilterTask", "case", "ifelse", "merge", "switch"]
