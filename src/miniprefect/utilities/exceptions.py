"""The path and the names of the exceptions up to 0.14."""

from miniprefect.exceptions import (
    AuthorizationError,
    ClientError,
    FlowStorageError,
    ObjectNotFoundError,
    PrefectException,
    TaskTimeoutSignal,
    VersionLockMismatchSignal,
)

PrefectError = PrefectException
StorageError = FlowStorageError
TaskTimeoutError = TaskTimeoutSignal
VersionLockError = VersionLockMismatchSignal

__all__ = [
    "AuthorizationError",
    "ClientError",
    "ObjectNotFoundError",
    "PrefectError",
    "StorageError",
    "TaskTimeoutError",
    "VersionLockError",
]
