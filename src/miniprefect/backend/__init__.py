"""What Prefect keeps on its server: key-value pairs, artifacts, and views of flows and runs."""

from miniprefect.backend.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    delete_artifact,
    update_link_artifact,
    update_markdown_artifact,
)
from miniprefect.backend.flow import FlowView
from miniprefect.backend.flow_run import FlowRunView
from miniprefect.backend.kv_store import delete_key, get_key_value, list_keys, set_key_value
from miniprefect.backend.task_run import TaskRunView
from miniprefect.backend.tenant import TenantView

__all__ = [
    "FlowRunView",
    "FlowView",
    "TaskRunView",
    "TenantView",
    "create_link_artifact",
    "create_markdown_artifact",
    "delete_artifact",
    "delete_key",
    "get_key_value",
    "list_keys",
    "set_key_value",
    "update_link_artifact",
    "update_markdown_artifact",
]
