"""A filter of results."""

from collections.abc import Callable
from typing import Any

from miniprefect.core.task import Task
from miniprefect.triggers import all_finished


class FilterTask(Task):
    """Keep the results that pass a test, such as those of a map whose children may fail.

    Args:
        filter_func: the test; by default everything passes but None and exceptions.
        log_func: a function of the list of those that passed; what it returns is logged.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        filter_func: Callable[[Any], bool] | None = None,
        log_func: Callable[[Any], str] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("skip_on_upstream_skip", False)
        kwargs.setdefault("trigger", all_finished)
        self.filter_func = filter_func or is_result
        self.log_func = log_func
        super().__init__(**kwargs)

    def run(self, task_results: list[Any]) -> list[Any]:
        """Return the results that pass."""
        passed = [result for result in task_results if self.filter_func(result)]
        if self.log_func is not None:
            self.logger.info(self.log_func(passed))
        return passed


def is_result(value: Any) -> bool:
    """Say whether `value` is neither None nor an exception; a signal is no exception, as in Prefect 1.x."""
    return value is not None and not isinstance(value, Exception)
