"""Storage under its path of 0.10, with the arguments that some kinds had then."""

from typing import Any

from miniprefect.storage import (
    GCS,
    Bitbucket,
    CodeCommit,
    Docker,
    Git,
    GitHub,
    GitLab,
    Local,
    Storage,
    Webhook,
)
from miniprefect.storage.azure import Azure as AzureOf1
from miniprefect.storage.s3 import S3 as S3Of1


class Azure(AzureOf1):
    """Say that flows are in an Azure container."""

    def __init__(
        self,
        container: str,
        connection_string: str | None = None,
        blob_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(container, blob_name=blob_name, **kwargs)
        self.connection_string = connection_string


class S3(S3Of1):
    """Say that flows are in an S3 bucket."""

    def __init__(
        self,
        bucket: str,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        client_options: dict[str, Any] | None = None,
        key: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(bucket, key=key, client_options=client_options, **kwargs)


class Bytes(Storage):
    """Say that flows are kept as bytes in the storage itself."""


class Memory(Storage):
    """Say that flows are kept in memory."""


__all__ = [
    "GCS",
    "S3",
    "Azure",
    "Bitbucket",
    "Bytes",
    "CodeCommit",
    "Docker",
    "Git",
    "GitHub",
    "GitLab",
    "Local",
    "Memory",
    "Storage",
    "Webhook",
]
