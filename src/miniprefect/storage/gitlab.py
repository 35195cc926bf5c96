"""The record of flows on GitLab."""

from typing import Any

from miniprefect.storage.base import Storage


class GitLab(Storage):
    """Say that a flow is in a GitLab repository."""

    def __init__(
        self,
        repo: str,
        host: str | None = None,
        path: str | None = None,
        ref: str | None = None,
        access_token_secret: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(**kwargs)
