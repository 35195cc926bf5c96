"""Results kept in Azure Blob Storage."""

import os
from typing import Any

from miniprefect.client.secrets import Secret
from miniprefect.engine.results.cloud import CloudResult, library

VARIABLE = "AZURE_STORAGE_CONNECTION_STRING"


class AzureResult(CloudResult):
    """Keep values in a container of Azure; needs azure-storage-blob, which is imported at the first use.

    Args:
        container: its name.
        connection_string: how to reach the storage account.
        connection_string_secret: the name of a secret that holds it instead. Without either, it is the environment
            variable ``AZURE_STORAGE_CONNECTION_STRING``.
        **kwargs: `location`, `serializer` and `value`, as every `Result` has them.
    """

    def __init__(
        self,
        container: str,
        connection_string: str | None = None,
        connection_string_secret: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.container = container
        self.connection_string = connection_string
        self.connection_string_secret = connection_string_secret
        super().__init__(**kwargs)

    def initialize_service(self) -> None:
        """Make the client anew, for instance when the connection string has changed."""
        self._client = self._connect()

    @property
    def service(self) -> Any:
        """The client of Azure's library."""
        return self._connection()

    def _connect(self) -> Any:
        blob = library("azure.storage.blob", "azure-storage-blob", "AzureResult")
        return blob.BlobServiceClient.from_connection_string(self._chosen_string())

    def _chosen_string(self) -> str:
        secret = self.connection_string_secret
        chosen = self.connection_string or (Secret(secret).get() if secret else os.environ.get(VARIABLE))
        if not chosen:
            raise ValueError(
                "Azure connection string not provided. Give AzureResult a connection_string or a "
                f"connection_string_secret, or set the environment variable {VARIABLE}."
            )
        return str(chosen)

    def _blob(self, location: str) -> Any:
        return self.service.get_blob_client(container=self.container, blob=location)

    def _has(self, location: str) -> bool:
        return bool(self._blob(location).exists())

    def _download(self, location: str) -> bytes:
        data: bytes = self._blob(location).download_blob().readall()
        return data

    def _upload(self, location: str, data: bytes) -> None:
        self._blob(location).upload_blob(data, overwrite=True)
