"""States: constructors, predicates, results, equality, copies."""

import copy
import datetime
import inspect
import pickle
from typing import Any

import pytest

from miniprefect import Flow, context, task
from miniprefect.engine import state as states
from miniprefect.engine.result import NoResult, Result
from miniprefect.engine.state import (
    Cached,
    Cancelled,
    Failed,
    Finished,
    Looped,
    Mapped,
    Paused,
    Pending,
    Queued,
    Resume,
    Retrying,
    Running,
    Scheduled,
    Skipped,
    State,
    Submitted,
    Success,
    TimedOut,
    TriggerFailed,
)
from miniprefect.utilities.clock import use_clock
from tests.engine.helpers import FUTURE, NOON, PAST, FakeClock

PLAIN = ("message", "result", "context", "cached_inputs")
INPUTS_FIRST = ("message", "result", "cached_inputs", "context")
TIMED = ("message", "result", "start_time", "cached_inputs", "context")
META = ("message", "result", "state", "context", "cached_inputs")

# name: (bases below State and its own class, colour, constructor arguments, predicates that hold)
CLASSES: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "State": ("", "#696969", PLAIN, ""),
    "Pending": ("State", "#7ebdff", INPUTS_FIRST, "pending"),
    "Scheduled": ("Pending State", "#ffab00", TIMED, "pending scheduled"),
    "Paused": ("Scheduled Pending State", "#99a8e8", TIMED, "pending scheduled"),
    "Resume": ("Scheduled Pending State", "#f58c0c", TIMED, "pending scheduled"),
    "Retrying": (
        "Scheduled Pending State",
        "#f66a0a",
        (*TIMED, "run_count"),
        "pending retrying scheduled",
    ),
    "ClientFailed": ("State", "#eb0000", META, "meta_state"),
    "Submitted": ("State", "#ffdf5d", META, "meta_state submitted"),
    "Queued": (
        "State",
        "#ffea7f",
        ("message", "result", "state", "start_time", "context", "cached_inputs"),
        "meta_state queued scheduled",
    ),
    "Running": ("State", "#3d67ff", PLAIN, "running"),
    "Cancelling": ("Running State", "#E8E8E8", PLAIN, "running"),
    "Finished": ("State", "#003ccb", PLAIN, "finished"),
    "Looped": (
        "Finished State",
        "#003ccb",
        ("message", "result", "loop_count", "context", "cached_inputs"),
        "finished looped",
    ),
    "Success": ("Finished State", "#28a745", PLAIN, "finished successful"),
    "Cached": (
        "Success Finished State",
        "#34d058",
        (
            "message",
            "result",
            "cached_inputs",
            "cached_parameters",
            "cached_result_expiration",
            "context",
            "hashed_inputs",
        ),
        "cached finished successful",
    ),
    "Mapped": (
        "Success Finished State",
        "#003ccb",
        ("message", "result", "map_states", "context", "cached_inputs", "n_map_states"),
        "finished mapped successful",
    ),
    "Skipped": ("Success Finished State", "#62757f", PLAIN, "finished skipped successful"),
    "Cancelled": ("Finished State", "#bdbdbd", PLAIN, "finished"),
    "Failed": ("Finished State", "#eb0000", INPUTS_FIRST, "failed finished"),
    "TimedOut": ("Failed Finished State", "#ff4e33", INPUTS_FIRST, "failed finished"),
    "TriggerFailed": ("Failed Finished State", "#ff5131", INPUTS_FIRST, "failed finished"),
    "ValidationFailed": ("Failed Finished State", "#ff5131", INPUTS_FIRST, "failed finished"),
}
PREDICATES = (
    *("cached", "failed", "finished", "looped", "mapped", "meta_state", "pending", "queued"),
    *("retrying", "running", "scheduled", "skipped", "submitted", "successful"),
)
every_class = pytest.mark.parametrize("name", CLASSES)


def class_of(name: str) -> type[State]:
    return getattr(states, name)  # type: ignore[no-any-return]


def test_the_table_names_every_class() -> None:
    assert set(State.children(include_self=True, names_only=True)) >= set(CLASSES)


@every_class
def test_the_parents_are_listed_from_the_nearest_to_state(name: str) -> None:
    assert class_of(name).parents(names_only=True) == CLASSES[name][0].split()


@every_class
def test_every_class_has_its_colour(name: str) -> None:
    assert class_of(name).color == CLASSES[name][1]
    assert class_of(name)().color == CLASSES[name][1]


