"""Results in files: where they are, what is read, and that a file is always one value, the old or the new."""

import contextlib
import copy
import os
import pickle
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from miniprefect.configuration import config
from miniprefect.engine.result.base import CorruptResultError
from miniprefect.engine.results import LocalResult
from miniprefect.engine.results.local_result import UNFINISHED, replace_file
from miniprefect.engine.serializers import (
    CompressedSerializer,
    DateTimeSerializer,
    JSONSerializer,
    PandasSerializer,
    Serializer,
)

SOURCE = Path(__file__).parents[3] / "src"
posix = pytest.mark.skipif(os.name != "posix", reason="needs umask, rlimits and SIGKILL")


class TextSerializer(Serializer):
    """A lenient one: every file is a text."""

    def serialize(self, value: Any) -> bytes:
        return str(value).encode()

    def deserialize(self, value: bytes) -> Any:
        return value.decode()


class LengthSerializer(TextSerializer):
    """A lenient one that takes no file at all for a value."""

    def deserialize(self, value: bytes) -> Any:
        return len(value)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


# The folder


@pytest.mark.parametrize("below", [None, "", "results", "deep/below"])
def test_the_home_folder_stands_for_its_results(tmp_path: Path, below: str | None) -> None:
    config.home_dir = str(tmp_path / "home")
    result = LocalResult() if below is None else LocalResult(dir=tmp_path / "home" / below)
    assert result.dir == str(tmp_path / "home" / "results")
    assert os.path.isdir(result.dir)


def test_a_folder_whose_name_only_begins_like_home_is_another(tmp_path: Path) -> None:
    config.home_dir = str(tmp_path / "home")
    assert LocalResult(dir=tmp_path / "home2").dir == str(tmp_path / "home2")


def test_the_folder_is_made_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert LocalResult(dir="a/b").dir == str(tmp_path / "a/b")
    assert (tmp_path / "a/b").is_dir()


def test_the_folder_is_left_alone_if_so_wished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert LocalResult(dir="a", validate_dir=False).dir == "a"
    assert not (tmp_path / "a").exists()


def test_a_tilde_is_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert LocalResult(dir="~/kept").dir == str(tmp_path / "kept")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        LocalResult(dir=tmp_path / "file")


# There and back


def test_it_writes_reads_and_knows(tmp_path: Path) -> None:
    result = LocalResult(dir=tmp_path, location="sub/{x}.txt")
    written = result.write({"a": 1}, x=5)
    assert files(tmp_path) == ["sub/5.txt"]
    assert (written.value, written.location) == ({"a": 1}, "sub/5.txt")
    assert (result.value, result.location) == (None, "sub/{x}.txt")
    read = LocalResult(dir=tmp_path).read("sub/5.txt")
    assert (type(read), read.value, read.location) == (LocalResult, {"a": 1}, "sub/5.txt")
    assert LocalResult(dir=tmp_path).read(str(tmp_path / "sub/5.txt")).value == {"a": 1}


def test_exists_takes_relative_full_and_templated_places(tmp_path: Path) -> None:
    result = LocalResult(dir=tmp_path)
    (tmp_path / "5.txt").touch()
    assert result.exists("5.txt")
    assert result.exists(str(tmp_path / "5.txt"))
    assert result.exists("{x}.txt", x=5)
    assert not result.exists("{x}.txt", x=6)


@pytest.mark.parametrize("value", [None, 0, "", b"", [], int, {"a": {1, 2}}, "é" * 100_000])
def test_values(tmp_path: Path, value: Any) -> None:
    result = LocalResult(dir=tmp_path, location="x")
    assert result.read(result.write(value).location or "").value == value


@pytest.mark.parametrize("serializer", [JSONSerializer(), CompressedSerializer(JSONSerializer(), "zlib")])
def test_the_serializer_is_used(tmp_path: Path, serializer: Serializer) -> None:
    result = LocalResult(dir=tmp_path, location="x", serializer=serializer)
    result.write([1])
    assert serializer.deserialize((tmp_path / "x").read_bytes()) == [1]
    assert result.read("x").value == [1]


def test_without_a_location_each_value_gets_a_file_of_its_own(tmp_path: Path) -> None:
    result = LocalResult(dir=tmp_path)
    written = [result.write(n) for n in range(100)]
    assert len(files(tmp_path)) == 100
    assert all(re.match(r"prefect-result-\d{4}-\d\d-\d\dt", name) for name in files(tmp_path))
    assert [result.read(one.location or "").value for one in written] == list(range(100))


def test_a_function_as_location(tmp_path: Path) -> None:
    LocalResult(dir=tmp_path, location=lambda **given: f"{given['x']}-called").write(1, x=5)
    assert files(tmp_path) == ["5-called"]


