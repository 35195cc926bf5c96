"""Prefect 0.10's way to keep results in Amazon S3."""

from typing import Any

from miniprefect.engine.result_handlers.result_handler import ResultBackedHandler
from miniprefect.engine.results.s3_result import S3Result


class S3ResultHandler(ResultBackedHandler):
    """Keep values in a bucket of S3, as an `S3Result` without a location does.

    Args:
        bucket: its name.
        aws_credentials_secret: the name of the secret with the credentials; ``AWS_CREDENTIALS`` by default.
        boto3_kwargs: arguments of ``boto3.client``, which win over the secret.
    """

    def __init__(
        self, bucket: str, aws_credentials_secret: str | None = None, boto3_kwargs: dict[str, Any] | None = None
    ) -> None:
        self.bucket = bucket
        self.aws_credentials_secret = aws_credentials_secret
        self.boto3_kwargs = boto3_kwargs or {}

    def as_result(self) -> S3Result:
        """Return the S3Result of the same bucket."""
        result = S3Result(self.bucket, boto3_kwargs=self.boto3_kwargs)
        if self.aws_credentials_secret:
            result.credentials_secret = self.aws_credentials_secret
        return result
