"""Tasks on files: copied, moved, removed, found by a pattern, packed into zip archives and unpacked."""

from miniprefect.tasks.files.compression import Unzip, Zip
from miniprefect.tasks.files.operations import Copy, Glob, Move, Remove

__all__ = ["Copy", "Glob", "Move", "Remove", "Unzip", "Zip"]
