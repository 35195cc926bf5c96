"""The `case` block: tasks that run only when a task's result has a certain value."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Self

from miniprefect.core.task import Task
from miniprefect.tasks.control_flow.conditional import CompareValue
from miniprefect.utilities.context import context


class Block:
    """Collect the tasks that are called inside a ``with`` block, for what their order in it calls for.

    The context holds the innermost block of each `kind`, and calling a task tells it.
    """

    kind = ""

    def __init__(self) -> None:
        self.flow: Any = None
        self.tasks: list[Task] = []
        self._inside: AbstractContextManager[Any] | None = None

    def add_task(self, task: Task, flow: Any) -> None:
        """Take note of a task that is called in the block.

        Raises:
            ValueError: it belongs to another flow than those before it.
        """
        if task.is_parameter or task.is_constant:
            return
        if self.flow is not None and self.flow is not flow:
            raise ValueError(f"Multiple flows cannot be used with the same {self.kind} statement")
        self.flow = flow
        self.tasks.append(task)

    def _enter(self) -> None:
        self._inside = context({self.kind: self})
        self._inside.__enter__()

    def _leave(self) -> None:
        assert self._inside is not None, "a block is left only after it was entered"
        self._inside.__exit__(None, None, None)

    def first_tasks(self) -> Iterator[Task]:
        """List the tasks that depend on no other of the block."""
        inside = set(self.tasks)
        return (task for task in self.tasks if inside.isdisjoint(self.flow.upstream_tasks(task)))

    def last_tasks(self) -> Iterator[Task]:
        """List the tasks that no other of the block depends on."""
        inside = set(self.tasks)
        return (task for task in self.tasks if inside.isdisjoint(self.flow.downstream_tasks(task)))


class case(Block):
    """Let the tasks called in a ``with`` block run only if the result of `task` equals `value`.

    Args:
        task: the task whose result decides.
        value: what it is compared with.

    Raises:
        TypeError: the value is a task.
    """

    kind = "case"

    def __init__(self, task: Task, value: Any) -> None:
        if isinstance(value, Task):
            raise TypeError("`value` cannot be a task; compare the tasks first, with a.is_equal(b), and use True.")
        super().__init__()
        self.task = task
        self.value = value

    def __enter__(self) -> Self:
        self._enter()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        self._leave()
        if kind is not None or not self.tasks:
            return
        condition = CompareValue(self.value, name=f"case({self.value})")
        condition.bind(value=self.task, flow=self.flow)
        for task in list(self.first_tasks()):
            task.set_upstream(condition, flow=self.flow)
