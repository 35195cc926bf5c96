"""The client of Prefect's server, and secrets."""

from miniprefect.client.client import Client
from miniprefect.client.secrets import Secret

__all__ = ["Client", "Secret"]
