"""The tasks for jobs, but for the one that runs them."""

import json
from typing import Any

import pytest

from miniprefect import Flow
from miniprefect.tasks.kubernetes import (
    CreateNamespacedJob,
    DeleteNamespacedJob,
    ListNamespacedJob,
    PatchNamespacedJob,
    ReadNamespacedJob,
    ReplaceNamespacedJob,
    RunNamespacedJob,
)
from miniprefect.tasks.kubernetes.errors import ApiError
from tests.tasks.kubernetes.cluster import Cluster, job

ELSEWHERE = "other"


def test_a_job_from_its_beginning_to_its_end(cluster: Cluster) -> None:
    assert CreateNamespacedJob(body=job("a", "true", suspend=True)).run() is None
    assert ReadNamespacedJob("a").run().spec.suspend is True
    PatchNamespacedJob("a").run(body={"metadata": {"labels": {"x": "y"}}})
    assert ReadNamespacedJob().run(job_name="a").metadata.labels["x"] == "y"
    ReplaceNamespacedJob("a", body=job("a", "true", suspend=True, parallelism=2)).run()
    assert [found.spec.parallelism for found in ListNamespacedJob().run().items] == [2]
    DeleteNamespacedJob("a").run()
    assert ListNamespacedJob().run().items == []
    assert cluster.paths() == [
        "POST /apis/batch/v1/namespaces/default/jobs",
        "GET /apis/batch/v1/namespaces/default/jobs/a",
        "PATCH /apis/batch/v1/namespaces/default/jobs/a",
        "GET /apis/batch/v1/namespaces/default/jobs/a",
        "PUT /apis/batch/v1/namespaces/default/jobs/a",
        "GET /apis/batch/v1/namespaces/default/jobs",
        "DELETE /apis/batch/v1/namespaces/default/jobs/a",
        "GET /apis/batch/v1/namespaces/default/jobs",
    ]


def test_in_a_flow(cluster: Cluster) -> None:
    with Flow("jobs") as flow:
        created = CreateNamespacedJob(body=job("a", "true", suspend=True), namespace=ELSEWHERE)()
        read = ReadNamespacedJob("a")(namespace=ELSEWHERE, upstream_tasks=[created])
        failed = ReadNamespacedJob("b")(upstream_tasks=[created])
    state = flow.run()
    assert state.result[read].result.metadata.namespace == ELSEWHERE
    assert state.result[failed].is_failed()
    assert isinstance(state.result[failed].result, ApiError)


def test_what_run_gets_comes_on_top(cluster: Cluster) -> None:
    task = CreateNamespacedJob(body=job("a", "true"), kube_kwargs={"field_manager": "me"})
    task.run(body={"metadata": {"name": "b"}}, kube_kwargs={"dry_run": "All"})
    assert cluster.requests[0].body == {**job("a", "true"), "metadata": {"name": "b"}}
    assert cluster.requests[0].query == {"fieldManager": "me", "dryRun": "All"}
    assert task.body == job("a", "true")


def test_a_manifest_may_be_text(cluster: Cluster) -> None:
    CreateNamespacedJob(body=json.dumps(job("a", "true"))).run(body='{"metadata": {"name": "b"}}')
    assert cluster.requests[0].body == {**job("a", "true"), "metadata": {"name": "b"}}
    pytest.importorskip("yaml", reason="reads YAML with PyYAML, which is not installed")
    PatchNamespacedJob("b", body="metadata:\n  labels: {x: y}\n").run()
    assert cluster.requests[1].body == {"metadata": {"labels": {"x": "y"}}}


@pytest.mark.parametrize("body", [[{"kind": "Job"}], "[1]", "1", 1])
@pytest.mark.parametrize("task", [CreateNamespacedJob(), ReplaceNamespacedJob("a"), RunNamespacedJob()])
def test_what_is_no_manifest(task: Any, body: Any) -> None:
    with pytest.raises(TypeError, match=r"^The body is to be the manifest of a job: a dict, or its text, not of type "):
        task.run(body=body)


