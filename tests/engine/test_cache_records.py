"""Cached states that other processes find. Another process is played by a context without what is cached in memory."""

import datetime
import logging
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from miniprefect import Flow, Task, context, task
from miniprefect.engine import TaskRunner, cache_records
from miniprefect.engine.cache_validators import (
    all_inputs,
    all_parameters,
    duration_only,
    never_use,
    partial_inputs_only,
    partial_parameters_only,
)
from miniprefect.engine.result import Result
from miniprefect.engine.result_handlers import ResultHandler
from miniprefect.engine.results import LocalResult, PrefectResult
from miniprefect.engine.serializers import CompressedSerializer, JSONSerializer, PickleSerializer
from miniprefect.engine.state import Cached, State, Success
from miniprefect.utilities.clock import use_clock
from tests.engine.helpers import FakeClock, Handler, inputs
from tests.ids import without_address

HOUR = datetime.timedelta(hours=1)


class Counts(Task):
    """Return the first input in a list, and remember all inputs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"name": "counts", "cache_for": HOUR, **kwargs})
        self.runs: list[Any] = []

    def run(self, x: Any = None, y: Any = None) -> Any:
        self.runs.append((x, y))
        return [x]


@pytest.fixture(autouse=True)
def clock() -> Iterator[FakeClock]:
    with use_clock(FakeClock()) as fake:
        yield fake  # type: ignore[misc]


@pytest.fixture
def kept(tmp_path: Path) -> LocalResult:
    return LocalResult(dir=tmp_path)


def run(counts: Task, parameters: Any = None, checkpointing: bool = True, caches: Any = None, **given: Any) -> State:
    """Run a task, by itself and in a process of its own."""
    states = {name: Success(result=value) for name, value in given.items()}
    with context(caches={} if caches is None else caches, checkpointing=checkpointing, parameters=parameters):
        return TaskRunner(counts).run(upstream_states=inputs(**states))


def records(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("caches/*/*"))


def entries(folder: Path) -> list[cache_records.Entry]:
    return [cache_records.Entry(*fields) for path in records(folder) for fields in pickle.loads(path.read_bytes())]


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# ---------------------------------------------------------------------- what is found

X1, X2 = {"x": 1, "y": 0}, {"x": 2, "y": 0}
P1, P2 = {"p": 1, "q": 0}, {"p": 2, "q": 0}


def of_ones_own(state: Cached, inputs: Any, parameters: Any) -> bool:
    return bool(state.cached_inputs["x"].value % 10 == inputs["x"] % 10)


@pytest.mark.parametrize(
    ("validator", "given", "parameters", "is_found"),
    [
        (duration_only, X2, P2, True),
        (all_inputs, X1, P2, True),
        (all_inputs, X2, P1, False),
        (all_inputs, {"x": 1}, P1, False),
        (all_parameters, X2, P1, True),
        (all_parameters, X1, P2, False),
        (partial_inputs_only(["y"]), X2, P2, True),
        (partial_inputs_only(["x"]), X2, P1, False),
        (partial_inputs_only(), X2, P2, True),
        (partial_parameters_only(["q"]), X2, P2, True),
        (partial_parameters_only(["p"]), X1, P2, False),
        (never_use, X1, P1, False),
        (of_ones_own, {"x": 11, "y": 0}, P2, True),
        (of_ones_own, X2, P1, False),
    ],
)
def test_validators_decide(kept: LocalResult, validator: Any, given: Any, parameters: Any, is_found: bool) -> None:
    counts = Counts(result=kept, cache_validator=validator)
    run(counts, P1, **X1)
    state = run(counts, parameters, **given)
    assert type(state) is Cached
    assert state.result == ([1] if is_found else [given["x"]])
    assert len(counts.runs) == (1 if is_found else 2)


EQUAL: dict[str, tuple[Any, Any]] = {
    "numbers": (1, 1.0),
    "truth": (1, True),
    "dicts in another order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "sets in another order": ({1, 9}, {9, 1}),
    "set and frozenset": ({"a", "b"}, frozenset("ba")),
    "nested": ([{"a": (1, {2, 3})}], [{"a": (1.0, {3, 2})}]),
    "nothing": (None, None),
    "bytes": (b"a", b"a"),
    "dates": (datetime.date(2020, 2, 2), datetime.date(2020, 2, 2)),
    "lone surrogates": ("\ud800", "\ud800"),
}


@pytest.mark.parametrize("values", EQUAL.values(), ids=EQUAL)
def test_equal_inputs_are_the_same_input(kept: LocalResult, values: tuple[Any, Any]) -> None:
    counts = Counts(result=kept, cache_validator=all_inputs)
    assert [run(counts, x=value).result for value in values] == [[values[0]]] * 2
    assert len(counts.runs) == 1


def test_the_state_that_is_found(kept: LocalResult, clock: FakeClock) -> None:
    watch = Handler()
    counts = Counts(result=kept, cache_validator=all_inputs, state_handlers=[watch])
    made = run(counts, x=1)
    watch.calls.clear()
    state = run(counts, x=1)
    assert isinstance(made, Cached)
    assert isinstance(state, Cached)
    assert watch.changes == ["Pending > Cached"]
    assert state.message == "Result found in the cache of an earlier run."
    assert state.cached_result_expiration == clock.now() + HOUR
    assert state.cached_inputs == {}
    assert state._result == made._result
    assert type(state._result.serializer) is PickleSerializer


def test_what_was_found_is_not_looked_for_again(kept: LocalResult, tmp_path: Path) -> None:
    counts = Counts(result=kept)
    run(counts)
    caches: dict[str, Any] = {}
    assert run(counts, caches=caches).result == [None]
    for path in records(tmp_path):
        path.unlink()
    assert run(counts, caches=caches).result == [None]
    assert len(counts.runs) == 1


def test_a_hit_in_memory_reads_nothing(kept: LocalResult) -> None:
    touched: list[str] = []

    class Watched(LocalResult):
        def exists(self, location: str, **kwargs: Any) -> bool:
            touched.append(location)
            return super().exists(location, **kwargs)

        def read(self, location: str) -> Any:
            touched.append(location)
            return super().read(location)

    counts = Counts(result=Watched(dir=kept.dir))
    caches: dict[str, Any] = {}
    run(counts, caches=caches)
    assert touched
    touched.clear()
    run(counts, caches=caches)
    assert len(counts.runs) == 1
    assert touched == []


def test_what_the_key_is(kept: LocalResult) -> None:
    """As in memory: the cache key, or else the name."""
    run(Counts(result=kept, name="one"))
    for settings, runs in (
        ({"name": "one"}, 0),
        ({"name": "two"}, 1),
        ({"name": "two", "cache_key": "one"}, 0),
        ({"name": "one", "cache_key": "key"}, 1),
        ({"name": "three", "cache_key": "key"}, 0),
    ):
        counts = Counts(result=kept, **settings)
        run(counts)
        assert len(counts.runs) == runs, settings


@pytest.mark.parametrize("key", ["a/../b", "{x} {y}", "..", "/tmp", "x" * 1000, "größe ☃", "\ud800", "con:", "a\0b"])
def test_a_key_may_be_any_text(kept: LocalResult, key: str, tmp_path: Path) -> None:
    counts = Counts(result=kept, cache_key=key)
    assert [run(counts, x=1).result for _ in range(2)] == [[1]] * 2
    assert len(counts.runs) == 1
    assert len(records(tmp_path)) == 1


def test_keys_that_look_alike_are_two(kept: LocalResult) -> None:
    first, second = (Counts(result=kept, cache_key=key) for key in ("a b", "a-b"))
    run(first)
    run(second)
    assert len(second.runs) == 1


def test_the_result_of_the_flow_counts(kept: LocalResult) -> None:
    @task(cache_for=HOUR, cache_validator=all_inputs)
    def double(x: int) -> int:
        seen.append(x)
        return 2 * x

    seen: list[int] = []
    with Flow("flow", result=kept) as flow:
        doubled = double.map([1, 2])
    with Flow("flow", result=kept) as more:
        further = double.map([2, 3, 1])
    for each, mapped, expected in ((flow, doubled, [2, 4]), (more, further, [4, 6, 2])):
        with context(caches={}, checkpointing=True):
            assert each.run().result[mapped].result == expected
    assert seen == [1, 2, 3]


def test_a_task_with_a_target_has_a_cache_beside_it(kept: LocalResult, tmp_path: Path) -> None:
    counts = Counts(result=kept, target="target")
    run(counts, x=1)
    assert run(counts, x=1).message == "Result found at task target target"
    (tmp_path / "target").rename(tmp_path / "elsewhere")
    assert run(counts, x=2).result == [2]


# ---------------------------------------------------------------------- what is kept


def test_a_record_holds_no_value_and_no_more_than_is_compared(kept: LocalResult, tmp_path: Path) -> None:
    secret, large = "rosebud", "a" * 100_000
    for validator in (duration_only, all_parameters, partial_inputs_only(["y"])):
        run(Counts(result=kept, cache_validator=validator), parameters={"p": 1}, x=large + secret, y=2)
    assert len(records(tmp_path)) == 3
    for path in records(tmp_path):
        assert secret.encode() not in path.read_bytes()
        assert path.stat().st_size < 1000


def test_a_result_of_none_is_kept_too(kept: LocalResult) -> None:
    nothings: list[None] = []

    @task(cache_for=HOUR, result=kept)
    def nothing() -> None:
        nothings.append(None)

    assert [(type(state), state.result) for state in (run(nothing), run(nothing))] == [(Cached, None)] * 2
    assert len(nothings) == 1


@pytest.mark.parametrize(
    ("settings", "checkpointing"),
    [
        ({}, False),
        ({"checkpoint": False}, True),
        ({"cache_for": None}, True),
        ({"cache_validator": never_use}, True),
        ({"result": None}, True),
        ({"result": Result()}, True),
        ({"result": PrefectResult()}, True),
    ],
    ids=without_address,
)
def test_no_record_without_need_or_place(
    tmp_path: Path, settings: Any, checkpointing: bool, caplog: pytest.LogCaptureFixture
) -> None:
    counts = Counts(**{"result": LocalResult(dir=tmp_path), **settings})
    for _ in range(2):
        assert run(counts, checkpointing=checkpointing, x=1).result == [1]
    assert len(counts.runs) == 2
    assert records(tmp_path) == []
    assert warnings_of(caplog) == []


def test_a_failure_is_not_kept(kept: LocalResult, tmp_path: Path) -> None:
    class Fails(Counts):
        def run(self) -> None:
            raise ValueError

    assert run(Fails(result=kept)).is_failed()
    assert records(tmp_path) == []


def test_an_expired_state_is_not_used(kept: LocalResult, clock: FakeClock) -> None:
    counts = Counts(result=kept)
    for seconds, runs in ((0, 1), (3599, 1), (1, 2), (1, 2)):
        clock.sleep(seconds)
        run(counts)
        assert len(counts.runs) == runs


def test_what_has_expired_is_dropped(kept: LocalResult, clock: FakeClock, tmp_path: Path) -> None:
    counts = Counts(result=kept, cache_validator=of_ones_own)
    for number in range(3):
        run(counts, x=number)
    assert len(entries(tmp_path)) == 3
    clock.sleep(3601)
    run(counts, x=0)
    assert len(entries(tmp_path)) == 1


def test_a_new_state_replaces_that_of_the_same_inputs(kept: LocalResult, tmp_path: Path) -> None:
    counts = Counts(result=kept, cache_validator=lambda *anything: False)
    for number in (1, 2, 1):
        run(counts, x=number)
    assert len(counts.runs) == 3
    assert len(entries(tmp_path)) == 2


def test_there_is_an_end_to_what_a_record_holds(
    kept: LocalResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_records, "MOST", 3)
    counts = Counts(result=kept, cache_validator=of_ones_own)
    for number in range(5):
        run(counts, x=number)
    assert len(entries(tmp_path)) == 3
    counts.runs.clear()
    for number in (4, 3, 2, 1):
        run(counts, x=number)
    assert counts.runs == [(1, None)]


def test_the_children_of_a_map_are_spread_over_records(kept: LocalResult, tmp_path: Path) -> None:
    counts = Counts(result=kept, cache_validator=all_inputs)
    for number in range(100):
        run(counts, x=number)
    assert len(records(tmp_path)) > 80
    assert len(entries(tmp_path)) == 100


# ---------------------------------------------------------------------- values that are gone


@pytest.mark.parametrize("serializer", [PickleSerializer(), JSONSerializer()])
def test_a_value_that_another_run_overwrote_is_not_taken(tmp_path: Path, serializer: Any) -> None:
    result = LocalResult(dir=tmp_path, location="{task_name}.kept", serializer=serializer)
    counts = Counts(result=result, cache_validator=all_inputs)
    assert [run(counts, x=number).result for number in (1, 1, 2, 1, 1)] == [[1], [1], [2], [1], [1]]
    assert [x for x, _ in counts.runs] == [1, 2, 1]


def test_a_value_that_is_gone_is_computed_again(kept: LocalResult, caplog: pytest.LogCaptureFixture) -> None:
    counts = Counts(result=kept)
    Path(kept._path(str(run(counts, x=1)._result.location))).unlink()
    assert run(counts, x=2).result == [2]
    (warning,) = warnings_of(caplog)
    assert "FileNotFoundError" in warning
    assert run(counts, x=3).result == [2]


def test_a_value_that_a_handler_replaced_stays_in_this_process(kept: LocalResult, tmp_path: Path) -> None:
    def replace(counts: Any, old: State, new: State) -> State | None:
        return Success(result="other") if type(new) is Success and new.result != "other" else None

    assert run(Counts(result=kept, state_handlers=[replace])).result == "other"
    assert records(tmp_path) == []


# ---------------------------------------------------------------------- places of other kinds


class Shelf(Result):
    """Keep values in memory, without a serializer; a user's own kind of result."""

    kept: ClassVar[dict[str, bytes]] = {}

    def exists(self, location: str, **kwargs: Any) -> bool:
        return location.format(**kwargs) in self.kept

    def read(self, location: str) -> Result:
        new = self.copy()
        new.location, new.value = location, pickle.loads(self.kept[location])
        return new

    def write(self, value_: Any, **kwargs: Any) -> Result:
        new = self.format(**kwargs)
        assert new.location is not None
        new.value = value_
        self.kept[new.location] = pickle.dumps(value_)
        return new


