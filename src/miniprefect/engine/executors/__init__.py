"""Executors, under the paths that they had in Prefect 0.10."""

from typing import TYPE_CHECKING

from miniprefect.engine.executors.sync import SynchronousExecutor
from miniprefect.executors import Executor, LocalExecutor
from miniprefect.utilities.lazy import imported_later

if TYPE_CHECKING:
    from miniprefect.executors.dask import DaskExecutor
    from miniprefect.executors.local_dask import LocalDaskExecutor

__all__ = ["DaskExecutor", "Executor", "LocalDaskExecutor", "LocalExecutor", "SynchronousExecutor"]

_LATER = {
    "DaskExecutor": "miniprefect.executors.dask:DaskExecutor",
    "LocalDaskExecutor": "miniprefect.executors.local_dask:LocalDaskExecutor",
}

__getattr__ = imported_later(__name__, _LATER)
