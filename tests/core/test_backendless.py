"""The methods of a flow that need a backend."""

import pytest

from miniprefect import Flow, context


@pytest.mark.parametrize("call", [lambda f: f.register("project"), lambda f: f.deploy("project")])
def test_registering_says_what_to_do_instead(call):
    with pytest.raises(Exception, match=r"register.*'etl'") as caught:
        call(Flow("etl"))
    assert "flow.run()" in str(caught.value)


def test_an_agent_is_refused_with_what_to_do_instead():
    with pytest.raises(Exception, match=r"run_agent.*'etl'") as caught:
        Flow("etl").run_agent(token="x")
    assert "flow.run()" in str(caught.value)


def test_registering_takes_whatever_old_scripts_give():
    with pytest.raises(Exception, match="register"):
        Flow("etl").register(project_name="p", labels=["x"], build=False, idempotency_key="k", add_default_labels=1)


def test_while_a_file_is_loaded_registering_only_warns():
    with context(loading_flow=True), pytest.warns(UserWarning, match=r"flow\.register") as caught:
        assert Flow("etl").register("project") is None
    assert caught[0].filename == __file__
