"""Docker storage, under its path of 0.10."""

from miniprefect.environments.storage import Docker

__all__ = ["Docker"]
