"""Prefect 0.10's result handlers: each says how values are kept by means of a `Result`, or of two functions."""

from miniprefect.engine.result_handlers.azure_result_handler import AzureResultHandler
from miniprefect.engine.result_handlers.constant_result_handler import ConstantResultHandler
from miniprefect.engine.result_handlers.gcs_result_handler import GCSResultHandler
from miniprefect.engine.result_handlers.json_result_handler import JSONResultHandler
from miniprefect.engine.result_handlers.local_result_handler import LocalResultHandler
from miniprefect.engine.result_handlers.result_handler import ResultHandler, as_result
from miniprefect.engine.result_handlers.s3_result_handler import S3ResultHandler
from miniprefect.engine.result_handlers.secret_result_handler import SecretResultHandler

__all__ = [
    "AzureResultHandler",
    "ConstantResultHandler",
    "GCSResultHandler",
    "JSONResultHandler",
    "LocalResultHandler",
    "ResultHandler",
    "S3ResultHandler",
    "SecretResultHandler",
    "as_result",
]
