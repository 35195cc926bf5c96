"""Secrets: values that tasks need and flows must not hold."""

import json
from collections.abc import Mapping
from typing import Any

from miniprefect.client.client import Client
from miniprefect.configuration import config
from miniprefect.exceptions import no_backend
from miniprefect.utilities.context import context


class Secret:
    """Find a secret by its name in `context.secrets`.

    Secrets get there by environment variables, PREFECT__CONTEXT__SECRETS__NAME=value, by the section
    [context.secrets] of the user's configuration file, or by `with context(secrets={"NAME": value})`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def client(self) -> Client:
        """A client, as Prefect would ask for secrets that are not local."""
        return Client()

    def exists(self) -> bool:
        """Tell whether there is such a secret."""
        return self.name in _local_secrets()

    def get(self) -> Any:
        """Return the value; text that is JSON is parsed.

        Raises:
            ValueError: there is no such secret.
        """
        secrets = _local_secrets()
        if self.name not in secrets:
            raise self._not_found()
        value = secrets[self.name]
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return value

    def _not_found(self) -> Exception:
        remedy = f"Set the environment variable PREFECT__CONTEXT__SECRETS__{self.name}."
        if config.cloud.use_local_secrets:
            return ValueError(f'Local Secret "{self.name}" was not found. {remedy}')
        return no_backend(f"Fetching the secret {self.name!r}", remedy)


def _local_secrets() -> Mapping[str, Any]:
    secrets: Mapping[str, Any] = context.get("secrets") or {}
    return secrets
