"""Docker: run a command in a container, show what it wrote, and remove the container whatever happens.

    python examples/container.py                        # busybox from Docker Hub; needs Docker, or Podman's service
    python examples/container.py --image python:3.12-slim "python -c 'print(6 * 7)'"

Where the Engine listens is told by DOCKER_HOST, as to Docker's own tools; without it, at unix:///var/run/docker.sock.
"""

import argparse

from miniprefect import Flow, Parameter, resource_manager, task
from miniprefect.tasks.docker import (
    CreateContainer,
    GetContainerLogs,
    ListImages,
    PullImage,
    RemoveContainer,
    StartContainer,
    WaitOnContainer,
)


@task
def pull_if_missing(image):
    """Return the image. What a ready-made task does can be done in another one by its `run`."""
    if not ListImages().run(repository_name=image):
        PullImage(stream_logs=True).run(repository=image)
    return image


@resource_manager
class Container:
    """A container that is there for the tasks of a `with` block, and is removed after them."""

    def __init__(self, image, command):
        self.image = image
        self.command = command

    def setup(self):
        return CreateContainer().run(image_name=self.image, command=self.command)

    def cleanup(self, container):
        RemoveContainer().run(container_id=container, extra_docker_kwargs={"force": True})


with Flow("container") as flow:
    image = pull_if_missing(Parameter("image", default="busybox"))
    with Container(image, Parameter("command", default="echo hello from a container")) as container:
        started = StartContainer()(container_id=container)
        ended = WaitOnContainer()(container_id=container, upstream_tasks=[started])
        logs = GetContainerLogs()(container_id=container, upstream_tasks=[ended])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", nargs="?", default="echo hello from a container", help="what to run")
    parser.add_argument("--image", default="busybox", help="what to run it in")
    state = flow.run(parameters=vars(parser.parse_args()))
    if not state.is_successful():
        print("It failed. The log above says what did, and why.")
        return 1
    print(state.result[logs].result, end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
