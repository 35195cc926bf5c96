"""Serializers: there and back, what they refuse, what is equal."""

import base64
import copy
import datetime
import json
import pickle
import sys
import threading
from types import ModuleType
from typing import Any

import pytest

from miniprefect.engine.serializers import (
    CompressedSerializer,
    DateTimeSerializer,
    JSONSerializer,
    PandasSerializer,
    PickleSerializer,
    Serializer,
)

NOON = datetime.datetime(2020, 2, 3, 12, tzinfo=datetime.UTC)
ZONE = datetime.timezone(datetime.timedelta(hours=2))
FORMATS = ["bz2", "gzip", "lzma", "zlib"]

KINDS: list[tuple[Serializer, Any]] = [
    (PickleSerializer(), {"a": {1, 2}, "b": None}),
    (JSONSerializer(), {"a": [1, None, "é", 1.5]}),
    (DateTimeSerializer(), NOON),
    *((CompressedSerializer(PickleSerializer(), format=name), ["x"] * 1000) for name in FORMATS),
    (CompressedSerializer(CompressedSerializer(JSONSerializer(), "zlib"), "gzip"), [1]),
]


@pytest.mark.parametrize(("serializer", "value"), KINDS)
@pytest.mark.parametrize("again", [lambda s: s, lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy])
def test_there_and_back(serializer: Serializer, value: Any, again: Any) -> None:
    data = serializer.serialize(value)
    assert type(data) is bytes
    assert again(serializer).deserialize(data) == value
    assert again(serializer) == serializer
    assert hash(again(serializer)) == hash(serializer)


def test_different_kinds_and_settings_differ() -> None:
    kinds: list[Serializer] = [serializer for serializer, _ in KINDS]
    kinds += [PandasSerializer("csv"), PandasSerializer("json"), PandasSerializer("csv", {"sep": ";"})]
    for n, one in enumerate(kinds):
        assert [one == other for other in kinds] == [m == n for m in range(len(kinds))]
    assert JSONSerializer() != "JSONSerializer"


@pytest.mark.parametrize("method", ["serialize", "deserialize"])
def test_the_base_class_does_nothing(method: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"Serializer\.{method}"):
        getattr(Serializer(), method)(b"x")


# Pickle


def test_pickles_of_old_releases_are_wrapped_in_base64() -> None:
    old = base64.b64encode(pickle.dumps({"a": 1}))
    assert PickleSerializer().deserialize(old) == {"a": 1}


@pytest.mark.parametrize("data", [b"", b"garbage", b"gASV", base64.b64encode(b"garbage"), pickle.dumps("abc")[:-1]])
def test_no_pickle(data: bytes) -> None:
    with pytest.raises((pickle.UnpicklingError, EOFError, ValueError, KeyError)):
        PickleSerializer().deserialize(data)


def test_the_error_of_a_pickle_is_that_of_pickle() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        PickleSerializer().deserialize(b"cno_such_module\nname\n.")
    with pytest.raises(TypeError, match="pickle"):
        PickleSerializer().serialize(threading.Lock())


# JSON


def test_json_is_readable() -> None:
    assert json.loads(JSONSerializer().serialize({"a": 1}).decode()) == {"a": 1}
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        JSONSerializer().serialize({1})
    with pytest.raises(ValueError):
        JSONSerializer().deserialize(b"{")


# Datetimes


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, b"2020-02-03T12:00:00Z"),
        (NOON.replace(tzinfo=None), b"2020-02-03T12:00:00Z"),
        (NOON.replace(tzinfo=ZONE, microsecond=45), b"2020-02-03T12:00:00.000045+02:00"),
    ],
)
def test_datetimes_as_prefect_writes_them(moment: datetime.datetime, text: bytes) -> None:
    assert DateTimeSerializer().serialize(moment) == text
    assert DateTimeSerializer().deserialize(text) == (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC))


def test_a_day_is_its_midnight_in_utc() -> None:
    assert DateTimeSerializer().deserialize(b"2020-02-03") == NOON.replace(hour=0)


