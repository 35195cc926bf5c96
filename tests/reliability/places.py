"""The places where something of the user's runs: a task for each, which raises there."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

from miniprefect import Task, task
from miniprefect.engine.result.base import Result
from miniprefect.engine.results import LocalResult
from miniprefect.engine.serializers import Serializer
from miniprefect.engine.state import State
from tests.engine.helpers import Returns

Make = Callable[[], BaseException]


def raiser(make: Make, answer: Any = None, times: int = 1_000_000) -> Callable[..., Any]:
    """Return a function that raises for the first so many calls."""
    left = [times]

    def fail(*args: Any, **kwargs: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise make()
        return answer

    return fail


class RaisingResult(Result):
    """A result of which one method raises."""

    def __init__(self, method: str, make: Make, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._method, self._make = method, make

    def _do(self, method: str) -> None:
        if method == self._method:
            raise self._make()

    def format(self, **kwargs: Any) -> Any:
        self._do("format")
        return super().format(**kwargs)

    def exists(self, location: str, **kwargs: Any) -> bool:
        self._do("exists")
        return self._method == "read"

    def read(self, location: str) -> Result:
        self._do("read")
        raise AssertionError

    def write(self, value_: Any, **kwargs: Any) -> Result:
        self._do("write")
        return self.from_value(value_)


class RaisingSerializer(Serializer):
    def __init__(self, method: str, make: Make) -> None:
        self.method, self.make = method, make

    def serialize(self, value: Any) -> bytes:
        if self.method == "serialize":
            raise self.make()
        return b"1"

    def deserialize(self, value: bytes) -> Any:
        if self.method == "deserialize":
            raise self.make()
        return 1


class Boolless:
    """What can't be asked whether it is true."""

    def __init__(self, make: Make) -> None:
        self.make = make

    def __bool__(self) -> bool:
        raise self.make()


# ---------------------------------------------------------------------- the work itself


def function(make: Make, **settings: Any) -> Task:
    def bad() -> None:
        raise make()

    return task(bad, name="bad", **settings)


def by_run(make: Make, folder: Path) -> Task:
    return function(make)


def by_method(make: Make, folder: Path) -> Task:
    return Returns(make(), name="bad")


def with_stdout(make: Make, folder: Path) -> Task:
    return function(make, log_stdout=True)


def with_timeout(make: Make, folder: Path) -> Task:
    return function(make, timeout=5)


def with_both(make: Make, folder: Path) -> Task:
    return function(make, timeout=5, log_stdout=True)


def by_coroutine(make: Make, folder: Path) -> Task:
    async def bad() -> None:
        raise make()

    return task(bad, name="bad")


def by_coroutine_with_timeout(make: Make, folder: Path) -> Task:
    async def bad() -> None:
        raise make()

    return task(bad, name="bad", timeout=5, log_stdout=True)


def with_cache_and_retries(make: Make, folder: Path) -> Task:
    nothing = datetime.timedelta(0)
    return function(make, max_retries=2, retry_delay=nothing, cache_for=datetime.timedelta(hours=1))


# ---------------------------------------------------------------------- what surrounds it


def by_handler_at(kind: str) -> Callable[[Make, Path], Task]:
    def build(make: Make, folder: Path) -> Task:
        def handler(tracked: Any, old: State, new: State) -> None:
            if type(new).__name__ == kind:
                raise make()

        return Returns(1, name="bad", state_handlers=[handler])

    return build


def by_handlers_answer(make: Make, folder: Path) -> Task:
    return Returns(1, name="bad", state_handlers=[lambda tracked, old, new: Boolless(make)])


def by_on_failure(make: Make, folder: Path) -> Task:
    return Returns(ValueError("first"), name="bad", on_failure=raiser(make))


def by_trigger(make: Make, folder: Path) -> Task:
    return Returns(1, name="bad", trigger=raiser(make))


def by_triggers_answer(make: Make, folder: Path) -> Task:
    return Returns(1, name="bad", trigger=lambda states: Boolless(make))


def by_task_run_name(make: Make, folder: Path) -> Task:
    return Returns(1, name="bad", task_run_name=raiser(make))


def by_target(make: Make, folder: Path) -> Task:
    return Returns(1, name="bad", target=raiser(make), result=LocalResult(dir=folder))


def by_location(make: Make, folder: Path) -> Task:
    return Returns(1, name="bad", result=LocalResult(dir=folder, location=raiser(make)))


def by_result(method: str) -> Callable[[Make, Path], Task]:
    def build(make: Make, folder: Path) -> Task:
        return Returns(1, name="bad", target="x", result=RaisingResult(method, make))

    return build


def by_serializer(make: Make, folder: Path) -> Task:
    result = LocalResult(dir=folder, serializer=RaisingSerializer("serialize", make))
    return Returns(1, name="bad", result=result)


def by_value_that_cannot_be_pickled(make: Make, folder: Path) -> Task:
    class Unpicklable:
        def __reduce__(self) -> Any:
            raise make()

    return Returns(Unpicklable(), name="bad", result=LocalResult(dir=folder))


PLACES: dict[str, Callable[[Make, Path], Task]] = {
    "run": by_run,
    "method": by_method,
    "log_stdout": with_stdout,
    "timeout": with_timeout,
    "timeout and log_stdout": with_both,
    "async": by_coroutine,
    "async with timeout": by_coroutine_with_timeout,
    "retries and cache": with_cache_and_retries,
    "handler at Running": by_handler_at("Running"),
    "handler at Success": by_handler_at("Success"),
    "handler's answer": by_handlers_answer,
    "on_failure": by_on_failure,
    "trigger": by_trigger,
    "trigger's answer": by_triggers_answer,
    "task_run_name": by_task_run_name,
    "target": by_target,
    "location": by_location,
    "result.exists": by_result("exists"),
    "result.read": by_result("read"),
    "result.write": by_result("write"),
    "result.format": by_result("format"),
    "serialize": by_serializer,
    "pickling": by_value_that_cannot_be_pickled,
}
