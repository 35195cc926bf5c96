"""Results that are looked up anew."""

import copy
import pickle
from typing import Any

import pytest

from miniprefect.engine.result.base import ResultNotImplementedError
from miniprefect.engine.results import SecretResult
from miniprefect.engine.serializers import JSONSerializer


class Hidden:
    """As much of a secret task as a result needs."""

    name = "password"

    def run(self, name: str) -> str:
        return f"secret {name}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden)

    __hash__ = object.__hash__


def test_it_is_read_by_running_the_task() -> None:
    result = SecretResult(Hidden())
    assert (result.location, result.value) == ("password", None)
    read = result.read("other")
    assert (read.value, read.location) == ("secret other", "other")
    assert result.value is None


def test_its_location_may_be_another_secret() -> None:
    assert SecretResult(Hidden(), location="other").location == "other"


def test_it_is_never_written() -> None:
    with pytest.raises(ValueError, match="cannot be written to") as error:
        SecretResult(Hidden()).write("very secret")
    assert "very secret" not in str(error.value)
    with pytest.raises(ResultNotImplementedError):
        SecretResult(Hidden()).exists("password")


def test_it_has_no_serializer_of_ones_own() -> None:
    with pytest.raises(ValueError, match="Can't pass a serializer"):
        SecretResult(Hidden(), serializer=JSONSerializer())


@pytest.mark.parametrize("again", [lambda r: pickle.loads(pickle.dumps(r)), copy.deepcopy])
def test_it_travels(again: Any) -> None:
    assert again(SecretResult(Hidden())) == SecretResult(Hidden())
