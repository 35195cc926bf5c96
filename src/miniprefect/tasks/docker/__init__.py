"""Tasks on containers and images, for Docker or anything else that serves the Docker Engine's API, such as Podman."""

from miniprefect.tasks.docker.containers import (
    CreateContainer,
    GetContainerLogs,
    ListContainers,
    RemoveContainer,
    StartContainer,
    StopContainer,
    WaitOnContainer,
)
from miniprefect.tasks.docker.images import BuildImage, ListImages, PullImage, PushImage, RemoveImage, TagImage

__all__ = [
    "BuildImage",
    "CreateContainer",
    "GetContainerLogs",
    "ListContainers",
    "ListImages",
    "PullImage",
    "PushImage",
    "RemoveContainer",
    "RemoveImage",
    "StartContainer",
    "StopContainer",
    "TagImage",
    "WaitOnContainer",
]