def test_a_keyword_of_a_location_may_be_called_value(tmp_path: Path) -> None:
    LocalResult(dir=tmp_path, location="{value}").write(1, value=2)
    assert files(tmp_path) == ["2"]


@pytest.mark.parametrize("place", ["../outside.txt", "{full}/outside.txt"])
def test_a_location_may_lead_out_of_the_folder_as_in_prefect(tmp_path: Path, place: str) -> None:
    result = LocalResult(dir=tmp_path / "in", location=place)
    written = result.write(1, full=tmp_path)
    assert files(tmp_path) == ["outside.txt"]
    assert result.read(written.location or "").value == 1


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")
    LocalResult(dir=tmp_path, location="link").write(1)
    assert (tmp_path / "link").is_symlink()
    assert files(tmp_path / "elsewhere") == ["file"]


@posix
@pytest.mark.usefixtures("umask")
def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    LocalResult(dir=tmp_path, location="sub/x").write(1)
    assert stat.S_IMODE((tmp_path / "sub/x").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "sub").stat().st_mode) == 0o750


def test_equality_knows_the_folder(tmp_path: Path) -> None:
    assert LocalResult(dir=tmp_path) == LocalResult(dir=tmp_path)
    assert LocalResult(dir=tmp_path) != LocalResult(dir=tmp_path / "other")


@pytest.mark.parametrize("again", [lambda r: pickle.loads(pickle.dumps(r)), copy.deepcopy])
def test_it_travels(tmp_path: Path, again: Any) -> None:
    result = LocalResult(dir=tmp_path, location="{x}", serializer=JSONSerializer(), value=3)
    assert again(result) == result
    again(result).write(4, x="x")
    assert result.read("x").value == 4


# What is no value


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        LocalResult(dir=tmp_path).read("nothing")


PICKLE = pickle.dumps({"a": list(range(100)), "b": "text" * 100})


