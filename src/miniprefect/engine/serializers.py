"""Serializers: how a value becomes bytes and comes back.

To add one, subclass `Serializer`: its `deserialize` raises whatever it likes for bytes that it did not write.
"""

import datetime
import importlib
import io
from collections.abc import Callable
from typing import Any, ClassVar

from miniprefect.utilities.lazy import LazyModule

base64 = LazyModule("base64")
json = LazyModule("json")
pickle = LazyModule("pickle")


class Serializer:
    """Turn values into bytes and back."""

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        # What is equal has the same type.
        return hash(type(self))

    def serialize(self, value: Any) -> bytes:
        """Return `value` as bytes."""
        raise NotImplementedError(f"{type(self).__name__}.serialize is not implemented.")

    def deserialize(self, value: bytes) -> Any:
        """Return the value that `serialize` made these bytes from."""
        raise NotImplementedError(f"{type(self).__name__}.deserialize is not implemented.")


class PickleSerializer(Serializer):
    """Use the standard pickle."""

    def serialize(self, value: Any) -> bytes:
        """Return `value` pickled; an error of pickle comes out as it is."""
        pickled: bytes = pickle.dumps(value)
        return pickled

    def deserialize(self, value: bytes) -> Any:
        """Return the pickled value; base64 text around the pickle, as old releases wrote it, is taken off.

        Raises:
            Exception: the bytes are no pickle, or what they refer to can't be imported; pickle says which in many ways.
        """
        try:
            return pickle.loads(value)
        except Exception:
            plain = _without_base64(value)
            if not plain:
                raise
            return pickle.loads(plain)


def _without_base64(value: bytes | str) -> bytes:
    """Return what the base64 text `value` stands for, or no bytes if it is none."""
    try:
        plain: bytes = base64.b64decode(value, validate=True)
    except ValueError:
        return b""
    return plain


class JSONSerializer(Serializer):
    """Use JSON, encoded as UTF-8."""

    def serialize(self, value: Any) -> bytes:
        """Return `value` as JSON; raises TypeError for what JSON can't say."""
        return str(json.dumps(value)).encode()

    def deserialize(self, value: bytes) -> Any:
        """Return what the JSON says."""
        return json.loads(value)


class DateTimeSerializer(Serializer):
    """Write a datetime as ISO 8601 text."""

    def serialize(self, value: Any) -> bytes:
        """Return a datetime as text; one without a zone is taken as UTC.

        Raises:
            TypeError: `value` is something else, such as a date.
        """
        if not isinstance(value, datetime.datetime):
            raise TypeError(f"DateTimeSerializer writes datetimes, not {type(value).__name__}s such as {value!r}.")
        text = _in_some_zone(value).isoformat()
        return (text[:-6] + "Z" if text.endswith("+00:00") else text).encode()

    def deserialize(self, value: bytes) -> datetime.datetime:
        """Return the datetime that the text names; one without a zone is taken as UTC."""
        return _in_some_zone(datetime.datetime.fromisoformat(value.decode()))


