"""The environment of a Fargate task."""

from collections.abc import Callable, Iterable
from typing import Any

from miniprefect.environments.execution.base import Environment


class FargateTaskEnvironment(Environment):
    """Say that a flow runs as a Fargate task; further keywords are kept as `task_kwargs`."""

    def __init__(
        self,
        launch_type: str = "FARGATE",
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        region_name: str | None = None,
        executor_kwargs: dict[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        on_start: Callable[[], Any] | None = None,
        on_exit: Callable[[], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.task_kwargs = kwargs
        self.keep(locals())
        super().__init__(labels=labels, on_start=on_start, on_exit=on_exit)
