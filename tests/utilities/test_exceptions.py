"""The path and names of the exceptions up to 0.14."""

import pytest

from miniprefect import exceptions
from miniprefect.utilities import exceptions as old


@pytest.mark.parametrize(
    ("old_name", "name"),
    [
        ("PrefectError", "PrefectException"),
        ("StorageError", "FlowStorageError"),
        ("ClientError", "ClientError"),
        ("AuthorizationError", "AuthorizationError"),
        ("ObjectNotFoundError", "ObjectNotFoundError"),
        ("TaskTimeoutError", "TaskTimeoutSignal"),
        ("VersionLockError", "VersionLockMismatchSignal"),
    ],
)
def test_old_names_are_the_same_classes(old_name: str, name: str) -> None:
    assert getattr(old, old_name) is getattr(exceptions, name)