@every_class
def test_the_constructor_takes_its_arguments_in_prefects_order(name: str) -> None:
    parameters = list(inspect.signature(class_of(name).__init__).parameters)[1:]
    assert tuple(parameters) == CLASSES[name][2]


@every_class
def test_the_arguments_given_by_position_arrive(name: str) -> None:
    values: dict[str, Any] = {
        "message": "m",
        "result": 1,
        "context": {"a": 1},
        "cached_inputs": {"x": Result(1)},
        "start_time": FUTURE,
        "run_count": 3,
        "state": Pending(),
        "loop_count": 4,
        "cached_parameters": {"p": 1},
        "cached_result_expiration": FUTURE,
        "hashed_inputs": {"x": "abc"},
        "map_states": [Success()],
        "n_map_states": 1,
    }
    order = CLASSES[name][2]
    state = class_of(name)(*[values[argument] for argument in order])
    assert {argument: getattr(state, argument) for argument in order} == {a: values[a] for a in order}


@every_class
@pytest.mark.parametrize("predicate", PREDICATES)
def test_a_predicate_holds_for_its_classes_only(name: str, predicate: str) -> None:
    assert getattr(class_of(name)(), f"is_{predicate}")() is (predicate in CLASSES[name][3].split())


@every_class
def test_without_arguments_a_state_is_empty(name: str) -> None:
    state = class_of(name)()
    assert (state.message, state.result, state.context, state.cached_inputs) == (None, None, {}, {})


@every_class
def test_the_repr_shows_class_and_message(name: str) -> None:
    cls = class_of(name)
    assert repr(cls()) == f"<{name}>"
    assert repr(cls("a message")) == str(cls("a message")) == f'<{name}: "a message">'


@every_class
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state))])
def test_a_copy_is_equal_and_keeps_everything(name: str, again: Any) -> None:
    state = class_of(name)("m", result=[3], context={"a": 1}, cached_inputs={"x": Result(2)})
    new = again(state)
    assert new == state
    assert new is not state
    assert (new.message, new.result, new.context) == ("m", [3], {"a": 1})
    assert new.cached_inputs["x"].value == 2


@pytest.mark.parametrize("again", [copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state))])
def test_a_deep_copy_keeps_what_only_its_class_has(again: Any) -> None:
    assert again(Retrying(start_time=FUTURE, run_count=3)).start_time == FUTURE
    assert again(Retrying(run_count=3)).run_count == 3
    assert again(Looped(loop_count=7)).loop_count == 7
    assert again(Queued(state=Failed("inner"))).state.message == "inner"
    assert again(Cached(cached_parameters={"p": 1}, hashed_inputs={"x": "h"})).hashed_inputs == {"x": "h"}
    assert [child.result for child in again(Mapped(map_states=[Success(result=1)])).map_states] == [1]


def test_a_deep_copy_shares_nothing_mutable() -> None:
    state = Mapped(result=[[1]], map_states=[Success(result=[1])], context={"a": [1]})
    new = copy.deepcopy(state)
    new.map_states[0].result.append(2)
    new.context["a"].append(2)
    assert (state.map_states[0].result, state.context) == ([1], {"a": [1]})


def test_a_copy_of_a_deeply_nested_state_keeps_its_tags() -> None:
    with context(task_tags={"red"}):
        state = Success()
    assert pickle.loads(pickle.dumps(state)).context == {"tags": ["red"]}


# ---------------------------------------------------------------------- the family


@pytest.mark.parametrize(
    ("parent", "children"),
    [
        (Success, {"Cached", "Mapped", "Skipped"}),
        (Failed, {"TimedOut", "TriggerFailed", "ValidationFailed"}),
        (Scheduled, {"Paused", "Resume", "Retrying"}),
        (Running, {"Cancelling"}),
        (Mapped, set()),
    ],
)
def test_children_are_the_classes_below(parent: type[State], children: set[str]) -> None:
    assert set(parent.children(names_only=True)) == children
    assert {cls.__name__ for cls in parent.children()} == children


def test_children_and_parents_name_the_class_itself_on_demand_only() -> None:
    assert Success not in Success.children()
    assert Success in Success.children(include_self=True)
    assert Success not in Success.parents()
    assert set(Success.parents(include_self=True)) == {Success, Finished, State}


def test_private_classes_are_not_listed() -> None:
    assert not [name for name in State.children(names_only=True) if name.startswith("_")]


def test_a_class_of_ones_own_belongs_to_the_family() -> None:
    class Perfect(Success):
        color = "#ffffff"

    assert Perfect in Success.children()
    assert Perfect().is_successful()
    assert repr(Perfect("!")) == '<Perfect: "!">'


