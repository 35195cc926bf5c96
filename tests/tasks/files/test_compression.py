"""Zip archives. What Prefect does is among the conformance scenarios (tasks_files)."""

import zipfile
from pathlib import Path

import pytest

from miniprefect.tasks.files import Unzip, Zip


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("method", ["deflate", "store", "bzip2", "lzma"])
def test_what_is_packed_can_be_unpacked(tmp_path: Path, method: str) -> None:
    source = tmp_path / "source"
    (source / "sub" / "deep").mkdir(parents=True)
    for name in ("a", "sub/b", "sub/deep/ü"):
        (source / name).write_bytes(name.encode() * 1000)
    Zip(compression_method=method).run(source_path=source, zip_path=tmp_path / "any.zip")
    assert Unzip(tmp_path / "any.zip", tmp_path / "out").run() == tmp_path / "out"
    assert contents(tmp_path / "out" / "source") == contents(source)


def test_an_archive_does_not_go_into_itself(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for _ in range(2):
        Zip().run(source_path=str(tmp_path), zip_path=str(tmp_path / "any.zip"))
    assert zipfile.ZipFile(tmp_path / "any.zip").namelist() == [f"{tmp_path.name}/a"]


def test_a_missing_source_leaves_an_earlier_archive_alone(tmp_path: Path) -> None:
    (tmp_path / "any.zip").write_text("earlier")
    with pytest.raises(ValueError, match=r"^Source path \(.*nothing\) not found$"):
        Zip([str(tmp_path / "nothing")], tmp_path / "any.zip").run()
    assert (tmp_path / "any.zip").read_text() == "earlier"


def test_no_file_leaves_the_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../outside", "x")
    Unzip(tmp_path / "bad.zip", tmp_path / "out").run()
    assert contents(tmp_path).keys() == {"bad.zip", "out/outside"}


def test_an_unknown_method_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"^Compression method rar is not supported! Use one of deflate, store"):
        Zip(compression_method="rar")
