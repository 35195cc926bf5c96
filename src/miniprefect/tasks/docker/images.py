"""Tasks on images.

In all of them `docker_server_url` says where the Engine listens; in place of the default, the environment variable
DOCKER_HOST counts. `extra_docker_kwargs` has further options, which each task lists. The login at a registry is the
option ``auth_config``, a dict of ``username`` and ``password``, or what `docker login` has kept.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from miniprefect.tasks.docker._base import DockerTask, Options, ask, required
from miniprefect.tasks.docker._context import packed
from miniprefect.tasks.docker._engine import DEFAULT_URL, Engine, part
from miniprefect.tasks.docker._options import filters as as_filters
from miniprefect.tasks.docker._registry import login_headers
from miniprefect.utilities.tasks import defaults_from_attrs

Message = dict[str, Any]


class ListImages(DockerTask):
    """List images: the result is a list of dicts as the Engine describes them.

    Args:
        repository_name: list only those of this repository.
        all_layers: whether to list the images that others were built on, too.
        filters: such as ``{"dangling": True, "label": "a"}``.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: ``quiet`` (a list of ids).
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        repository_name: str | None = None,
        all_layers: bool = False,
        filters: dict[str, Any] | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        **kwargs: Any,
    ) -> None:
        self.repository_name = repository_name
        self.all_layers = all_layers
        self.filters = filters
        super().__init__(docker_server_url, extra_docker_kwargs, **kwargs)

    @defaults_from_attrs("repository_name", "all_layers", "filters", "docker_server_url", "extra_docker_kwargs")
    def run(
        self,
        repository_name: str | None = None,
        all_layers: bool = False,
        filters: dict[str, Any] | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
    ) -> list[Any]:
        """Return the list; the arguments are those of the constructor, and win over them.

        Raises:
            OSError: the Engine can't be reached, or refuses.
        """
        named = {"reference": repository_name} if repository_name else {}
        wanted = {"all": all_layers, "filters": {**(filters or {}), **named}}
        found: list[Any] = ask(_list, docker_server_url, extra_docker_kwargs, **wanted)
        return found


class PullImage(DockerTask):
    """Pull an image from a registry; the result is what the Engine told meanwhile, a line of JSON for each message.

    Args:
        repository: the image, with its registry if that is not Docker Hub; it may end in a tag.
        tag: the tag; "latest" by default.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: ``auth_config``, ``platform``, ``all_tags``.
        stream_logs: whether to log how it gets on.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        repository: str | None = None,
        tag: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        stream_logs: bool = False,
        **kwargs: Any,
    ) -> None:
        self.repository = repository
        self.tag = tag
        self.stream_logs = stream_logs
        super().__init__(docker_server_url, extra_docker_kwargs, **kwargs)

    @defaults_from_attrs("repository", "tag", "docker_server_url", "extra_docker_kwargs", "stream_logs")
    def run(
        self,
        repository: str | None = None,
        tag: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        stream_logs: bool = False,
    ) -> str:
        """Pull it; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no repository.
            OSError: the Engine can't be reached, refuses, or can't pull the image.
        """
        required(repository, "A repository to pull the image from must be specified.")
        log = _Log(self.logger, stream_logs)
        return _as_text(ask(_pull, docker_server_url, extra_docker_kwargs, repository, tag, log))


class PushImage(DockerTask):
    """Push an image to a registry; the result is what the Engine told meanwhile, a line of JSON for each message.

    Args:
        repository: the image, with its registry if that is not Docker Hub.
        tag: the tag.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: ``auth_config``.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        repository: str | None = None,
        tag: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        **kwargs: Any,
    ) -> None:
        self.repository = repository
        self.tag = tag
        super().__init__(docker_server_url, extra_docker_kwargs, **kwargs)

    @defaults_from_attrs("repository", "tag", "docker_server_url", "extra_docker_kwargs")
    def run(
        self,
        repository: str | None = None,
        tag: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
    ) -> str:
        """Push it; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no repository.
            OSError: the Engine can't be reached, refuses, or can't push the image.
        """
        required(repository, "A repository to push the image to must be specified.")
        return _as_text(ask(_push, docker_server_url, extra_docker_kwargs, repository, tag))


