"""Results on their way from one process to another: small ones as bytes, large ones as files.

A large result is written by the process that made it, and read by those that want its value. It does not pass through
the process in between, which only hands on where it is. The file is removed when the result is no longer known, at the
latest when the program ends.

An executor may have another place for large results than a folder (`Executor.new_store`). It does what `Folder` does.
"""

import os
import pickle
import shutil
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from miniprefect.engine.result.base import Result
from miniprefect.executors.processes import NotSendable, decode, encode
from miniprefect.utilities.identity import new_id

# In bytes, pickled.
LARGE = 1 << 20


class _Place:
    """Be a folder as another process knows it: not its own to remove.

    Attributes:
        large: how many bytes are too many to travel.
        encode: makes bytes of a value, or raises `NotSendable`.
        encode_alone: does so for processes that have inherited nothing, or raises an exception.
        others: what to call these in an error, and `remedy` what to do about it.
    """

    large = LARGE
    encode = staticmethod(encode)
    encode_alone = staticmethod(pickle.dumps)
    others = "worker processes that are not forked"
    remedy = "Make it of a function or class at the top of a module, or use the start method 'fork'."

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, data: bytes) -> str:
        """Write `data` to a new file; return its path."""
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        path = os.path.join(self.path, new_id())
        with open(path, "wb") as file:
            file.write(data)
        return path

    def read(self, path: str) -> bytes:
        """Return what was written to a file."""
        with open(path, "rb") as file:
            return file.read()

    def reference(self, held: "Elsewhere", path: str) -> Any:
        """Return what to pickle in place of a result, as `__reduce__` does."""
        return Elsewhere, (path, _Place(self.path))


class Folder(_Place):
    """Be a private folder for large results, made when there is one. It goes away with this object."""

    def __init__(self) -> None:
        super().__init__(os.path.join(tempfile.gettempdir(), f"miniprefect-{new_id()}"))
        weakref.finalize(self, _in_process(os.getpid(), shutil.rmtree), self.path, ignore_errors=True)

    def __reduce__(self) -> Any:
        return _Place, (self.path,)

    def keep(self, held: "Elsewhere", path: str) -> None:
        """Remove the file when the result is no longer known."""
        weakref.finalize(held, _in_process(os.getpid(), os.unlink), path)


def _in_process(process_id: int, remove: Callable[..., Any]) -> Callable[..., None]:
    """Return `remove` for this process alone: those that it forks inherit what it is to do at its end."""

    def removed(*args: Any, **kwargs: Any) -> None:
        if os.getpid() == process_id:
            with suppress(OSError):
                remove(*args, **kwargs)

    return removed


class Parcel:
    """Be a result that travels.

    Args:
        data: the result as bytes; "" if it is elsewhere.
        path: the file that it is in, if it is large.
        problem: why it can't be sent, if it can't.
    """

    __slots__ = ("data", "path", "problem")

    def __init__(self, data: bytes = b"", path: str = "", problem: str = "") -> None:
        self.data = data
        self.path = path
        self.problem = problem

    def __reduce__(self) -> Any:
        return Parcel, (self.data, self.path, self.problem)

    def opened(self, store: Any) -> Any:
        """Return the result, or what reads it when it is wanted.

        Raises:
            NotSendable: it could not be sent, or can't be made anew.
        """
        if self.problem:
            raise NotSendable(self.problem)
        if not self.path:
            return decode(self.data)
        held = Elsewhere(self.path, store)
        store.keep(held, self.path)
        return held


def packed(result: Any, store: Any) -> Parcel:
    """Make a result ready to travel, with help of the place for large ones."""
    if isinstance(result, Elsewhere):
        return Parcel(store.encode(result))
    try:
        data = store.encode(result)
    except NotSendable as error:
        return Parcel(problem=str(error))
    return Parcel(data) if len(data) < store.large else Parcel(path=store.write(data))


class Elsewhere(Result):
    """Be a result in a file, read when somebody asks for its value.

    Args:
        path: the file, or whatever it is to the place.
        store: the place. The private folder goes away with the last result in it.
    """

    def __init__(self, path: Any, store: Any) -> None:
        super().__init__()
        self._path = path
        self._store = store

    def __reduce__(self) -> Any:
        return self._store.reference(self, self._path)

    @property
    def value(self) -> Any:
        """The value."""
        if "_read" not in self.__dict__:
            self._read = decode(self._store.read(self._path))
        return self._read

    @value.setter
    def value(self, value: Any) -> None:
        if value is not None:
            self._read = value


class Gathered(Result):
    """Be the results of the children of a mapped task, of which some are large: read when somebody asks for them.

    Args:
        states: the states of the children.
    """

    def __init__(self, states: list[Any]) -> None:
        super().__init__()
        self._states = states

    def __reduce__(self) -> Any:
        return Gathered, (self._states,)

    @property
    def value(self) -> list[Any]:
        """The results, in order."""
        return [state.result for state in self._states]

    @value.setter
    def value(self, value: None) -> None:
        pass
