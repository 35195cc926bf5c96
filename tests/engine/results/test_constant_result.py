"""Results that never change."""

import copy
import pickle
from typing import Any

import pytest

from miniprefect.engine.results import ConstantResult
from miniprefect.engine.serializers import JSONSerializer


def test_it_is_read_from_everywhere() -> None:
    result = ConstantResult(value=5, location="a")
    assert result.read("anything") is result
    assert result.exists("anything", x=1)
    assert (result.value, result.location, repr(result)) == (5, "a", "<ConstantResult: 5>")


def test_it_is_never_written() -> None:
    with pytest.raises(ValueError, match="Cannot write values"):
        ConstantResult(value=5).write(6)


@pytest.mark.parametrize("serializer", [JSONSerializer(), None])
def test_it_has_no_serializer_of_ones_own(serializer: Any) -> None:
    with pytest.raises(ValueError, match="Can't pass a serializer"):
        ConstantResult(value=5, serializer=serializer)


@pytest.mark.parametrize("again", [lambda r: pickle.loads(pickle.dumps(r)), copy.deepcopy])
def test_it_travels(again: Any) -> None:
    assert again(ConstantResult(value=[1])) == ConstantResult(value=[1])
