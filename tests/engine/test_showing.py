"""How states show themselves, and what the state of a flow run keeps of it."""

import os
import pickle
import subprocess
import sys

import pytest

from miniprefect import Flow, task
from miniprefect.engine.state import Success


@task
def one():
    return 1


def test_a_report_is_written(tmp_path):
    with Flow("f") as flow:
        one()
    path = flow.run().report(tmp_path / "run.html")
    assert path == str(tmp_path / "run.html")
    assert (tmp_path / "run.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_only_the_state_of_a_flow_has_a_report(tmp_path):
    with pytest.raises(ValueError, match=r"Success.*flow\.run\(\)"):
        Success(result=1).report(tmp_path / "run.html")
    assert not [*tmp_path.iterdir()]


def test_a_notebook_sees_html():
    assert "Success" in Success("well done")._repr_html_()


def test_a_state_that_was_pickled_can_be_reported_on(tmp_path):
    with Flow("travelling") as flow:
        one().set_upstream(one())
    flow.unpicklable = lambda: None
    state = pickle.loads(pickle.dumps(flow.run()))
    state.report(tmp_path / "run.html")
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "<title>travelling</title>" in page
    assert "one → one" in page


def test_nothing_is_loaded_until_somebody_looks():
    code = (
        "import sys; from miniprefect import Flow, task\n"
        "with Flow('f') as flow: task(lambda: 1, name='t')()\n"
        "state = flow.run()\n"
        "assert not [name for name in sys.modules if 'pictures' in name]\n"
        "state._repr_html_(); assert 'miniprefect.pictures.views' in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
