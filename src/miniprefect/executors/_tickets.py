"""Tickets: one for each call of a batch, taken by the worker before the call begins, or taken back by its owner.

Whoever takes a ticket has it alone, and a worker that dies leaves those that it did not take.
"""

import functools
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import repeat, starmap
from multiprocessing import get_context
from multiprocessing.connection import Connection


class Tickets:
    """Be a semaphore, which processes share that were forked. To take from it is no call of the system.

    Attributes:
        take: takes one, and says whether there was one.

    Raises:
        OSError: the system has no semaphores, or none left; an ImportError, if Python has none.
    """

    def __init__(self) -> None:
        semaphore = get_context("fork").Semaphore(0)
        self.take: Callable[[], bool] = functools.partial(semaphore.acquire, False)
        self._add = semaphore.release

    def give(self, number: int) -> None:
        """Add so many."""
        # No loop: of tiny calls, there are as many tickets.
        deque(starmap(self._add, repeat((), number)), maxlen=0)

    def take_back(self) -> int:
        """Take all that are left; say how many these were."""
        number = 0
        while self.take():
            number += 1
        return number

    def close(self) -> None:
        """Be done with them; there is nothing to close."""


class PipedTickets:
    """Be a pipe with a byte for each: reading from a pipe is atomic. It works for all processes."""

    def __init__(self, takes: Connection, gives: Connection) -> None:
        self._takes, self._gives = takes, gives
        os.set_blocking(takes.fileno(), False)

    def take(self) -> bool:
        """Take one; say whether there was one."""
        return bool(self._read(1))

    def give(self, number: int) -> None:
        """Add so many."""
        with suppress(OSError):  # the worker is dead, which is found out elsewhere
            os.write(self._gives.fileno(), bytes(number))

    def take_back(self) -> int:
        """Take all that are left; say how many these were."""
        return len(self._read(1 << 16))

    def close(self) -> None:
        """Close both ends."""
        self._takes.close()
        self._gives.close()

    def _read(self, most: int) -> bytes:
        try:
            return os.read(self._takes.fileno(), most)
        except BlockingIOError:  # there is none
            return b""


def new_tickets(is_fork: bool, new_pipe: Callable[[], tuple[Connection, Connection]]) -> Tickets | PipedTickets:
    """Return the best tickets that there can be for a worker."""
    if is_fork:
        with suppress(OSError, ImportError):
            return Tickets()
    return PipedTickets(*new_pipe())
