"""The record of flows in a Docker image."""

import os
from typing import Any

from miniprefect.storage.base import Storage


class Docker(Storage):
    """Say that flows are in a Docker image."""

    def __init__(
        self,
        registry_url: str | None = None,
        base_image: str | None = None,
        dockerfile: str | None = None,
        dockerignore: str | None = None,
        python_dependencies: list[str] | None = None,
        image_name: str | None = None,
        image_tag: str | None = None,
        env_vars: dict[str, Any] | None = None,
        files: dict[str, str] | None = None,
        prefect_version: str | None = None,
        local_image: bool = False,
        ignore_healthchecks: bool = False,
        base_url: str | None = None,
        tls_config: Any = False,
        build_kwargs: dict[str, Any] | None = None,
        prefect_directory: str = "/opt/prefect",
        path: str | None = None,
        stored_as_script: bool = False,
        extra_dockerfile_commands: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if base_image and dockerfile:
            raise ValueError("Only one of `base_image` and `dockerfile` can be provided.")
        python_dependencies, files = python_dependencies or [], files or {}
        env_vars, build_kwargs = env_vars or {}, build_kwargs or {}
        self.keep(locals())
        super().__init__(stored_as_script=stored_as_script, **kwargs)

    @property
    def name(self) -> str:
        """The full name of the image."""
        if not self.image_name or not self.image_tag:
            raise ValueError("Docker storage is missing required fields image_name and image_tag")
        return f"{os.path.join(self.registry_url or '', self.image_name)}:{self.image_tag}"

    def _place(self, flow_name: str) -> str:
        return self.path or f"{self.prefect_directory}/flows/{super()._place(flow_name)}.prefect"
