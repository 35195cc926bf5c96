"""The task runners of a plan."""

from collections.abc import Callable, Sequence
from typing import Any

from miniprefect.engine.plan import Plan
from miniprefect.engine.result.base import Result
from miniprefect.engine.task_runner import TaskRunner
from miniprefect.engine.times import timekeeping


class Crew:
    """Give each task of a plan its task runner, made when it is first asked for.

    Args:
        plan: the tasks.
        cls: the class of the runners.
        handlers: functions of (task runner, old state, new state).
        result: where results are written unless the task says otherwise.
        keeps_times: whether the states are to tell when their runs began and ended.
    """

    __slots__ = ("cls", "handlers", "is_ordinary", "is_plain", "keeps_times", "plan", "result", "runner_cls", "runners")

    def __init__(
        self,
        plan: Plan,
        cls: type[TaskRunner],
        handlers: Sequence[Callable[..., Any]],
        result: Result | None,
        keeps_times: bool = False,
    ) -> None:
        self.plan = plan
        self.cls = cls
        self.handlers = handlers
        self.result = result
        self.runners: list[TaskRunner | None] = [None] * len(plan.tasks)
        # Whether the runners add nothing to what Prefect's do, and to what the tasks want; see `engine.plainly`.
        self.is_ordinary = cls is TaskRunner
        self.is_plain = self.is_ordinary and not handlers and result is None
        self.keeps_times = keeps_times
        self.runner_cls: type[TaskRunner] = timekeeping(cls) if keeps_times else cls

    def runner(self, place: int) -> TaskRunner:
        """Return the runner of the task at `place`."""
        runner = self.runners[place]
        if runner is None:
            runner = self.runners[place] = self.runner_cls(self.plan.tasks[place], self.handlers or None, self.result)
            # Set, not passed: a subclass may take no more arguments than Prefect's.
            runner.slug = self.plan.slugs[place]
        return runner
