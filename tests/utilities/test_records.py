"""What records have in common."""

import copy
import pickle
from typing import Any

import pytest

from miniprefect.utilities.records import Record


class Base(Record):
    def __init__(self, labels: Any = None) -> None:
        self.labels = set(labels or ())


class Thing(Base):
    def __init__(self, a: Any, b: Any = None, labels: Any = None, **kwargs: Any) -> None:
        b = b or "made"
        self.keep(locals())
        super().__init__(labels)


def test_arguments_become_attributes() -> None:
    thing = Thing(1, labels=["x"], more=2)
    assert vars(thing) == {"a": 1, "b": "made", "labels": {"x"}}


def test_repr_shows_what_was_given_in_a_fixed_order() -> None:
    assert repr(Thing(1, labels=["z", "x", "y"])) == "Thing(a=1, b='made', labels={'x', 'y', 'z'})"
    assert repr(Thing(None)) == "Thing(b='made')"


def test_equality_is_by_class_and_attributes() -> None:
    assert Thing(1) == Thing(1)
    assert Thing(1) != Thing(2)
    assert Base() != Thing(1)
    assert Thing(1) != 1
    assert len({Thing(1), Thing(1), Thing([])}) == 2


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
def test_copies_and_pickles_are_equal(duplicate: Any) -> None:
    thing = Thing([1], labels=["x"])
    assert duplicate(thing) == thing


def test_serialize_leaves_private_attributes_out() -> None:
    thing = Thing(1)
    vars(thing)["_hidden"] = 2
    assert thing.serialize() == {"a": 1, "b": "made", "labels": set(), "type": "Thing"}


def test_unknown_attributes_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="nope"):
        _ = Thing(1).nope
