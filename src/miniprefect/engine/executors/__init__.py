"""Executors, under the paths that they had in Prefect 0.10."""

from miniprefect.engine.executors.sync import SynchronousExecutor
from miniprefect.executors import Executor, LocalExecutor

__all__ = ["Executor", "LocalExecutor", "SynchronousExecutor"]
