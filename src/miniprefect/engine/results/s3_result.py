"""Results kept in Amazon S3."""

import io
from typing import Any

from miniprefect.engine.results.cloud import CloudResult, credentials_called, library

MISSING = ("404", "NoSuchKey", "NotFound")

# The names of the keys in Prefect's secret, and of the arguments of boto3.
CREDENTIALS = {
    "ACCESS_KEY": "aws_access_key_id",
    "SECRET_ACCESS_KEY": "aws_secret_access_key",
    "SESSION_TOKEN": "aws_session_token",
}


class S3Result(CloudResult):
    """Keep values in a bucket of S3; needs boto3, which is imported at the first use.

    Credentials come from the secret ``AWS_CREDENTIALS``, a dict with ``ACCESS_KEY``, ``SECRET_ACCESS_KEY`` and
    maybe ``SESSION_TOKEN``, if there is one; otherwise boto3 looks for them where it always does.

    Args:
        bucket: its name.
        boto3_kwargs: arguments of ``boto3.client``, which win over the secret.
        upload_options: ``ExtraArgs`` of the upload, such as ``{"ServerSideEncryption": "AES256"}``.
        **kwargs: `location`, `serializer` and `value`, as every `Result` has them.
    """

    credentials_secret = "AWS_CREDENTIALS"

    def __init__(
        self,
        bucket: str,
        boto3_kwargs: dict[str, Any] | None = None,
        upload_options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.bucket = bucket
        self.boto3_kwargs = boto3_kwargs or {}
        self.upload_options = upload_options or {}
        super().__init__(**kwargs)

    @property
    def client(self) -> Any:
        """The client of boto3."""
        return self._connection()

    def _connect(self) -> Any:
        boto3 = library("boto3", "boto3", "S3Result")
        secret = credentials_called(self.credentials_secret)
        known = {argument: secret[key] for key, argument in CREDENTIALS.items() if key in secret}
        return boto3.client("s3", **{**known, **self.boto3_kwargs})

    def _has(self, location: str) -> bool:
        try:
            self.client.head_object(Bucket=self.bucket, Key=location)
        except Exception as error:
            # A ClientError of botocore, known by what it carries.
            if getattr(error, "response", {}).get("Error", {}).get("Code") in MISSING:
                return False
            raise
        return True

    def _download(self, location: str) -> bytes:
        stream = io.BytesIO()
        self.client.download_fileobj(Bucket=self.bucket, Key=location, Fileobj=stream)
        return stream.getvalue()

    def _upload(self, location: str, data: bytes) -> None:
        self.client.upload_fileobj(io.BytesIO(data), Bucket=self.bucket, Key=location, ExtraArgs=self.upload_options)
