"""Results whose text is their location."""

import copy
import datetime
import pickle
from typing import Any

import pytest

from miniprefect.engine.result.base import CorruptResultError
from miniprefect.engine.results import PrefectResult
from miniprefect.engine.serializers import (
    CompressedSerializer,
    DateTimeSerializer,
    JSONSerializer,
    PickleSerializer,
    Serializer,
)


def test_the_location_is_the_text() -> None:
    written = PrefectResult(location="elsewhere").write({"a": [1, 2]}, unused=1)
    assert (written.location, written.value) == ('{"a": [1, 2]}', {"a": [1, 2]})
    read = PrefectResult().read('{"a": [1, 2]}')
    assert read == written


def test_nothing_is_known_before_a_write() -> None:
    assert (PrefectResult().location, PrefectResult().value) == (None, None)


def test_what_is_json_exists() -> None:
    texts: list[Any] = ['{"a": 1}', "1", "not json", "", '{"a": ', "[" * 200_000, None]
    assert [PrefectResult().exists(text, a=1) for text in texts] == [True, True, *[False] * 5]


def test_datetimes() -> None:
    result = PrefectResult(serializer=DateTimeSerializer())
    noon = datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.UTC)
    assert result.write(noon).location == "2020-01-01T12:00:00Z"
    assert result.read("2020-01-01T12:00:00Z").value == noon
    assert [result.exists("2020-01-01"), result.exists("zzz")] == [True, False]


@pytest.mark.parametrize("serializer", [PickleSerializer(), CompressedSerializer(JSONSerializer(), "zlib"), None, 5])
def test_only_what_makes_text_serializes(serializer: Any) -> None:
    with pytest.raises(TypeError, match="JSONSerializer or a DateTimeSerializer"):
        PrefectResult(serializer=serializer)
    result = PrefectResult()
    with pytest.raises(TypeError):
        result.serializer = serializer
    assert result.serializer == JSONSerializer()


def test_a_serializer_of_ones_own() -> None:
    class Sorted(JSONSerializer):
        pass

    own: Serializer = Sorted()
    assert PrefectResult(serializer=own).serializer is own


def test_what_is_no_json() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        PrefectResult().write(object())
    with pytest.raises(CorruptResultError, match="'nope'"):
        PrefectResult().read("nope")


@pytest.mark.parametrize("again", [lambda r: pickle.loads(pickle.dumps(r)), copy.deepcopy])
def test_it_travels(again: Any) -> None:
    result = PrefectResult(value=[1], location="[1]", serializer=DateTimeSerializer())
    assert again(result) == result
    assert again(result).serializer == DateTimeSerializer()


def test_values_only_by_name() -> None:
    with pytest.raises(TypeError):
        PrefectResult(5)  # type: ignore[call-arg]
