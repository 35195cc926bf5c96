"""Annotations of values: mapped, unmapped, flatten."""

import copy
import pickle

import pytest

from miniprefect import Flow, flatten, mapped, task, unmapped
from miniprefect.utilities.edges import EdgeAnnotation


@task
def same(x):
    return x


@task
def pair(x, y):
    return x, y


def value(make):
    with Flow("etl") as flow:
        call = make()
    return flow.run().result[call].result


@pytest.mark.parametrize(
    ("annotated", "annotations"),
    [
        (mapped(1), {"mapped": True}),
        (unmapped(1), {"mapped": False}),
        (flatten(1), {"flattened": True}),
        (unmapped(flatten(1)), {"mapped": False, "flattened": True}),
        (flatten(unmapped(1)), {"mapped": False, "flattened": True}),
        (mapped(unmapped(1)), {"mapped": False}),
        (unmapped(mapped(1)), {"mapped": True}),
    ],
)
def test_nested_annotations_add_up_and_the_inner_wins(annotated, annotations):
    assert annotated.value == 1
    assert annotated.annotations == annotations


def test_every_annotation_is_an_edge_annotation():
    assert all(isinstance(kind(1), EdgeAnnotation) for kind in (mapped, unmapped, flatten))


def test_the_repr_shows_kind_and_value():
    assert repr(unmapped([1])) == "<unmapped: [1]>"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_duplicate_says_the_same(duplicate):
    made = duplicate(unmapped(flatten([1])))
    assert (made.value, made.annotations) == ([1], {"mapped": False, "flattened": True})


@pytest.mark.parametrize(
    ("make", "result"),
    [
        (lambda: same(mapped([1, 2])), [1, 2]),
        (lambda: pair.map([1, 2], unmapped([3, 4])), [(1, [3, 4]), (2, [3, 4])]),
        (lambda: pair([1, 2], mapped([3, 4])), [([1, 2], 3), ([1, 2], 4)]),
        (lambda: same.map(unmapped([1, 2])), [1, 2]),
        (lambda: same.map(flatten([[1], [2, 3]])), [1, 2, 3]),
        (lambda: same(flatten([[1], [2, 3]])), [1, 2, 3]),
        (lambda: same(flatten(same([[1], [2, 3]]))), [1, 2, 3]),
        (lambda: same(flatten(same.map([[1], [2, 3]]))), [1, 2, 3]),
        (lambda: same(unmapped(flatten([[1], [2, 3]]))), [1, 2, 3]),
        (lambda: same(unmapped(same.map([1, 2]))), [1, 2]),
    ],
)
def test_annotations_decide_how_a_value_arrives(make, result):
    assert value(make) == result
