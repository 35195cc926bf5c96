"""The record of flows on Bitbucket."""

from typing import Any

from miniprefect.storage.base import Storage


class Bitbucket(Storage):
    """Say that a flow is in a Bitbucket repository."""

    def __init__(
        self,
        project: str,
        repo: str,
        workspace: str | None = None,
        host: str | None = None,
        path: str | None = None,
        ref: str | None = None,
        access_token_secret: str | None = None,
        cloud_username_secret: str | None = None,
        cloud_app_password_secret: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(**kwargs)
