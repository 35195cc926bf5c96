"""The notebook of the first steps, executed by a real Jupyter kernel; flows and states show themselves in it."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.examples.conftest import EXAMPLES, ROOT

WHY = "the notebook is executed with nbclient and ipykernel, which the extra `dev` brings"
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
nbclient = pytest.importorskip("nbclient", reason=WHY)
nbformat = pytest.importorskip("nbformat", reason=WHY)
pytest.importorskip("ipykernel", reason=WHY)

NOTEBOOK = EXAMPLES / "first_steps.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory, socket_guard):
    """The notebook after all its cells have run, in a folder of its own, with what each has put out."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "src"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("JUPYTER_CONFIG_DIR", str(folder / "jupyter"))
        client = nbclient.NotebookClient(
            notebook, timeout=60, resources={"metadata": {"path": str(folder)}}, kernel_manager_class=kernels()
        )
        asyncio.run(client.async_execute())
    return folder, {cell["id"]: cell for cell in notebook.cells}


def kernels():
    """A manager whose kernel is this Python, whatever kernels are installed."""
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(AsyncKernelManager):
        def format_kernel_cmd(self, extra_arguments=None):
            return [sys.executable, "-m", "ipykernel_launcher", "-f", self.connection_file, *(extra_arguments or [])]

        @property
        def kernel_spec(self):
            from jupyter_client.kernelspec import KernelSpec

            return KernelSpec(argv=[sys.executable], display_name="Python", language="python")

    return ThisPython


def shown(cell):
    """What the last expression of a cell shows, by type."""
    (data,) = [output["data"] for output in cell["outputs"] if output["output_type"] == "execute_result"]
    return data


def printed(cell):
    return "".join(output["text"] for output in cell["outputs"] if output["output_type"] == "stream")


def test_every_cell_ran(executed):
    _, cells = executed
    assert not [
        output for cell in cells.values() for output in cell.get("outputs", ()) if output["output_type"] == "error"
    ]
    assert shown(cells["result"])["text/plain"] == "18.0"
    assert shown(cells["trigger"])["text/plain"] == "15"


def test_a_flow_shows_its_picture(executed):
    _, cells = executed
    data = shown(cells["flow"])
    assert "<svg " in data["text/html"]
    assert all(name in data["text/html"] for name in ("cups", "price", "add_tip"))
    assert data["text/plain"] == '<Flow: name="bill">'


def test_a_state_shows_what_became_of_the_tasks(executed):
    _, cells = executed
    data = shown(cells["run"])
    assert "All reference tasks succeeded." in data["text/html"]
    assert "<code>18.0</code>" in data["text/html"]
    assert data["text/plain"] == '<Success: "All reference tasks succeeded.">'
    assert "2 Success, 1 Failed" in shown(cells["colours"])["image/svg+xml"]


def test_the_log_is_in_the_notebook(executed):
    _, cells = executed
    assert "Task 'price': Starting task run..." in printed(cells["run"])


def test_a_report_is_written_beside_it(executed):
    folder, cells = executed
    assert shown(cells["report"])["text/plain"] == "'run.html'"
    assert "Linus ordered nothing" in Path(folder, "run.html").read_text(encoding="utf-8")


def test_it_is_kept_without_what_it_put_out():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
