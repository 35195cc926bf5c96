"""Results kept in Google Cloud Storage."""

from typing import Any

from miniprefect.engine.results.cloud import CloudResult, credentials_called, library

PACKAGE = "google-cloud-storage"


class GCSResult(CloudResult):
    """Keep values in a bucket of Google Cloud Storage; needs google-cloud-storage, imported at the first use.

    Credentials come from the secret ``GCP_CREDENTIALS``, the content of a service account's JSON file, if there is
    one; otherwise Google's library looks for them where it always does.

    Args:
        bucket: its name.
        **kwargs: `location`, `serializer` and `value`, as every `Result` has them.
    """

    credentials_secret = "GCP_CREDENTIALS"

    def __init__(self, bucket: str | None = None, **kwargs: Any) -> None:
        self.bucket = bucket
        super().__init__(**kwargs)

    @property
    def gcs_bucket(self) -> Any:
        """The bucket, as Google's library has it."""
        return self._connection()

    def _connect(self) -> Any:
        storage = library("google.cloud.storage", PACKAGE, "GCSResult")
        account = credentials_called(self.credentials_secret)
        client = storage.Client.from_service_account_info(account) if account else storage.Client()
        return client.bucket(self.bucket)

    def _has(self, location: str) -> bool:
        return bool(self.gcs_bucket.blob(location).exists())

    def _download(self, location: str) -> bytes:
        data: bytes = self.gcs_bucket.blob(location).download_as_bytes()
        return data

    def _upload(self, location: str, data: bytes) -> None:
        self.gcs_bucket.blob(location).upload_from_string(data)
