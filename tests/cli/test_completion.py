"""The command `completion`, in real shells."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from miniprefect.cli._parser import Parser
from miniprefect.cli.completion import _parsers, shell_code
from tests.cli.helpers import environment, run

LINES = [
    ("", {"run", "script", "describe", "visualize", "kubernetes", "completion"}),
    ("ru", {"run"}),
    ("--v", {"--version"}),
    ("run --par", {"--param", "--param-file"}),
    ("run --executor ", {"local", "threads", "processes", "dask"}),
    ("run --executor p", {"processes"}),
    ("run --log-level w", {"warning"}),
    ("run f", {"flow.py", "folder"}),
    ("run -q flow.py --no-", {"--no-schedule", "--no-progress"}),
    ("run --param-file fl", {"flow.py"}),
    ("run --param ", set()),
    ("visualize flow.py --format ", {"svg", "dot", "mermaid", "png", "pdf"}),
    ("kubernetes ", {"job"}),
    ("kubernetes job --me", {"--memory"}),
    ("completion ", {"bash", "zsh"}),
]


def completed(code: str, lines: list[str], folder: Path) -> list[set[str]]:
    """What bash completes at the end of each line."""
    asked = [
        f'COMP_WORDS=(miniprefect {line.rpartition(" ")[0]} "{line.rpartition(" ")[2]}"); '
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _miniprefect; "
        'printf "%s " "${COMPREPLY[@]}"; echo'
        for line in lines
    ]
    script = "\n".join([code, *asked])
    done = subprocess.run(
        ["bash", "--norc", "-e"], input=script, cwd=folder, capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stderr == ""
    return [set(line.split()) for line in done.stdout.splitlines()]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "flow.py").touch()
    (tmp_path / "folder").mkdir()
    code = run(tmp_path, "completion", "bash").stdout
    found = completed(code, [line for line, _ in LINES], tmp_path)
    assert dict(zip([line for line, _ in LINES], found, strict=True)) == dict(LINES)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_commands_in_commands(tmp_path: Path) -> None:
    top = Parser("miniprefect").add_subparsers()
    inner = top.add_parser("kubernetes").add_subparsers()
    inner.add_parser("job").add_argument("--image", metavar="NAME")
    top.add_parser("run")
    lines = ["kubernetes ", "kubernetes job --i", "k"]
    found = completed(shell_code(dict(_parsers("", top))), lines, tmp_path)
    assert found == [{"job"}, {"--image"}, {"kubernetes"}]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_takes_it(tmp_path: Path) -> None:
    code = run(tmp_path, "completion", "zsh").stdout
    (tmp_path / "code").write_text(code)
    script = "source ./code; print ${_comps[miniprefect]}; autoload -Uz +X _bash_complete 2>/dev/null; print done"
    done = subprocess.run(
        ["zsh", "-f", "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=30
    )
    assert (done.stdout, done.stderr) == ("_bash_complete -o filenames -F _miniprefect\ndone\n", "")


def test_other_shells_are_refused(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "miniprefect", "completion", "fish"], env=environment())
    assert done.returncode == 2
