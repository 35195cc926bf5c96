"""The command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from miniprefect.cli import main


def test_no_arguments_give_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "usage: miniprefect" in printed
    assert "script" in printed


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("miniprefect ")


@pytest.mark.parametrize("arguments", [["no-such-command"], ["--nonsense"], ["script"]])
def test_bad_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: miniprefect" in capsys.readouterr().err


def test_a_missing_script_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["script", str(tmp_path / "none.py")]) == 2
    assert "none.py" in capsys.readouterr().err


def test_python_dash_m() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "miniprefect", "--help"]
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert b"usage: miniprefect" in done.stdout
