"""Tickets: each is taken once, by one of two processes."""

import multiprocessing
import os
from typing import Any

import pytest

from miniprefect.executors import _tickets
from miniprefect.executors._tickets import PipedTickets, Tickets, new_tickets


def pipe() -> Any:
    return multiprocessing.Pipe(duplex=False)


@pytest.fixture(params=[Tickets, lambda: PipedTickets(*pipe())], ids=["semaphore", "pipe"])
def tickets(request: pytest.FixtureRequest) -> Any:
    made = request.param()
    yield made
    made.close()


def test_there_are_as_many_as_were_given(tickets: Any) -> None:
    assert not tickets.take()
    tickets.give(3)
    assert tickets.take()
    assert tickets.take_back() == 2
    assert not tickets.take()
    assert tickets.take_back() == 0


def test_two_processes_that_take_them_share_them(tickets: Any) -> None:
    tickets.give(5000)
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        number = 0
        while tickets.take():
            number += 1
        os.write(writes, str(number).encode())
        os._exit(0)
    here = 0
    while tickets.take():
        here += 1
    there = int(os.read(reads, 10))
    os.waitpid(child, 0)
    os.close(reads)
    os.close(writes)
    assert here + there == 5000


def test_where_there_is_no_semaphore_a_pipe_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> Any:
        raise OSError("Function not implemented")

    assert isinstance(new_tickets(True, pipe), Tickets)
    monkeypatch.setattr(_tickets, "Tickets", refused)
    made = new_tickets(True, pipe)
    assert isinstance(made, PipedTickets)
    made.close()
