"""Function tasks, under the path that they have in Prefect."""

from miniprefect.core.builtin import FunctionTask

__all__ = ["FunctionTask"]
