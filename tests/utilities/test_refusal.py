"""Functions that say there is no backend."""

import pytest

from miniprefect.exceptions import ClientError
from miniprefect.utilities.refusal import refusal


def test_it_refuses_whatever_it_is_given() -> None:
    refuse = refusal("list_keys()", "Use a file.")
    with pytest.raises(ClientError, match=r"^list_keys\(\) needs Prefect's backend.* Use a file\.$"):
        refuse(1, x=2)


def test_it_is_named_and_documented() -> None:
    refuse = refusal("list_keys()", "Use a file.")
    assert (refuse.__name__, refuse.__doc__) == ("list_keys", "Raise NoBackendError. Use a file.")
