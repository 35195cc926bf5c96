"""Run configuration records: the arguments of Prefect 1.4.1, kept."""

import importlib
import inspect
import pickle
from typing import Any

import pytest

from miniprefect.run_configs import (
    DockerRun,
    ECSRun,
    KubernetesRun,
    LocalRun,
    RunConfig,
    UniversalRun,
    VertexRun,
)

SIGNATURES = {
    RunConfig: "env labels",
    UniversalRun: "env labels",
    LocalRun: "env working_dir labels",
    DockerRun: "image env labels ports host_config",
    KubernetesRun: """
        job_template_path job_template image env cpu_limit cpu_request memory_limit memory_request
        service_account_name image_pull_secrets labels image_pull_policy
        """,
    ECSRun: """
        task_definition task_definition_path task_definition_arn image env cpu memory task_role_arn
        execution_role_arn run_task_kwargs labels
        """,
    VertexRun: "env labels image machine_type scheduling service_account network worker_pool_specs",
}
each_kind = pytest.mark.parametrize("kind", SIGNATURES, ids=lambda kind: kind.__name__)


@each_kind
def test_signatures_are_those_of_prefect(kind: type[RunConfig]) -> None:
    assert list(inspect.signature(kind).parameters) == SIGNATURES[kind].split()


@each_kind
def test_attributes_are_the_arguments(kind: type[RunConfig]) -> None:
    kept = kind(env={"A": "b"}, labels=["x", "y"])
    assert set(vars(kept)) == set(SIGNATURES[kind].split())
    assert (kept.env, kept.labels) == ({"A": "b"}, {"x", "y"})
    assert isinstance(kind().labels, set)
    assert pickle.loads(pickle.dumps(kept)) == kept == kind(env={"A": "b"}, labels=["y", "x"])
    assert kept != kind()
    with pytest.raises(TypeError, match="nope"):
        kind(nope=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("base", RunConfig),
        ("base", UniversalRun),
        ("docker", DockerRun),
        ("ecs", ECSRun),
        ("kubernetes", KubernetesRun),
        ("local", LocalRun),
        ("vertex", VertexRun),
    ],
)
def test_paths(module: str, kind: type[RunConfig]) -> None:
    assert getattr(importlib.import_module(f"miniprefect.run_configs.{module}"), kind.__name__) is kind


def test_repr() -> None:
    kept = LocalRun(env={"A": "b"}, working_dir="/x", labels=["z", "a"])
    assert repr(kept) == "LocalRun(env={'A': 'b'}, working_dir='/x', labels={'a', 'z'})"
    assert repr(UniversalRun()) == "UniversalRun()"


MISUSES: list[tuple[Any, type[Exception], str]] = [
    (lambda: LocalRun({"A": "b"}), TypeError, "positional"),  # type: ignore[call-arg]
    (lambda: KubernetesRun(job_template_path="a", job_template={}), ValueError, "Cannot provide both"),
    (lambda: KubernetesRun(image_pull_policy="Bad"), ValueError, "Invalid image_pull_policy 'Bad'"),
    (lambda: ECSRun(task_definition={}, task_definition_arn="x"), ValueError, "Can only provide one of"),
    (lambda: ECSRun(task_definition_arn="x", image="i"), ValueError, "Cannot provide both"),
]


@pytest.mark.parametrize(("make", "kind", "message"), MISUSES)
def test_misuses(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()
