"""The record of flows on AWS CodeCommit."""

from typing import Any

from miniprefect.storage.base import Storage


class CodeCommit(Storage):
    """Say that a flow is in a CodeCommit repository."""

    def __init__(
        self,
        repo: str,
        path: str | None = None,
        commit: str | None = None,
        client_options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(**kwargs)
