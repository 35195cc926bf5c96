"""Results: a task's value and where it is kept."""

from miniprefect.engine.result.base import (
    CorruptResultError,
    NoResult,
    NoResultType,
    Result,
    ResultNotImplementedError,
)

__all__ = ["CorruptResultError", "NoResult", "NoResultType", "Result", "ResultNotImplementedError"]
