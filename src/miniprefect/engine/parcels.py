"""Results on their way from one process to another: small ones as bytes, large ones as files.

A large result is written by the process that made it, and read by those that want its value. It does not pass through
the process in between, which only hands on where it is. The file is removed when the result is no longer known, at the
latest when the program ends.
"""

import os
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


class Folder:
    """Be a private folder for large results, made when there is one. It goes away with this object."""

    def __init__(self) -> None:
        self.path = os.path.join(tempfile.gettempdir(), f"miniprefect-{new_id()}")
        weakref.finalize(self, _in_process(os.getpid(), shutil.rmtree), self.path, ignore_errors=True)

    def __reduce__(self) -> Any:
        return _Place, (self.path,)

    def write(self, data: bytes) -> str:
        """Write `data` to a new file; return its path."""
        return _Place(self.path).write(data)


class _Place:
    """Be a folder as another process knows it: not its own to remove."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, data: bytes) -> str:
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        path = os.path.join(self.path, new_id())
        with open(path, "wb") as file:
            file.write(data)
        return path


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

    def opened(self, folder: Folder) -> Any:
        """Return the result, or what reads it when it is wanted.

        Raises:
            NotSendable: it could not be sent, or can't be made anew.
        """
        if self.problem:
            raise NotSendable(self.problem)
        return Elsewhere.in_folder(self.path, folder) if self.path else decode(self.data)


def packed(result: Any, folder: Folder | _Place) -> Parcel:
    """Make a result ready to travel."""
    if isinstance(result, Elsewhere):
        return Parcel(encode(result))
    try:
        data = encode(result)
    except NotSendable as error:
        return Parcel(problem=str(error))
    return Parcel(data) if len(data) < LARGE else Parcel(path=folder.write(data))


class Elsewhere(Result):
    """Be a result in a file, read when somebody asks for its value.

    Args:
        path: the file.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._folder: Folder | None = None

    @classmethod
    def in_folder(cls, path: str, folder: Folder) -> "Elsewhere":
        """Make a result that removes its file, and with the last one the folder, when it is no longer known."""
        made = cls(path)
        made._folder = folder
        weakref.finalize(made, _in_process(os.getpid(), os.unlink), path)
        return made

    def __reduce__(self) -> Any:
        return Elsewhere, (self._path,)

    @property
    def value(self) -> Any:
        """The value."""
        if "_read" not in self.__dict__:
            with open(self._path, "rb") as file:
                self._read = decode(file.read())
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