class BuildImage(DockerTask):
    """Build an image of a folder with a Dockerfile; the result is the list of the Engine's messages.

    Args:
        path: the folder; what its .dockerignore names stays here.
        tag: the name of the image, with its tag.
        nocache: whether to do every step anew.
        rm: whether to remove the containers of the steps.
        forcerm: whether to remove them even if the build fails.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: ``dockerfile`` (its path in the folder), ``buildargs``, ``labels``, ``target``, ``pull``,
            ``platform``, ``network_mode``, ``cache_from``, ``shmsize``, ``squash``, ``quiet``, ``isolation``.
        stream_logs: whether to log the steps and their output.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        path: str | None = None,
        tag: str | None = None,
        nocache: bool = False,
        rm: bool = True,
        forcerm: bool = False,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        stream_logs: bool = False,
        **kwargs: Any,
    ) -> None:
        self.path = path
        self.tag = tag
        self.nocache = nocache
        self.rm = rm
        self.forcerm = forcerm
        self.stream_logs = stream_logs
        super().__init__(docker_server_url, extra_docker_kwargs, **kwargs)

    @defaults_from_attrs(
        "path", "tag", "nocache", "rm", "forcerm", "docker_server_url", "extra_docker_kwargs", "stream_logs"
    )
    def run(
        self,
        path: str | None = None,
        tag: str | None = None,
        nocache: bool = False,
        rm: bool = True,
        forcerm: bool = False,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        stream_logs: bool = False,
    ) -> list[Message]:
        """Build it; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no path.
            TypeError: the path is not that of a folder.
            OSError: the Engine can't be reached, refuses, or a step fails.
        """
        folder = Path(required(path, "A path to a directory containing a Dockerfile must be provided."))
        if not folder.is_dir():
            raise TypeError(f"You must specify a directory to build in path: {folder} is none.")
        wanted = {"t": tag, "nocache": nocache, "rm": rm, "forcerm": forcerm}
        log = _Log(self.logger, stream_logs)
        messages: list[Message] = ask(_build, docker_server_url, extra_docker_kwargs, folder, wanted, log)
        return messages


class TagImage(DockerTask):
    """Give an image another name.

    Args:
        image: the image: its name or id.
        repository: the new name.
        tag: its tag; "latest" by default.
        force: whether to do so even if another image has this name.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: nothing.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        image: str | None = None,
        repository: str | None = None,
        tag: str | None = None,
        force: bool = False,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        **kwargs: Any,
    ) -> None:
        self.image = image
        self.repository = repository
        self.tag = tag
        self.force = force
        super().__init__(docker_server_url, extra_docker_kwargs, **kwargs)

    @defaults_from_attrs("image", "repository", "tag", "force", "docker_server_url", "extra_docker_kwargs")
    def run(
        self,
        image: str | None = None,
        repository: str | None = None,
        tag: str | None = None,
        force: bool = False,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
    ) -> bool:
        """Return True; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no image or no name.
            OSError: the Engine can't be reached, or refuses.
        """
        if not image or not repository:
            raise ValueError("Both image and repository must be provided.")
        ask(_tag, docker_server_url, extra_docker_kwargs, image, {"repo": repository, "tag": tag, "force": force})
        return True


