"""Environments: what run configurations were in 0.10. They are records, to be made and read."""

from miniprefect.environments.execution import (
    DaskCloudProviderEnvironment,
    DaskKubernetesEnvironment,
    Environment,
    FargateTaskEnvironment,
    KubernetesJobEnvironment,
    LocalEnvironment,
    RemoteDaskEnvironment,
    RemoteEnvironment,
)

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
