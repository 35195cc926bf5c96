"""Secrets of Kubernetes."""

import base64
from typing import Any

import pytest

from miniprefect import Flow
from miniprefect.tasks.kubernetes import KubernetesSecret
from miniprefect.tasks.kubernetes.errors import ApiError
from tests.tasks.kubernetes.cluster import Cluster


@pytest.fixture(autouse=True)
def a_secret(cluster: Cluster) -> None:
    values = {"number": b"12", "empty": b"", "binary": b"\xff"}
    data = {key: base64.b64encode(value).decode() for key, value in values.items()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}, "data": data}
    cluster.put("secrets", secret)


@pytest.mark.parametrize(
    ("key", "settings", "value"),
    [
        ("number", {}, "12"),
        ("number", {"cast": int}, 12),
        ("empty", {}, ""),
        ("missing", {}, None),
        ("missing", {"cast": int}, None),
    ],
)
def test_a_value(key: str, settings: dict[str, Any], value: object) -> None:
    assert KubernetesSecret("s", key, **settings).run() == value


def test_in_a_flow() -> None:
    with Flow("f") as flow:
        found = KubernetesSecret()("s", "number")
    state = flow.run()
    assert state.result[found].result == "12"
    assert state.result[found]._result.location is None


@pytest.mark.parametrize(
    ("task", "complaint"),
    [
        (KubernetesSecret(), "The name of a Kubernetes secret must be provided"),
        (KubernetesSecret("s"), "The key of the secret must be provided"),
        (KubernetesSecret("s", "missing", raise_if_missing=True), "Cannot find the key missing in s"),
        (KubernetesSecret("s", "number", cast=dict), "The secret s/number can't be cast by .*: it raised ValueError"),
        (KubernetesSecret("s", "binary"), "The secret s/binary can't be read as text: it raised UnicodeDecodeError"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(task: KubernetesSecret, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        task.run()
    assert "12" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_there_is_no_such_secret() -> None:
    with pytest.raises(ApiError, match="Could not read secret 'other' in namespace 'default'"):
        KubernetesSecret("other", "key").run()
