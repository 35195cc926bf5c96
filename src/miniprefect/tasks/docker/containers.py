"""Tasks on containers.

In all of them `docker_server_url` says where the Engine listens; in place of the default, the environment variable
DOCKER_HOST counts. `extra_docker_kwargs` has further options, which each task lists.
"""

from typing import Any

from miniprefect.engine import signals
from miniprefect.tasks.docker._base import ContainerTask, DockerTask, Options, ask, checked_id, required
from miniprefect.tasks.docker._engine import DEFAULT_URL, Engine, part, untangled
from miniprefect.tasks.docker._options import filters as as_filters
from miniprefect.tasks.docker._options import host_config as as_host_config
from miniprefect.tasks.docker._options import keys, pairs, words
from miniprefect.tasks.docker._options import ports as as_ports
from miniprefect.utilities.tasks import defaults_from_attrs

_LAST_LINES = 10


class ListContainers(DockerTask):
    """List containers: the result is a list of dicts as the Engine describes them.

    Args:
        all_containers: whether to list those that don't run, too.
        filters: such as ``{"status": "exited", "label": ["a", "b"]}``.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: ``quiet`` (ids only), ``latest``, ``limit``, ``size``, ``since`` and ``before`` (ids).
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        all_containers: bool = False,
        filters: dict[str, Any] | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
        **kwargs: Any,
    ) -> None:
        self.all_containers = all_containers
        self.filters = filters
        super().__init__(docker_server_url, extra_docker_kwargs, **kwargs)

    @defaults_from_attrs("all_containers", "filters", "docker_server_url", "extra_docker_kwargs")
    def run(
        self,
        all_containers: bool = False,
        filters: dict[str, Any] | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
    ) -> list[dict[str, Any]]:
        """Return the list; the arguments are those of the constructor, and win over them.

        Raises:
            OSError: the Engine can't be reached, or refuses.
        """
        found: list[dict[str, Any]] = ask(
            _list, docker_server_url, extra_docker_kwargs, all=all_containers, filters=filters
        )
        return found


class CreateContainer(DockerTask):
    """Create a container, without starting it; the result is its id.

    Args:
        image_name: the image.
        container_name: a name for the container; by default the Engine makes one up.
        command: what to run: a list, or text to be split as a shell does.
        detach: whether nobody is to be attached to its output.
        entrypoint: the program that gets the command: a list, or text.
        environment: environment variables: a dict, or a list such as ``["A=1"]``.
        volumes: paths in the container to make volumes of: one or a list.
        docker_server_url: where the Engine listens.
        host_config: limits and connections, such as ``{"mem_limit": "1g", "network_mode": "none", "binds":
            ["/data:/data:ro"], "port_bindings": {80: 8080}, "auto_remove": True}``.
        extra_docker_kwargs: ``user``, ``working_dir``, ``hostname``, ``domainname``, ``mac_address``, ``labels``,
            ``ports``, ``tty``, ``stdin_open``, ``network_disabled``, ``networking_config``, ``healthcheck``,
            ``stop_signal``, ``stop_timeout``, ``platform``.
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        image_name: str | None = None,
        container_name: str | None = None,
        command: list[str] | str | None = None,
        detach: bool = False,
        entrypoint: list[str] | str | None = None,
        environment: list[str] | dict[str, Any] | None = None,
        volumes: str | list[str] | None = None,
        docker_server_url: str = DEFAULT_URL,
        host_config: Options | None = None,
        extra_docker_kwargs: Options | None = None,
        **kwargs: Any,
    ) -> None:
        self.image_name = image_name
        self.container_name = container_name
        self.command = command
        self.detach = detach
        self.entrypoint = entrypoint
        self.environment = environment
        self.volumes = volumes
        self.host_config = host_config
        super().__init__(docker_server_url, extra_docker_kwargs, **kwargs)

    @defaults_from_attrs(
        "image_name",
        "container_name",
        "command",
        "detach",
        "entrypoint",
        "environment",
        "volumes",
        "docker_server_url",
        "host_config",
        "extra_docker_kwargs",
    )
    def run(
        self,
        image_name: str | None = None,
        container_name: str | None = None,
        command: list[str] | str | None = None,
        detach: bool = False,
        entrypoint: list[str] | str | None = None,
        environment: list[str] | dict[str, Any] | None = None,
        volumes: str | list[str] | None = None,
        docker_server_url: str = DEFAULT_URL,
        host_config: Options | None = None,
        extra_docker_kwargs: Options | None = None,
    ) -> str:
        """Return the id of the new container; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no image.
            OSError: the Engine can't be reached, or refuses.
        """
        config = {
            "Image": required(image_name, "An image name must be provided."),
            "Cmd": words(command),
            "Entrypoint": words(entrypoint),
            "Env": pairs(environment),
            "Volumes": keys(volumes) if volumes else None,
            "HostConfig": as_host_config(host_config) if host_config else None,
        }
        answer = ask(_create, docker_server_url, extra_docker_kwargs, config=config, name=container_name, detach=detach)
        return str(answer["Id"])