@pytest.fixture(autouse=True)
def empty_shelf() -> None:
    Shelf.kept.clear()


@pytest.mark.parametrize("location", [None, "always the same"])
def test_a_result_of_the_users_own(location: str | None) -> None:
    counts = Counts(result=Shelf(location=location), cache_validator=all_inputs)
    assert [run(counts, x=number).result for number in (1, 1, 2, 1)] == [[1], [1], [2], [1]]
    assert [x for x, _ in counts.runs] == ([1, 2] if location is None else [1, 2, 1])


class Slotted:
    """A serializer that nobody can watch."""

    __slots__ = ()

    def serialize(self, value: Any) -> bytes:
        return pickle.dumps(value)

    def deserialize(self, value: bytes) -> Any:
        return pickle.loads(value)


class Unique(PickleSerializer):
    """A serializer that can't be copied."""

    def __copy__(self) -> Any:
        raise ValueError("there is but one")


SERIALIZERS = [JSONSerializer(), CompressedSerializer(PickleSerializer(), "gzip"), Slotted(), Unique()]


@pytest.mark.parametrize("serializer", SERIALIZERS, ids=lambda serializer: type(serializer).__name__)
def test_a_serializer_of_the_tasks_own(tmp_path: Path, serializer: Any) -> None:
    counts = Counts(result=LocalResult(dir=tmp_path, serializer=serializer), cache_validator=all_inputs)
    states = [run(counts, x={"a": [1, 2.5]}) for _ in range(2)]
    assert [state.result for state in states] == [[{"a": [1, 2.5]}]] * 2
    assert len(counts.runs) == 1
    assert all(state._result.serializer is serializer for state in states)


