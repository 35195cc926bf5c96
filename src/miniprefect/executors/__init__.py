"""Executors: where task runs happen."""

from miniprefect.executors.base import Executor
from miniprefect.executors.local import LocalExecutor
from miniprefect.utilities.missing import missing_names

__all__ = ["Executor", "LocalExecutor"]

_LATER = "It is not here yet: use LocalExecutor, or an executor of your own (see miniprefect.executors.base)."
__getattr__ = missing_names(__name__, {"DaskExecutor": _LATER, "LocalDaskExecutor": _LATER})
