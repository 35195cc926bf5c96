"""Executors, under the paths that they had in Prefect 0.10."""

from miniprefect.engine.executors.sync import SynchronousExecutor
from miniprefect.executors import Executor, LocalExecutor
from miniprefect.utilities.missing import missing_names

__all__ = ["Executor", "LocalExecutor", "SynchronousExecutor"]

_LATER = "It is not here yet: use LocalExecutor, or an executor of your own (see miniprefect.executors.base)."
__getattr__ = missing_names(__name__, {"DaskExecutor": _LATER, "LocalDaskExecutor": _LATER})
