"""`install_as_prefect`: one set of modules under two names."""

import importlib
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import miniprefect.exceptions
import miniprefect.utilities.collections
from miniprefect.compat import install_as_prefect, uninstall_as_prefect

REAL_PREFECT = "__version__ = '1.4.1'\n"


def python(program: str, *paths: Path) -> str:
    """Run `program` in a fresh process that finds `paths` first, and return what it printed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, paths), *sys.path])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def a_package(folder: Path, **files: str) -> Path:
    """Write the package `prefect` into `folder` and return `folder`."""
    package = folder / "prefect"
    package.mkdir()
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def as_prefect() -> Iterator[None]:
    """Have miniprefect stand in for Prefect, installed or not."""
    install_as_prefect(force=True)
    yield
    uninstall_as_prefect()


@pytest.mark.usefixtures("as_prefect")
class TestInstalled:
    def test_modules_are_the_very_same(self) -> None:
        for name in ("", ".utilities", ".utilities.collections", ".exceptions", ".configuration"):
            assert importlib.import_module(f"prefect{name}") is importlib.import_module(f"miniprefect{name}")
            assert sys.modules[f"prefect{name}"] is sys.modules[f"miniprefect{name}"]

    def test_every_form_of_import_works(self) -> None:
        namespace: dict[str, object] = {}
        exec("import prefect", namespace)
        exec("import prefect.utilities.collections as c", namespace)
        exec("from prefect import exceptions", namespace)
        exec("from prefect.utilities.collections import DotDict", namespace)
        exec("from prefect.exceptions import *", namespace)
        exec("from prefect.tasks import Task", namespace)
        assert namespace["prefect"] is miniprefect
        assert namespace["c"] is miniprefect.utilities.collections
        assert namespace["exceptions"] is miniprefect.exceptions
        assert namespace["DotDict"] is miniprefect.utilities.collections.DotDict
        assert namespace["ClientError"] is miniprefect.exceptions.ClientError
        assert namespace["Task"] is miniprefect.Task

    def test_modules_keep_their_own_name_and_spec(self) -> None:
        module = importlib.import_module("prefect.utilities.toml")
        assert module.__name__ == "miniprefect.utilities.toml"
        assert module.__spec__ is not None
        assert module.__spec__.name == "miniprefect.utilities.toml"
        assert module.__package__ == "miniprefect.utilities"

    def test_reload_reloads_in_place(self) -> None:
        module = importlib.import_module("prefect.utilities.toml")
        assert importlib.reload(module) is module
        assert sys.modules["prefect.utilities.toml"] is sys.modules["miniprefect.utilities.toml"] is module

    def test_classes_pickle_under_the_name_of_miniprefect(self) -> None:
        kind = importlib.import_module("prefect.utilities.collections").DotDict
        blob = pickle.dumps(kind(a=1))
        assert b"miniprefect.utilities.collections" in blob
        assert type(pickle.loads(blob)) is kind

    def test_installing_again_changes_nothing(self) -> None:
        before = list(sys.meta_path)
        importlib.import_module("prefect")
        install_as_prefect()
        assert sys.meta_path == before

    @pytest.mark.parametrize(
        ("module", "advice"),
        [
            ("prefect.tasks.aws", "calls boto3"),
            ("prefect.tasks.gcp", "google-cloud"),
            ("prefect.tasks.zendesk", "Write it as a @task that calls the vendor's own"),
            ("prefect.agent", "flow.run()"),
            ("prefect.nonsense", "without a server"),
        ],
    )
    def test_a_module_that_is_missing_says_what_to_use(self, module: str, advice: str) -> None:
        with pytest.raises(ImportError) as caught:
            importlib.import_module(module)
        assert str(caught.value).startswith(f"miniprefect does not have {module}. ")
        assert advice in str(caught.value)
        assert isinstance(caught.value, ModuleNotFoundError)
        assert caught.value.name == module

    def test_a_module_below_a_missing_one_says_so_too(self) -> None:
        with pytest.raises(ImportError, match=r"miniprefect does not have prefect\.tasks\.aws\. .*boto3"):
            importlib.import_module("prefect.tasks.aws.s3")

    def test_other_modules_are_none_of_its_business(self) -> None:
        with pytest.raises(ModuleNotFoundError, match="No module named 'prefectly'"):
            importlib.import_module("prefectly")


def test_uninstalling_takes_the_names_away(tmp_path: Path) -> None:
    install_as_prefect(force=True)
    importlib.import_module("prefect.exceptions")
    uninstall_as_prefect()
    uninstall_as_prefect()
    assert not [name for name in sys.modules if name.partition(".")[0] == "prefect"]
    program = "import miniprefect.compat as c; c.install_as_prefect(True); c.uninstall_as_prefect(); import prefect"
    assert python(f"{program}; print(prefect.__version__)", a_package(tmp_path, __init__=REAL_PREFECT)) == "1.4.1\n"


def test_each_module_is_executed_once(tmp_path: Path) -> None:
    program = """
import sys
from miniprefect.compat import install_as_prefect
install_as_prefect(force=True)
import prefect.utilities.toml as first
assert sys.modules["miniprefect.utilities.toml"] is first
first.mark = 1
import miniprefect.utilities.toml as second
assert second.mark == 1
import prefect, miniprefect
assert prefect is miniprefect and prefect.utilities.toml is first
print("ok")
"""
    assert python(program) == "ok\n"


def test_a_class_named_like_its_module_stays_a_class(tmp_path: Path) -> None:
    # tasks.control_flow.case is such a one. Importing the module under its second name must not bind the name
    # to the module again.
    package = tmp_path / "flows"
    package.mkdir()
    (package / "__init__.py").write_text("from miniprefect.flows.case import case")
    (package / "case.py").write_text("class case: pass")
    program = f"""
import miniprefect
from miniprefect.compat import install_as_prefect
miniprefect.__path__.append({str(tmp_path)!r})
install_as_prefect(force=True)
from prefect.flows.case import case
import prefect.flows.case
from prefect.flows import case as again
print(prefect.flows.case is again is case, isinstance(case, type))
"""
    assert python(program) == "True True\n"


def test_an_imported_prefect_is_refused(tmp_path: Path) -> None:
    program = """
import prefect
from miniprefect.compat import install_as_prefect
for force in (False, True):
    try:
        install_as_prefect(force=force)
    except RuntimeError as error:
        print(error)
"""
    printed = python(program, a_package(tmp_path, __init__=REAL_PREFECT)).splitlines()
    assert len(printed) == 2
    assert all("is imported already" in line and str(tmp_path) in line for line in printed)


def test_an_installed_prefect_is_left_alone_unless_asked(tmp_path: Path) -> None:
    program = """
from miniprefect.compat import install_as_prefect
try:
    install_as_prefect()
except RuntimeError as error:
    print(error)
install_as_prefect(force=True)
import prefect.exceptions
print(prefect.__name__)
"""
    refusal, name = python(program, a_package(tmp_path, __init__=REAL_PREFECT)).splitlines()
    assert "is installed" in refusal
    assert "install_as_prefect(force=True)" in refusal
    assert name == "miniprefect"


def test_a_folder_called_prefect_is_no_prefect(tmp_path: Path) -> None:
    program = "from miniprefect.compat import install_as_prefect; install_as_prefect(); import prefect; print(1)"
    assert python(program, a_package(tmp_path, my_flow="")) == "1\n"
