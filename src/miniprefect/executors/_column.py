"""The plain values of calls that came as one: a column in memory that a worker shares with its owner.

A call may end its worker, so what the calls before it gave has to be out of the worker's hands when it begins. For a
number or a text, that is a few bytes at the end of this column. As all of them together have the form of a list, the
owner reads a thousand at once.
"""

import marshal
import mmap
from collections.abc import Callable
from typing import Any

_SIZE = 1 << 18
_HEAD = 8
_ONE = 1 << 32
# Their bytes are theirs alone: nothing in them refers to what was written before, as it may be with other types.
_PLAIN = frozenset({int, float, str, bytes, bool, type(None)})
# To be added in the place of a value that comes otherwise.
ELSEWHERE = object()


class Column:
    """Hold a plain value for each call of a batch, in order, and ``...`` for one whose answer comes otherwise.

    There may be none for the last ones: where there is no room for a ``...``, there is room for nothing.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)
        # How many values there are, and how many bytes: one number, so that they are never seen apart.
        self._used = memoryview(self._memory)[:_HEAD].cast("Q")
        self._seen = 0

    def writer(self) -> Callable[[Any], bool]:
        """Return what adds a value, if it is plain and there is room, and says whether it has. For the worker."""
        write, cell, dumps = self._memory.write, self._used, marshal.dumps
        used = 0
        self._memory.seek(_HEAD)

        def add(value: Any) -> bool:
            nonlocal used
            if type(value) not in _PLAIN:
                if value is not ELSEWHERE:
                    return False
                value = ...
            data = dumps(value)
            try:
                write(data)
            except ValueError:  # there is no room
                return False
            used += _ONE + len(data)
            # Last, so that what is half written does not count.
            cell[0] = used
            return True

        return add

    def empty(self) -> None:
        """Forget everything. Only while the worker is idle."""
        self._used[0] = self._seen = 0

    def take(self) -> tuple[int, list[Any]]:
        """Return the number of the first value that has come since this was asked last, and the values since."""
        seen, self._seen = self._seen, self._used[0]
        first, begin = divmod(seen, _ONE)
        last, end = divmod(self._seen, _ONE)
        if first == last:
            return first, []
        data = self._memory[_HEAD + begin : _HEAD + end]
        return first, marshal.loads(_head(last - first) + data)

    def close(self) -> None:
        """Give the memory back."""
        self._used.release()
        self._memory.close()


def _head(size: int) -> bytes:
    """Return what a list of so many values begins with, as bytes: what is before those of the values."""
    return marshal.dumps([None] * size)[:-size]
