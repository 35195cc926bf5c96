"""The client of Prefect's server. There is no server here: a client can be made, and its methods say so."""

from typing import Any

from miniprefect.configuration import config
from miniprefect.utilities.refusal import refusal

INSTEAD = "Run the flow in this process, with flow.run()."

METHODS = frozenset(
    {
        "attach_headers",
        "cancel_flow_run",
        "create_flow_run",
        "create_project",
        "create_task_run_artifact",
        "create_tenant",
        "delete_project",
        "delete_task_run_artifact",
        "delete_task_tag_limit",
        "deploy",
        "get",
        "get_agent_config",
        "get_available_tenants",
        "get_cloud_url",
        "get_default_tenant_slug",
        "get_flow_run_info",
        "get_flow_run_state",
        "get_latest_cached_states",
        "get_task_run_info",
        "get_task_run_state",
        "get_task_tag_limit",
        "graphql",
        "load_auth_from_disk",
        "login_to_tenant",
        "logout_from_tenant",
        "post",
        "register",
        "register_agent",
        "save_auth_to_disk",
        "set_flow_run_name",
        "set_flow_run_state",
        "set_secret",
        "set_task_run_name",
        "set_task_run_state",
        "switch_tenant",
        "update_flow_run_heartbeat",
        "update_task_run_artifact",
        "update_task_run_heartbeat",
        "update_task_tag_limit",
        "write_run_logs",
    }
)


class Client:
    """Keep the address and the key of a server that is never asked."""

    def __init__(self, api_server: str | None = None, api_key: str | None = None, tenant_id: str | None = None) -> None:
        self.api_server = api_server or config.cloud.api
        self.api_key = api_key or config.cloud.api_key or None
        self.tenant_id = tenant_id or config.cloud.tenant_id or None

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return refusal(f"Client.{name}()", INSTEAD)
        raise AttributeError(f"'Client' object has no attribute {name!r}", name=name, obj=self)
