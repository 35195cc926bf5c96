"""The environments that run in Kubernetes."""

from miniprefect.environments.execution.k8s.job import KubernetesJobEnvironment

__all__ = ["KubernetesJobEnvironment"]
