"""The contract of executors, under the path that it had in Prefect 0.10."""

from miniprefect.executors.base import Executor

__all__ = ["Executor"]
