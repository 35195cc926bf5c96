"""The classes that the configuration chooses for running."""

from collections.abc import Callable
from typing import Any

import pytest

from miniprefect import Flow
from miniprefect.engine import (
    FlowRunner,
    TaskRunner,
    get_default_executor_class,
    get_default_flow_runner_class,
    get_default_task_runner_class,
)
from miniprefect.engine.state import State, Success
from miniprefect.executors import LocalExecutor
from miniprefect.utilities.configuration import set_temporary_config
from tests.engine.helpers import Returns

CHOICES: list[tuple[str, Callable[[], type[Any]], type[Any], str]] = [
    (
        "engine.executor.default_class",
        get_default_executor_class,
        LocalExecutor,
        "prefect.executors.LocalExecutor",
    ),
    (
        "engine.flow_runner.default_class",
        get_default_flow_runner_class,
        FlowRunner,
        "prefect.engine.flow_runner.FlowRunner",
    ),
    (
        "engine.task_runner.default_class",
        get_default_task_runner_class,
        TaskRunner,
        "prefect.engine.task_runner.TaskRunner",
    ),
]
every_choice = pytest.mark.parametrize(("key", "chosen", "default", "prefects_path"), CHOICES)


class Mine:
    """A class that a configuration may name."""


@every_choice
def test_the_default_is_ours(key: str, chosen: Any, default: type[Any], prefects_path: str) -> None:
    assert chosen() is default


@every_choice
def test_a_class_or_its_path_can_be_configured(key: str, chosen: Any, default: type[Any], prefects_path: str) -> None:
    for choice in (Mine, f"{__name__}.Mine"):
        with set_temporary_config({key: choice}):
            assert chosen().__qualname__ == "Mine"


@every_choice
def test_prefects_path_means_ours(key: str, chosen: Any, default: type[Any], prefects_path: str) -> None:
    with set_temporary_config({key: prefects_path}):
        assert chosen() is default


@pytest.mark.parametrize("path", ["nowhere.Nothing", "miniprefect.engine.Nothing", "os.getcwd", "Nothing", ""])
@every_choice
def test_a_class_that_is_not_there_is_a_value_error_that_names_it(
    key: str, chosen: Any, default: type[Any], prefects_path: str, path: str
) -> None:
    with set_temporary_config({key: path}), pytest.raises(ValueError, match=repr(path)):
        chosen()


class Marking(FlowRunner):
    """A flow runner that leaves its mark."""

    def determine_final_state(self, *args: Any, **kwargs: Any) -> State:
        return Success("marked", result=super().determine_final_state(*args, **kwargs).result)


class Tens(TaskRunner):
    """A task runner whose tasks all return ten."""

    def get_task_run_state(self, state: State, inputs: Any) -> State:
        return Success(result=10)


def test_flow_run_uses_what_is_configured() -> None:
    task = Returns(1)
    flow = Flow("flow")
    flow.add_task(task)
    with set_temporary_config({"engine.flow_runner.default_class": Marking}):
        assert flow.run().message == "marked"
    with set_temporary_config({"engine.task_runner.default_class": Tens}):
        assert flow.run().result[task].result == 10
    assert flow.run().result[task].result == 1
