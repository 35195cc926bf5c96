"""Executors: where task runs happen."""

from miniprefect.executors.base import Executor
from miniprefect.executors.local import LocalExecutor

__all__ = ["Executor", "LocalExecutor"]
