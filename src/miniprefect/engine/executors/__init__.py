"""Executors, under the paths that they had in Prefect 0.10."""

from miniprefect.engine.executors.sync import SynchronousExecutor
from miniprefect.executors import Executor, LocalExecutor
from miniprefect.utilities.missing import missing_names

__all__ = ["Executor", "LocalExecutor", "SynchronousExecutor"]

__getattr__ = missing_names(__name__)
