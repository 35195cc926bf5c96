"""The client: it can be made, and its methods say that there is no backend."""

import pytest

from miniprefect.client import Client
from miniprefect.client.client import Client as SameClient
from miniprefect.exceptions import ClientError
from miniprefect.utilities.configuration import set_temporary_config


def test_making_one_asks_nobody() -> None:
    client = Client()
    assert (client.api_server, client.api_key, client.tenant_id) == ("https://api.prefect.io", None, None)
    client = Client(api_server="http://x", api_key="k", tenant_id="t")
    assert (client.api_server, client.api_key, client.tenant_id) == ("http://x", "k", "t")
    with set_temporary_config({"cloud.api_key": "configured"}):
        assert Client().api_key == "configured"
    assert SameClient is Client


@pytest.mark.parametrize("name", ["graphql", "create_flow_run", "register", "set_flow_run_name", "get"])
def test_methods_refuse_when_called(name: str) -> None:
    method = getattr(Client(), name)
    with pytest.raises(ClientError, match=rf"Client\.{name}\(\) needs Prefect's backend.*flow\.run\(\)"):
        method("anything", project_name="p")


def test_other_attributes_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="'Client' object has no attribute 'nope'"):
        _ = Client().nope
    with pytest.raises(TypeError, match="nope"):
        Client(nope=1)  # type: ignore[call-arg]
