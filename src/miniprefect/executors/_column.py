"""The plain values of calls that came as one: a column in memory that a worker shares with its owner.

A call may end its worker, so what the calls before it gave has to be out of the worker's hands when it begins. For a
number or a text, that is a few bytes at the end of this column. As all of them together have the form of a list, the
owner reads a thousand at once.

Numbers that are all of one type, as they mostly are, need no more than their places in an array. From the first value
on that is none of these, values come by `marshal`.
"""

import marshal
import mmap
from collections.abc import Callable
from typing import Any, Literal

_ONE = 1 << 32
# How many numbers there can be, and how many bytes of all that is no number.
_NUMBERS = 1 << 12
_SIZE = 1 << 18
# Eight bytes each: how many numbers there are; of what type; of the other values how many there are and how many bytes,
# which is one number, so that they are never seen apart.
_COUNT, _TYPE, _USED = range(3)
_HEAD = 8 * 3
_BEGIN = _HEAD + 8 * _NUMBERS
# The types of numbers, and what an array of each is called.
_NUMERIC: tuple[type, ...] = (int, float)
_CODES: tuple[Literal["q", "d"], ...] = ("q", "d")
# Their bytes are theirs alone: nothing in them refers to what was written before, as it may be with other types.
_PLAIN = frozenset({int, float, str, bytes, bool, type(None)})
# To be added in the place of a value that comes otherwise.
ELSEWHERE = object()


class Column:
    """Hold a plain value for each call of a batch, in order, and ``...`` for one whose answer comes otherwise.

    There may be none for the last ones: where there is no room for a ``...``, there is room for nothing.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _BEGIN + _SIZE)
        self._head = memoryview(self._memory)[:_HEAD].cast("Q")
        self._numbers = [memoryview(self._memory)[_HEAD:_BEGIN].cast(code) for code in _CODES]
        self._seen_numbers = self._seen = 0

    def writer(self) -> Callable[[Any], bool]:
        """Return what adds a value, if it is plain and there is room, and says whether it has. For the worker."""
        head, add_other, count = self._head, self._writer_of_others(), 0
        numbers: Any = None
        # The type of the numbers; none before the first value, and none after one that is another.
        kind: type | None = None
        is_first = True

        def add(value: Any) -> bool:
            nonlocal count
            if type(value) is not kind:
                return add_odd(value)
            try:
                numbers[count] = value
            except (ValueError, IndexError):  # it is too large, or there is no room
                return add_odd(value)
            count += 1
            # Last, so that what is half written does not count.
            head[_COUNT] = count
            return True

        def add_odd(value: Any) -> bool:
            nonlocal kind, numbers, is_first
            is_number, is_first = is_first and type(value) in _NUMERIC, False
            if not is_number:
                kind = None
                return add_other(value)
            kind = type(value)
            head[_TYPE] = _NUMERIC.index(kind)
            numbers = self._numbers[head[_TYPE]]
            return add(value)  # which is here again if it is too large

        return add

    def _writer_of_others(self) -> Callable[[Any], bool]:
        write, head, dumps = self._memory.write, self._head, marshal.dumps
        used = 0
        self._memory.seek(_BEGIN)

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
            head[_USED] = used
            return True

        return add

    def empty(self) -> None:
        """Forget everything. Only while the worker is idle."""
        self._head[_COUNT] = self._head[_USED] = self._seen_numbers = self._seen = 0

    def take(self) -> tuple[int, list[Any]]:
        """Return the number of the first value that has come since this was asked last, and the values since."""
        first = self._seen_numbers + self._seen // _ONE
        # In this order: there are no more numbers when there is something else.
        others = self._take_others()
        return first, self._take_numbers() + others

    def _take_numbers(self) -> list[Any]:
        begin, self._seen_numbers = self._seen_numbers, self._head[_COUNT]
        values: list[Any] = self._numbers[self._head[_TYPE]][begin : self._seen_numbers].tolist()
        return values

    def _take_others(self) -> list[Any]:
        seen, self._seen = self._seen, self._head[_USED]
        first, begin = divmod(seen, _ONE)
        last, end = divmod(self._seen, _ONE)
        if first == last:
            return []
        values: list[Any] = marshal.loads(_head(last - first) + self._memory[_BEGIN + begin : _BEGIN + end])
        return values

    def close(self) -> None:
        """Give the memory back."""
        for view in (self._head, *self._numbers):
            view.release()
        self._memory.close()


def _head(size: int) -> bytes:
    """Return what a list of so many values begins with, as bytes: what is before those of the values."""
    return marshal.dumps([None] * size)[:-size]
