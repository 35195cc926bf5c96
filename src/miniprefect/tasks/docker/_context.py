"""Pack the folder that an image is built of, without what its .dockerignore names."""

import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def packed(folder: Path, dockerfile: str) -> Iterator[IO[bytes]]:
    """Pack a folder into a tar file, which is open for reading in the ``with`` block."""
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for path in _members(folder, {".dockerignore", dockerfile}):
                archive.add(folder / path, path, recursive=False, filter=_of_root)
        file.seek(0)
        yield file


def _of_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who owns a file here: the users of the container are others."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def _members(folder: Path, always: set[str]) -> Iterator[str]:
    """Yield the paths of what is in a folder and is not ignored, by name; the Engine itself needs `always`."""
    ignored = _ignored(folder / ".dockerignore")
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = (Path(parent) / name).relative_to(folder).as_posix()
            if path in always or not ignored(path):
                yield path


def _ignored(file: Path) -> Callable[[str], bool]:
    """Return a function that says whether a path is ignored; of the rules that fit, the last one decides."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    rules = [(_expression(pattern.removeprefix("!")), not pattern.startswith("!")) for pattern in patterns]

    def is_ignored(path: str) -> bool:
        return next((ignores for rule, ignores in reversed(rules) if rule.fullmatch(path)), False)

    return is_ignored


_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _expression(pattern: str) -> re.Pattern[str]:
    """Return what matches a path that a pattern names, and all below it."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]]+])", os.path.normpath(pattern.strip()).strip("/"))
    text = "".join(_WILDCARDS.get(part) or (part if part.startswith("[") else re.escape(part)) for part in parts)
    return re.compile(f"{text}(?:/.*)?", re.DOTALL)
