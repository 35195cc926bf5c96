"""Run calls on a Dask cluster, which may be many machines. It needs ``pip install miniprefect[dask]``."""

import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from miniprefect.configuration import config
from miniprefect.executors._dask_cluster import Cluster, Store
from miniprefect.executors.base import Executor
from miniprefect.executors.local_dask import LocalDaskExecutor
from miniprefect.utilities.lazy import LazyModule
from miniprefect.utilities.missing import missing_names

__all__ = ["DaskExecutor", "LocalDaskExecutor"]

distributed = LazyModule("distributed")


class DaskExecutor(Executor):
    """Run calls on a Dask cluster: one that is there, or one made for the length of a run.

    Args:
        address: where the scheduler of a cluster is that is there; by default the configuration's
            ``engine.executor.dask.address``, if it has one.
        cluster_class: makes a cluster, if there is none: a class or function, or the dotted path of one; by default
            the configuration's ``engine.executor.dask.cluster_class``, which is Dask's `LocalCluster`.
        cluster_kwargs: what it is called with.
        adapt_kwargs: what the ``adapt`` of the new cluster is called with, if the number of its workers is to vary.
        client_kwargs: what Dask's `Client` is called with.
        debug: whether a local cluster logs more than what is critical; by default as the configuration says.
        performance_report_path: where to write Dask's report about the run, an HTML page.
        local_processes: how Prefect 0.10 spelled ``cluster_kwargs={"processes": ...}``.
        **kwargs: how Prefect 0.10 spelled `client_kwargs` or, without an address, `cluster_kwargs`.

    Raises:
        ImportError: Dask is not installed.
    """

    is_remote = True

    def __init__(
        self,
        address: str | None = None,
        cluster_class: str | Callable[..., Any] | None = None,
        cluster_kwargs: dict[str, Any] | None = None,
        adapt_kwargs: dict[str, Any] | None = None,
        client_kwargs: dict[str, Any] | None = None,
        debug: bool | None = None,
        performance_report_path: str | None = None,
        local_processes: bool | None = None,
        **kwargs: Any,
    ) -> None:
        _check_for_dask()
        asked = cluster_class is not None or cluster_kwargs is not None
        if address and asked:
            raise ValueError("A cluster at an `address` is there: give no `cluster_class` and no `cluster_kwargs`.")
        self.address = address or (None if asked else config.engine.executor.dask.address or None)
        self.client_kwargs = {"set_as_default": False, **(client_kwargs or {})}
        self.cluster_kwargs = dict(cluster_kwargs or {})
        if local_processes is not None:
            self.cluster_kwargs.setdefault("processes", local_processes)
        (self.client_kwargs if self.address else self.cluster_kwargs).update(kwargs)
        self.cluster_class = None if self.address else _found(cluster_class)
        if self.cluster_class is distributed.LocalCluster:
            is_loud = config.get("debug") if debug is None else debug
            self.cluster_kwargs.setdefault("silence_logs", logging.WARNING if is_loud else logging.CRITICAL)
        self.adapt_kwargs = dict(adapt_kwargs or {})
        self.debug = debug
        self.performance_report_path = performance_report_path
        self._started: list[Cluster] = []

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_started": []}

    @property
    def client(self) -> Any:
        """Dask's client while a run goes on; None otherwise."""
        return self._started[-1].client if self._started else None

    @property
    def performance_report(self) -> str:
        """The report about the last run, HTML as text; empty if there is none."""
        path = self.performance_report_path
        return Path(path).read_text(encoding="utf-8") if path and Path(path).exists() else ""

    def new_store(self) -> Store:
        """Return a place for the large results of a run."""
        return Store()

    def start(self) -> Any:
        """Hold a connection to the cluster, and the cluster if it is made for this."""
        return self.start_with(None)

    @contextmanager
    def start_with(self, common: Any) -> Iterator[Cluster]:
        """Hold a connection to workers that know `common`, so that `Cluster.call` can send what differs only."""
        with ExitStack() as stack:
            cluster = Cluster(self._connected(stack), common, is_own=self.address is None)
            self._started.append(cluster)
            try:
                yield cluster
            except BaseException:
                cluster.interrupt()
                raise
            else:
                cluster.end()
            finally:
                self._started.remove(cluster)

    def _connected(self, stack: ExitStack) -> Any:
        """Return a client of Dask; what is to be closed after the run goes on the stack."""
        place: Any = self.address
        if self.cluster_class is not None:
            place = stack.enter_context(self.cluster_class(**self.cluster_kwargs))
            if self.adapt_kwargs:
                place.adapt(**self.adapt_kwargs)
        client = stack.enter_context(distributed.Client(place, **self.client_kwargs))
        if self.performance_report_path:
            stack.enter_context(client.as_current())
            stack.enter_context(distributed.performance_report(self.performance_report_path))
        return client

    def submit(
        self, fn: Callable[..., Any], *args: Any, extra_context: dict[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """Have a worker call `fn`; return Dask's future."""
        if not self._started:
            raise RuntimeError(f"{self!r} has not been started. Submit calls within `with executor.start():`.")
        return self._started[-1].submit(fn, *args, extra_context=extra_context, **kwargs)

    def wait(self, futures: Any) -> Any:
        """Return the value of a future, or those of a list or dict of futures."""
        return self._started[-1].wait(futures) if self._started else futures


def _check_for_dask() -> None:
    try:
        importlib.import_module("distributed")
    except ImportError as error:
        raise ImportError(
            "DaskExecutor needs Dask: pip install miniprefect[dask]. For threads and processes of this machine, "
            "ThreadExecutor and ProcessExecutor need nothing."
        ) from error


def _found(cluster_class: str | Callable[..., Any] | None) -> Callable[..., Any]:
    """Return what makes a cluster, from its dotted path if need be."""
    chosen: Any = cluster_class or config.engine.executor.dask.cluster_class or "distributed.LocalCluster"
    if not isinstance(chosen, str):
        return chosen  # type: ignore[no-any-return]
    module, _, name = chosen.rpartition(".")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


__getattr__ = missing_names(__name__)
