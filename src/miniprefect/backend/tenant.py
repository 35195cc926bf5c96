"""Views of tenants on Prefect's server. There is none here, and fetching one says so."""

from miniprefect.utilities.records import Record
from miniprefect.utilities.refusal import refusal

INSTEAD = "Flows run in this process, without a tenant."


class TenantView(Record):
    """Keep what a server would know of a tenant."""

    def __init__(self, tenant_id: str, name: str, slug: str) -> None:
        self.keep(locals())

    from_tenant_id = staticmethod(refusal("TenantView.from_tenant_id()", INSTEAD))
    from_current_tenant = staticmethod(refusal("TenantView.from_current_tenant()", INSTEAD))
