"""Executors: where task runs happen."""

from miniprefect.executors.base import Executor
from miniprefect.executors.local import LocalExecutor
from miniprefect.utilities.missing import missing_names

__all__ = ["Executor", "LocalExecutor"]

__getattr__ = missing_names(__name__)
