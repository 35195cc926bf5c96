"""The containers of `miniprefect.utilities.collections`."""

import copy
import json
import pickle
from collections.abc import Iterable
from typing import Any

import pytest

from miniprefect.utilities.collections import (
    CompoundKey,
    DotDict,
    OrderedSet,
    as_nested_dict,
    dict_to_flatdict,
    flatdict_to_dict,
    flatten_seq,
    merge_dicts,
)


class TestDotDict:
    def test_keys_are_attributes(self) -> None:
        d = DotDict({"a": 1}, b=2)
        d.c = 3
        d["d"] = 4
        del d.a
        assert dict(d) == {"b": 2, "c": 3, "d": 4}
        assert (d.b, d["c"], d.d, d.get("a"), d.get("a", 0)) == (2, 3, 4, None, 0)
        assert "b" in d
        assert "a" not in d

    @pytest.mark.parametrize("name", ["update", "items", "keys", "get"])
    def test_a_key_may_have_the_name_of_a_method(self, name: str) -> None:
        d = DotDict({"a": 1})
        d[name] = 5
        assert d[name] == d.get(name) == 5
        assert dict(d.items()) == {"a": 1, name: 5}
        assert list(d.keys()) == ["a", name]
        d.update(b=2)
        assert repr(d) == f"<DotDict: {', '.join(map(repr, sorted(d)))}>"

    def test_setting_an_attribute_named_like_a_method_sets_the_key(self) -> None:
        d: Any = DotDict()
        d.items = 1
        assert d["items"] == 1
        assert list(d.items()) == [("items", 1)]

    def test_repr_sorts_mixed_keys(self) -> None:
        mixed: Any = {"b": 1, 1: 2, "a": 3}
        assert repr(DotDict(mixed)) == "<DotDict: 'a', 'b', 1>"
        assert repr(DotDict()) == "<DotDict>"

    def test_missing_names(self) -> None:
        d = DotDict()
        with pytest.raises(AttributeError, match="'DotDict' object has no attribute 'nope'"):
            _ = d.nope
        with pytest.raises(AttributeError, match="'DotDict' object has no attribute 'nope'"):
            del d.nope
        with pytest.raises(KeyError, match="nope"):
            d["nope"]
        assert not hasattr(d, "nope")

    def test_equals_dicts(self) -> None:
        assert DotDict(a=1) == {"a": 1}
        plain = {"a": 1}
        assert plain == DotDict(a=1)
        assert DotDict(a=1) == DotDict({"a": 1})
        assert DotDict(a=1) != DotDict(a=2)

    def test_is_not_json_serializable(self) -> None:
        with pytest.raises(TypeError, match="not JSON serializable"):
            json.dumps(DotDict(a=1))

    def test_to_dict_goes_into_lists_and_tuples(self) -> None:
        d = DotDict(a=[DotDict(b=1), {"c": DotDict()}], t=(DotDict(),))
        assert json.dumps(d.to_dict()) == '{"a": [{"b": 1}, {"c": {}}], "t": [{}]}'

    def test_nested_dicts_stay_dicts(self) -> None:
        assert type(DotDict({"a": {"b": 1}}).a) is dict

    @pytest.mark.parametrize("duplicate", [DotDict.copy, copy.copy])
    def test_copies_are_shallow(self, duplicate: Any) -> None:
        d = DotDict(a=DotDict(b=1))
        other = duplicate(d)
        other.c = 1
        other.a.b = 2
        assert (type(other), "c" in d, d.a.b) == (DotDict, False, 2)

    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))])
    def test_deep_copies_and_pickles(self, duplicate: Any) -> None:
        d = DotDict(a=DotDict(b=1))
        other = duplicate(d)
        other.a.b = 2
        assert (type(other), d.a.b, other.a.b) == (DotDict, 1, 2)

    def test_dir_lists_keys(self) -> None:
        assert {"mine", "items"} <= set(dir(DotDict(mine=1)))

    def test_is_unpacked_and_emptied_like_a_dict(self) -> None:
        d = DotDict(a=1)
        assert {**d} == {"a": 1}
        assert (d.pop("a"), len(d), bool(d)) == (1, 0, False)


