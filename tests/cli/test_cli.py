"""The command line as a whole."""

import os
import subprocess
from pathlib import Path

import pytest

from miniprefect.cli import COMMANDS, main, make_parser
from tests.cli.helpers import COMMAND, FLOW, environment, run


def test_no_arguments_give_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "usage: miniprefect" in printed
    for command in ("run", "script", "describe", "visualize", "completion"):
        assert command in printed


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("miniprefect ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["no-such-command"], "miniprefect: error: argument COMMAND: invalid choice: 'no-such-command'"),
        (["rnu"], "Did you mean run? See miniprefect --help."),
        (["--nonsense"], "miniprefect: error: unrecognized arguments: --nonsense. See miniprefect --help."),
        (["script"], "miniprefect script: error: the following arguments are required"),
        (["run", "x.py", "--parm", "a=1"], "run: error: unrecognized arguments: --parm a=1. Did you mean --param?"),
        (["run", "x.py", "--par", "a=1"], "unrecognized arguments: --par a=1"),
        (["run", "x.py", "--log-level", "debgu"], "Did you mean debug? See miniprefect run --help."),
        (["completion", "bass"], "Did you mean bash?"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_every_command_has_a_help_and_knows_its_parser() -> None:
    commands = next(action for action in make_parser()._actions if action.choices)
    assert len(commands.choices or ()) == len(COMMANDS)
    for name, parser in dict(commands.choices or {}).items():  # type: ignore[call-overload]
        assert parser.get_default("parser") is parser
        assert parser.description, name


def test_python_dash_m(tmp_path: Path) -> None:
    done = run(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: miniprefect" in done.stdout


def without_reader(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a command in a pipe whose other end is closed; return its exit code and what it says on standard error."""
    (folder / "flow.py").write_text(FLOW)
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, env=environment(), stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    said = process.communicate(timeout=30)[1]
    return process.returncode, said


def test_a_reader_who_goes_away_is_no_error(tmp_path: Path) -> None:
    assert without_reader(tmp_path, "describe", "flow.py") == (141, "")


def test_a_reader_who_goes_away_ends_no_run(tmp_path: Path) -> None:
    assert without_reader(tmp_path, "run", "flow.py", "--param", "name=you") == (0, "")
    assert without_reader(tmp_path, "run", "flow.py", "--param", "name=bad") == (1, "")


def redirected(folder: Path, where: str, *arguments: str) -> tuple[int, str]:
    """Run a command with a redirection of the shell; return its exit code and what it says on standard error."""
    (folder / "flow.py").write_text(FLOW)
    words = ["sh", "-c", f'exec "$@" {where}', "sh", *COMMAND, *arguments]
    done = subprocess.run(words, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True, timeout=30)
    return done.returncode, done.stderr


def test_without_standard_output_the_exit_code_tells(tmp_path: Path) -> None:
    quietly = ("--log-level", "critical")
    assert redirected(tmp_path, ">&-", "run", "flow.py", "--param", "name=you", *quietly) == (0, "")
    assert redirected(tmp_path, ">&-", "run", "flow.py", "--param", "name=bad", *quietly) == (1, "")
    assert redirected(tmp_path, ">&-", "visualize", "flow.py", "-o", "-") == (0, "")
    code, said = redirected(tmp_path, ">&-", "describe", "nowhere.py")
    assert (code, said) == (2, "miniprefect describe: error: File does not exist: 'nowhere.py'.\n")


def test_without_standard_error_nothing_is_said_in_its_place(tmp_path: Path) -> None:
    code, _ = redirected(tmp_path, ">said.txt 2>&-", "describe", "nowhere.py")
    assert (code, (tmp_path / "said.txt").read_text()) == (2, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, a device that is always full")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    complaint = "OSError: [Errno 28] No space left on device. (--traceback shows more.)"
    said = f"miniprefect describe: error: {complaint}\n"
    assert redirected(tmp_path, ">/dev/full", "describe", "flow.py") == (1, said)
    said = f"miniprefect visualize: error: {complaint}\n"
    assert redirected(tmp_path, ">/dev/full", "visualize", "flow.py", "-o", "-") == (1, said)
