"""The record of flows behind a web service."""

from typing import Any

from miniprefect.storage.base import Storage


class Webhook(Storage):
    """Say with which requests a flow is sent and fetched."""

    def __init__(
        self,
        build_request_kwargs: dict[str, Any],
        build_request_http_method: str,
        get_flow_request_kwargs: dict[str, Any],
        get_flow_request_http_method: str,
        stored_as_script: bool = False,
        flow_script_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.keep(locals())
        super().__init__(stored_as_script=stored_as_script, **kwargs)

    def _place(self, flow_name: str) -> str:
        return flow_name
