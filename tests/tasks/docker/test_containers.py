"""The tasks on containers, with a real Engine."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from miniprefect import Flow
from miniprefect.engine.signals import FAIL
from miniprefect.engine.state import State, TimedOut
from miniprefect.tasks.docker import (
    CreateContainer,
    GetContainerLogs,
    ListContainers,
    RemoveContainer,
    StartContainer,
    StopContainer,
    WaitOnContainer,
)
from miniprefect.triggers import always_run
from tests.podman import IMAGE, Podman


@pytest.fixture
def url(podman: Podman) -> Iterator[str]:
    yield podman.url
    for container in ListContainers(True, docker_server_url=podman.url).run():
        RemoveContainer(container["Id"], podman.url, {"force": True}).run()


def created(url: str, command: Any, **settings: Any) -> str:
    return CreateContainer(docker_server_url=url, image_name=IMAGE, command=command, **settings).run()


def ended(url: str, command: Any, **settings: Any) -> str:
    """Create a container, and let it run to its end."""
    made = created(url, command, **settings)
    StartContainer(made, url).run()
    WaitOnContainer(made, url, raise_on_exit_code=False).run()
    return made


def test_the_life_of_a_container_in_a_flow(url: str) -> None:
    with Flow("containers") as flow:
        made = CreateContainer(IMAGE, docker_server_url=url)(command="sh -c 'echo out; echo err >&2; echo out again'")
        started = StartContainer(docker_server_url=url)(container_id=made)
        waited = WaitOnContainer(docker_server_url=url)(container_id=made, upstream_tasks=[started])
        logs = GetContainerLogs(docker_server_url=url)(container_id=made, upstream_tasks=[waited])
        removed = RemoveContainer(docker_server_url=url, trigger=always_run)(container_id=made, upstream_tasks=[logs])
        ListContainers(docker_server_url=url, name="left")(all_containers=True, upstream_tasks=[removed])
    state = flow.run()
    assert state.is_successful()
    assert sorted(state.result[logs].result.splitlines()) == ["err", "out", "out again"]
    assert state.result[waited].result["StatusCode"] == 0
    assert state.result[flow.get_tasks(name="left")[0]].result == []


def test_containers_are_listed(url: str) -> None:
    one, other = created(url, "true", container_name="one"), created(url, "true", container_name="other")
    task = ListContainers(docker_server_url=url)
    assert task.run() == []
    assert {container["Id"] for container in task.run(all_containers=True)} == {one, other}
    (found,) = task.run(all_containers=True, filters={"name": "other"})
    assert (found["Id"], found["Names"], found["State"]) == (other, ["/other"], "created")
    assert task.run(all_containers=True, filters={"status": ["running"]}) == []
    listed = task.run(all_containers=True, extra_docker_kwargs={"quiet": True, "limit": 1})
    assert len(listed) == 1
    assert listed[0].keys() == {"Id"}


def test_what_a_container_is_given(url: str) -> None:
    made = created(
        url,
        ["echo $A; echo $B; pwd"],
        entrypoint="sh -c",
        environment={"A": "1", "B": "two words"},
        host_config={"network_mode": "none", "mem_limit": "64m"},
        extra_docker_kwargs={"working_dir": "/bin", "labels": {"purpose": "test"}},
    )
    StartContainer(made, url).run()
    WaitOnContainer(made, url).run()
    assert GetContainerLogs(made, url).run() == "1\ntwo words\n/bin\n"
    (found,) = ListContainers(docker_server_url=url).run(all_containers=True, filters={"label": "purpose=test"})
    assert found["Id"] == made


def test_the_logs_of_a_container(url: str) -> None:
    made = ended(url, ["sh", "-c", "echo one; printf 'gr\\303\\274n \\377\\n'; echo two >&2"])
    task = GetContainerLogs(made, url)
    # Of the two streams, Podman does not know which came first.
    assert sorted(task.run().splitlines()) == ["grün \\xff", "one", "two"]
    assert task.run(extra_docker_kwargs={"stderr": False}) == "one\ngrün \\xff\n"
    assert task.run(extra_docker_kwargs={"stdout": False}) == "two\n"
    assert len(task.run(extra_docker_kwargs={"tail": 1}).splitlines()) == 1


def test_the_logs_of_a_container_with_a_terminal(url: str) -> None:
    made = ended(url, "echo hello", extra_docker_kwargs={"tty": True})
    assert GetContainerLogs(made, url).run() == "hello\r\n"


def test_megabytes_of_logs(url: str) -> None:
    twice = 'x="$x$x"; ' * 14
    made = ended(url, ["sh", "-c", f'x="0123456789012345678901234567890123456789\n"; {twice} printf "$x"'])
    assert GetContainerLogs(made, url).run() == "0123456789012345678901234567890123456789\n" * 2**14


def test_an_exit_code_fails_the_wait(url: str, caplog: pytest.LogCaptureFixture) -> None:
    made = created(url, ["sh", "-c", "echo broken >&2; exit 3"])
    StartContainer(made, url).run()
    with caplog.at_level(logging.ERROR), pytest.raises(FAIL) as caught:
        WaitOnContainer(made, url).run()
    assert str(caught.value.state.message) == f"{made} failed with exit code 3: broken"
    assert "broken" in caplog.text
    assert WaitOnContainer(made, url, raise_on_exit_code=False).run()["StatusCode"] == 3


def test_a_container_is_stopped(url: str) -> None:
    made = created(url, "sleep 60")
    StartContainer(made, url).run()
    assert [found["Id"] for found in ListContainers(docker_server_url=url).run()] == [made]
    StopContainer(made, url, extra_docker_kwargs={"timeout": 0}).run()
    assert ListContainers(docker_server_url=url).run() == []
    StopContainer(made, url).run()  # once more does no harm


def test_a_running_container_is_removed_only_by_force(url: str) -> None:
    made = created(url, "sleep 60")
    StartContainer(made, url).run()
    with pytest.raises(OSError, match=r"^The Docker Engine refused \(\d+\): .*running"):
        RemoveContainer(made, url).run()
    RemoveContainer(made, url).run(extra_docker_kwargs={"force": True})
    assert ListContainers(docker_server_url=url).run(all_containers=True) == []


def test_a_timeout_ends_the_wait(url: str) -> None:
    """On the main thread and on another one, at the same time."""
    made = created(url, "sleep 60")
    StartContainer(made, url).run()
    states: list[State] = []

    def run() -> None:
        with Flow("waiting") as flow:
            task = WaitOnContainer(docker_server_url=url, timeout=1)(container_id=made)
        states.append(flow.run().result[task])

    begun = time.monotonic()
    thread = threading.Thread(target=run)
    thread.start()
    run()
    thread.join()
    assert [type(state) for state in states] == [TimedOut, TimedOut]
    assert time.monotonic() - begun < 30


def test_the_wait_itself_may_have_a_limit(url: str) -> None:
    made = created(url, "sleep 60")
    StartContainer(made, url).run()
    with pytest.raises(OSError, match=r"did not answer for 0\.2 s\.$"):
        WaitOnContainer(made, url).run(extra_docker_kwargs={"timeout": 0.2})


def test_what_the_engine_refuses_is_said_in_its_words(url: str) -> None:
    for task in (StartContainer, StopContainer, RemoveContainer, WaitOnContainer, GetContainerLogs):
        with pytest.raises(OSError, match=r"^The Docker Engine refused \(404\): .*no such container"):
            task("no-such-container", url).run()
    for name in ("..", "../../x?y#z"):  # no way to another part of the API
        with pytest.raises(OSError, match=r"^The Docker Engine refused \(\d+\): "):
            StartContainer(name, url).run()
    with pytest.raises(OSError, match=r"^The Docker Engine refused \(404\): no such image: localhost/nothing"):
        CreateContainer("localhost/nothing", docker_server_url=url).run()


def test_it_is_tried_again_by_its_own_settings(url: str) -> None:
    with Flow("again") as flow:
        task = StartContainer("late", url, max_retries=1, retry_delay=timedelta(0))()
    task.state_handlers.append(
        lambda task, old, new: created(url, "true", container_name="late") and new if new.is_retrying() else new
    )
    assert flow.run().is_successful()
    # Podman can't remove a container in the moment of its end.
    assert WaitOnContainer("late", url).run()["StatusCode"] == 0


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(TypeError, match="extra_docker_kwargs has 'force', which is none of timeout"):
        StopContainer("x", extra_docker_kwargs={"force": True}).run()
    for own in ("name", "detach", "config", "engine"):  # of the task itself, or nobody's
        with pytest.raises(
            TypeError, match=f"extra_docker_kwargs has '{own}', which is none of domainname, healthcheck"
        ):
            CreateContainer("x", extra_docker_kwargs={own: "y"}).run()
    with pytest.raises(TypeError, match=r"host_config has no option 'memory'\. It has .*mem_limit"):
        CreateContainer("x", host_config={"memory": 1}).run()


def test_what_is_no_id_is_refused() -> None:
    """A task whose trigger lets it run in any case gets the exception of an upstream task that failed."""
    with pytest.raises(TypeError, match="The id or name of a container is text, not an object of type ValueError"):
        RemoveContainer(ValueError("upstream")).run()  # type: ignore[arg-type]
