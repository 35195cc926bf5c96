"""Run configurations: how Prefect's agents would start a flow run. Here they are records."""

from miniprefect.run_configs.base import RunConfig, UniversalRun
from miniprefect.run_configs.docker import DockerRun
from miniprefect.run_configs.ecs import ECSRun
from miniprefect.run_configs.kubernetes import KubernetesRun
from miniprefect.run_configs.local import LocalRun
from miniprefect.run_configs.vertex import VertexRun

__all__ = ["DockerRun", "ECSRun", "KubernetesRun", "LocalRun", "RunConfig", "UniversalRun", "VertexRun"]
