"""The executor that Prefect 0.10 had for running one call after the other with Dask's scheduler."""

from miniprefect.executors.local import LocalExecutor


class SynchronousExecutor(LocalExecutor):
    """Run calls one after the other, as `LocalExecutor` does."""
