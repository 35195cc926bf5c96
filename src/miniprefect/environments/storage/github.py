"""GitHub storage, under its path of 0.10."""

from miniprefect.environments.storage import GitHub

__all__ = ["GitHub"]
