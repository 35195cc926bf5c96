"""Storage storage, under its path of 0.10."""

from miniprefect.environments.storage import Storage

__all__ = ["Storage"]