class RemoveImage(DockerTask):
    """Remove an image.

    Args:
        image: the image: its name or id.
        force: whether to do so even if containers use it.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: ``noprune`` (leave the images that it was built on).
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        image: str | None = None,
        force: bool = False,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        **kwargs: Any,
    ) -> None:
        self.image = image
        self.force = force
        super().__init__(docker_server_url, extra_docker_kwargs, **kwargs)

    @defaults_from_attrs("image", "force", "docker_server_url", "extra_docker_kwargs")
    def run(
        self,
        image: str | None = None,
        force: bool = False,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
    ) -> None:
        """Remove it; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no image.
            OSError: the Engine can't be reached, or refuses.
        """
        required(image, "The name of an image to remove must be provided.")
        ask(_remove, docker_server_url, extra_docker_kwargs, image, force=force)


# ---------------------------------------------------------------------- messages


class _Log:
    """Log what messages say, if that is wished.

    Args:
        logger: of the task.
        is_on: whether it is.
    """

    def __init__(self, logger: logging.Logger, is_on: bool) -> None:
        self.logger = logger
        self.is_on = is_on

    def __call__(self, message: Message) -> Message:
        """Log a message line by line, and return it."""
        if self.is_on:
            for line in _words_of(message).splitlines():
                if line.strip():
                    self.logger.info(line.rstrip())
        return message


def _words_of(message: Message) -> str:
    """Return the text of a message; one that moves a progress bar on has none."""
    if message.get("progress") or message.get("progressDetail"):
        return ""
    about = f"{message['id']}: " if "id" in message and "status" in message else ""
    return about + str(message.get("stream") or message.get("status") or "")


def _as_text(messages: list[Message]) -> str:
    lines = (json.dumps(message, separators=(",", ":"), ensure_ascii=False) for message in messages)
    return "".join(f"{line}\n" for line in lines)


# ---------------------------------------------------------------------- requests; the options are what users may give


def _list(engine: Engine, *, all: bool, filters: dict[str, Any], quiet: bool = False) -> list[Any]:
    found: list[Message] = engine.ask("GET", "/images/json", {"all": all, "filters": as_filters(filters)})
    return [image["Id"] for image in found] if quiet else found


def _pull(
    engine: Engine,
    repository: str,
    tag: str | None,
    log: Callable[[Message], Message],
    *,
    auth_config: dict[str, str] | None = None,
    platform: str | None = None,
    all_tags: bool = False,
) -> list[Message]:
    name, own_tag = _split(repository)
    query = {"fromImage": name, "tag": None if all_tags else tag or own_tag or "latest", "platform": platform}
    messages = engine.messages("/images/create", query, headers=login_headers(repository, auth_config))
    return [log(message) for message in messages]


def _split(repository: str) -> tuple[str, str]:
    """Split a name into that of the repository, and the tag or digest, if there is one."""
    name, _, digest = repository.partition("@")
    if digest:
        return name, digest
    name, colon, tag = repository.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (repository, "")


def _push(
    engine: Engine, repository: str, tag: str | None, *, auth_config: dict[str, str] | None = None
) -> list[Message]:
    # An Engine wants the header in any case; an empty login is that of nobody.
    headers = {"X-Registry-Auth": "e30=", **login_headers(repository, auth_config)}
    name, own_tag = _split(repository)
    return list(engine.messages(f"/images/{part(name)}/push", {"tag": tag or own_tag or None}, b"", headers))


def _build(
    engine: Engine,
    folder: Path,
    wanted: dict[str, Any],
    log: Callable[[Message], Message],
    *,
    dockerfile: str = "Dockerfile",
    buildargs: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    target: str | None = None,
    pull: bool = False,
    platform: str | None = None,
    network_mode: str | None = None,
    cache_from: list[str] | None = None,
    shmsize: int | None = None,
    squash: bool | None = None,
    quiet: bool = False,
    isolation: str | None = None,
) -> list[Message]:
    query = {
        **wanted,
        "dockerfile": dockerfile,
        "buildargs": buildargs,
        "labels": labels,
        "target": target,
        "pull": pull,
        "platform": platform,
        "networkmode": network_mode,
        "cachefrom": cache_from,
        "shmsize": shmsize,
        "squash": squash,
        "q": quiet,
        "isolation": isolation,
    }
    with packed(folder, dockerfile) as archive:
        messages = engine.messages("/build", query, archive, {"Content-Type": "application/x-tar"})
        return [log(message) for message in messages]


def _tag(engine: Engine, image: str, query: dict[str, Any]) -> None:
    engine.ask("POST", f"/images/{part(image)}/tag", query)


def _remove(engine: Engine, image: str, *, force: bool, noprune: bool = False) -> None:
    engine.ask("DELETE", f"/images/{part(image)}", {"force": force, "noprune": noprune})