class GetContainerLogs(ContainerTask):
    """Get what a container has written to stdout and stderr until now; the result is text.

    Args:
        container_id: the id or name of the container.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: ``stdout`` and ``stderr`` (True each), ``timestamps``, ``tail`` (a number of lines),
            ``since`` and ``until`` (seconds of the epoch), ``follow`` (until the container ends).
        **kwargs: as for `Task`.
    """

    @defaults_from_attrs("container_id", "docker_server_url", "extra_docker_kwargs")
    def run(
        self,
        container_id: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
    ) -> str:
        """Return the text; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no id.
            OSError: the Engine can't be reached, or refuses.
        """
        checked_id(container_id)
        return str(ask(_logs, docker_server_url, extra_docker_kwargs, container_id))


class StartContainer(ContainerTask):
    """Start a container that was created.

    Args:
        container_id: the id or name of the container.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: nothing.
        **kwargs: as for `Task`.
    """

    @defaults_from_attrs("container_id", "docker_server_url", "extra_docker_kwargs")
    def run(
        self,
        container_id: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
    ) -> None:
        """Start it; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no id.
            OSError: the Engine can't be reached, or refuses.
        """
        checked_id(container_id)
        ask(_start, docker_server_url, extra_docker_kwargs, container_id)


class StopContainer(ContainerTask):
    """Stop a container that runs.

    Args:
        container_id: the id or name of the container.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: ``timeout`` (seconds until it is killed).
        **kwargs: as for `Task`.
    """

    @defaults_from_attrs("container_id", "docker_server_url", "extra_docker_kwargs")
    def run(
        self,
        container_id: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
    ) -> None:
        """Stop it; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no id.
            OSError: the Engine can't be reached, or refuses.
        """
        checked_id(container_id)
        ask(_stop, docker_server_url, extra_docker_kwargs, container_id)


class RemoveContainer(ContainerTask):
    """Remove a container.

    Args:
        container_id: the id or name of the container.
        docker_server_url: where the Engine listens.
        extra_docker_kwargs: ``force`` (even if it runs), ``v`` (its volumes, too), ``link``.
        **kwargs: as for `Task`.
    """

    @defaults_from_attrs("container_id", "docker_server_url", "extra_docker_kwargs")
    def run(
        self,
        container_id: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        extra_docker_kwargs: Options | None = None,
    ) -> None:
        """Remove it; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no id.
            OSError: the Engine can't be reached, or refuses.
        """
        checked_id(container_id)
        ask(_remove, docker_server_url, extra_docker_kwargs, container_id)


class WaitOnContainer(ContainerTask):
    """Wait until a container has ended; the result is what the Engine answers, with its ``StatusCode``.

    Args:
        container_id: the id or name of the container.
        docker_server_url: where the Engine listens.
        raise_on_exit_code: whether the task fails if the exit code is not 0.
        extra_docker_kwargs: ``timeout`` (seconds), ``condition`` ("not-running", "next-exit" or "removed").
        **kwargs: as for `Task`.
    """

    def __init__(
        self,
        container_id: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        raise_on_exit_code: bool = True,
        extra_docker_kwargs: Options | None = None,
        **kwargs: Any,
    ) -> None:
        self.raise_on_exit_code = raise_on_exit_code
        super().__init__(container_id, docker_server_url, extra_docker_kwargs, **kwargs)

    @defaults_from_attrs("container_id", "docker_server_url", "raise_on_exit_code", "extra_docker_kwargs")
    def run(
        self,
        container_id: str | None = None,
        docker_server_url: str = DEFAULT_URL,
        raise_on_exit_code: bool = True,
        extra_docker_kwargs: Options | None = None,
    ) -> dict[str, Any]:
        """Return the answer; the arguments are those of the constructor, and win over them.

        Raises:
            ValueError: there is no id.
            OSError: the Engine can't be reached, or refuses.
            FAIL: the exit code is not 0. The message has the Engine's words, or the container's last.
        """
        checked_id(container_id)
        answer: dict[str, Any] = ask(_wait, docker_server_url, extra_docker_kwargs, container_id)
        if raise_on_exit_code and answer["StatusCode"]:
            raise self._failure(docker_server_url, str(container_id), answer)
        return answer

    def _failure(self, url: str, container_id: str, answer: dict[str, Any]) -> signals.FAIL:
        logs = _logs(Engine(url), container_id).rstrip()
        if logs:
            self.logger.error(logs)
        error = (answer.get("Error") or {}).get("Message") or "\n".join(logs.splitlines()[-_LAST_LINES:]) or None
        return signals.FAIL(f"{container_id} failed with exit code {answer['StatusCode']}: {error}")


