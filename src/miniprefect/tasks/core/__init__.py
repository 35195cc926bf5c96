"""The tasks that flows make by themselves, under the paths that they have in Prefect."""

from miniprefect.utilities.lazy import submodules_of

__getattr__ = submodules_of(__name__)
