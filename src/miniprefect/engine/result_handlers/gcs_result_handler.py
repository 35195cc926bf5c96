"""Prefect 0.10's way to keep results in Google Cloud Storage."""

from miniprefect.engine.result_handlers.result_handler import ResultBackedHandler
from miniprefect.engine.results.gcs_result import GCSResult


class GCSResultHandler(ResultBackedHandler):
    """Keep values in a bucket of Google Cloud Storage, as a `GCSResult` without a location does.

    Args:
        bucket: its name.
        credentials_secret: the name of the secret with the credentials; ``GCP_CREDENTIALS`` by default.
    """

    def __init__(self, bucket: str | None = None, credentials_secret: str | None = None) -> None:
        self.bucket = bucket
        self.credentials_secret = credentials_secret

    def as_result(self) -> GCSResult:
        """Return the GCSResult of the same bucket."""
        result = GCSResult(self.bucket)
        if self.credentials_secret:
            result.credentials_secret = self.credentials_secret
        return result