def test_arguments_may_be_called_like_those_of_the_writer(kept: LocalResult) -> None:
    class Odd(Task):
        def run(self, value: int, result: int, names: int, self_: int) -> int:
            return value + result + names + self_

    odd = Odd(cache_for=HOUR, result=kept)
    assert run(odd, value=1, result=2, names=3, self_=4).result == 10


def test_a_result_handler_keeps_values_only(caplog: pytest.LogCaptureFixture) -> None:
    class Remembers(ResultHandler):
        written: ClassVar[list[Any]] = []

        def read(self, location: str) -> Any:
            return self.written[int(location)]

        def write(self, result: Any) -> str:
            self.written.append(result)
            return str(len(self.written) - 1)

    counts = Counts(result_handler=Remembers())
    assert [run(counts, x=x).result for x in (1, 2)] == [[1], [2]]
    assert Remembers.written == [[1], [2]]
    assert warnings_of(caplog) == []


def test_a_result_that_can_only_write_is_no_trouble(caplog: pytest.LogCaptureFixture) -> None:
    class WritesOnly(Result):
        written: ClassVar[list[Any]] = []

        def write(self, value_: Any, **kwargs: Any) -> Result:
            self.written.append(value_)
            return self.format(**kwargs)

    assert run(Counts(result=WritesOnly()), x=1).is_successful()
    assert WritesOnly.written == [[1]]
    assert warnings_of(caplog) == []


