"""Tasks that need Prefect's server: they can be made and bound, and fail when run."""

import datetime
from typing import Any

import pytest

from miniprefect import Flow
from miniprefect.exceptions import NoBackendError
from miniprefect.tasks.prefect import (
    CancelFlowRun,
    RenameFlowRun,
    StartFlowRun,
    create_flow_run,
    get_task_run_result,
    wait_for_flow_run,
)

CALLS: dict[str, Any] = {
    "StartFlowRun of 'f'": lambda: StartFlowRun(flow_name="f", project_name="p", wait=True).run(),
    "StartFlowRun of 'g'": lambda: StartFlowRun().run(flow_name="g"),
    "create_flow_run() of 'f'": lambda: create_flow_run.run(flow_name="f", project_name="p"),
    "wait_for_flow_run()": lambda: wait_for_flow_run.run("i", raise_final_state=True),
    "get_task_run_result()": lambda: get_task_run_result.run("i", "slug"),
    "CancelFlowRun": lambda: CancelFlowRun("i").run(),
    "RenameFlowRun": lambda: RenameFlowRun("i").run(flow_run_name="n"),
}


@pytest.mark.parametrize("what", CALLS)
def test_running_one_is_refused(what: str) -> None:
    with pytest.raises(NoBackendError) as caught:
        CALLS[what]()
    assert str(caught.value).startswith(f"{what} needs Prefect's backend")


def test_a_flow_with_them_is_built_and_fails_with_that_error() -> None:
    with Flow("parent") as flow:
        child = create_flow_run(flow_name="child", project_name="p", parameters={"x": 1})
        waited = wait_for_flow_run(child, raise_final_state=True)
        started = StartFlowRun(flow_name="child", project_name="p")()
    state = flow.run()
    assert state is not None
    assert state.is_failed()
    assert isinstance(state.result[child].result, NoBackendError)
    assert isinstance(state.result[started].result, NoBackendError)
    assert state.result[waited].is_failed()


def test_start_flow_run_keeps_its_arguments() -> None:
    task = StartFlowRun(flow_name="f", parameters={"x": 1}, poll_interval=datetime.timedelta(1), max_retries=0)
    assert (task.name, task.flow_name, task.parameters, task.wait) == ("Flow f", "f", {"x": 1}, False)
    assert task.poll_interval == datetime.timedelta(1)
    assert StartFlowRun(flow_name="f", name="mine").name == "mine"
    assert StartFlowRun().name == "StartFlowRun"
