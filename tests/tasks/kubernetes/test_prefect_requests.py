"""The tasks ask for what Prefect's ask for, and what comes of it is the same."""

import json

import pytest

from miniprefect.tasks import kubernetes
from tests.tasks.kubernetes.cluster import Cluster
from tests.tasks.kubernetes.prefect_requests import RECORDED, STEPS, observe


def test_all_steps_are_as_in_prefect(cluster: Cluster) -> None:
    recorded = json.loads(RECORDED.read_text())
    assert len(recorded) == len(STEPS)
    for step, ours, prefects in zip(STEPS, observe(kubernetes, cluster), recorded, strict=True):
        assert ours == prefects, step


@pytest.mark.parametrize("name", sorted({name for name, _, _ in STEPS}))
def test_every_task_was_recorded(name: str) -> None:
    assert name in kubernetes.__all__


def test_no_task_is_left_out() -> None:
    assert {name for name, _, _ in STEPS} == set(kubernetes.__all__)
