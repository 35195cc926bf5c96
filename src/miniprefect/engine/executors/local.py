"""The local executor, under the path that it had in Prefect 0.10."""

from miniprefect.executors.local import LocalExecutor

__all__ = ["LocalExecutor"]
