"""The tasks for pods, and their logs."""

import time
from typing import Any

import pytest

from miniprefect.tasks.kubernetes import (
    CreateNamespacedPod,
    DeleteNamespacedPod,
    ListNamespacedPod,
    PatchNamespacedPod,
    ReadNamespacedPod,
    ReadNamespacedPodLogs,
    ReplaceNamespacedPod,
)
from miniprefect.tasks.kubernetes.errors import ApiError
from tests.tasks.kubernetes.cluster import Cluster, job


def pod(name: str, *command: str) -> dict[str, Any]:
    spec = job(name, *command)["spec"]["template"]["spec"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def begun(name: str) -> str:
    """Wait until a pod has begun."""
    for _ in range(1000):
        if ReadNamespacedPod(name).run().status.phase != "Pending":
            return name
        time.sleep(0.01)
    raise AssertionError(f"pod {name} does not begin")


def test_a_pod_from_its_beginning_to_its_end(cluster: Cluster) -> None:
    CreateNamespacedPod(body=pod("a", "true")).run()
    PatchNamespacedPod("a", {"metadata": {"labels": {"x": "y"}}}).run()
    assert [found.metadata.name for found in ListNamespacedPod(kube_kwargs={"label_selector": "x=y"}).run().items] == [
        "a"
    ]
    ReplaceNamespacedPod("a", pod("a", "false")).run()
    assert ReadNamespacedPod("a").run().spec.containers[0].command == ["false"]
    DeleteNamespacedPod("a").run()
    with pytest.raises(ApiError, match=r"Could not read pod 'a' in namespace 'default': pods \"a\" not found"):
        ReadNamespacedPod("a").run()


def test_the_log_so_far(cluster: Cluster) -> None:
    CreateNamespacedPod(body=pod("a", "printf", "1\\nä\\n\\n2")).run()
    ReadNamespacedPodLogs(begun("a"), on_log_entry=lambda line: None).run()
    assert ReadNamespacedPodLogs("a").run() == "1\nä\n\n2"
    assert ReadNamespacedPodLogs("a", container="main").run() == "1\nä\n\n2"
    assert cluster.requests[-1].query == {"container": "main"}


def test_a_log_is_followed_to_its_end(cluster: Cluster) -> None:
    CreateNamespacedPod(body=pod("a", "sh", "-c", "echo 1; sleep 0.1; printf 2")).run()
    found: list[str] = []
    assert ReadNamespacedPodLogs(begun("a"), on_log_entry=found.append).run() is None
    assert found == ["1", "2"]


def test_what_the_server_says_about_logs(cluster: Cluster) -> None:
    CreateNamespacedPod(body=pod("a", "true")).run()
    with pytest.raises(ApiError, match="container other is not valid for pod a"):
        ReadNamespacedPodLogs("a", container="other").run()
    with pytest.raises(
        ApiError, match=r"Could not read the log of pod 'b' in namespace 'default': pods \"b\" not found"
    ):
        ReadNamespacedPodLogs("b", on_log_entry=print).run()


def test_names_are_needed() -> None:
    for task in (
        ReadNamespacedPodLogs(),
        ReadNamespacedPod(),
        DeleteNamespacedPod(),
        PatchNamespacedPod(body={"a": 1}),
    ):
        with pytest.raises(ValueError, match="The name of a Kubernetes pod must be provided"):
            task.run()
    with pytest.raises(ValueError, match="A dictionary representing a V1Pod must be provided"):
        CreateNamespacedPod().run()
