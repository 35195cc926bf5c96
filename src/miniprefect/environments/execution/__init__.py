"""The kinds of environments."""

from miniprefect.environments.execution.base import Environment
from miniprefect.environments.execution.dask import (
    DaskCloudProviderEnvironment,
    DaskKubernetesEnvironment,
    RemoteDaskEnvironment,
)
from miniprefect.environments.execution.fargate import FargateTaskEnvironment
from miniprefect.environments.execution.k8s import KubernetesJobEnvironment
from miniprefect.environments.execution.local import LocalEnvironment
from miniprefect.environments.execution.remote import RemoteEnvironment

__all__ = [
    "DaskCloudProviderEnvironment",
    "DaskKubernetesEnvironment",
    "Environment",
    "FargateTaskEnvironment",
    "KubernetesJobEnvironment",
    "LocalEnvironment",
    "RemoteDaskEnvironment",
    "RemoteEnvironment",
]
