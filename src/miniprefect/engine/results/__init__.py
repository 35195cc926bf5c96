"""Where results are kept: files, JSON text, constants, secrets, and the stores of three clouds.

A result that is kept in a cloud imports the cloud's own library when it is first used, not before.
"""

from miniprefect.engine.results.azure_result import AzureResult
from miniprefect.engine.results.constant_result import ConstantResult
from miniprefect.engine.results.gcs_result import GCSResult
from miniprefect.engine.results.local_result import LocalResult
from miniprefect.engine.results.prefect_result import PrefectResult
from miniprefect.engine.results.s3_result import S3Result
from miniprefect.engine.results.secret_result import SecretResult

__all__ = [
    "AzureResult",
    "ConstantResult",
    "GCSResult",
    "LocalResult",
    "PrefectResult",
    "S3Result",
    "SecretResult",
]
