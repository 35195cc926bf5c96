"""How functions without a name that leads to them travel to worker processes."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from miniprefect import Flow, Parameter, task, unmapped
from miniprefect.executors import ProcessExecutor
from miniprefect.executors.processes import NotSendable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers are forked")


def returning(n: int) -> Callable[[], int]:
    def function() -> int:
        return n

    return function


def test_a_function_that_lies_where_another_was_is_not_mistaken_for_that_one() -> None:
    """The worker has the old ones; they go, and the new ones, made by the same code, come where they were."""
    old, new = [returning(-n) for n in range(1, 200)], list[Any]()

    class Values:
        def __len__(self) -> int:
            return 10

        def __getitem__(self, index: int) -> Any:
            return new[index]

    def replace(mapped: Any, before: Any, after: Any) -> None:
        if after.is_mapped() and not new:
            old.clear()
            new.extend(returning(n) for n in range(1, 11))

    @task(state_handlers=[replace])
    def call(function: Callable[[], int]) -> int:
        return function()

    with Flow("flow", executor=ProcessExecutor(1)) as flow:
        worker_is_there = task(lambda: 1, name="first")()
        called = call.map(Parameter("values"), upstream_tasks=[unmapped(worker_is_there)])
    children: Any = flow.run(values=Values()).result[called].map_states  # type: ignore[union-attr]
    assert len(children) == 10
    for child in children:
        assert child.is_failed()
        assert isinstance(child.result, NotSendable)
        assert "made on the other side" in str(child.result)


def test_a_function_that_refers_to_itself_or_to_nothing_yet_travels() -> None:
    def again(n: int) -> int:
        return n and again(n - 1)

    def early() -> Any:
        return late

    with Flow("flow", executor=ProcessExecutor(1)) as flow:
        recursive, unbound = task(lambda: again, name="recursive")(), task(lambda: early, name="unbound")()
    result: Any = flow.run().result  # type: ignore[union-attr]
    assert (result[recursive].result, result[unbound].result) == (again, early)
    late = 1
