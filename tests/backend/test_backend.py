"""What Prefect keeps on its server: here it says that there is none."""

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from miniprefect import artifacts, backend
from miniprefect.backend import FlowRunView, FlowView, TaskRunView, TenantView
from miniprefect.backend.flow_run import check_for_compatible_agents, watch_flow_run
from miniprefect.exceptions import NoBackendError

TASK_RUN = TaskRunView("i", "t", "s", "n", None, -1, "f")
FLOW_RUN = FlowRunView("i", "n", "f", [], {}, {}, None, [], None, None)
FLOW = FlowView("i", {}, None, {}, False, "p", "1", None, "n", [])

REFUSED: dict[str, Callable[[], Any]] = {
    "get_key_value": lambda: backend.get_key_value("k"),
    "set_key_value": lambda: backend.set_key_value(key="k", value=1),
    "delete_key": lambda: backend.delete_key("k"),
    "list_keys": lambda: backend.list_keys(),
    "FlowView.from_flow_name": lambda: FlowView.from_flow_name("n", project_name="p"),
    "FlowView.from_flow_id": lambda: FLOW.from_flow_id("i"),
    "FlowRunView.from_flow_run_id": lambda: FlowRunView.from_flow_run_id("i"),
    "FlowRunView.get_latest": lambda: FLOW_RUN.get_latest(),
    "FlowRunView.get_task_run": lambda: FLOW_RUN.get_task_run(task_slug="s"),
    "TaskRunView.from_task_run_id": lambda: TaskRunView.from_task_run_id("i"),
    "TaskRunView.get_result": lambda: TASK_RUN.get_result(),
    "TenantView.from_current_tenant": lambda: TenantView.from_current_tenant(),
    "watch_flow_run": lambda: watch_flow_run("i"),
    "check_for_compatible_agents": lambda: check_for_compatible_agents([]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_needs_a_backend_says_so(what: str) -> None:
    with pytest.raises(NoBackendError) as caught:
        REFUSED[what]()
    assert str(caught.value).startswith(f"{what}() needs Prefect's backend, and miniprefect has none. ")


def test_views_keep_what_they_are_given() -> None:
    assert (TASK_RUN.task_run_id, TASK_RUN.map_index) == ("i", -1)
    assert (FLOW_RUN.flow_run_id, FLOW_RUN.task_runs) == ("i", None)
    assert (FLOW.name, FLOW.project_name) == ("n", "p")
    assert TenantView("i", "n", "s").slug == "s"


@pytest.mark.parametrize("path", ["backend", "backend.artifacts"])
def test_artifacts_do_nothing(path: str) -> None:
    module = importlib.import_module(f"miniprefect.{path}")
    assert module.create_link_artifact("http://x") is None
    assert module.create_markdown_artifact(markdown="# x") is None
    assert module.update_link_artifact("i", "x") is None
    assert module.update_markdown_artifact("i", "x") is None
    assert module.delete_artifact("i") is None


def test_artifacts_under_their_old_names() -> None:
    assert artifacts.create_link is backend.create_link_artifact
    assert artifacts.create_markdown is backend.create_markdown_artifact
    assert artifacts.update_link is backend.update_link_artifact
    assert artifacts.update_markdown is backend.update_markdown_artifact
    assert artifacts.delete_artifact is backend.delete_artifact
