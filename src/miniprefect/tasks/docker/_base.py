"""What the tasks on containers and on images share."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from miniprefect.core.task import Task
from miniprefect.tasks.docker._engine import DEFAULT_URL, Engine

Options = dict[str, Any]


class DockerTask(Task):
    """Ask a Docker Engine for something.

    Args:
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: further options.
        **kwargs: as for `Task`.
    """

    def __init__(
        self, docker_server_url: str = DEFAULT_URL, extra_docker_kwargs: Options | None = None, **kwargs: Any
    ) -> None:
        self.docker_server_url = docker_server_url
        self.extra_docker_kwargs = extra_docker_kwargs
        super().__init__(**kwargs)


class ContainerTask(DockerTask):
    """Ask a Docker Engine for something about one container.

    Args:
        container_id: the id or name of the container.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: further options.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        container_id: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        **kwargs: Any,
    ) -> None:
        self.container_id = container_id
        super().__init__(docker_server_url, extra_docker_kwargs, **kwargs)


def required(value: Any, message: str) -> Any:
    """Return `value`, unless it is empty, for which a ValueError is raised."""
    if not value:
        raise ValueError(message)
    return value


def checked_id(container_id: Any) -> None:
    """Raise an error unless this is an id; a task that runs in any case may get an exception in its place."""
    required(container_id, "A container id must be provided.")
    if not isinstance(container_id, str):
        raise TypeError(f"The id or name of a container is text, not an object of type {type(container_id).__name__}.")


def ask(function: Callable[..., Any], url: str, extra: Mapping[str, Any] | None, *args: Any, **kwargs: Any) -> Any:
    """Call a function of an `Engine` with options that come from a user: those that it does not have are refused.

    Args:
        function: the function.
        url: where the Engine listens.
        extra: the user's further options.
        *args: arguments.
        **kwargs: options that are arguments of the task.
    """
    parameters = inspect.signature(function).parameters.values()
    options = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY} - kwargs.keys()
    unknown = [name for name in extra or {} if name not in options]
    if unknown:
        raise TypeError(f"extra_docker_kwargs has {unknown[0]!r}, which is none of {', '.join(sorted(options))}.")
    return function(Engine(url), *args, **kwargs, **(extra or {}))
