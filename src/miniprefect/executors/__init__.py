"""Executors: where task runs happen."""

from typing import TYPE_CHECKING

from miniprefect.executors.base import Executor
from miniprefect.executors.local import LocalExecutor
from miniprefect.utilities.lazy import imported_later

if TYPE_CHECKING:
    from miniprefect.executors.dask import DaskExecutor
    from miniprefect.executors.local_dask import LocalDaskExecutor
    from miniprefect.executors.processes import ProcessExecutor
    from miniprefect.executors.threads import ThreadExecutor

__all__ = ["DaskExecutor", "Executor", "LocalDaskExecutor", "LocalExecutor", "ProcessExecutor", "ThreadExecutor"]

# Most scripts run without them.
_LATER = {
    "DaskExecutor": "miniprefect.executors.dask:DaskExecutor",
    "LocalDaskExecutor": "miniprefect.executors.local_dask:LocalDaskExecutor",
    "ProcessExecutor": "miniprefect.executors.processes:ProcessExecutor",
    "ThreadExecutor": "miniprefect.executors.threads:ThreadExecutor",
}

__getattr__ = imported_later(__name__, _LATER)
