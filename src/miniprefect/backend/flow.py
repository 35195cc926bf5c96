"""Views of flows on Prefect's server. There is none here, and fetching one says so."""

from typing import Any

from miniprefect.utilities.records import Record
from miniprefect.utilities.refusal import refusal

INSTEAD = "Import the flow from its module, or load one that was saved with Flow.load()."


class FlowView(Record):
    """Keep what a server would know of a flow."""

    def __init__(
        self,
        flow_id: str,
        settings: dict[str, Any],
        run_config: Any,
        serialized_flow: dict[str, Any],
        archived: bool,
        project_name: str,
        core_version: str,
        storage: Any,
        name: str,
        flow_group_labels: list[str],
    ) -> None:
        self.keep(locals())

    from_id = staticmethod(refusal("FlowView.from_id()", INSTEAD))
    from_flow_id = staticmethod(refusal("FlowView.from_flow_id()", INSTEAD))
    from_flow_name = staticmethod(refusal("FlowView.from_flow_name()", INSTEAD))
    from_flow_group_id = staticmethod(refusal("FlowView.from_flow_group_id()", INSTEAD))
