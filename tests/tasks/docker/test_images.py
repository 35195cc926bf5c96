"""The tasks on images, with a real Engine and a registry on this machine."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from miniprefect.tasks.docker import (
    BuildImage,
    CreateContainer,
    GetContainerLogs,
    ListImages,
    PullImage,
    PushImage,
    RemoveContainer,
    RemoveImage,
    StartContainer,
    TagImage,
    WaitOnContainer,
)
from tests.podman import IMAGE, Podman
from tests.registry import PASSWORD, USER

LOGIN = {"auth_config": {"username": USER, "password": PASSWORD}}


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave the logins of whoever runs the tests alone; the folder for others."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker"


@pytest.fixture
def url(podman: Podman) -> str:
    return podman.url


@pytest.fixture
def remote(podman: Podman) -> Iterator[str]:
    """The name of the image at the registry."""
    repository = f"{podman.registry.host}/some/busybox"
    TagImage(IMAGE, repository, "pushed", docker_server_url=podman.url).run()
    yield repository
    if f"{repository}:pushed" in names(podman.url):
        RemoveImage(f"{repository}:pushed", docker_server_url=podman.url).run()


def names(url: str) -> set[str]:
    return {name for image in ListImages(docker_server_url=url).run() for name in image["RepoTags"] or ()}


def output_of(url: str, image: str, command: str) -> str:
    made = CreateContainer(image, command=command, docker_server_url=url).run()
    StartContainer(made, url).run()
    WaitOnContainer(made, url).run()
    logs = GetContainerLogs(made, url).run()
    RemoveContainer(made, url).run()
    return logs


def test_images_are_listed_tagged_and_removed(url: str) -> None:
    assert names(url) == {IMAGE}
    assert TagImage(IMAGE, "localhost/other", "2", docker_server_url=url).run() is True
    assert names(url) == {IMAGE, "localhost/other:2"}
    (listed,) = ListImages(docker_server_url=url).run(repository_name="localhost/other")
    assert "localhost/other:2" in listed["RepoTags"]
    assert ListImages(docker_server_url=url).run(filters={"dangling": True}) == []
    assert ListImages(docker_server_url=url).run(extra_docker_kwargs={"quiet": True}) == [listed["Id"]]
    assert RemoveImage("localhost/other:2", docker_server_url=url).run() is None
    assert names(url) == {IMAGE}
    with pytest.raises(OSError, match=r"^The Docker Engine refused \(404\): .*localhost/other:2"):
        RemoveImage("localhost/other:2", docker_server_url=url).run()


def write_context(folder: Path, dockerfile: str) -> None:
    (folder / "sub").mkdir(parents=True)
    for name in ("kept.txt", "left.log", "sub/kept.txt", "sub/left.log", "sub/wanted.log"):
        (folder / name).write_text(name)
    (folder / ".dockerignore").write_text("# no logs\n**/*.log\n!sub/wanted.log\nDockerfile\n")
    (folder / "Dockerfile").write_text(dockerfile)


def test_an_image_is_built_and_its_steps_are_logged(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    context = tmp_path / "context"
    write_context(context, f"FROM {IMAGE}\nARG WHAT\nRUN echo building $WHAT\nCOPY . /data\n")
    with caplog.at_level(logging.INFO):
        messages = BuildImage(str(context), "localhost/built:1", docker_server_url=url).run(
            stream_logs=True, extra_docker_kwargs={"buildargs": {"WHAT": "something"}}
        )
    try:
        assert any("building something" in message.get("stream", "") for message in messages)
        assert "building something" in [record.getMessage() for record in caplog.records]
        assert output_of(url, "localhost/built:1", "ls /data /data/sub") == (
            "/data:\nkept.txt\nsub\n\n/data/sub:\nkept.txt\nwanted.log\n"
        )
    finally:
        RemoveImage("localhost/built:1", docker_server_url=url).run()


def test_a_step_that_fails_fails_the_build(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_context(tmp_path / "context", f"FROM {IMAGE}\nRUN echo before; false\n")
    with caplog.at_level(logging.INFO), pytest.raises(OSError, match=r"^The Docker Engine failed: .*exit status 1$"):
        BuildImage(str(tmp_path / "context"), docker_server_url=url, stream_logs=True).run()
    assert "before" in caplog.text


def test_what_can_not_be_built(url: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="The Docker Engine"):
        BuildImage(str(tmp_path), "localhost/nothing", docker_server_url=url).run()
    with pytest.raises(TypeError, match=r"^You must specify a directory to build in path: .*nowhere is none"):
        BuildImage(str(tmp_path / "nowhere")).run()


def test_an_image_is_pushed_and_pulled(podman: Podman, remote: str, caplog: pytest.LogCaptureFixture) -> None:
    pushed = PushImage(remote, "pushed", docker_server_url=podman.url, extra_docker_kwargs=LOGIN).run()
    assert all("error" not in json.loads(line) for line in pushed.splitlines())
    assert "pushed" in podman.registry.manifests
    RemoveImage(f"{remote}:pushed", docker_server_url=podman.url).run()
    assert f"{remote}:pushed" not in names(podman.url)
    with caplog.at_level(logging.INFO):
        pulled = PullImage(remote, "pushed", docker_server_url=podman.url, extra_docker_kwargs=LOGIN).run(
            stream_logs=True
        )
    assert f"{remote}:pushed" in names(podman.url)
    told = [json.loads(line) for line in pulled.splitlines()]
    assert told
    assert len(caplog.records) >= 1
    assert PASSWORD not in caplog.text + pushed + pulled


@pytest.mark.parametrize("task", [PushImage, PullImage])
def test_without_a_login_the_registry_refuses(podman: Podman, remote: str, task: type[PushImage]) -> None:
    wrong = {"auth_config": {"username": USER, "password": "wr0ng"}}
    for extra in ({}, wrong):
        with pytest.raises(
            OSError, match=r"^The Docker Engine .*(unauthorized|authentication|username/password)"
        ) as caught:
            task(remote, "pushed", docker_server_url=podman.url, extra_docker_kwargs=extra).run()
        assert "wr0ng" not in repr(caught.value)


def test_a_kept_login_is_used(podman: Podman, remote: str, nobody: Path) -> None:
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (nobody / "config.json").write_text(json.dumps({"auths": {podman.registry.host: {"auth": auth}}}))
    PushImage(remote, "pushed", docker_server_url=podman.url).run()


def test_a_program_may_keep_the_login(
    podman: Podman, remote: str, nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = nobody / "docker-credential-here"
    answer = json.dumps({"Username": USER, "Secret": PASSWORD})
    program.write_text(f"#!/bin/sh\n[ \"$(cat)\" = {podman.registry.host} ] && [ $1 = get ] && echo '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(nobody), prepend=":")
    (nobody / "config.json").write_text(json.dumps({"credHelpers": {podman.registry.host: "here"}}))
    PushImage(f"{remote}:pushed", docker_server_url=podman.url).run()
