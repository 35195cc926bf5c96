"""`run_script`: a script runs as `python FILE ARGS...` would run it."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SETTING = """
import sys, os
print(__name__, os.path.basename(__file__), sys.argv[1:], os.path.basename(sys.path[0]), __package__)
print(sys.argv[0] == {file!r}, sys.modules["__main__"].__dict__ is globals(), "__builtins__" in globals())
import beside
"""


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=folder, capture_output=True, text=True, timeout=60
    )


def script(text: str, folder: Path, *args: str, name: str = "a_script.py") -> subprocess.CompletedProcess[str]:
    """Write `text` to a file and run it with `miniprefect script`."""
    (folder / name).write_text(text)
    return run(["-m", "miniprefect", "script", name, *args], folder)


@pytest.mark.parametrize("file", ["a_script.py", "./below/a_script.py"])
def test_the_script_finds_what_python_would_give_it(tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(SETTING.format(file=file))
    (path.parent / "beside.py").write_text("print('beside')")
    args = ["-x", "--help", "--", "a b"]
    plain = run([file, *args], tmp_path)
    ours = run(["-m", "miniprefect", "script", file, *args], tmp_path)
    assert (ours.stdout, ours.stderr, ours.returncode) == (plain.stdout, plain.stderr, plain.returncode)
    assert "beside" in ours.stdout
    assert "'--help', '--', 'a b'" in ours.stdout


def test_import_prefect_gives_miniprefect(tmp_path: Path) -> None:
    done = script("import prefect.exceptions; print(prefect.__name__)", tmp_path)
    assert (done.stdout, done.stderr) == ("miniprefect\n", "")


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    1 / 0\n\nf()\n",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('x') from error\n",
        "x = = 1\n",
        "import sys\nprint('out')\nsys.exit(3)\n",
        "raise SystemExit('a message')\n",
        "from . import beside\n",
        "import no_such_module\n",
        "# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))\n",
    ],
)
def test_output_errors_and_exit_codes_are_those_of_python(tmp_path: Path, text: str) -> None:
    (tmp_path / "a_script.py").write_text(text, encoding="latin-1")
    plain = run(["a_script.py"], tmp_path)
    ours = run(["-m", "miniprefect", "script", "a_script.py"], tmp_path)
    assert (ours.stdout, ours.stderr, ours.returncode) == (plain.stdout, plain.stderr, plain.returncode)


def test_an_interrupt_shows_the_script_only(tmp_path: Path) -> None:
    done = script("raise KeyboardInterrupt\n", tmp_path)
    assert done.returncode == 130
    assert done.stderr.count("File ") == 1
    assert "a_script.py" in done.stderr


def test_what_the_script_defines_pickles(tmp_path: Path) -> None:
    text = """
import pickle

class Thing:
    pass

print(type(pickle.loads(pickle.dumps(Thing()))) is Thing, Thing.__module__)
"""
    assert script(text, tmp_path).stdout == "True __main__\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_worker_processes_find_the_script_and_prefect(tmp_path: Path, method: str) -> None:
    text = f"""
import multiprocessing, sys
import prefect.exceptions

def work(number):
    return number + 1, prefect.exceptions.ClientError.__module__, __name__.strip("_"), sys.argv[1:]

if __name__ == "__main__":
    sys.argv[0] = "changed"
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(pool.map(work, [1]))
"""
    done = script(text, tmp_path, "arg")
    name = "main" if method == "fork" else "mp_main"
    assert done.stderr == ""
    assert done.stdout == f"[(2, 'miniprefect.exceptions', '{name}', ['arg'])]\n"


FOLDER = """
import os, sys
print(__name__, __file__, __package__ == "", sys.argv, sys.path[0], __spec__.origin, type(__loader__).__name__)
import beside
print(sys.modules["__main__"].__dict__ is globals())
sys.exit(3)
"""


def folder_and_zip(folder: Path, main: str, beside: str = "print('beside')") -> list[str]:
    """Write a program of two modules, as a folder and as a zip file; return the names of both."""
    (folder / "program").mkdir()
    with zipfile.ZipFile(folder / "program.zip", "w") as archive:
        for name, text in (("__main__.py", main), ("beside.py", beside)):
            (folder / "program" / name).write_text(text)
            archive.writestr(name, text)
    return ["program", "program.zip"]


@pytest.mark.parametrize("flags", [[], ["-P"]])
@pytest.mark.parametrize("number", [0, 1], ids=["folder", "zip"])
def test_a_folder_and_a_zip_file_run_as_python_runs_them(tmp_path: Path, number: int, flags: list[str]) -> None:
    file = folder_and_zip(tmp_path, FOLDER)[number]
    plain = run([*flags, file, "--help"], tmp_path)
    ours = run([*flags, "-m", "miniprefect", "script", file, "--help"], tmp_path)
    assert (ours.stdout, ours.stderr, ours.returncode) == (plain.stdout, plain.stderr, plain.returncode)
    assert "beside" in ours.stdout
    assert ours.returncode == 3


@pytest.mark.parametrize("number", [0, 1], ids=["folder", "zip"])
@pytest.mark.parametrize("text", ["import beside\n1 / 0\n", "x = = 1\n"])
def test_an_error_in_it_shows_its_own_lines_only(tmp_path: Path, number: int, text: str) -> None:
    file = folder_and_zip(tmp_path, text)[number]
    done = run(["-m", "miniprefect", "script", file], tmp_path)
    assert done.returncode == 1
    assert re.findall('File "(.*)"', done.stderr) == [os.path.join(tmp_path, file, "__main__.py")]


@pytest.mark.parametrize("number", [0, 1], ids=["folder", "zip"])
def test_import_prefect_works_in_its_modules_and_their_worker_processes(tmp_path: Path, number: int) -> None:
    # No `if __name__ == "__main__"`: Python does not run a __main__.py again in its workers.
    main = """
import multiprocessing, beside
with multiprocessing.get_context("spawn").Pool(1) as pool:
    print(pool.map(beside.work, [1]))
"""
    beside = "import prefect\ndef work(number):\n    return number + 1, prefect.__name__"
    file = folder_and_zip(tmp_path, main, beside)[number]
    done = run(["-m", "miniprefect", "script", file], tmp_path)
    assert (done.stdout, done.stderr) == ("[(2, 'miniprefect')]\n", "")


def test_a_folder_without_a_main_module_is_an_error(tmp_path: Path) -> None:
    done = run(["-m", "miniprefect", "script", "."], tmp_path)
    assert (done.stderr, done.returncode) == ("miniprefect: can't find '__main__' module in '.'\n", 1)
