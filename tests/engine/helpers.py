"""Fakes and short cuts for the tests of the engine."""

import datetime
from collections.abc import Callable
from typing import Any

from miniprefect import Task, context
from miniprefect.core.edge import Edge
from miniprefect.engine.state import State
from miniprefect.utilities.clock import Clock

PAST = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
FUTURE = datetime.datetime(2999, 1, 1, tzinfo=datetime.UTC)
NOON = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)


class FakeClock(Clock):
    """A clock that stands still until somebody waits."""

    def __init__(self, now: datetime.datetime = NOON) -> None:
        self.moment = now
        self.waits: list[float] = []

    def now(self) -> datetime.datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.moment += datetime.timedelta(seconds=seconds)

    def sleep_until(self, moment: datetime.datetime) -> None:
        if moment > self.moment:
            self.sleep((moment - self.moment).total_seconds())


class Handler:
    """A state handler that remembers its calls, and answers what `answer` makes of the two states."""

    def __init__(
        self, answer: Callable[[State, State], Any] = lambda old, new: None, name: str = "", log: Any = None
    ) -> None:
        self.answer = answer
        self.name = name
        self.log = log if log is not None else []
        self.calls: list[tuple[Any, State, State]] = []

    def __call__(self, tracked: Any, old: State, new: State) -> Any:
        self.calls.append((tracked, old, new))
        self.log.append((self.name, type(old).__name__, type(new).__name__))
        return self.answer(old, new)

    @property
    def changes(self) -> list[str]:
        """The changes that it saw, such as "Pending > Running"."""
        return [f"{type(old).__name__} > {type(new).__name__}" for _, old, new in self.calls]


def raising(error: BaseException, at: type[State] = State) -> Callable[[State, State], Any]:
    """Make an answer that raises `error` when the new state is of the class `at`."""

    def answer(old: State, new: State) -> None:
        if isinstance(new, at):
            raise error

    return answer


class Returns(Task):
    """A task that returns `value`, or raises it if it is an exception; it counts its runs."""

    def __init__(self, value: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value
        self.runs: list[None] = []

    def run(self) -> Any:
        self.runs.append(None)
        if isinstance(self.value, BaseException):
            raise self.value
        return self.value


class Add(Task):
    """A task with an argument that has no default and one that has."""

    def run(self, x: Any, y: Any = 10) -> Any:
        return x + y


class Sees(Task):
    """A task that returns what the context has under some keys."""

    def __init__(self, *keys: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keys = keys

    def run(self) -> Any:
        return {key: context.get(key) for key in self.keys}


class Unprintable(Exception):
    """An exception whose author broke `repr` and `str`."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


def upstream(*states: State, mapped: bool = False, key: str | None = None) -> dict[Edge, State]:
    """Return upstream states as a task runner takes them, each by an edge of its own."""
    return {Edge(Task(name=f"upstream {n}"), Task(), key=key, mapped=mapped): state for n, state in enumerate(states)}


def inputs(**states: State) -> dict[Edge, State]:
    """Return upstream states by edges that carry them as arguments."""
    return {Edge(Task(name=key), Add(), key=key): state for key, state in states.items()}
