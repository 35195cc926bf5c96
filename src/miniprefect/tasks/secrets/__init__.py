"""Tasks that find secrets when the flow runs, so that the flow does not hold them."""

from miniprefect.tasks.secrets.base import PrefectSecret, Secret, SecretBase
from miniprefect.tasks.secrets.env_var import EnvVarSecret

__all__ = ["EnvVarSecret", "PrefectSecret", "Secret", "SecretBase"]
