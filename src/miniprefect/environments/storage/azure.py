"""Azure storage, under its path of 0.10."""

from miniprefect.environments.storage import Azure

__all__ = ["Azure"]
