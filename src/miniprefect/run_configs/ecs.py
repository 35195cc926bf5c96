"""The record of a run on AWS ECS."""

from collections.abc import Iterable
from typing import Any

from miniprefect.run_configs.base import RunConfig


class ECSRun(RunConfig):
    """Say that a flow runs as an ECS task."""

    def __init__(
        self,
        *,
        task_definition: dict[str, Any] | None = None,
        task_definition_path: str | None = None,
        task_definition_arn: str | None = None,
        image: str | None = None,
        env: dict[str, Any] | None = None,
        cpu: int | str | None = None,
        memory: int | str | None = None,
        task_role_arn: str | None = None,
        execution_role_arn: str | None = None,
        run_task_kwargs: dict[str, Any] | None = None,
        labels: Iterable[str] | None = None,
    ) -> None:
        if [task_definition, task_definition_path, task_definition_arn].count(None) < 2:
            raise ValueError(
                "Can only provide one of `task_definition`, `task_definition_path`, or `task_definition_arn`"
            )
        if task_definition_arn is not None and image is not None:
            raise ValueError("Cannot provide both `task_definition_arn` and `image`: the definition names the image")
        self.keep(locals())
        super().__init__(env=env, labels=labels)
