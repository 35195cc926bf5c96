"""Tasks that pack files into zip archives, and unpack them."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from miniprefect.core.task import Task
from miniprefect.tasks.files.operations import AnyPath, existing, given
from miniprefect.utilities.tasks import defaults_from_attrs

_METHODS = {
    "deflate": zipfile.ZIP_DEFLATED,
    "store": zipfile.ZIP_STORED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


class Unzip(Task):
    """Unpack a zip archive.

    Args:
        zip_path: the archive.
        extract_dir: the folder to put the files into, which is made if it is missing; by default the current one.
        **kwargs: as for `Task`.
    """

    def __init__(self, zip_path: AnyPath = "", extract_dir: AnyPath = "", **kwargs: Any) -> None:
        self.zip_path = zip_path
        self.extract_dir = extract_dir
        super().__init__(**kwargs)

    @defaults_from_attrs("zip_path", "extract_dir")
    def run(self, zip_path: AnyPath = "", extract_dir: AnyPath = "", password: bytes | str | None = None) -> Path:
        """Unpack the archive, and return the folder.

        Args:
            zip_path: the archive.
            extract_dir: the folder to put the files into.
            password: the password, if the archive is encrypted.

        Raises:
            ValueError: the path is missing, or there is no such file.
            TypeError: it is no zip archive.
        """
        archive = existing(zip_path, "zip_path", "`zip_path`")
        if not zipfile.is_zipfile(archive):
            raise TypeError(f"`zip_path` '{archive}' is not a zip file")
        folder = Path(extract_dir) if extract_dir else Path.cwd()
        self.logger.info(f"Extracting '{archive}' to '{folder}'")
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder, pwd=password.encode() if isinstance(password, str) else password)
        return folder


class Zip(Task):
    """Pack files and folders into a new zip archive.

    Args:
        source_path: a file, a folder, or a list of them; each keeps its name, but not the path to it.
        zip_path: the archive, which is written over if it exists.
        compression_method: "deflate", "store" (as it is), "bzip2" or "lzma".
        compression_level: how hard to try, for "deflate" from 0 to 9 and for "bzip2" from 1 to 9.
        **kwargs: as for `Task`.

    Raises:
        ValueError: there is no such method.
    """

    def __init__(
        self,
        source_path: AnyPath | list[str] | list[Path] = "",
        zip_path: AnyPath = "",
        compression_method: str = "deflate",
        compression_level: int | None = None,
        **kwargs: Any,
    ) -> None:
        if compression_method not in _METHODS:
            raise ValueError(
                f"Compression method {compression_method} is not supported! Use one of {', '.join(_METHODS)}."
            )
        self.source_path = source_path
        self.zip_path = zip_path
        self.compression_method = compression_method
        self.compression_level = compression_level
        super().__init__(**kwargs)

    @defaults_from_attrs("source_path", "zip_path")
    def run(self, source_path: AnyPath | list[str] | list[Path] = "", zip_path: AnyPath = "") -> None:
        """Pack.

        Args:
            source_path: a file, a folder, or a list of them.
            zip_path: the archive.

        Raises:
            ValueError: a path is missing, or there is nothing at a source.
        """
        given(source_path, "source_path")
        archive = Path(given(zip_path, "zip_path"))
        paths = source_path if isinstance(source_path, list) else [source_path]
        sources = [existing(path, "source_path", "Source path") for path in paths]
        # Listed before the archive is there, which may lie in a folder that goes into it.
        members = [(path, name) for source in sources for path, name in _files(source) if path != archive]
        self.logger.info(f"Creating zip archive {archive}")
        method = _METHODS[self.compression_method]
        with zipfile.ZipFile(archive, "w", compression=method, compresslevel=self.compression_level) as file:
            for path, name in members:
                file.write(path, name)


def _files(source: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each file of a source with its name in the archive."""
    if not source.is_dir():
        yield source, Path(source.name)
        return
    for path in sorted(source.rglob("*")):
        if path.is_file():
            yield path, source.name / path.relative_to(source)
