"""GCS storage, under its path of 0.10."""

from miniprefect.environments.storage import GCS

__all__ = ["GCS"]
