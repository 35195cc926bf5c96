"""The environments that run on dask."""

from miniprefect.environments.execution.dask.cloud_provider import DaskCloudProviderEnvironment
from miniprefect.environments.execution.dask.k8s import DaskKubernetesEnvironment
from miniprefect.environments.execution.dask.remote import RemoteDaskEnvironment

__all__ = ["DaskCloudProviderEnvironment", "DaskKubernetesEnvironment", "RemoteDaskEnvironment"]