class TestNestedDicts:
    def test_merge_dicts_merges_deeply_into_a_new_dict(self) -> None:
        one: dict[str, Any] = {"x": 1, "n": {"a": 1, "b": {"c": 1}}, "l": [1]}
        two = {"n": {"b": {"d": 2}}, "l": [2], "z": {"q": 1}}
        assert merge_dicts(one, two) == {
            "x": 1,
            "n": {"a": 1, "b": {"c": 1, "d": 2}},
            "l": [2],
            "z": {"q": 1},
        }
        assert one == {"x": 1, "n": {"a": 1, "b": {"c": 1}}, "l": [1]}

    def test_merge_dicts_keeps_the_kind_of_the_first(self) -> None:
        assert type(merge_dicts(DotDict(a=1), {"b": 1})) is DotDict
        assert type(merge_dicts({"b": 1}, DotDict(a=1))) is dict

    @pytest.mark.parametrize(
        ("one", "two", "merged"),
        [({"a": {"b": 1}}, {"a": 1}, {"a": 1}), ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}), ({}, {}, {})],
    )
    def test_merge_dicts_replaces_what_is_no_dict(self, one: Any, two: Any, merged: Any) -> None:
        assert merge_dicts(one, two) == merged

    def test_as_nested_dict_converts_all_the_way_down(self) -> None:
        nested = as_nested_dict({"a": [{"b": 1}], "t": ({"c": 2},), "s": {1}})
        assert (nested.a[0].b, nested.t[0].c, nested.s) == (1, 2, {1})
        assert type(as_nested_dict(DotDict(a=DotDict()), dict)["a"]) is dict
        assert as_nested_dict(5) == 5

    def test_flat_dicts_and_back(self) -> None:
        nested = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
        flat = dict_to_flatdict(nested)
        assert flat == {("a", "b"): 1, ("a", "c", "d"): 2, ("e",): 3}
        assert all(isinstance(key, CompoundKey) for key in flat)
        assert flatdict_to_dict(flat) == nested
        assert flatdict_to_dict(flat, DotDict).a.c.d == 2

    def test_flat_dicts_below_a_parent_and_with_plain_keys(self) -> None:
        assert dict_to_flatdict({"a": 1}, parent=CompoundKey(["z"])) == {("z", "a"): 1}
        assert flatdict_to_dict({("a", "b"): 1, "z": 2}) == {("a", "b"): 1, "z": 2}


class TestFlattenSeq:
    @pytest.mark.parametrize(
        ("seq", "flat"),
        [
            ([1, [2, [3, (4,)]], {5}, "ab", b"xy", range(2)], [1, 2, 3, 4, 5, "ab", b"xy", 0, 1]),
            ("ab", ["a", "b"]),
            ([[], [[]], None], [None]),
        ],
    )
    def test_flattens_to_any_depth(self, seq: Iterable[Any], flat: list[Any]) -> None:
        assert list(flatten_seq(seq)) == flat

    def test_nests_deeper_than_the_recursion_limit(self) -> None:
        deep: list[Any] = [1]
        for _ in range(20_000):
            deep = [deep]
        assert list(flatten_seq(deep)) == [1]

    def test_needs_an_iterable(self) -> None:
        not_iterable: Any = 5
        with pytest.raises(TypeError, match="not iterable"):
            list(flatten_seq(not_iterable))


class TestOrderedSet:
    def test_keeps_the_order_of_insertion(self) -> None:
        items = OrderedSet([3, 1, 2, 1])
        items.add(0)
        items.add(3)
        items.discard(1)
        assert list(items) == [3, 2, 0]
        assert (len(items), 2 in items, 1 in items) == (3, True, False)

    def test_equals_sets_from_either_side(self) -> None:
        items: Any = OrderedSet("ab")
        assert items == {"b", "a"}
        assert {"b", "a"} == items
        assert items == OrderedSet("ba")
        assert items != {"a"}
        assert items != ["a", "b"]

    def test_looks_like_a_set(self) -> None:
        assert repr(OrderedSet("ba")) == "{'b', 'a'}"
        assert repr(OrderedSet()) == "set()"

    def test_operators_keep_the_order(self) -> None:
        items = OrderedSet("cab")
        assert list(items | {"d"}) == ["c", "a", "b", "d"]
        assert list(items & {"b", "c"}) == ["c", "b"]
        assert list(items - {"a"}) == ["c", "b"]
        assert {"a", "z"} - items == {"z"}
        assert items ^ {"a", "z"} == {"c", "b", "z"}
        assert items > {"a"}
        assert {"a"} < items

    def test_methods_of_set(self) -> None:
        items = OrderedSet("cab")
        assert list(items.union("d", "e")) == ["c", "a", "b", "d", "e"]
        assert list(items.intersection("bc", "cx")) == ["c"]
        assert list(items.difference("a", "b")) == ["c"]
        assert items.issubset("abcd")
        assert not items.issubset("ab")
        assert items.issuperset("ab")
        assert not items.issuperset("abz")
        assert items.isdisjoint("xyz")
        assert list(items) == ["c", "a", "b"]

    def test_unknown_items(self) -> None:
        items = OrderedSet("a")
        items.discard("z")
        with pytest.raises(KeyError):
            items.remove("z")
        with pytest.raises(TypeError, match="unhashable"):
            hash(items)

    @pytest.mark.parametrize("duplicate", [OrderedSet.copy, copy.copy, copy.deepcopy])
    def test_copies_are_independent(self, duplicate: Any) -> None:
        items = OrderedSet("ab")
        other = duplicate(items)
        other.add("c")
        assert (list(items), list(other)) == (["a", "b"], ["a", "b", "c"])

    def test_pickles(self) -> None:
        assert list(pickle.loads(pickle.dumps(OrderedSet("ba")))) == ["b", "a"]

    def test_version_grows_with_each_change_of_content_only(self) -> None:
        items: OrderedSet[int] = OrderedSet([1])
        versions = [items.version]
        changes: list[Any] = [
            lambda: items.add(2),
            lambda: items.update([3], [4]),
            lambda: items.remove(3),
            lambda: items.pop(),
            lambda: items.__ior__({9}),
            lambda: items.clear(),
        ]
        for change in changes:
            change()
            versions.append(items.version)
        assert versions == sorted(set(versions))
        same: list[Any] = [
            lambda: items.clear(),
            lambda: items.discard(7),
            lambda: items.update([]),
            lambda: items.union([5]),
        ]
        for change in same:
            change()
        assert items.version == versions[-1]
