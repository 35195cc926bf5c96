"""Results kept in files.

A file is written beside its final place under a name of its own, brought to the disk, and then renamed, which the
system does in one stroke. So whoever reads sees the old value or the new one, whatever befalls the writer; of two
writers at once, the last to finish wins. What a killed writer leaves is a file whose name begins with
`UNFINISHED`: nothing reads it, and it can be deleted once no run is going on.
"""

import contextlib
import datetime
import os
import secrets
from pathlib import Path
from typing import Any, Self

from miniprefect.configuration import config
from miniprefect.engine.result.base import Result

UNFINISHED = ".miniprefect-unfinished-"


class LocalResult(Result):
    """Keep values in files of one folder.

    Args:
        dir: the folder; the default, and whatever lies in the home folder of Prefect, is ``<config.home_dir>/results``.
        validate_dir: whether to make the folder now, and its path absolute.
        **kwargs: `location`, `serializer` and `value`, as every `Result` has them. A location is relative to `dir`,
            or a full path.

    Raises:
        OSError: the folder can't be made.
    """

    def __init__(self, dir: str | os.PathLike[str] | None = None, validate_dir: bool = True, **kwargs: Any) -> None:
        self.dir = _folder(dir, validate_dir)
        super().__init__(**kwargs)

    @property
    def default_location(self) -> str:
        """The full path of a fresh file in the folder, named by the time in UTC."""
        moment = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dt%H-%M-%S-%f-00-00}"
        # Two threads may ask in the same microsecond.
        return self._path(f"prefect-result-{moment}-{secrets.token_hex(4)}")

    def exists(self, location: str, **kwargs: Any) -> bool:
        """Say whether there is a file at `location`, a template filled in from `kwargs`."""
        return os.path.exists(self._path(location.format(**kwargs)))

    def read(self, location: str) -> Self:
        """Return a copy that holds the value in the file at `location`.

        Raises:
            OSError: there is no such file (FileNotFoundError), or it can't be read.
            CorruptResultError: the file is empty, cut short, or was written in another way.
        """
        path = self._path(location)
        return self._held_at(location, self._value_of(Path(path).read_bytes(), path))

    def write(self, value_: Any, **kwargs: Any) -> Self:
        """Write `value_` to the file whose location is filled in from `kwargs`; return a copy that holds both.

        Whatever is raised, what was in the file before stays there: OSError if the disk is full or the folder can't
        be made, KeyError if the location names something that is not in `kwargs`, and what the serializer raises.
        """
        new = self.format(**kwargs)
        assert new.location is not None  # `format` makes one
        new.value = value_
        replace_file(self._path(new.location), self.serializer.serialize(value_))
        return new

    def _path(self, location: str) -> str:
        return os.path.join(self.dir, location)


def _folder(dir: str | os.PathLike[str] | None, validate: bool) -> str:
    home = os.path.abspath(os.path.expanduser(config.home_dir))
    given = os.path.expanduser(home if dir is None else os.fspath(dir))
    if Path(os.path.abspath(given)).is_relative_to(home):
        given = os.path.join(home, "results")
    if not validate:
        return given
    os.makedirs(given, exist_ok=True)
    return os.path.abspath(given)


def replace_file(path: str, data: bytes) -> None:
    """Make `data` the content of the file at `path`, all of it or, if anything is raised, nothing.

    Folders on the way are made. A link is followed. The permissions are those of any new file (the umask).
    """
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    unfinished = os.path.join(folder, UNFINISHED + secrets.token_hex(8))
    try:
        with open(unfinished, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise
