"""examples/build.py on the project shipped with it, and on the same project with faults put in."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from miniprefect.engine.state import Failed, Success, TriggerFailed
from tests.examples.conftest import EXAMPLES

STEPS = ["copied", "checked", "tested", "packed", "tried", "delivered"]


@pytest.fixture
def project(tmp_path):
    """Return a copy of the project that a test may break."""
    return shutil.copytree(EXAMPLES / "project", tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))


def states_of(example, state):
    return {step: type(state.result[getattr(example, step)]) for step in STEPS}


def test_delivers_a_program_that_runs(run_example, tmp_path, temporary):
    output = tmp_path / "new" / "dist"
    done = run_example("build", "--output", output)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("says that 1994 and MMXXVI are\nMCMXCIV\n2026\n\n")
    assert [path.name for path in output.iterdir()] == ["roman.pyz"]
    assert not list(temporary.iterdir()), "the working folder is removed"

    program = output / "roman.pyz"
    assert sorted(name for name in zipfile.ZipFile(program).namelist() if name.endswith(".py")) == [
        "__main__.py",
        "roman/__init__.py",
        "roman/cli.py",
        "roman/numerals.py",
    ]
    said = subprocess.run([sys.executable, program, "49", "MMMCMXCIX"], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["XLIX", "3999"]


def test_delivers_to_a_temporary_folder_by_default(run_example, temporary):
    done = run_example("build")
    assert done.returncode == 0
    (folder,) = temporary.iterdir()
    assert f"{folder / 'roman.pyz'} says" in done.stdout


def test_a_failing_test_stops_the_build(run_example, project, tmp_path, temporary):
    numerals = project / "src" / "roman" / "numerals.py"
    numerals.write_text(numerals.read_text(encoding="utf-8").replace('"IX": 9', '"IX": 8'), encoding="utf-8")
    done = run_example("build", "--project", project, "--output", tmp_path / "dist")
    assert done.returncode == 1
    assert "python -m unittest discover -s tests ended with 1" in done.stdout
    assert "AssertionError: 'XLIXI' != 'XLIX'" in done.stdout
    assert not (tmp_path / "dist").exists()
    assert not list(temporary.iterdir()), "the working folder is removed after a failure too"


@pytest.mark.parametrize(
    ("file", "fault", "failing"),
    [
        ("src/roman/extra.py", "def broken(:\n", "checked"),
        ("src/roman/extra.py", "pattern = '\\d'\n", "checked"),  # no more than a warning
        ("tests/test_extra.py", "raise RuntimeError('not today')\n", "tested"),
        ("src/__main__.py", "", "packed"),  # zipapp refuses a second entry point
    ],
)
def test_each_step_stops_those_after_it(load_example, project, tmp_path, monkeypatch, file, fault, failing):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (project / file).write_text(fault, encoding="utf-8")
    example = load_example("build")
    state = example.flow.run(project=str(project), output=str(tmp_path / "dist"))

    assert state.is_failed()
    expected = dict.fromkeys(STEPS, Success) | {failing: Failed}
    for step in STEPS[STEPS.index(failing) + 1 :]:
        # The check and the test do not wait for each other.
        expected[step] = Success if (failing, step) == ("checked", "tested") else TriggerFailed
    assert states_of(example, state) == expected
    assert not list(tmp_path.glob("build-*"))


def test_a_program_that_does_not_run_is_not_delivered(load_example, project, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (project / "src" / "roman" / "cli.py").write_text("def main():\n    raise SystemExit('no')\n", encoding="utf-8")
    example = load_example("build")
    state = example.flow.run(project=str(project), output=str(tmp_path / "dist"))
    assert states_of(example, state) == {
        **dict.fromkeys(["copied", "checked", "tested", "packed"], Success),
        "tried": Failed,
        "delivered": TriggerFailed,
    }
    assert "python roman.pyz 1994 MMXXVI ended with 1:\nno" in state.result[example.tried].message
    assert not (tmp_path / "dist").exists()


def test_a_missing_project_is_a_failure(run_example, tmp_path, temporary):
    done = run_example("build", "--project", tmp_path / "missing", "--output", tmp_path / "dist")
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stdout
    assert not list(temporary.iterdir())
