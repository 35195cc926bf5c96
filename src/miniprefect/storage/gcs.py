"""The record of flows on Google Cloud Storage."""

from typing import Any

from miniprefect.storage.base import Storage


class GCS(Storage):
    """Say that flows are in a Google Cloud bucket."""

    def __init__(
        self,
        bucket: str,
        key: str | None = None,
        project: str | None = None,
        stored_as_script: bool = False,
        local_script_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(stored_as_script=stored_as_script, **kwargs)
