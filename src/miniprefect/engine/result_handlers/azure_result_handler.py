"""Prefect 0.10's way to keep results in Azure Blob Storage."""

from miniprefect.engine.result_handlers.result_handler import ResultBackedHandler
from miniprefect.engine.results.azure_result import AzureResult


class AzureResultHandler(ResultBackedHandler):
    """Keep values in a container of Azure, as an `AzureResult` without a location does.

    Args:
        container: its name.
        connection_string: how to reach the storage account.
        azure_credentials_secret: the name of a secret that holds it instead.
    """

    def __init__(
        self, container: str, connection_string: str | None = None, azure_credentials_secret: str = "AZ_CREDENTIALS"
    ) -> None:
        self.container = container
        self.connection_string = connection_string
        self.azure_credentials_secret = azure_credentials_secret

    def as_result(self) -> AzureResult:
        """Return the AzureResult of the same container."""
        secret = None if self.connection_string else self.azure_credentials_secret
        return AzureResult(self.container, self.connection_string, secret)