# ---------------------------------------------------------------------- results and messages


@pytest.mark.parametrize("value", [0, "", [], False, {}, 0.0])
def test_a_falsy_result_survives(value: Any) -> None:
    assert Success(result=value).result == value
    assert type(Success(result=value).result) is type(value)


def test_of_a_result_object_the_value_shows() -> None:
    assert Success(result=Result(5)).result == 5
    assert Success(result=NoResult).result is None


def test_the_result_object_behind_a_value_can_be_had() -> None:
    assert Success(result=5)._result == Result(5)
    kept = Result(5, location="here")
    assert Success(result=kept)._result is kept
    assert Success()._result is NoResult


def test_a_result_can_be_set() -> None:
    state = Success(result=1)
    state.result = Result(2)
    assert state.result == 2


def test_the_first_argument_is_the_message() -> None:
    assert State("text").message == "text"
    error = ValueError("why")
    assert Failed(error).message is error
    assert repr(Failed(error)) == '<Failed: "why">'
    assert repr(Success("")) == '<Success: "">'


def test_unknown_and_surplus_arguments_are_type_errors() -> None:
    with pytest.raises(TypeError, match="foo"):
        Success(foo=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional"):
        State(1, 2, {}, {}, 5)  # type: ignore[call-arg]


class Kept(Result):
    """A result that finds its location as the value, wherever that is."""

    def read(self, location: str) -> Result:
        return Kept(value=f"read from {location}", location=location)


def test_load_result_reads_what_is_only_located() -> None:
    state = Success(result=Kept(location="there"))
    assert state.result is None
    assert state.load_result() is state
    assert state.result == "read from there"


def test_load_result_reads_by_the_result_given() -> None:
    state = Success(result=Result(location="there"))
    assert state.load_result(Kept()).result == "read from there"


def test_load_result_leaves_a_known_value_alone() -> None:
    assert Success(result=Kept(7, location="there")).load_result().result == 7
    assert Success().load_result().result is None


def test_load_cached_results_reads_each_input() -> None:
    state = Failed(cached_inputs={"x": Result(location="a"), "y": Result(5)})
    state.load_cached_results({"x": Kept()})
    assert {name: result.value for name, result in state.cached_inputs.items()} == {
        "x": "read from a",
        "y": 5,
    }


# ---------------------------------------------------------------------- equality


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (Success("a", result=1), Success("b", result=1), True),
        (Success(context={"a": 1}), Success(), True),
        (Success(result=1), Success(result=2), False),
        (Success(), Finished(), False),
        (Success(), 1, False),
        (Success(cached_inputs={"x": Result(1)}), Success(), False),
        (Success(cached_inputs={"x": Result(1)}), Success(cached_inputs={"x": Result(1)}), True),
        (Success(result=Result(1)), Success(result=1), True),
        (Mapped(), Mapped(), True),
        (Submitted(state=Running()), Submitted(state=Running()), True),
        (Success(result={"a": Failed(result=1)}), Success(result={"a": Failed(result=1)}), True),
        (Success(result={"a": Failed(result=1)}), Success(result={"a": Failed(result=2)}), False),
    ],
)
def test_equality_is_a_matter_of_class_result_and_inputs(one: Any, other: Any, equal: bool) -> None:
    assert (one == other) is equal
    assert (one != other) is not equal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Scheduled(start_time=PAST), Scheduled(start_time=FUTURE)),
        (Retrying(start_time=PAST, run_count=1), Retrying(start_time=PAST, run_count=2)),
        (Cached(hashed_inputs={"x": "a"}), Cached()),
        (Looped(loop_count=1), Looped(loop_count=2)),
        (Mapped(map_states=[Success()]), Mapped(map_states=[Failed()])),
        (Submitted(state=Running()), Submitted(state=Pending())),
        (Cached(cached_parameters={"a": 1}), Cached()),
        (Cached(cached_result_expiration=PAST), Cached()),
    ],
)
def test_states_that_differ_in_what_their_class_adds_are_not_equal(one: State, other: State) -> None:
    assert one != other


@every_class
def test_every_state_can_be_hashed(name: str) -> None:
    state = class_of(name)(result=[1, {}])
    assert {state: 1}[state] == 1


# ---------------------------------------------------------------------- times


def test_only_scheduled_and_queued_states_have_a_start_time() -> None:
    timed = [name for name in CLASSES if hasattr(class_of(name)(), "start_time")]
    assert timed == ["Scheduled", "Paused", "Resume", "Retrying", "Queued"]


