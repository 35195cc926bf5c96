"""Cached states that other processes find: records beside the results, kept by the `Result` that keeps these.

A record is a list of entries, newest first. An entry says until when it holds, where the value is (which is not kept
twice), and what was compared: those inputs and parameters that the task's validator looks at.

The location of a record is made of the task's cache key and of a digest of what is compared. So the children of a map
have records of their own, or nearly: digests are cut short, so that a task never has more than a few thousand records.
What is in a record is put to the validator; the digest only has to be the same for values that are equal.

The next run may overwrite the value, for its location can always be the same. So an entry has a seal, a digest of the
bytes that were written, and what is found at the location later counts only if it has the same.
"""

import copy
import datetime
import numbers
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from miniprefect.engine.cache_validators import Compared, Validator, plain
from miniprefect.engine.result.base import Result, ResultNotImplementedError
from miniprefect.engine.runner import STOPPING
from miniprefect.engine.serializers import PickleSerializer
from miniprefect.engine.state import Cached
from miniprefect.utilities.clock import utc_now
from miniprefect.utilities.lazy import LazyModule

hashlib = LazyModule("hashlib")
pickle = LazyModule("pickle")
re = LazyModule("re")

Values = dict[str, Any]

# How many entries a record has at most. A validator of the user's own has one record for all states, each of which it
# is asked about: with no end to them, a map would take time with the square of its children.
MOST = 200


class Entry(NamedTuple):
    """Be one cached state of a record.

    Attributes:
        expires: until when it may be used.
        compared: the inputs and the parameters that the validator looks at, pickled.
        location: where the value is; None if it is None, which is not written anywhere.
        seal: a digest of the value, as it was written.
    """

    expires: datetime.datetime
    compared: bytes
    location: str | None
    seal: str


class CacheRecords:
    """Find the cached states of one task, and keep new ones. Whatever goes wrong, a task can do without.

    Args:
        result: keeps the task's values.
        key: the cache key.
        validator: says which state may be used.
        complain: called with what went wrong, and the error.
    """

    def __init__(
        self, result: Result, key: str, validator: Validator, complain: Callable[[str, BaseException], None]
    ) -> None:
        self._result = result
        self._key = key
        self._validator = validator
        self._compared: Compared | None = getattr(validator, "compared", None)
        self._complain = complain

    def find(self, inputs: Values, parameters: Values) -> Cached | None:
        """Return the newest state that has not expired, passes the validator, and whose value is still there."""
        try:
            place = self._place(self._chosen(inputs, parameters))
        except STOPPING:
            raise
        except BaseException:
            # What can't be pickled is in no record; `keep` says so.
            return None
        entries: list[Entry] = []
        with self._spared(f"its cached states at '{place.location}' can't be read"):
            entries = _entries(place)
        for entry in entries:
            with self._spared(f"a cached state at '{place.location}' can't be used"):
                state = self._state(entry)
                if self._validator(state, inputs, parameters) and self._fetch(state, entry):
                    return state
        return None

    def keep(self, state: Cached, inputs: Values, parameters: Values) -> None:
        """Put a state into its record, if its value can be found again, in place of those that are of no more use."""
        known = state._result
        if known.value is not None and known.location is None:
            return
        with self._spared("its cached state can't be kept for other processes"):
            chosen = self._chosen(inputs, parameters)
            expires = state.cached_result_expiration
            assert expires is not None  # `cache_for` makes one
            new = Entry(expires, pickle.dumps(chosen), known.location, known._seal or _seal_of(known.value))
            place = self._place(chosen)
            others = [entry for entry in _readable_entries(place) if entry.compared != new.compared]
            place.write([tuple(entry) for entry in [new, *others][:MOST]])

    def _chosen(self, inputs: Values, parameters: Values) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the inputs and the parameters that the validator looks at."""
        compared = self._compared or Compared(None, None)
        return _named(plain(inputs), compared.inputs), _named(parameters, compared.parameters)

    def _place(self, chosen: Any) -> Result:
        """Return the result that reads and writes a record: a copy of the task's, with another location."""
        # What a validator of the user's own takes for equal is not known.
        trace = b"" if self._compared is None else _trace(chosen)
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", self._key)[:50]
        owner = _digest(ascii((self._key, self._compared and tuple(self._compared))).encode())
        place = self._result.copy()
        place.serializer, place._formatter = PickleSerializer(), None
        place.location = f"caches/{name}-{owner[:16]}/{_digest(trace)[:3]}.pickle"
        return place

    def _state(self, entry: Entry) -> Cached:
        inputs, parameters = pickle.loads(entry.compared)
        return Cached(
            "Result found in the cache of an earlier run.",
            cached_inputs={name: Result(value) for name, value in inputs.items()},
            cached_parameters=parameters,
            cached_result_expiration=entry.expires,
        )

    def _fetch(self, state: Cached, entry: Entry) -> bool:
        """Give `state` its value; say whether that is still there, and not overwritten."""
        if entry.location is None:
            return True
        seen: list[bytes] = []
        known = _unwatched(_watched(self._result, seen).read(entry.location), self._result)
        state._result = known
        return (_digest(seen[0]) if seen else _seal_of(known.value)) == entry.seal

    @contextmanager
    def _spared(self, what: str) -> Iterator[None]:
        """Turn errors into complaints. A result that has no place to keep anything is none."""
        try:
            yield
        except STOPPING:
            raise
        except ResultNotImplementedError:
            pass
        except BaseException as error:
            self._complain(what, error)


