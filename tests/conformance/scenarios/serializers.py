"""Serializers: what writes a result as bytes and reads it back."""

import datetime

from observe import UTC, raises, scenario
from prefect.engine.serializers import (
    CompressedSerializer,
    DateTimeSerializer,
    JSONSerializer,
    PickleSerializer,
)


@scenario
def serializers_there_and_back():
    now = datetime.datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    there_and_back = {
        "pickle": (PickleSerializer(), {"a": {1, 2}}),
        "json": (JSONSerializer(), {"a": [1, None]}),
        "zlib": (CompressedSerializer(JSONSerializer(), format="zlib"), [1, 2]),
        "gzip": (CompressedSerializer(PickleSerializer(), format="gzip"), [1, 2]),
        "bz2": (CompressedSerializer(PickleSerializer(), format="bz2"), [1, 2]),
        "lzma": (CompressedSerializer(PickleSerializer(), format="lzma"), [1, 2]),
        "datetime": (DateTimeSerializer(), now),
    }
    seen = {}
    for name, (serializer, value) in there_and_back.items():
        data = serializer.serialize(value)
        seen[name] = [type(data).__name__, serializer.deserialize(data) == value]
    return seen


@scenario
def serializers_compare_by_kind_and_settings():
    return [
        JSONSerializer() == JSONSerializer(),
        JSONSerializer() == PickleSerializer(),
        CompressedSerializer(JSONSerializer(), format="zlib") == CompressedSerializer(JSONSerializer(), format="zlib"),
        CompressedSerializer(JSONSerializer(), format="zlib") == CompressedSerializer(JSONSerializer(), format="gzip"),
    ]


@scenario
def unknown_compression_and_unserializable_values():
    return {
        "format": raises(lambda: CompressedSerializer(JSONSerializer(), format="foobar"), says="foobar"),
        "neither": raises(lambda: CompressedSerializer(JSONSerializer())),
        "json": raises(lambda: JSONSerializer().serialize({1, 2})),
        "corrupt": raises(lambda: JSONSerializer().deserialize(b"{")),
    }
