"""Secrets from the context: `context.secrets`, which the environment, the configuration or a ``with`` block fills."""

from typing import Any

from miniprefect.client.secrets import Secret as ClientSecret
from miniprefect.core.task import Task
from miniprefect.engine.results.secret_result import SecretResult


class SecretBase(Task):
    """Be a task whose result is a secret: it is never written anywhere. Subclasses say in `run` where it is found.

    Args:
        **kwargs: as for `Task`, without `result`; `checkpoint` is False whatever is asked for.

    Raises:
        ValueError: a `result` is given.
    """

    def __init__(self, **kwargs: Any) -> None:
        if kwargs.get("result") or kwargs.get("result_handler"):
            raise ValueError("Result types for Secrets are not configurable. Leave `result` out.")
        super().__init__(**{**kwargs, "checkpoint": False})
        self.result = SecretResult(self)


class PrefectSecret(SecretBase):
    """Find a secret in the context; see `client.Secret` for how it gets there.

    Args:
        name: the name of the secret, and of the task.
        **kwargs: as for `SecretBase`.
    """

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        self.secret_name = name
        super().__init__(name=name, **kwargs)

    def run(self, name: str | None = None) -> Any:
        """Return the secret, parsed if it is JSON.

        Args:
            name: the name of the secret; by default the one that the task was made with.

        Raises:
            ValueError: there is no such secret, or no name.
        """
        return ClientSecret(self.chosen(name)).get()

    def chosen(self, name: str | None) -> str:
        """Return `name`, or else the name that the task was made with."""
        name = self.secret_name if name is None else name
        if name is None:
            raise ValueError("A secret name must be provided.")
        return name


class Secret(PrefectSecret):
    """Be what `PrefectSecret` was called in early versions of Prefect."""