@pytest.mark.parametrize(
    ("data", "serializer"),
    [
        *((PICKLE[:length], None) for length in (0, 1, 2, 11, 20, len(PICKLE) // 2, len(PICKLE) - 1)),
        (b"\x00" * len(PICKLE), None),
        (b"not a pickle", None),
        (b"cno_such_module\nname\n.", None),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.", None),
        (b"", JSONSerializer()),
        (b'{"a": [1, 2', JSONSerializer()),
        (b"\xff\xfe", JSONSerializer()),
        (b"[" * 200_000, JSONSerializer()),
        (b"", DateTimeSerializer()),
        (b"yesterday", DateTimeSerializer()),
        (b"", CompressedSerializer(JSONSerializer(), "gzip")),
        (
            CompressedSerializer(JSONSerializer(), "zlib").serialize([1])[:-3],
            CompressedSerializer(JSONSerializer(), "zlib"),
        ),
        (b"", LengthSerializer()),
    ],
    ids=lambda value: "" if value is None else value[:12].hex() if isinstance(value, bytes) else type(value).__name__,
)
def test_a_file_that_holds_no_value_is_named(tmp_path: Path, data: bytes, serializer: Serializer | None) -> None:
    path = tmp_path / "broken.txt"
    path.write_bytes(data)
    with pytest.raises(CorruptResultError, match=re.escape(str(path))):
        LocalResult(dir=tmp_path, serializer=serializer).read("broken.txt")
    assert path.read_bytes() == data


def test_an_empty_text_is_a_value_where_it_is_written_so(tmp_path: Path) -> None:
    result = LocalResult(dir=tmp_path, location="x", serializer=TextSerializer())
    result.write("")
    assert (tmp_path / "x").read_bytes() == b""
    assert result.read("x").value == ""


# What can't be written


def kept(folder: Path) -> LocalResult:
    result = LocalResult(dir=folder, location="x")
    result.write("old")
    return result


@pytest.mark.parametrize("value", [threading.Lock(), lambda: 1, (n for n in range(3))])
def test_an_unpicklable_value_leaves_the_old_file(tmp_path: Path, value: Any) -> None:
    result = kept(tmp_path)
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        result.write(value)
    assert result.read("x").value == "old"
    assert files(tmp_path) == ["x"]


def test_a_serializer_that_makes_no_bytes_leaves_the_old_file(tmp_path: Path) -> None:
    class Wrong(Serializer):
        def serialize(self, value: Any) -> Any:
            return "text"

    result = kept(tmp_path)
    with pytest.raises(TypeError):
        LocalResult(dir=tmp_path, location="x", serializer=Wrong()).write(1)
    assert result.read("x").value == "old"
    assert files(tmp_path) == ["x"]


def test_pandas_that_is_missing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    result = kept(tmp_path)
    with pytest.raises(ValueError, match="DataFrame"):
        LocalResult(dir=tmp_path, location="x", serializer=PandasSerializer("csv")).write(1)
    assert result.read("x").value == "old"


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(OSError):
        LocalResult(dir=tmp_path, location="x").write(1)
    assert files(tmp_path) == []


def test_a_rename_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError("held by another")

    result = kept(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(PermissionError):
            result.write("new")
    assert result.read("x").value == "old"
    assert files(tmp_path) == ["x"]


# Real trouble: processes that meet their end, or each other


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
        text=True,
    )


FULL_DISK = """
import resource, sys
from miniprefect.engine.results import LocalResult
result = LocalResult(dir=sys.argv[1], location=sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
for size in (9_000, 10_000, 100_000, 10_000_000):
    try:
        result.write("x" * size)
        print("written")
    except OSError as error:
        print(type(error).__name__)
"""


@posix
@pytest.mark.parametrize("name", ["x", "fresh"])
def test_a_full_disk_raises_and_leaves_the_old_file_or_none(tmp_path: Path, name: str) -> None:
    script = FULL_DISK.replace("(9_000, 10_000, ", "(10_000, ")
    result = kept(tmp_path)
    with start(script, tmp_path, name) as process:
        said, _ = process.communicate(timeout=30)
    assert said.split() == ["OSError"] * 3
    assert result.read("x").value == "old"
    assert files(tmp_path) == ["x"]


@posix
def test_what_fits_is_written_and_stays_when_the_disk_is_full_later(tmp_path: Path) -> None:
    with start(FULL_DISK, tmp_path, "x") as process:
        said, _ = process.communicate(timeout=30)
    assert said.split() == ["written", "OSError", "OSError", "OSError"]
    assert LocalResult(dir=tmp_path).read("x").value == "x" * 9_000
    assert files(tmp_path) == ["x"]


WRITER = """
import itertools, sys
from miniprefect.engine.results import LocalResult
result = LocalResult(dir=sys.argv[1], location="x")
values = [letter * 300_000 for letter in sys.argv[2]]
print("ready", flush=True)
for value in itertools.islice(itertools.cycle(values), int(sys.argv[3])):
    result.write(value)
"""


def is_whole(value: str, letters: str) -> bool:
    return len(value) == 300_000 and len(set(value)) == 1 and value[0] in letters


# A process of its own, as it forks: the children write until they are killed, and what is there is read each time.
KILLER = """
import itertools, os, random, signal, sys, time
from miniprefect.engine.results import LocalResult
result = LocalResult(dir=sys.argv[1], location="x")
values = [letter * 300_000 for letter in "ab"]
moments = random.Random(3)
end = time.monotonic() + 10
killed = 0
while killed < 200 and time.monotonic() < end:
    child = os.fork()
    if child == 0:
        for value in itertools.cycle(values):
            result.write(value)
    time.sleep(moments.random() * 0.01)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    killed += 1
    assert result.read("x").value in ("old", *values)
print(killed)
"""


@posix
def test_a_killed_writer_leaves_the_old_value_or_the_new(tmp_path: Path) -> None:
    result = kept(tmp_path)
    with start(KILLER, tmp_path) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert int(said) >= 20
    assert is_whole(result.read("x").value, "ab")
    leftovers = [name for name in files(tmp_path) if name != "x"]
    assert leftovers  # some were killed in the middle
    assert all(name.startswith(UNFINISHED) for name in leftovers)
    result.write("after")
    assert result.read("x").value == "after"


@posix
def test_two_processes_writing_one_file_both_end_well(tmp_path: Path) -> None:
    result = LocalResult(dir=tmp_path, location="x")
    result.write("o" * 300_000)
    with start(WRITER, tmp_path, "a", 50) as one, start(WRITER, tmp_path, "b", 50) as other:
        while one.poll() is None or other.poll() is None:
            assert is_whole(result.read("x").value, "oab")
    assert (one.returncode, other.returncode) == (0, 0)
    assert is_whole(result.read("x").value, "ab")
    assert files(tmp_path) == ["x"]


def test_threads_writing_one_file_all_end_well(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def write(letter: str) -> None:
        try:
            for _ in range(20):
                LocalResult(dir=tmp_path, location="new/{x}").write(letter * 10_000, x="x")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(set(LocalResult(dir=tmp_path).read("new/x").value)) == 1
    assert files(tmp_path) == ["new/x"]


def test_what_another_writer_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}0123").write_bytes(PICKLE[:10])
    result = LocalResult(dir=tmp_path, location="x")
    result.write(1)
    assert result.read("x").value == 1
    assert files(tmp_path) == [f"{UNFINISHED}0123", "x"]


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(os, "fsync", interrupt)
        replace_file(str(tmp_path / "x"), b"data")
    assert files(tmp_path) == []
