"""Small helpers. This package imports nothing: its modules sit in several layers."""

from miniprefect.utilities.lazy import submodules_of

__getattr__ = submodules_of(__name__)
