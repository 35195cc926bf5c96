"""What the tests of the examples share: run an example as a reader would, or load it to look at its flow."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

RunExample = Callable[..., subprocess.CompletedProcess[str]]
LoadExample = Callable[[str], ModuleType]


def files_of_examples() -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in EXAMPLES.rglob("*") if "__pycache__" not in path.parts}


@pytest.fixture(autouse=True)
def examples_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that changes, adds or removes a file of the examples."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = files_of_examples()
    yield
    assert files_of_examples() == before


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Return the folder that an example run by `run_example` takes for the system's temporary folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def run_example(tmp_path: Path, temporary: Path) -> RunExample:
    """Return a function that runs `python examples/NAME.py ARGUMENTS` in an empty folder."""

    def run(name: str, *arguments: object, log_level: str = "ERROR") -> subprocess.CompletedProcess[str]:
        paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PREFECT__LOGGING__LEVEL": log_level,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8",
            **{name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")},
        }
        empty = tmp_path / "empty"
        empty.mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / f"{name}.py"), *map(str, arguments)],
            cwd=empty,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        assert not list(empty.iterdir()), "an example leaves files in the current folder"
        return done

    return run


@pytest.fixture
def load_example() -> LoadExample:
    """Return a function that imports examples/NAME.py anew, without running its main()."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
