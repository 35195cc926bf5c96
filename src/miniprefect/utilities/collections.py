"""Containers and the functions on nested dicts that the rest of the package shares.

`DotDict` is a dict whose keys are attributes too, `OrderedSet` a set that remembers the order of insertion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, MutableSet
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Dotted:
    """Let the keys of a mapping, the class that this is mixed into, be read, set and deleted as attributes.

    Methods win over keys: with a key named "items", `d["items"]` is its value, `d.items()` lists the pairs.
    """

    __slots__ = ()

    # Only asked for what normal lookup does not find, so methods are never hidden by keys.
    def __getattr__(self: Any, name: str) -> Any:
        # Copying and unpickling look for attributes before there is any data.
        if name != "_data" and name in self:
            return self[name]
        raise _no_attribute(self, name)

    def __setattr__(self: Any, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self: Any, name: str) -> None:
        if name not in self:
            raise _no_attribute(self, name)
        del self[name]

    def __dir__(self: Any) -> list[str]:
        return [*object.__dir__(self), *(key for key in self if isinstance(key, str))]

    def __repr__(self: Any) -> str:
        keys = ", ".join(map(repr, sorted(self, key=lambda key: (not isinstance(key, str), str(key)))))
        return f"<{type(self).__name__}: {keys}>" if keys else f"<{type(self).__name__}>"

    def copy(self) -> Any:
        """Return a shallow copy."""
        return type(self)(self)  # type: ignore[call-arg]

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts all the way down, also inside lists and tuples."""
        return cast("dict[str, Any]", as_nested_dict(self, dict))


def _no_attribute(owner: Any, name: str) -> AttributeError:
    return AttributeError(f"'{type(owner).__name__}' object has no attribute '{name}'", name=name, obj=owner)


class DotDict(Dotted, MutableMapping[str, Any]):
    """Hold a dict whose keys can be read, set and deleted as attributes.

    Nested dicts stay plain dicts; `as_nested_dict` converts them all the way down.
    """

    __slots__ = ("__weakref__", "_data")
    _data: dict[str, Any]

    def __init__(self, init_dict: Any = None, **kwargs: Any) -> None:
        object.__setattr__(self, "_data", {})
        self.update(init_dict or {}, **kwargs)

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._data[key] = value

    def __delitem__(self, key: str) -> None:
        del self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value under `key`, or `default`."""
        return self._data.get(key, default)

    def __reduce__(self) -> str | tuple[Any, ...]:
        return type(self), (dict(self._data),)


def as_nested_dict(obj: Any, dct_class: type = DotDict) -> Any:
    """Turn the dicts and DotDicts in `obj`, also those in lists and tuples, into `dct_class`."""
    if isinstance(obj, (dict, DotDict)):
        return dct_class({key: as_nested_dict(value, dct_class) for key, value in obj.items()})
    if type(obj) in (list, tuple):
        return type(obj)(as_nested_dict(value, dct_class) for value in obj)
    return obj


def merge_dicts(d1: Mapping[Any, Any], d2: Mapping[Any, Any]) -> Any:
    """Return a new dict of the kind of `d1` in which `d2` wins; dicts found in both are merged likewise."""
    merged = cast("MutableMapping[Any, Any]", d1.copy())  # type: ignore[attr-defined]
    for key, value in d2.items():
        old = merged.get(key)
        if isinstance(old, (dict, DotDict)) and isinstance(value, (dict, DotDict)):
            value = merge_dicts(old, value)
        merged[key] = value
    return merged


class CompoundKey(tuple[Any, ...]):
    """Name a place in a nested dict: the keys on the way to it."""

    __slots__ = ()


def dict_to_flatdict(dct: Mapping[Any, Any], parent: CompoundKey | None = None) -> dict[CompoundKey, Any]:
    """Flatten nested dicts to one dict with CompoundKeys: `{"a": {"b": 1}}` gives `{("a", "b"): 1}`."""
    above = parent or CompoundKey()
    flat: dict[CompoundKey, Any] = {}
    for key, value in dct.items():
        place = CompoundKey((*above, key))
        if isinstance(value, dict):
            flat.update(dict_to_flatdict(value, place))
        else:
            flat[place] = value
    return flat


def flatdict_to_dict(dct: Mapping[Any, Any], dct_class: type | None = None) -> Any:
    """Undo `dict_to_flatdict`, making dicts of `dct_class`. Keys that are no CompoundKey stay at the top."""
    make = dct_class or dict
    nested = make()
    for place, value in dct.items():
        *above, last = place if isinstance(place, CompoundKey) else (place,)
        section = nested
        for key in above:
            section = section.setdefault(key, make())
        section[last] = value
    return nested


def flatten_seq(seq: Iterable[Any]) -> Iterator[Any]:
    """Yield the items of nested iterables, to any depth; strings and bytes count as items."""
    open_iterators = [iter(seq)]
    while open_iterators:
        for item in open_iterators[-1]:
            if isinstance(item, Iterable) and not isinstance(item, (str, bytes)):
                open_iterators.append(iter(item))
                break
            yield item
        else:
            open_iterators.pop()


class OrderedSet(MutableSet[T], Generic[T]):
    """Hold a set that iterates in the order of insertion and equals a plain set with the same members.

    `version` is an integer that grows whenever the content changes, so that whoever derived something from
    the set can tell whether it is stale.
    """

    __slots__ = ("__weakref__", "_items", "version")

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._items: dict[T, None] = dict.fromkeys(items)
        self.version = 0

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, self._items)) + "}" if self._items else "set()"

    def add(self, value: T) -> None:
        """Add an item; one that is there already keeps its place."""
        if value not in self._items:
            self._items[value] = None
            self.version += 1

    def discard(self, value: T) -> None:
        """Take an item out if it is there."""
        if value in self._items:
            del self._items[value]
            self.version += 1

    def clear(self) -> None:
        """Take all items out."""
        if self._items:
            self._items.clear()
            self.version += 1

    def __and__(self, other: Iterable[object]) -> OrderedSet[T]:
        # The inherited one takes the order of `other`, which for a plain set is no order.
        return self.intersection(other)

    __rand__ = __and__

    def update(self, *others: Iterable[T]) -> None:
        """Add the items of all `others`."""
        size = len(self._items)
        for other in others:
            self._items.update(dict.fromkeys(other))
        self.version += len(self._items) - size

    def copy(self) -> OrderedSet[T]:
        """Return a set with the same items and a version of its own."""
        return type(self)(self._items)

    __copy__ = copy

    def union(self, *others: Iterable[T]) -> OrderedSet[T]:
        """Return the items of this set followed by those of `others`."""
        result = self.copy()
        result.update(*others)
        return result

    def intersection(self, *others: Iterable[object]) -> OrderedSet[T]:
        """Return the items that are in all `others`."""
        kept = [set(other) for other in others]
        return type(self)(item for item in self._items if all(item in other for other in kept))

    def difference(self, *others: Iterable[object]) -> OrderedSet[T]:
        """Return the items that are in none of `others`."""
        dropped = set().union(*others)
        return type(self)(item for item in self._items if item not in dropped)

    def issubset(self, other: Iterable[object]) -> bool:
        """Tell whether `other` has all items of this set."""
        return self._items.keys() <= set(other)

    def issuperset(self, other: Iterable[object]) -> bool:
        """Tell whether this set has all items of `other`."""
        return self._items.keys() >= set(other)
