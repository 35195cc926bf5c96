"""Local storage, under its path of 0.10."""

from miniprefect.environments.storage import Local

__all__ = ["Local"]
