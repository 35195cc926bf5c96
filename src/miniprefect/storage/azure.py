"""The record of flows in Azure."""

from typing import Any

from miniprefect.storage.base import Storage


class Azure(Storage):
    """Say that flows are in an Azure container."""

    def __init__(
        self,
        container: str,
        connection_string_secret: str | None = None,
        blob_name: str | None = None,
        overwrite: bool = False,
        stored_as_script: bool = False,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(stored_as_script=stored_as_script, **kwargs)
