"""examples/backup.py on the data that is shipped with the examples, and on files with odd names."""

import hashlib
import tarfile

from tests.examples.conftest import EXAMPLES


def test_packs_the_data(run_example, temporary):
    done = run_example("backup")
    assert (done.returncode, done.stderr) == (0, "")
    (folder,) = temporary.iterdir()
    with tarfile.open(folder / "backup.tar.gz") as archive:
        packed = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}
    data = {f"./{path.name}": path.read_bytes() for path in (EXAMPLES / "data").iterdir()}
    assert packed == data
    for name, content in data.items():
        assert f"{hashlib.sha256(content).hexdigest()[:12]} {name}\n" in done.stdout


def test_odd_names_do_no_harm(run_example, tmp_path):
    folder = tmp_path / "it's; a folder"
    (folder / "sub").mkdir(parents=True)
    for name in ("a b", "$(touch hacked)", "sub/'quoted'"):
        (folder / name).write_text(name)
    done = run_example("backup", folder, "--archive", tmp_path / "any.tar.gz")
    assert done.returncode == 0, done.stdout
    assert not list(tmp_path.rglob("hacked"))
    assert len(done.stdout.splitlines()) == 4


def test_a_command_that_fails_says_why(run_example, tmp_path):
    done = run_example("backup", tmp_path / "nothing", "--archive", tmp_path / "any.tar.gz", log_level="INFO")
    assert done.returncode == 1
    assert "No such file or directory" in done.stdout
    assert "No backup" in done.stdout