# ---------------------------------------------------------------------- requests; the options are what users may give


def _list(
    engine: Engine,
    *,
    all: bool,
    filters: dict[str, Any] | None,
    quiet: bool = False,
    latest: bool = False,
    limit: int = -1,
    size: bool = False,
    since: str | None = None,
    before: str | None = None,
) -> list[dict[str, Any]]:
    query = {"all": all, "limit": 1 if latest else limit, "size": size, "since": since, "before": before}
    found: list[dict[str, Any]] = engine.ask("GET", "/containers/json", {**query, "filters": as_filters(filters)})
    return [{"Id": container["Id"]} for container in found] if quiet else found


def _create(
    engine: Engine,
    *,
    config: dict[str, Any],
    name: str | None,
    detach: bool,
    user: str | int | None = None,
    working_dir: str | None = None,
    hostname: str | None = None,
    domainname: str | None = None,
    mac_address: str | None = None,
    labels: dict[str, str] | list[str] | None = None,
    ports: list[Any] | None = None,
    tty: bool = False,
    stdin_open: bool = False,
    network_disabled: bool = False,
    networking_config: dict[str, Any] | None = None,
    healthcheck: dict[str, Any] | None = None,
    stop_signal: str | None = None,
    stop_timeout: int | None = None,
    platform: str | None = None,
) -> Any:
    extra = {
        "User": None if user is None else str(user),
        "WorkingDir": working_dir,
        "Hostname": hostname,
        "Domainname": domainname,
        "MacAddress": mac_address,
        "Labels": dict.fromkeys(labels, "") if isinstance(labels, list) else labels,
        "ExposedPorts": as_ports(ports) if ports else None,
        "NetworkingConfig": networking_config,
        "Healthcheck": healthcheck,
        "StopSignal": stop_signal,
        "StopTimeout": stop_timeout,
        "Tty": tty,
        "OpenStdin": stdin_open,
        "StdinOnce": stdin_open and not detach,
        "AttachStdin": stdin_open and not detach,
        "AttachStdout": not detach,
        "AttachStderr": not detach,
        "NetworkDisabled": network_disabled,
    }
    given = {name: value for name, value in {**config, **extra}.items() if value is not None}
    return engine.ask("POST", "/containers/create", {"name": name, "platform": platform}, given)


def _logs(
    engine: Engine,
    container_id: str,
    *,
    stdout: bool = True,
    stderr: bool = True,
    timestamps: bool = False,
    tail: int | str = "all",
    since: int | None = None,
    until: int | None = None,
    follow: bool = False,
) -> str:
    path = f"/containers/{part(container_id)}"
    query = {"stdout": stdout, "stderr": stderr, "timestamps": timestamps, "tail": tail, "follow": follow}
    data = engine.read("GET", f"{path}/logs", {**query, "since": since, "until": until})
    has_terminal = engine.ask("GET", f"{path}/json")["Config"]["Tty"]
    return (data if has_terminal else untangled(data)).decode(errors="backslashreplace")


def _start(engine: Engine, container_id: str) -> None:
    engine.ask("POST", f"/containers/{part(container_id)}/start")


def _stop(engine: Engine, container_id: str, *, timeout: int | None = None) -> None:
    engine.ask("POST", f"/containers/{part(container_id)}/stop", {"t": timeout})


def _remove(engine: Engine, container_id: str, *, v: bool = False, link: bool = False, force: bool = False) -> None:
    engine.ask("DELETE", f"/containers/{part(container_id)}", {"v": v, "link": link, "force": force})


def _wait(
    engine: Engine, container_id: str, *, timeout: float | None = None, condition: str | None = None
) -> dict[str, Any]:
    path = f"/containers/{part(container_id)}/wait"
    answer: dict[str, Any] = engine.ask("POST", path, {"condition": condition}, timeout=timeout)
    return answer
