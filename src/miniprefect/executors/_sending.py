"""What travels between a process and its workers: objects as bytes.

Pickle sends a function or a class by its name. A lambda, a function within a function or a class within a function
has no name that leads to it. But a worker that was forked has it, at the same address, if it was there before: so it
is sent by its address, and found again among the objects that Python knows of. One that a task has made is not
there on the other side, and can't be sent.
"""

import gc
import io
import pickle
from collections.abc import Callable
from types import CellType, FunctionType
from typing import Any

_PROTOCOL = 5


class NotSendable(TypeError):
    """Say that something could not be sent to a worker process, or back."""


def encode(value: Any) -> bytes:
    """Return `value` as bytes.

    Raises:
        NotSendable: it can't be pickled, or its pickling fails.
    """
    try:
        return pickle.dumps(value, _PROTOCOL)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:
        return _dumped(value, _Pickler)


def encode_by_name(value: Any) -> bytes:
    """Return `value` as bytes for a process that was not forked; for the rest see `encode`."""
    return _dumped(value, pickle.Pickler)


def _dumped(value: Any, pickler: type[pickle.Pickler]) -> bytes:
    data = io.BytesIO()
    try:
        pickler(data, _PROTOCOL).dump(value)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        raise NotSendable(f"it can't be pickled: {_said(error)}") from error
    return data.getvalue()


def decode(data: Any) -> Any:
    """Return the value that `encode` made bytes of.

    Raises:
        NotSendable: it can't be made anew.
    """
    try:
        return pickle.loads(data)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        raise NotSendable(f"it can't be unpickled: {_said(error)}") from error


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


class _Pickler(pickle.Pickler):
    def reducer_override(self, thing: Any) -> Any:
        if not isinstance(thing, FunctionType | type):
            return NotImplemented
        try:
            pickle.dumps(thing, _PROTOCOL)
        except Exception:
            name = type(thing).__name__, thing.__module__, thing.__qualname__
            return _inherited, (id(thing), *name, _parts(thing))
        return NotImplemented


def _parts(thing: Any) -> tuple[int, ...]:
    """Return where the parts of a function are: one that was made since, and lies where it was, has others."""
    if not isinstance(thing, FunctionType):
        return ()
    cells = map(_content, thing.__closure__ or ())
    return (id(thing.__code__), id(thing.__defaults__), *cells)


def _content(cell: CellType) -> int:
    try:
        return id(cell.cell_contents)
    except ValueError:  # it is empty
        return 0


_found: dict[tuple[Any, ...], Any] = {}


def _inherited(*key: Any) -> Any:
    """Return the function or class that was there when the worker was forked.

    Args:
        *key: its address, its kind, its module, its name, and where its parts are.
    """
    module, name = key[2:4]
    found = _found.get(key)
    if found is None:
        found = _found[key] = next(filter(_is_it(*key), _all_objects()), None)
    if found is None:
        raise LookupError(
            f"{module}.{name} was made on the other side, and has no name to find it by. Define it at the top of a "
            "module, or before the flow runs."
        )
    return found


def _all_objects() -> list[Any]:
    """List what the garbage collector knows of, with what it has been told to pass over."""
    if not gc.get_freeze_count():
        return gc.get_objects()
    gc.unfreeze()
    try:
        return gc.get_objects()
    finally:
        gc.freeze()


def _is_it(address: int, kind: str, module: str, name: str, parts: tuple[int, ...]) -> Callable[[Any], bool]:
    def is_it(thing: Any) -> bool:
        if id(thing) != address or type(thing).__name__ != kind or not isinstance(thing, FunctionType | type):
            return False
        return (thing.__module__, thing.__qualname__, _parts(thing)) == (module, name, parts)

    return is_it
