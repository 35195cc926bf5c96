"""Many calls that travel as one, and differ in their arguments only: what they are called with comes by the column.

The worker makes them in one loop, which is not its own (`Turns`). Plain values come back by the column as well.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from miniprefect.executors._column import ELSEWHERE, Column


class Receiver(Protocol):
    """Take in what becomes of calls, which have numbers from 0."""

    def gave(self, first: int, values: list[Any]) -> None:
        """Take the values of calls, from the first on."""

    def ended(self, number: int, value: Any, error: BaseException | None) -> None:
        """Take the value of a call, or the error that it raised."""

    def returned(self, numbers: Sequence[int]) -> None:
        """Take calls back that have not begun, since others before them take long."""

    def refused(self, numbers: Sequence[int]) -> None:
        """Take calls back that the worker could not read."""


class Many:
    """Be many calls that travel as one.

    Args:
        kind: what kind of calls they are.
        data: what `many` of that which all calls have in common is called with, as bytes.
        size: how many they are.
        receiver: takes what becomes of them.
    """

    __slots__ = ("data", "done", "kind", "receiver", "size")

    def __init__(self, kind: Any, data: bytes, size: int, receiver: Receiver) -> None:
        self.kind = kind
        self.data = data
        self.size = size
        self.receiver = receiver
        self.done = bytearray(size)

    def gave(self, first: int, values: list[Any]) -> None:
        """Take in plain values; in the place of ``...`` something else has come, or will."""
        if ... not in values:
            self.done[first : first + len(values)] = b"\1" * len(values)
            self.receiver.gave(first, values)
            return
        for number, value in enumerate(values, first):
            if value is not ...:
                self.gave(number, [value])


class Part:
    """Be one of many calls."""

    __slots__ = ("many", "number")

    def __init__(self, many: Many, number: int) -> None:
        self.many = many
        self.number = number

    def end(self, value: Any = None, error: BaseException | None = None) -> None:
        """Take in what the call did."""
        if not self.many.done[self.number]:
            self.many.done[self.number] = True
            self.many.receiver.ended(self.number, value, error)


class Parts(Sequence[Any]):
    """Be those of many calls that a worker has, or had."""

    def __init__(self, many: Many, numbers: range) -> None:
        self.many = many
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return Parts(self.many, self.numbers[key])
        return Part(self.many, self.numbers[key])


class Turns:
    """Give each of many calls its turn, in a worker.

    Args:
        begins: says whether the next call may begin; one that may is begun.
        column: takes plain values, where memory is shared.
        answer: takes the number of a call and what makes its answer, when it is not a plain value.

    Attributes:
        number: the call whose turn it is; set by who makes the calls.
    """

    def __init__(
        self,
        begins: Callable[[], bool],
        column: Column | None,
        answer: Callable[[int, Callable[[], bytes]], None],
    ) -> None:
        self.begins = begins
        self.number = 0
        # Takes the value of a call if it is plain, and says whether it has.
        self.keeps: Callable[[Any], bool] = column.writer() if column else lambda value: False
        self._answer = answer

    def answer(self, attempt: Callable[[], bytes]) -> None:
        """Answer the call whose turn it is: with the value of `attempt`, which is bytes, or with what that raises."""
        self._answer(self.number, attempt)
        self.keeps(ELSEWHERE)
