"""The record of a run on Kubernetes."""

from collections.abc import Iterable
from typing import Any

from miniprefect.run_configs.base import RunConfig

PULL_POLICIES = (None, "Always", "IfNotPresent", "Never")


class KubernetesRun(RunConfig):
    """Say that a flow runs as a Kubernetes job."""

    def __init__(
        self,
        *,
        job_template_path: str | None = None,
        job_template: str | dict[str, Any] | None = None,
        image: str | None = None,
        env: dict[str, Any] | None = None,
        cpu_limit: float | str | None = None,
        cpu_request: float | str | None = None,
        memory_limit: str | None = None,
        memory_request: str | None = None,
        service_account_name: str | None = None,
        image_pull_secrets: Iterable[str] | None = None,
        labels: Iterable[str] | None = None,
        image_pull_policy: str | None = None,
    ) -> None:
        if job_template_path is not None and job_template is not None:
            raise ValueError("Cannot provide both `job_template_path` and `job_template`")
        if image_pull_policy not in PULL_POLICIES:
            raise ValueError(f"Invalid image_pull_policy {image_pull_policy!r}. Expected {PULL_POLICIES[1:]}")
        self.keep(locals())
        super().__init__(env=env, labels=labels)
