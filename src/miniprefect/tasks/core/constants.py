"""Constants, under the path that they have in Prefect."""

from miniprefect.core.builtin import Constant

__all__ = ["Constant"]