def _in_some_zone(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


class PandasSerializer(Serializer):
    """Use one of pandas' own file formats; pandas is imported when a value is read or written.

    Args:
        file_type: a format that pandas both writes and reads: ``"csv"``, ``"parquet"``, ...
        deserialize_kwargs: arguments of ``pandas.read_<file_type>``.
        serialize_kwargs: arguments of ``DataFrame.to_<file_type>``.
    """

    # All others go through bytes, in which pandas can compress them as well.
    _text_types: ClassVar[frozenset[str]] = frozenset({"html", "latex"})

    def __init__(
        self,
        file_type: str,
        deserialize_kwargs: dict[str, Any] | None = None,
        serialize_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.file_type = file_type
        self.deserialize_kwargs = deserialize_kwargs or {}
        self.serialize_kwargs = serialize_kwargs or {}

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = Serializer.__hash__

    def serialize(self, value: Any) -> bytes:
        """Return a DataFrame in this file format."""
        buffer = self._buffer()
        self._method(value, f"to_{self.file_type}")(buffer, **self.serialize_kwargs)
        written = buffer.getvalue()
        return written.encode() if isinstance(written, str) else bytes(written)

    def deserialize(self, value: bytes) -> Any:
        """Return the DataFrame in these bytes."""
        pandas = _pandas()
        buffer = self._buffer(value)
        return self._method(pandas, f"read_{self.file_type}")(buffer, **self.deserialize_kwargs)

    def _method(self, owner: Any, name: str) -> Callable[..., Any]:
        method = getattr(owner, name, None)
        if method is None:
            kind = getattr(owner, "__name__", type(owner).__name__)
            raise ValueError(
                f"{kind} has no {name!r}. PandasSerializer({self.file_type!r}) takes DataFrames, and a file type that "
                "pandas both writes and reads, such as 'csv'."
            )
        return method  # type: ignore[no-any-return]

    def _buffer(self, value: bytes = b"") -> Any:
        return io.StringIO(value.decode()) if self.file_type in self._text_types else io.BytesIO(value)


def _pandas() -> Any:
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise ImportError(
            f"PandasSerializer needs pandas, which can't be imported ({error}). Install it: pip install pandas",
            name="pandas",
        ) from error


class CompressedSerializer(Serializer):
    """Compress what another serializer writes.

    Args:
        serializer: makes the bytes that are compressed.
        format: ``"bz2"``, ``"gzip"``, ``"lzma"``, ``"zlib"``, or the name of a module with the functions
            ``compress`` and ``decompress``.
        compress: a function of bytes, instead of `format`.
        decompress: its reverse.
        compress_kwargs: arguments of ``compress``.
        decompress_kwargs: arguments of ``decompress``.

    Raises:
        ImportError: there is no module called `format`.
        ValueError: the module lacks one of the two functions, or neither or both of the two ways are given.
    """

    def __init__(
        self,
        serializer: Serializer,
        format: str | None = None,
        compress: Callable[..., bytes] | None = None,
        decompress: Callable[..., bytes] | None = None,
        compress_kwargs: dict[str, Any] | None = None,
        decompress_kwargs: dict[str, Any] | None = None,
    ) -> None:
        if format is not None:
            if compress is not None or decompress is not None:
                raise ValueError("You must specify either `format` or `compress`/`decompress`, but not both.")
            compress, decompress = self.compression_from_lib(format)
        if compress is None or decompress is None:
            raise ValueError("You must specify either `format`, such as 'gzip', or `compress` and `decompress`.")
        self._serializer = serializer
        self._compress, self._decompress = compress, decompress
        self._compress_kwargs = compress_kwargs or {}
        self._decompress_kwargs = decompress_kwargs or {}

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = Serializer.__hash__

    def serialize(self, value: Any) -> bytes:
        """Return `value` serialized, then compressed."""
        return self._compress(self._serializer.serialize(value), **self._compress_kwargs)

    def deserialize(self, value: bytes) -> Any:
        """Return the value in these compressed bytes."""
        return self._serializer.deserialize(self._decompress(value, **self._decompress_kwargs))

    @staticmethod
    def compression_from_lib(compression_format: str) -> tuple[Callable[..., bytes], Callable[..., bytes]]:
        """Return ``compress`` and ``decompress`` of the module `compression_format`.

        Raises:
            ImportError: there is no such module.
            ValueError: the module lacks one of the two functions.
        """
        try:
            module = importlib.import_module(compression_format)
        except ImportError as error:
            raise ImportError(f"'{compression_format}' is not installed; choose bz2, gzip, lzma or zlib.") from error
        try:
            return module.compress, module.decompress
        except AttributeError as error:
            raise ValueError(f"'{compression_format}' has no functions `compress` and `decompress`.") from error
