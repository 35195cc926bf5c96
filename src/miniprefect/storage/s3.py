"""The record of flows on S3."""

from typing import Any

from miniprefect.storage.base import Storage


class S3(Storage):
    """Say that flows are in an S3 bucket."""

    def __init__(
        self,
        bucket: str,
        key: str | None = None,
        stored_as_script: bool = False,
        local_script_path: str | None = None,
        client_options: dict[str, Any] | None = None,
        upload_options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(stored_as_script=stored_as_script, **kwargs)
