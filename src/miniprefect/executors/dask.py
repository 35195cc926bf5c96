"""Executors under the path that they have in Prefect."""

from miniprefect.executors.local_dask import LocalDaskExecutor
from miniprefect.utilities.missing import missing_names

__all__ = ["LocalDaskExecutor"]

__getattr__ = missing_names(__name__)
