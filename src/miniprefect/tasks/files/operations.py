"""Tasks that copy, move, remove and find files."""

import shutil
from pathlib import Path
from typing import Any

from miniprefect.core.task import Task
from miniprefect.utilities.tasks import defaults_from_attrs

AnyPath = str | Path


def existing(path: Any, argument: str, called: str) -> Path:
    """Return the path of something that is there.

    Args:
        path: the path.
        argument: the name of the argument that it was given as.
        called: what to call it, if it is not there.

    Raises:
        ValueError: it is empty, or there is nothing.
    """
    found = Path(given(path, argument))
    if not found.exists() and not found.is_symlink():
        raise ValueError(f"{called} ({found}) not found")
    return found


def given(path: Any, argument: str) -> Any:
    """Return `path`, unless it is empty, for which a ValueError is raised."""
    if not path:
        raise ValueError(f"No `{argument}` provided.")
    return path


class _ToTarget(Task):
    """Bring a file or a folder from one place to another.

    Args:
        source_path: where it is.
        target_path: where it is to be; a file that goes to a folder keeps its name. The folder must exist.
        **kwargs: as for `Task`.
    """

    doing = ""

    def __init__(self, source_path: AnyPath = "", target_path: AnyPath = "", **kwargs: Any) -> None:
        self.source_path = source_path
        self.target_path = target_path
        super().__init__(**kwargs)

    @defaults_from_attrs("source_path", "target_path")
    def run(self, source_path: AnyPath = "", target_path: AnyPath = "") -> Path:
        """Do it, and return where it is now.

        Args:
            source_path: where it is.
            target_path: where it is to be.

        Raises:
            ValueError: a path is missing, or there is nothing at the source.
        """
        source = existing(source_path, "source_path", "Source path")
        target = Path(given(target_path, "target_path"))
        self.logger.info(f"{self.doing} {source} to {target}...")
        return Path(self._bring(source, target))

    def _bring(self, source: Path, target: Path) -> AnyPath:
        raise NotImplementedError


class Copy(_ToTarget):
    """Copy a file, or a folder with all that is in it.

    Args:
        source_path: where it is.
        target_path: where the copy is to be. For a file this may be a folder; for a folder there must be nothing yet.
        **kwargs: as for `Task`.
    """

    doing = "Copying"

    def _bring(self, source: Path, target: Path) -> AnyPath:
        return shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)


class Move(_ToTarget):
    """Move a file or a folder.

    Args:
        source_path: where it is.
        target_path: where it is to be, or the folder to put it into.
        **kwargs: as for `Task`.
    """

    doing = "Moving"

    def _bring(self, source: Path, target: Path) -> AnyPath:
        moved: AnyPath = shutil.move(source, target)
        return moved


class Remove(Task):
    """Remove a file or an empty folder.

    Args:
        path: where it is.
        **kwargs: as for `Task`.
    """

    def __init__(self, path: AnyPath = "", **kwargs: Any) -> None:
        self.path = path
        super().__init__(**kwargs)

    @defaults_from_attrs("path")
    def run(self, path: AnyPath = "") -> None:
        """Remove it.

        Args:
            path: where it is.

        Raises:
            ValueError: the path is missing, or there is nothing.
            OSError: it can't be removed, as a folder that is not empty.
        """
        found = existing(path, "path", "Path")
        self.logger.info(f"Removing {found}...")
        if found.is_dir() and not found.is_symlink():
            found.rmdir()
        else:
            found.unlink()


class Glob(Task):
    """Find files and folders by a pattern.

    Args:
        path: the folder to look in.
        pattern: what the names look like, as for `pathlib.Path.glob`: ``"*.csv"``, or ``"**/*.csv"`` at any depth.
        **kwargs: as for `Task`.
    """

    def __init__(self, path: AnyPath = "", pattern: str = "*", **kwargs: Any) -> None:
        self.path = path
        self.pattern = pattern
        super().__init__(**kwargs)

    @defaults_from_attrs("path", "pattern")
    def run(self, path: AnyPath = "", pattern: str = "*") -> list[Path]:
        """Return the paths found, in the order of their names.

        Args:
            path: the folder to look in.
            pattern: what the names look like.

        Raises:
            ValueError: the path is missing, or the pattern makes no sense.
        """
        return sorted(Path(given(path, "path")).glob(pattern))
