"""Secrets from environment variables."""

import os
from collections.abc import Callable
from typing import Any

from miniprefect.tasks.secrets.base import PrefectSecret


class EnvVarSecret(PrefectSecret):
    """Read a secret from an environment variable when the flow runs.

    Args:
        name: the name of the variable, and of the task.
        cast: a function of the text that makes the result, such as `int`.
        raise_if_missing: whether to fail when there is no such variable; by default the result is None.
        **kwargs: as for `SecretBase`.
    """

    def __init__(
        self,
        name: str | None = None,
        cast: Callable[[Any], Any] | None = None,
        raise_if_missing: bool = False,
        **kwargs: Any,
    ) -> None:
        self.cast = cast
        self.raise_if_missing = raise_if_missing
        super().__init__(name=name, **kwargs)

    def run(self, name: str | None = None) -> Any:
        """Return what the variable holds, or None.

        Args:
            name: the name of the variable; by default the one that the task was made with.

        Raises:
            ValueError: there is no name, there must be such a variable and there is none, or it can't be cast.
        """
        name = self.chosen(name)
        value = os.environ.get(name)
        if value is None:
            if self.raise_if_missing:
                raise ValueError(f"Environment variable not set: {name}")
            return None
        return value if self.cast is None else self._cast(name, value)

    def _cast(self, name: str, value: str) -> Any:
        assert self.cast is not None
        try:
            return self.cast(value)
        except Exception as error:
            kind = type(error).__name__
        # Not raised from `error`, as that mostly quotes the secret: "invalid literal for int() with base 10: ..."
        raise ValueError(f"Environment variable {name} holds nothing that can be cast: {self.cast!r} raised {kind}.")
