"""What the results kept in a cloud have in common."""

import importlib
from abc import ABC, abstractmethod
from typing import Any, Self

from miniprefect.client.secrets import Secret
from miniprefect.engine.result.base import Result


class CloudResult(Result, ABC):
    """Keep values in a bucket; a subclass says how bytes get there and back.

    The client of the cloud's library is made when it is first needed. It is no part of the result: copies, pickles
    and comparisons leave it out.
    """

    _client: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_client"}

    def exists(self, location: str, **kwargs: Any) -> bool:
        """Say whether there is an object at `location`, a template filled in from `kwargs`."""
        return self._has(location.format(**kwargs))

    def read(self, location: str) -> Self:
        """Return a copy that holds the value kept at `location`.

        Raises:
            ImportError: the cloud's library is not installed.
            CorruptResultError: the object is empty, cut short, or was written in another way.
            Exception: what the cloud's library raises, for want of the object or otherwise.
        """
        return self._held_at(location, self._value_of(self._download(location), location))

    def write(self, value_: Any, **kwargs: Any) -> Self:
        """Keep `value_` at the location filled in from `kwargs`; return a copy that holds both.

        Raises:
            ImportError: the cloud's library is not installed.
            Exception: what the serializer or the cloud's library raises.
        """
        new = self.format(**kwargs)
        assert new.location is not None  # `format` makes one
        new.value = value_
        self._upload(new.location, self.serializer.serialize(value_))
        return new

    def _connection(self) -> Any:
        if self._client is None:
            self._client = self._connect()
        return self._client

    @abstractmethod
    def _connect(self) -> Any:
        """Make the client."""

    @abstractmethod
    def _has(self, location: str) -> bool: ...

    @abstractmethod
    def _download(self, location: str) -> bytes: ...

    @abstractmethod
    def _upload(self, location: str, data: bytes) -> None: ...


def library(module: str, package: str, needed_by: str) -> Any:
    """Import `module` of the cloud's library.

    Raises:
        ImportError: it is not installed; the error names `package`, which brings it, and what it is `needed_by`.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{needed_by} needs {module}, which can't be imported ({error}). Install it: pip install {package}",
            name=module,
        ) from error


def credentials_called(name: str) -> dict[str, Any]:
    """Return the secret `name`, a dict or JSON text, or an empty dict: then the cloud's library finds its own way."""
    secret = Secret(name)
    return dict(secret.get() or {}) if secret.exists() else {}
