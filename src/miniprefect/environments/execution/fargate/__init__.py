"""The environments that run on Fargate."""

from miniprefect.environments.execution.fargate.fargate_task import FargateTaskEnvironment

__all__ = ["FargateTaskEnvironment"]