def test_patches_are_merged_or_steps(cluster: Cluster) -> None:
    CreateNamespacedJob(body=job("a", "true", suspend=True)).run()
    container = {"name": "main", "image": "other"}
    PatchNamespacedJob("a", {"spec": {"template": {"spec": {"containers": [container]}}}}).run()
    steps = [{"op": "replace", "path": "/spec/suspend", "value": False}]
    PatchNamespacedJob("a", steps).run()
    spec = ReadNamespacedJob("a").run().spec
    assert spec.suspend is False
    assert spec.template.spec.containers[0] == {**container, "command": ["true"]}
    assert [request.content_type for request in cluster.requests if request.method == "PATCH"] == [
        "application/strategic-merge-patch+json",
        "application/json-patch+json",
    ]


def test_how_to_delete(cluster: Cluster) -> None:
    CreateNamespacedJob(body=job("a", "true", suspend=True)).run()
    options = {"grace_period_seconds": 3, "propagation_policy": "Background", "orphan_dependents": None}
    DeleteNamespacedJob("a", kube_kwargs={"dry_run": "All"}).run(delete_option_kwargs=options)
    assert cluster.requests[-1].body == {"gracePeriodSeconds": 3, "propagationPolicy": "Background"}
    assert cluster.requests[-1].query == {"dryRun": "All"}


def test_which_jobs_to_list(cluster: Cluster) -> None:
    for name in "ab":
        body = job(name, "true", suspend=True)
        body["metadata"]["labels"] = {"app": name}
        CreateNamespacedJob(body=body).run()
    found = ListNamespacedJob(kube_kwargs={"label_selector": "app=b"}).run(kube_kwargs={"limit": 3})
    assert [item.metadata.name for item in found.items] == ["b"]
    assert cluster.requests[-1].query == {"labelSelector": "app=b", "limit": "3"}


@pytest.mark.parametrize(
    ("task", "complaint"),
    [
        (CreateNamespacedJob(), "A dictionary representing a V1Job must be provided"),
        (PatchNamespacedJob("a"), "A dictionary representing a V1Job patch must be provided"),
        (ReplaceNamespacedJob("a"), "A dictionary representing a V1Job must be provided"),
        (PatchNamespacedJob(body={"a": 1}), "The name of a Kubernetes job must be provided"),
        (ReplaceNamespacedJob(body={"a": 1}), "The name of a Kubernetes job must be provided"),
        (ReadNamespacedJob(), "The name of a Kubernetes job must be provided"),
        (DeleteNamespacedJob(), "The name of a Kubernetes job must be provided"),
    ],
)
def test_something_is_missing(task: ReadNamespacedJob, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        task.run()


def test_what_an_operation_does_not_take() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'limit' to method read_namespaced_job: kube_kw"):
        ReadNamespacedJob("a", kube_kwargs={"limit": 1}).run()


@pytest.mark.parametrize(
    ("task", "complaint"),
    [
        (
            CreateNamespacedJob(body=job("a", "true")),
            r"^Could not create a job in namespace 'default': jobs\.batch \"a\" already exists \(409 AlreadyExists\)$",
        ),
        (
            CreateNamespacedJob(body=job("A", "true")),
            r"Could not create a job in namespace 'default': Job \"A\" is invalid.*\(422 Invalid\)",
        ),
        (
            DeleteNamespacedJob("b", namespace="here"),
            r"^Could not delete job 'b' in namespace 'here': jobs\.batch \"b\" not found \(404 NotFound\)$",
        ),
    ],
)
def test_what_the_server_refuses(task: CreateNamespacedJob, complaint: str, cluster: Cluster) -> None:
    CreateNamespacedJob(body=job("a", "true", suspend=True)).run()
    with pytest.raises(ApiError, match=complaint):
        task.run()
