"""Functions that stand where Prefect would talk to its server: they say, when called, that there is none."""

from collections.abc import Callable
from typing import NoReturn

from miniprefect.exceptions import no_backend


def refusal(what: str, instead: str) -> Callable[..., NoReturn]:
    """Make a function that takes anything and raises NoBackendError, naming `what` was called."""

    def refuse(*args: object, **kwargs: object) -> NoReturn:
        raise no_backend(what, instead)

    refuse.__name__ = refuse.__qualname__ = what.rstrip("()")
    refuse.__doc__ = f"Raise NoBackendError. {instead}"
    return refuse
