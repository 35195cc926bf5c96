"""Environment records: the arguments of Prefect 0.10.6, kept."""

import importlib
import inspect
import pickle
from typing import Any

import pytest

from miniprefect import environments, storage
from miniprefect.environments import (
    DaskCloudProviderEnvironment,
    DaskKubernetesEnvironment,
    Environment,
    FargateTaskEnvironment,
    KubernetesJobEnvironment,
    LocalEnvironment,
    RemoteDaskEnvironment,
    RemoteEnvironment,
)
from miniprefect.environments import storage as old_storage
from miniprefect.exceptions import ClientError

END = "labels on_start on_exit"
SIGNATURES = {
    Environment: END,
    LocalEnvironment: f"{END} executor metadata",  # the last two came after 0.10
    RemoteEnvironment: f"executor executor_kwargs {END}",
    RemoteDaskEnvironment: f"address security executor_kwargs {END}",
    KubernetesJobEnvironment: f"job_spec_file executor_kwargs {END}",
    DaskKubernetesEnvironment: f"""
        min_workers max_workers work_stealing scheduler_logs private_registry docker_secret
        {END} scheduler_spec_file worker_spec_file
        """,
    FargateTaskEnvironment: f"""
        launch_type aws_access_key_id aws_secret_access_key aws_session_token region_name
        executor_kwargs {END} kwargs
        """,
    DaskCloudProviderEnvironment: """
        provider_class adaptive_min_workers adaptive_max_workers security executor_kwargs labels
        on_execute on_start on_exit kwargs
        """,
}
MADE: list[Environment] = [
    Environment(),
    LocalEnvironment(labels=["a"]),
    RemoteEnvironment("prefect.executors.LocalExecutor", {"a": 1}),
    RemoteDaskEnvironment("tcp://x"),
    KubernetesJobEnvironment("job.yaml"),
    DaskKubernetesEnvironment(2, 3),
    FargateTaskEnvironment(family="f"),
    DaskCloudProviderEnvironment(dict, 1, 2, on_exit=print, vpc="v"),
]
each_made = pytest.mark.parametrize("kept", MADE, ids=lambda kept: type(kept).__name__)


@pytest.mark.parametrize("kind", SIGNATURES, ids=lambda kind: kind.__name__)
def test_signatures_are_those_of_prefect(kind: type[Environment]) -> None:
    assert list(inspect.signature(kind).parameters) == SIGNATURES[kind].split()


def test_every_kind_is_tested() -> None:
    assert {type(kept).__name__ for kept in MADE} == set(environments.__all__)


@each_made
def test_they_are_records(kept: Environment) -> None:
    assert repr(kept) == f"<Environment: {type(kept).__name__}>"
    assert pickle.loads(pickle.dumps(kept)) == kept
    assert isinstance(kept.labels, set)
    assert kept.dependencies == []
    assert kept.logger.name == f"prefect.{type(kept).__name__}"


@each_made
def test_they_run_nothing(kept: Environment) -> None:
    kept.setup(storage.Local())
    with pytest.raises(ClientError, match=rf"{type(kept).__name__}\.execute\(\) needs .*flow\.run\(\)"):
        kept.execute(storage.Local(), "place")


def test_arguments_are_attributes() -> None:
    assert MADE[1].labels == {"a"}
    assert (MADE[2].executor, MADE[2].executor_kwargs) == ("prefect.executors.LocalExecutor", {"a": 1})
    assert (MADE[3].address, MADE[3].executor_kwargs) == ("tcp://x", {"address": "tcp://x"})
    assert (MADE[5].min_workers, MADE[5].max_workers) == (2, 3)
    assert (MADE[6].launch_type, MADE[6].task_kwargs) == ("FARGATE", {"family": "f"})
    assert (MADE[7].provider_class, MADE[7].on_exit, MADE[7].cluster_kwargs) == (dict, print, {"vpc": "v"})


@pytest.mark.parametrize(
    "path",
    [
        "execution.Environment",
        "execution.base.Environment",
        "execution.local.LocalEnvironment",
        "execution.remote.RemoteEnvironment",
        "execution.dask.DaskKubernetesEnvironment",
        "execution.dask.cloud_provider.DaskCloudProviderEnvironment",
        "execution.dask.k8s.DaskKubernetesEnvironment",
        "execution.dask.remote.RemoteDaskEnvironment",
        "execution.k8s.KubernetesJobEnvironment",
        "execution.k8s.job.KubernetesJobEnvironment",
        "execution.fargate.FargateTaskEnvironment",
        "execution.fargate.fargate_task.FargateTaskEnvironment",
    ],
)
def test_paths(path: str) -> None:
    module, _, name = path.rpartition(".")
    found = getattr(importlib.import_module(f"miniprefect.environments.{module}"), name)
    assert found is getattr(environments, name)


@pytest.mark.parametrize(
    "make",
    [lambda: RemoteDaskEnvironment(), lambda: LocalEnvironment(nope=1)],  # type: ignore[call-arg]
)
def test_misuses(make: Any) -> None:
    with pytest.raises(TypeError):
        make()


class TestStorage:
    @pytest.mark.parametrize("name", ["Docker", "GCS", "GitHub", "Local", "Storage"])
    def test_it_is_the_storage_of_today(self, name: str) -> None:
        assert getattr(old_storage, name) is getattr(storage, name)

    def test_arguments_of_old_are_kept(self) -> None:
        s3 = old_storage.S3("b", aws_access_key_id="a", key="k")
        assert isinstance(s3, storage.S3)
        assert (s3.bucket, s3.aws_access_key_id, s3.key) == ("b", "a", "k")
        azure = old_storage.Azure("c", "connection", "blob")
        assert isinstance(azure, storage.Azure)
        assert (azure.container, azure.connection_string, azure.blob_name) == ("c", "connection", "blob")

    def test_kinds_that_are_gone(self) -> None:
        assert repr(old_storage.Memory()) == "<Storage: Memory>"
        assert repr(old_storage.Bytes()) == "<Storage: Bytes>"
