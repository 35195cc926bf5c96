"""The executors that 0.10 had on Dask, under the path that they had."""

from miniprefect.executors.dask import DaskExecutor
from miniprefect.executors.local_dask import LocalDaskExecutor
from miniprefect.utilities.missing import missing_names

__all__ = ["DaskExecutor", "LocalDaskExecutor"]

__getattr__ = missing_names(__name__)
