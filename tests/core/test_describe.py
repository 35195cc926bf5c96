"""A flow in plain data."""

import json

import pytest

from miniprefect import Flow, Parameter, Task, task
from miniprefect.core.describe import slugified


@task(tags=["b", "a"])
def add(x, y=2):
    return x + y


def small_flow(name="small", y=5):
    with Flow(name) as flow:
        add(Parameter("x", default=1), y)
    return flow


def test_a_description_is_plain_data():
    described = small_flow().serialize()
    assert json.loads(json.dumps(described)) == described


def test_a_description_names_tasks_edges_and_parameters():
    described = small_flow().serialize()
    assert described["name"] == "small"
    assert [(each["name"], each["slug"]) for each in described["tasks"]] == [("x", "x"), ("add", "add-a-b-1")]
    assert described["parameters"] == ["x"]
    assert [(edge["upstream_task"], edge["downstream_task"], edge["key"]) for edge in described["edges"]] == [
        ("x", "add-a-b-1", "x")
    ]


def test_flows_built_alike_have_the_same_digest():
    assert small_flow().serialized_hash() == small_flow().serialized_hash()


def test_a_digest_does_not_depend_on_where_things_lie_in_memory():
    def build():
        class Opaque:
            pass

        return small_flow(y=Opaque()).serialized_hash()

    kept = [object() for _ in range(100)]
    assert build() == build()
    assert kept


@pytest.mark.parametrize("other", [small_flow(name="other"), small_flow(y=6)])
def test_flows_that_differ_have_another_digest(other):
    assert other.serialized_hash() != small_flow().serialized_hash()


def test_a_digest_changes_with_the_flow():
    flow = small_flow()
    before = flow.serialized_hash()
    flow.add_task(Task("more"))
    assert flow.serialized_hash() != before


def test_describing_a_flow_does_not_change_it():
    flow = small_flow()
    before = flow.copy()
    flow.serialize()
    assert flow == before


def test_diagnostics_name_the_flow_and_its_size():
    about = json.loads(small_flow().diagnostics())["flow"]
    assert (about["name"], about["tasks"]) == ("small", 2)


@pytest.mark.parametrize(
    ("name", "slug"), [("ETL", "etl"), ("My Flow!", "my-flow"), ("a/b\\c", "a-b-c"), ("--x--", "x")]
)
def test_a_name_as_it_can_stand_in_a_path(name, slug):
    assert slugified(name) == slug


def test_names_in_other_alphabets_keep_flows_apart():
    assert Flow("Größe").save() != Flow("Grüße").save()
    assert Flow("東京").save() != Flow("京都").save()
