"""Branches: `switch`, `ifelse`, and `merge`, which brings branches together again."""

from typing import Any

from miniprefect.core.builtin import FunctionTask
from miniprefect.core.task import Task
from miniprefect.engine import signals
from miniprefect.triggers import not_all_skipped
from miniprefect.utilities.tasks import as_task, tags


class CompareValue(Task):
    """Skip, and so skip what follows, unless a value equals the one expected.

    Args:
        value: the value expected.
        **kwargs: as for `Task`.
    """

    def __init__(self, value: Any, **kwargs: Any) -> None:
        self.value = value
        kwargs.setdefault("name", f'CompareValue: "{value}"')
        super().__init__(**kwargs)

    def run(self, value: Any) -> None:
        """Skip unless `value` is the one expected."""
        if value != self.value:
            raise signals.SKIP(f'Provided value "{value}" did not match "{self.value}"')


def switch(condition: Task, cases: dict[Any, Any], mapped: bool = False) -> None:
    """Run one of several branches, chosen by a task's result.

    Args:
        condition: the task whose result chooses.
        cases: the first task of each branch, by the value that chooses it.
        mapped: whether to choose for each element of the result by itself.

    Raises:
        TypeError: a case's value is a task.
    """
    with tags("switch"):
        for value, task in cases.items():
            if isinstance(value, Task):
                raise TypeError("`cases` maps values, not tasks, to tasks.")
            match = CompareValue(value=value)
            match.bind(value=condition, mapped=mapped)
            as_task(task).set_dependencies(upstream_tasks=[match], mapped=mapped)


def ifelse(condition: Task, true_task: Any, false_task: Any, mapped: bool = False) -> None:
    """Run one of two branches, chosen by the truth of a task's result.

    Args:
        condition: the task whose result chooses.
        true_task: the first task of the branch for a true result; None for no branch.
        false_task: the same for a false result.
        mapped: whether to choose for each element of the result by itself.
    """
    truth = FunctionTask(_as_bool, name="as_bool").bind(condition, mapped=mapped)
    branches = {True: true_task, False: false_task}
    switch(truth, {value: task for value, task in branches.items() if task is not None}, mapped=mapped)


def _as_bool(x: Any) -> bool:
    return bool(x)


class Merge(Task):
    """Bring branches together again: the result is that of the first branch which was not skipped.

    Args:
        **kwargs: as for `Task`.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("skip_on_upstream_skip", False)
        kwargs.setdefault("trigger", not_all_skipped)
        super().__init__(**kwargs)

    def run(self, **task_results: Any) -> Any:
        """Return the first result of a branch that ran, or None."""
        ordered = sorted(task_results.items(), key=lambda item: int(item[0].removeprefix("task_")))
        return next((v for _, v in ordered if v is not None and not isinstance(v, signals.SKIP)), None)


def merge(*tasks: Any, flow: Any = None, mapped: bool = False, **kwargs: Any) -> Task:
    """Bring branches together again.

    Args:
        *tasks: the last task of each branch, in order of preference.
        flow: the flow; by default the one whose ``with`` block this is.
        mapped: whether to do so for each element of the results by itself.
        **kwargs: as for `Task`.
    """
    branches = {f"task_{number}": task for number, task in enumerate(tasks, 1)}
    return Merge(**kwargs).bind(**branches, mapped=mapped, flow=flow)