# ---------------------------------------------------------------------- what goes wrong

UNPICKLABLE: dict[str, Callable[[], Any]] = {
    "generator": lambda: (n for n in range(3)),
    "function": lambda: lambda: 1,
    "in a list": lambda: [lambda: 1],
}


@pytest.mark.parametrize("validator", [all_inputs, lambda *anything: True], ids=["all_inputs", "of one's own"])
@pytest.mark.parametrize("kind", UNPICKLABLE)
def test_inputs_that_can_not_be_pickled(
    kind: str, validator: Any, kept: LocalResult, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Ignores(Counts):
        def run(self, x: Any) -> int:
            return 1

    caches: dict[str, Any] = {}
    ignores, x = Ignores(result=kept, cache_validator=validator), UNPICKLABLE[kind]()
    state = run(ignores, caches=caches, x=x)
    assert (type(state), state.result) == (Cached, 1)
    assert records(tmp_path) == []
    (warning,) = warnings_of(caplog)
    assert warning.startswith("Task 'counts': its cached state can't be kept for other processes: ")
    # Python 3.13 says only that it can't get the local object.
    assert "pickle" in warning or "local object" in warning
    assert len(caches["counts"]) == 1


def test_an_input_that_holds_itself(kept: LocalResult, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert run(Counts(result=kept, cache_validator=all_inputs), x=endless).is_successful()
    assert records(tmp_path) == []
    assert len(warnings_of(caplog)) == 1


def test_inputs_that_nobody_compares_need_not_be_pickled(kept: LocalResult, caplog: pytest.LogCaptureFixture) -> None:
    counts = Counts(result=kept, cache_validator=partial_inputs_only(["x"]))
    assert [run(counts, x=1, y=lambda: 1).result for _ in range(2)] == [[1]] * 2
    assert len(counts.runs) == 1
    assert warnings_of(caplog) == []


def test_a_validator_that_raises_makes_a_miss(kept: LocalResult, caplog: pytest.LogCaptureFixture) -> None:
    """In memory it fails the task, as in Prefect; there, a first run in a process never asks it."""

    def broken(state: Cached, inputs: Any, parameters: Any) -> bool:
        raise ValueError("broken")

    counts = Counts(result=kept, cache_validator=broken)
    for _ in range(2):
        assert run(counts, x=1).result == [1]
    (warning,) = warnings_of(caplog)
    assert "broken" in warning
    assert "/counts-" in warning


NO_RECORDS: dict[str, Any] = {"number": 5, "text": "text", "entry": [(1, 2, 3, 4)], "length": [(1, 2)], "none": None}


@pytest.mark.parametrize("content", NO_RECORDS.values(), ids=NO_RECORDS)
def test_a_pickle_of_something_else_is_no_record(
    content: Any, kept: LocalResult, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = Counts(result=kept)
    run(counts, x=1)
    (record,) = records(tmp_path)
    record.write_bytes(pickle.dumps(content))
    assert run(counts, x=2).result == [2]
    (warning,) = warnings_of(caplog)
    assert str(record.relative_to(tmp_path)) in warning
    assert run(counts, x=3).result == [2]
