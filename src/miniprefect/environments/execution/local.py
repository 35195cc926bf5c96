"""The environment of a process on this machine."""

from miniprefect.environments.execution.base import Environment


class LocalEnvironment(Environment):
    """Say that a flow runs in the process that takes it up."""
