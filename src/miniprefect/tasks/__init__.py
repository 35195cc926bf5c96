"""Ready-made tasks."""

from miniprefect.core.task import Task
from miniprefect.utilities.lazy import submodules_of

__all__ = ["Task"]

__getattr__ = submodules_of(__name__)
