"""The record of flows on GitHub."""

from typing import Any

from miniprefect.storage.base import Storage


class GitHub(Storage):
    """Say that a flow is in a GitHub repository."""

    def __init__(
        self,
        repo: str,
        path: str,
        ref: str | None = None,
        access_token_secret: str | None = None,
        base_url: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(**kwargs)