@pytest.mark.parametrize("value", [NOON.date(), "2020-02-03", None, 5])
def test_what_is_no_datetime(value: Any) -> None:
    with pytest.raises(TypeError, match="writes datetimes"):
        DateTimeSerializer().serialize(value)


def test_no_text_of_a_datetime() -> None:
    with pytest.raises(ValueError):
        DateTimeSerializer().deserialize(b"xx")


# Compression


def test_compression_is_smaller_and_takes_arguments() -> None:
    value = "x" * 10_000
    plain = len(PickleSerializer().serialize(value))
    fast = CompressedSerializer(PickleSerializer(), "gzip", compress_kwargs={"compresslevel": 0})
    small = CompressedSerializer(PickleSerializer(), "gzip", compress_kwargs={"compresslevel": 9})
    assert len(small.serialize(value)) < plain / 10 < len(fast.serialize(value))


def backwards(data: bytes) -> bytes:
    return data[::-1]


def test_compression_of_ones_own() -> None:
    serializer = CompressedSerializer(JSONSerializer(), compress=backwards, decompress=backwards)
    assert serializer.serialize([1, 2]) == b"]2 ,1["
    assert serializer.deserialize(b"]2 ,1[") == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"format": "foobar"}, ImportError, "'foobar' is not installed"),
        ({"format": "json"}, ValueError, "'json' has no functions"),
        ({}, ValueError, "either"),
        ({"compress": backwards}, ValueError, "either"),
        ({"decompress": backwards}, ValueError, "either"),
        ({"format": "zlib", "compress": backwards}, ValueError, "not both"),
    ],
)
def test_compression_that_is_not_told_well(arguments: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        CompressedSerializer(JSONSerializer(), **arguments)


# Pandas


class Frame:
    """As much of a DataFrame as is written here."""

    def __init__(self, text: str) -> None:
        self.text = text

    def to_csv(self, buffer: Any, mark: str = "") -> None:
        buffer.write((self.text + mark).encode())

    def to_html(self, buffer: Any) -> None:
        buffer.write(self.text)


@pytest.fixture
def fake_pandas(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: Any = ModuleType("pandas")
    module.read_csv = lambda buffer, mark="": buffer.read().decode() + mark
    module.read_html = lambda buffer: buffer.read()
    monkeypatch.setitem(sys.modules, "pandas", module)
    return module


@pytest.mark.usefixtures("fake_pandas")
def test_pandas_gets_its_arguments() -> None:
    serializer = PandasSerializer("csv", deserialize_kwargs={"mark": "?"}, serialize_kwargs={"mark": "!"})
    assert serializer.serialize(Frame("a")) == b"a!"
    assert serializer.deserialize(b"a!") == "a!?"


@pytest.mark.usefixtures("fake_pandas")
def test_pandas_formats_that_are_text_come_out_as_bytes() -> None:
    assert PandasSerializer("html").serialize(Frame("é")) == "é".encode()
    assert PandasSerializer("html").deserialize("é".encode()) == "é"


@pytest.mark.usefixtures("fake_pandas")
def test_pandas_formats_that_are_not_there() -> None:
    with pytest.raises(ValueError, match="Frame has no 'to_foo'"):
        PandasSerializer("foo").serialize(Frame("a"))
    with pytest.raises(ValueError, match="pandas has no 'read_foo'"):
        PandasSerializer("foo").deserialize(b"a")
    with pytest.raises(ValueError, match="int has no 'to_csv'"):
        PandasSerializer("csv").serialize(3)


def test_pandas_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        PandasSerializer("csv").deserialize(b"a")


@pytest.mark.parametrize(
    ("file_type", "writing", "reading"),
    [
        ("csv", {"index": False}, {}),
        ("csv", {"index": False, "compression": "gzip"}, {"compression": "gzip"}),
        ("json", {}, {}),
        ("pickle", {}, {}),
    ],
)
def test_pandas_itself(file_type: str, writing: Any, reading: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "é"]})
    serializer = PandasSerializer(file_type, deserialize_kwargs=reading, serialize_kwargs=writing)
    assert serializer.deserialize(serializer.serialize(frame)).equals(frame)
