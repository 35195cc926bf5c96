"""The errors and signals of the package, under the names of `prefect.exceptions`.

BaseException
  PrefectSignal                    control flow: a task's `except Exception` does not catch it
    VersionLockMismatchSignal      (never raised here: there is no backend to lock a version)
    TaskTimeoutSignal              a task ran out of time; a TimeoutError as well, as it was in 0.10
    (engine.signals adds PrefectStateSignal and ENDRUN)
  TimeUp                           interrupts a call in time; becomes a TaskTimeoutSignal
  Exception
    PrefectException               = PrefectError in 0.10
      ClientError                  something was asked of a backend
        AuthorizationError
        ObjectNotFoundError
        NoBackendError             miniprefect only: there is no backend to ask
      FlowStorageError             = StorageError in 0.10
"""

from typing import Any


class PrefectException(Exception):
    """Stand above all errors of the package."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)


class PrefectSignal(BaseException):
    """Stand above all signals: they steer a run and are no errors, so `except Exception` lets them pass."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)


class VersionLockMismatchSignal(PrefectSignal):
    """Say that a backend held a newer version of a state."""


class TaskTimeoutSignal(PrefectSignal, TimeoutError):
    """Say that a task ran longer than its timeout.

    In 1.x this is a signal, in 0.10 it was a TimeoutError: scripts may look for either.
    """


class TimeUp(BaseException):
    """Interrupt a call whose time is up. Code that catches everything should let this pass: `except TimeUp: raise`."""

    def __init__(self, deadline: Any = None) -> None:
        super().__init__("The time is up.")
        self.deadline = deadline


class ClientError(PrefectException):
    """Say that something asked of a backend failed."""


class AuthorizationError(ClientError):
    """Say that a backend refused the caller."""


class ObjectNotFoundError(ClientError):
    """Say that a backend does not have what was asked for."""


class NoBackendError(ClientError):
    """Say that something needs Prefect's server or cloud, which miniprefect does not have."""


class FlowStorageError(PrefectException):
    """Say that a flow could not be stored or loaded."""


def no_backend(what: str, instead: str) -> NoBackendError:
    """Make the error for `what` was called and `instead`, the advice: a sentence that says what to do."""
    return NoBackendError(f"{what} needs Prefect's backend, and miniprefect has none. {instead}")
