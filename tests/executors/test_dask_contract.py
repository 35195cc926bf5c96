"""The contract of executors, kept by `DaskExecutor` on a cluster of two worker processes."""

import pytest

pytest.importorskip("distributed", reason="Dask is not installed: pip install miniprefect[dask]")

from miniprefect.executors import DaskExecutor, Executor
from tests.executors import test_contract
from tests.executors.dask_helpers import Cluster

# Those that need the tasks to be in this process: they wait for each other, or look at a clock that is set.
_HERE = (
    "overlap",
    "a_task_starts_as_soon",
    "can_not_submit",
    "base_class",
    "is_lost",
    "a_retry_is_waited_for",
    "see_the_same_ids",
    "is_patched",
)

for _name, _test in vars(test_contract).items():
    if _name.startswith("test_") and not any(word in _name for word in _HERE):
        globals()[_name] = _test


@pytest.fixture
def executor(cluster: Cluster) -> Executor:
    return DaskExecutor(cluster.address)
