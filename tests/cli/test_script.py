"""The command `script`; what it does is tested in tests/test_script.py."""

from pathlib import Path

import pytest

from miniprefect.cli import main
from tests.cli.helpers import run


def test_a_missing_script_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["script", str(tmp_path / "none.py")]) == 2
    assert "none.py" in capsys.readouterr().err


def test_without_a_script_just_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["script"])
    assert "arguments are required: FILE. See miniprefect script" in capsys.readouterr().err


def test_a_script_gets_its_arguments_and_gives_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("import sys, prefect\nprint(sys.argv[1:], prefect.__name__)\nsys.exit(7)\n")
    done = run(tmp_path, "script", "it.py", "--param", "-x")
    assert (done.returncode, done.stdout) == (7, "['--param', '-x'] miniprefect\n")
