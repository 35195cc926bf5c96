"""S3 storage, under its path of 0.10."""

from miniprefect.environments.storage import S3

__all__ = ["S3"]