def write_sealed(result: Result, value: Any, names: Values) -> Result:
    """Write a value as `result` does, its location filled in from `names`, and seal it."""
    seen: list[bytes] = []
    written = _unwatched(_watched(result, seen).write(value, **names), result)
    written._seal = _digest(seen[0]) if seen else None
    return written


def _watched(result: Result, seen: list[bytes]) -> Result:
    """Return a copy of `result` that adds to `seen` the bytes that its serializer makes and gets."""

    def serialize(value: Any) -> bytes:
        seen.append(result.serializer.serialize(value))
        return seen[-1]

    def deserialize(data: bytes) -> Any:
        seen.append(data)
        return result.serializer.deserialize(data)

    watched = result.copy()
    # A serializer that can't be copied or changed goes unwatched.
    with suppress(Exception):
        # Not another class: results may ask of which class their serializer is.
        serializer = copy.copy(result.serializer)
        vars(serializer).update(serialize=serialize, deserialize=deserialize)
        watched.serializer = serializer
    return watched


def _unwatched(watched: Result, result: Result) -> Result:
    watched.serializer = result.serializer
    return watched


def _entries(place: Result) -> list[Entry]:
    """Return those entries of a record that have not expired."""
    assert place.location is not None  # `_place` makes one
    if not place.exists(place.location):
        return []
    entries = [Entry(*fields) for fields in place.read(place.location).value]
    return [entry for entry in entries if entry.expires > utc_now()]


def _readable_entries(place: Result) -> list[Entry]:
    """Return the entries of a record that is to be replaced: none if it is damaged, as `find` has said already."""
    try:
        return _entries(place)
    except (ResultNotImplementedError, *STOPPING):
        raise
    except BaseException:
        return []


def _named(values: Values, names: Iterable[str] | None) -> dict[str, Any]:
    return {name: values[name] for name in sorted(values) if names is None or name in names}


def _digest(data: bytes) -> str:
    return str(hashlib.blake2b(data, digest_size=16).hexdigest())


def _seal_of(value: Any) -> str:
    """Return the seal of a value whose bytes nobody has seen: the result has ways of its own to write."""
    return _digest(pickle.dumps(value))


def _trace(value: Any) -> bytes:
    """Return bytes that are the same for equal values, in every process, and mostly differ for others."""
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    if isinstance(value, numbers.Number):
        # Unlike that of a text, the hash of a number is always the same, and 1, 1.0 and True share it.
        return b"%d" % hash(value)
    if isinstance(value, list | tuple):
        return b",".join(map(_trace, value))
    if isinstance(value, dict):
        return b",".join(sorted(map(_trace, value.items())))
    if isinstance(value, set | frozenset):
        return b",".join(sorted(map(_trace, value)))
    pickled: bytes = pickle.dumps(value)
    return pickled
