"""The record of flows in a Python module."""

from typing import Any

from miniprefect.storage.base import Storage


class Module(Storage):
    """Say that a flow is in an importable module."""

    def __init__(
        self,
        module: str,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(**kwargs)

    def _place(self, flow_name: str) -> str:
        return str(self.module)
