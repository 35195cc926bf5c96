"""The answers of a worker, in memory that it shares with its owner: a worker that dies takes none with it."""

import mmap
import struct
from collections.abc import Iterator

from miniprefect.executors._column import Column

_USED = struct.Struct("<Q")
_HEAD = struct.Struct("<II")
_SIZE = 1 << 18


class Outbox:
    """Hold answers by number. The worker puts them in; the owner takes them out, and empties it between batches.

    Attributes:
        column: holds answers that are plain values.
    """

    def __init__(self) -> None:
        self.column = Column()
        self._memory = mmap.mmap(-1, _SIZE)
        self._read = 0
        self.empty()

    def empty(self) -> None:
        """Forget everything. Only while the worker is idle."""
        self._read = _USED.size
        _USED.pack_into(self._memory, 0, _USED.size)
        self.column.empty()

    def put(self, number: int, data: bytes) -> bool:
        """Put an answer in, unless there is no room; say whether there was."""
        (at,) = _USED.unpack_from(self._memory)
        begin = at + _HEAD.size
        end = begin + len(data)
        if end > _SIZE:
            return False
        _HEAD.pack_into(self._memory, at, number, len(data))
        self._memory[begin:end] = data
        # Last, so that what is half written does not count.
        _USED.pack_into(self._memory, 0, end)
        return True

    def take(self) -> Iterator[tuple[int, bytes]]:
        """List the answers that have come since this was asked last."""
        (used,) = _USED.unpack_from(self._memory)
        while self._read < used:
            number, length = _HEAD.unpack_from(self._memory, self._read)
            begin = self._read + _HEAD.size
            self._read = begin + length
            yield number, self._memory[begin : self._read]

    def close(self) -> None:
        """Give the memory back."""
        self.column.close()
        self._memory.close()