@pytest.mark.parametrize("cls", [Scheduled, Resume, Retrying, Queued])
def test_the_start_time_is_now_unless_given(cls: type[Any]) -> None:
    with use_clock(FakeClock()):
        assert cls().start_time == NOON


def test_a_paused_state_has_no_start_time_unless_given() -> None:
    assert Paused().start_time is None
    assert Paused(start_time=FUTURE).start_time == FUTURE


@pytest.mark.parametrize("cls", [Scheduled, Paused, Resume, Retrying])
def test_a_naive_start_time_is_utc(cls: type[Any]) -> None:
    naive = datetime.datetime(2020, 1, 1)
    assert cls(start_time=naive).start_time == naive.replace(tzinfo=datetime.UTC)


def test_a_naive_expiration_is_utc() -> None:
    naive = datetime.datetime(2020, 1, 1)
    assert Cached(cached_result_expiration=naive).cached_result_expiration == naive.replace(tzinfo=datetime.UTC)


# ---------------------------------------------------------------------- what the context adds


@every_class
def test_a_state_carries_the_tags_of_its_task(name: str) -> None:
    with context(task_tags={"red"}):
        state = class_of(name)()
    assert state.context["tags"] == ["red"]


def test_tags_of_ones_own_win() -> None:
    with context(task_tags={"red"}):
        assert Success(context={"tags": ["blue"]}).context == {"tags": ["blue"]}
        assert Success(context={"a": 1}).context == {"a": 1, "tags": ["red"]}


def test_the_given_context_is_not_changed() -> None:
    given = {"a": 1}
    with context(task_tags={"red"}):
        assert Success(context=given).context["tags"] == ["red"]
    assert given == {"a": 1}


@every_class
def test_only_scheduled_states_take_the_run_count_into_their_context(name: str) -> None:
    with context(task_run_count=7):
        state = class_of(name)()
    expected = {"task_run_count": 7} if isinstance(state, Scheduled) else {}
    assert state.context == expected


def test_the_run_count_of_a_retry_follows_the_context() -> None:
    assert Retrying().run_count == 1
    with context(task_run_count=7):
        assert Retrying().run_count == 7
        assert Retrying(run_count=2).run_count == 2


def test_the_loop_count_follows_the_context() -> None:
    assert Looped().loop_count == 1
    with context(task_loop_count=3):
        assert Looped().loop_count == 3
        assert Looped(loop_count=9).loop_count == 9


def test_a_mapped_state_counts_its_children() -> None:
    assert (Mapped().map_states, Mapped().n_map_states) == ([], 0)
    assert Mapped(map_states=[Success(), Failed()]).n_map_states == 2
    assert (Mapped(n_map_states=3).map_states, Mapped(n_map_states=3).n_map_states) == ([], 3)


def test_meta_states_hold_the_state_that_they_are_about() -> None:
    inner = Running()
    assert Submitted(state=inner).state is inner
    assert Submitted().state is None


@pytest.mark.parametrize("cls", [TimedOut, TriggerFailed])
def test_kinds_of_failure_are_failures(cls: type[State]) -> None:
    assert isinstance(cls(), Failed)


@pytest.mark.parametrize("cls", [Looped, Cancelled])
def test_loops_and_cancellations_are_neither_success_nor_failure(cls: type[State]) -> None:
    assert not isinstance(cls(), Success | Failed)


def test_states_with_defaults_do_not_share_them() -> None:
    Success().context["a"] = 1
    Success().cached_inputs["x"] = Result(1)
    Mapped().map_states.append(1)
    assert (Success().context, Success().cached_inputs, Mapped().map_states) == ({}, {}, [])


def test_skipped_and_resume_are_what_their_parents_are() -> None:
    assert isinstance(Skipped(), Success)
    assert isinstance(Resume(), Scheduled)


def test_a_state_takes_an_attribute_of_ones_own_and_keeps_it() -> None:
    state: Any = Success("m", result=1)
    state.note = "mine"
    assert pickle.loads(pickle.dumps(state)).note == copy.deepcopy(state).note == "mine"


def test_the_tags_of_a_state_are_those_of_its_run() -> None:
    @task(tags=["a"])
    def one() -> int:
        return 1

    @task(tags=["a"])
    def bad() -> None:
        raise ValueError

    with Flow("flow") as flow:
        good, failed = one(), bad()
    states = flow.run().result
    for node in (good, failed):
        node.tags.add("later")
    assert [states[node].context for node in (good, failed)] == [{"tags": ["a"]}] * 2
