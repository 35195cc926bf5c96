"""Edges: values that say how one task depends on another."""

import copy
import pickle

import pytest

from miniprefect import Flow, Task, flatten, mapped, unmapped
from miniprefect.core.edge import Edge, is_valid_identifier

A, B = Task("a"), Task("b")


def test_a_plain_edge_carries_no_data():
    edge = Edge(A, B)
    assert (edge.upstream_task, edge.downstream_task) == (A, B)
    assert (edge.key, edge.mapped, edge.flattened) == (None, False, False)


def test_the_tasks_of_an_edge_are_its_ends():
    assert Edge(A, B).tasks == {A, B}


def test_edges_of_the_same_content_are_equal_and_hash_alike():
    assert {Edge(A, B, key="x"), Edge(A, B, key="x")} == {Edge(A, B, key="x")}


@pytest.mark.parametrize("how", [{"key": "x"}, {"mapped": True}, {"flattened": True}])
def test_every_part_of_an_edge_counts_for_equality(how):
    assert Edge(A, B, **how) != Edge(A, B)


def test_edges_of_other_ends_differ():
    assert Edge(A, B) != Edge(B, A)


def test_an_edge_is_not_equal_to_anything_else():
    assert Edge(A, B) != (A, B)


def test_equal_edges_hash_alike_also_between_plain_values():
    one, other = Edge(10_000, B), Edge(int("10000"), B)
    assert one != other or hash(one) == hash(other)


def test_the_repr_names_ends_key_and_annotations():
    edge = Edge(A, B, key="x", mapped=True)
    assert repr(edge) == "<Edge(key=x, mapped=True, flattened=False): a to b>"


@pytest.mark.parametrize(
    ("annotated", "given", "is_mapped", "is_flattened"),
    [
        (mapped(A), False, True, False),
        (unmapped(A), True, False, False),
        (flatten(A), False, False, True),
        (flatten(A), True, True, True),
        (mapped(flatten(A)), False, True, True),
        (unmapped(flatten(A)), True, False, True),
    ],
)
def test_annotations_beat_the_arguments(annotated, given, is_mapped, is_flattened):
    edge = Edge(annotated, B, mapped=given)
    assert (edge.upstream_task, edge.mapped, edge.flattened) == (A, is_mapped, is_flattened)


def test_an_edge_from_a_task_to_itself_is_refused():
    with pytest.raises(ValueError, match="Edges can not connect a task to itself"):
        Edge(A, A)


@pytest.mark.parametrize("key", ["1x", "a b", "", "class", 5])
def test_a_key_that_names_no_argument_is_refused(key):
    with pytest.raises(ValueError, match="Key must be a valid identifier"):
        Edge(A, B, key=key)


@pytest.mark.parametrize(("text", "valid"), [("x", True), ("_x1", True), ("for", False), ("1", False)])
def test_valid_identifiers(text, valid):
    assert is_valid_identifier(text) is valid


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_a_duplicate_of_an_edge_is_the_same_but_for_its_tasks(duplicate):
    made = duplicate(Edge(A, B, key="x", mapped=True, flattened=True))
    assert repr(made) == "<Edge(key=x, mapped=True, flattened=True): a to b>"
    assert made in {made}


def test_a_pickled_flow_finds_its_edges_again():
    flow = Flow("etl")
    flow.add_edge(A, B, key="x")
    again = pickle.loads(pickle.dumps(flow))
    first, second = again.sorted_tasks()
    assert Edge(first, second, key="x") in again.edges


def test_an_edge_described_in_plain_data():
    assert Edge(A, B, key="x").serialize() == {
        "upstream_task": "a",
        "downstream_task": "b",
        "key": "x",
        "mapped": False,
        "flattened": False,
    }
