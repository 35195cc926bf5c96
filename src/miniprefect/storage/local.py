"""The record of flows on this machine."""

import os
from typing import Any

from miniprefect.configuration import config
from miniprefect.storage.base import Storage


class Local(Storage):
    """Say that flows are in a folder, or a flow in a script, of this machine."""

    def __init__(
        self,
        directory: str | None = None,
        validate: bool = True,
        path: str | None = None,
        stored_as_script: bool = False,
        **kwargs: Any,
    ) -> None:
        directory = directory or os.path.join(config.home_dir, "flows")
        self.keep(locals())
        super().__init__(stored_as_script=stored_as_script, **kwargs)

    def _place(self, flow_name: str) -> str:
        return self.path or os.path.join(self.directory, super()._place(flow_name))
