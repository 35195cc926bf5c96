"""Mapping: from the upstream states of a mapped task to those of its children, and maps in flows."""

import datetime
from typing import Any

import pytest

from miniprefect import Flow, Parameter, Task, context, flatten, task, unmapped
from miniprefect.core.edge import Edge
from miniprefect.engine import FlowRunner
from miniprefect.engine.mapping import Inputs, element, elements
from miniprefect.engine.signals import FAIL, SKIP, TRIGGERFAIL
from miniprefect.engine.state import Cached, Failed, Mapped, Pending, Retrying, Skipped, State, Success, TriggerFailed
from miniprefect.executors import LocalExecutor, ThreadExecutor
from miniprefect.triggers import all_finished
from tests.engine.helpers import FUTURE, Handler, Returns
from tests.ids import without_address


@task
def same(x: Any) -> Any:
    return x


@task
def add(x: Any, y: Any = 10) -> Any:
    return x + y


@task
def not_two(x: Any) -> Any:
    if x == 2:
        raise ValueError("two")
    return x


@task
def skip_two(x: Any) -> Any:
    if x == 2:
        raise SKIP("two")
    return x


class Index(Task):
    def run(self) -> Any:
        return context.map_index


def mapped_edge(key: str = "x") -> Edge:
    return Edge(Task(), Task(), key=key, mapped=True)


def ran(build: Any, **run_args: Any) -> State:
    """Run the flow that `build` makes a task of; return the state of that task."""
    with Flow("flow") as flow:
        last = build()
    return flow.run(**run_args).result[last]  # type: ignore[no-any-return]


def result(build: Any) -> Any:
    return ran(build).result


# ---------------------------------------------------------------------- the pieces


def test_a_result_is_taken_apart_by_its_elements() -> None:
    assert list(elements(Success("m", result=[1, 2])) or ()) == [1, 2]


def test_a_mapped_state_is_taken_apart_into_its_children() -> None:
    states = [Success(result=1), Failed(result=2)]
    assert all(a is b for a, b in zip(elements(Mapped(map_states=states)), states, strict=True))


def test_an_element_has_everything_of_its_state_but_the_result() -> None:
    state = Retrying("m", result=[1, 2], start_time=FUTURE, run_count=4, context={"a": 1})
    one: Any = element(state, 1)
    assert (type(one), one.message, one.result, one.start_time, one.run_count, one.context) == (
        *(Retrying, "m", 1, FUTURE, 4),
        {"a": 1},
    )
    assert state.result == [1, 2]


def test_the_shortest_input_decides_how_many_children_there_are() -> None:
    long, short = mapped_edge("x"), mapped_edge("y")
    states = {long: Success(result=[1, 2, 3]), short: Success(result="ab")}
    inputs = Inputs(states)
    found = [{edge.key: state.result for edge, state in inputs.of(index).items()} for index in range(inputs.size)]
    assert found == [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}]


def test_an_unmapped_input_is_the_same_for_all_children() -> None:
    whole = Success(result=[9])
    states = {mapped_edge(): Success(result=[1, 2]), Edge(Task(), Task(), key="y"): whole}
    inputs = Inputs(states)
    assert [whole in inputs.of(index).values() for index in range(inputs.size)] == [True, True]


def test_inputs_are_plain_when_all_upstream_states_are_plain_successes() -> None:
    whole, nothing = Edge(Task(), Task(), key="y"), Edge(Task(), Task())
    states = {mapped_edge(): Success(result=[1, 2]), whole: Success(result=3), nothing: Success(result=4)}
    assert Inputs(states).plain() == ([("x", [1, 2])], {"y": 3})
    children = Mapped(map_states=[Success(result=5), Cached(result=6)])
    assert Inputs({mapped_edge(): children}).plain() == ([("x", [5, 6])], {})


@pytest.mark.parametrize(
    "odd",
    [
        {mapped_edge(): Mapped(map_states=[Success(result=5), Failed(result=6)])},
        {mapped_edge(): Success(result=[1]), mapped_edge("y"): Failed()},
        {mapped_edge(): Success(result=[1]), Edge(Task(), Task()): Skipped()},
        {mapped_edge(): Success(result=[1]), Edge(Task(), Task(), key="y"): Mapped(map_states=[Success()])},
    ],
    ids=["failed child", "failed input", "skipped input", "whole map"],
)
def test_inputs_are_not_plain_when_any_upstream_state_is_another(odd: dict[Edge, State]) -> None:
    assert Inputs(odd).plain() is None


# ---------------------------------------------------------------------- maps in flows


def test_a_map_has_a_state_and_a_result_for_every_child() -> None:
    state: Any = ran(lambda: same.map([1, 2, 3]))
    assert (type(state), state.message) == (Mapped, "Ready to proceed with mapping.")
    assert state.result == [1, 2, 3]
    assert [child.result for child in state.map_states] == [1, 2, 3]
    assert state.n_map_states == 3


@pytest.mark.parametrize("values", [[1, 2], (1, 2), range(1, 3), "ab"], ids=repr)
def test_any_sequence_can_be_mapped_over(values: Any) -> None:
    assert result(lambda: same.map(values)) == list(values)
    assert result(lambda: same.map(same(values))) == list(values)


def test_several_inputs_stop_with_the_shortest() -> None:
    assert result(lambda: add.map([1, 2, 3], [1, 2])) == [2, 4]


def test_a_default_stays_what_it_is() -> None:
    assert result(lambda: add.map([1, 2])) == [11, 12]


def test_an_unmapped_input_goes_to_every_child() -> None:
    assert result(lambda: add.map([1, 2], unmapped(5))) == [6, 7]
    assert result(lambda: add.map([[1], [2]], unmapped(same([5])))) == [[1, 5], [2, 5]]


def test_with_all_inputs_unmapped_it_is_an_ordinary_run() -> None:
    state = ran(lambda: same.map(unmapped([1])))
    assert (type(state), state.result) == (Success, [1])


def test_unmapped_around_a_mapped_task_reduces_it() -> None:
    assert result(lambda: add.map([[0]], unmapped(same.map([1, 2])))) == [[0, 1, 2]]


@pytest.mark.parametrize(
    "build",
    [
        lambda: same.map([]),
        lambda: same.map(same.map([])),
        lambda: Index().map(upstream_tasks=[[]]),
        lambda: same(same.map([])),
    ],
)
def test_a_map_over_nothing_is_empty(build: Any) -> None:
    assert result(build) == []


def test_maps_chain_and_reduce() -> None:
    assert result(lambda: add.map(add.map([1, 2]))) == [21, 22]
    assert result(lambda: same(add.map([1, 2]))) == [11, 12]


def test_a_map_over_upstream_tasks_passes_no_data() -> None:
    assert result(lambda: Index().map(upstream_tasks=[same.map([7, 8, 9])])) == [0, 1, 2]


def test_the_map_index_is_none_outside_maps() -> None:
    assert result(lambda: Index()()) is None


@pytest.mark.parametrize("value", [1, None, frozenset({1}), iter([1])], ids=without_address)
def test_an_input_that_can_not_be_indexed_fails_the_map(value: Any) -> None:
    state = ran(lambda: same.map(same(value)))
    assert (type(state), state.message) == (Failed, "At least one upstream state has an unmappable result.")


def test_an_input_that_has_failed_leaves_nothing_to_map_over() -> None:
    state = ran(lambda: same.map(not_two(2)))
    assert (type(state), state.message) == (Failed, "No upstream states can be mapped over.")


class Deceiving:
    """What looks like a sequence until it is read."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        raise ValueError("not really")


def test_an_input_that_fails_to_be_read_fails_the_map_and_not_the_run() -> None:
    with Flow("flow") as flow:
        bad = same.map(same(Deceiving()))
        good = same(5)
    final = flow.run()
    assert final.result[bad].is_failed()
    assert final.result[good].result == 5


# ---------------------------------------------------------------------- children that fail, skip, retry


def test_a_failed_child_has_its_exception_as_result_and_the_others_go_on() -> None:
    state: Any = ran(lambda: not_two.map([1, 2, 3]))
    assert [type(child) for child in state.map_states] == [Success, Failed, Success]
    assert isinstance(state.result[1], ValueError)
    assert state.result[::2] == [1, 3]


def test_a_failed_child_fails_the_flow() -> None:
    with Flow("flow") as flow:
        not_two.map([1, 2, 3])
    assert flow.run().is_failed()


def test_the_child_of_a_failed_child_is_trigger_failed() -> None:
    state: Any = ran(lambda: same.map(not_two.map([1, 2, 3])))
    assert [type(child) for child in state.map_states] == [Success, TriggerFailed, Success]
    assert isinstance(state.result[1], TRIGGERFAIL)


def test_a_reducing_task_is_trigger_failed_by_one_failed_child() -> None:
    assert type(ran(lambda: same(not_two.map([1, 2, 3])))) is TriggerFailed


def test_a_skipped_child_skips_its_own_children_only() -> None:
    state: Any = ran(lambda: skip_two.map([1, 2, 3]))
    assert isinstance(state.result[1], SKIP)
    state = ran(lambda: same.map(skip_two.map([1, 2, 3])))
    assert [type(child) for child in state.map_states] == [Success, Skipped, Success]
    assert state.result == [1, None, 3]


def test_a_reducing_task_is_skipped_by_one_skipped_child() -> None:
    assert type(ran(lambda: same(skip_two.map([1, 2, 3])))) is Skipped


def test_a_map_over_a_skipped_task_is_skipped_as_a_whole() -> None:
    assert type(ran(lambda: same.map(skip_two(2)))) is Skipped


def test_handlers_see_the_parent_change_once_and_every_child() -> None:
    handler = Handler()
    ran(lambda: same.map([1, 2], task_args={"state_handlers": [handler]}))
    assert handler.changes == ["Pending > Mapped"] + ["Pending > Running", "Running > Success"] * 2


def test_handlers_are_called_ten_times_for_three_children_of_which_one_retries() -> None:
    handler = Handler()

    @task(max_retries=1, retry_delay=datetime.timedelta(0), state_handlers=[handler])
    def flaky(x: int) -> int:
        if x == 1 and context.task_run_count == 1:
            raise ValueError("once")
        return x

    assert result(lambda: flaky.map([1, 2, 3])) == [1, 2, 3]
    assert len(handler.calls) == 10


def test_children_run_once_however_many_maps_follow() -> None:
    calls: list[Any] = []

    @task
    def note(x: Any) -> Any:
        calls.append(x)
        return x

    with Flow("flow") as flow:
        first = note.map([0, 1, 2, 3, 4])
        note.map(first)
        note.map(first)
    flow.run()
    assert len(calls) == 15


def test_a_map_over_a_parameter_follows_each_run() -> None:
    with Flow("flow") as flow:
        mapped = same.map(Parameter("xs"))
    assert flow.run(xs=[1, 2]).result[mapped].result == [1, 2]
    assert flow.run(xs=[3]).result[mapped].result == [3]


# ---------------------------------------------------------------------- earlier states


def rerun(state: State) -> tuple[State, list[Any]]:
    """Map over 1, 2, 3 with an earlier state; return the new one and the values that were run again."""
    runs: list[Any] = []

    @task
    def times_ten(x: int) -> int:
        runs.append(x)
        return 10 * x

    with Flow("flow") as flow:
        mapped = times_ten.map([1, 2, 3])
    final = FlowRunner(flow).run(task_states={mapped: state}, return_tasks=[mapped])
    return final.result[mapped], runs


def test_children_that_have_finished_are_not_run_again() -> None:
    kept, failed = Success(result="kept"), Failed("f")
    state, runs = rerun(Mapped(map_states=[None, kept, failed]))
    assert (state.result, runs) == ([10, "kept", None], [1])
    assert state.map_states[1] is kept  # type: ignore[attr-defined]
    assert state.map_states[2] is failed  # type: ignore[attr-defined]


def test_children_that_wait_are_not_run_yet() -> None:
    waiting = Retrying(start_time=FUTURE)
    state, runs = rerun(Mapped(map_states=[waiting, Pending(), None]))
    assert (state.result, runs) == ([None, 20, 30], [2, 3])
    assert state.map_states[0] is waiting  # type: ignore[attr-defined]


def test_children_of_which_only_the_number_is_known_are_made_again() -> None:
    state, runs = rerun(Mapped(n_map_states=3))
    assert (state.result, runs) == ([10, 20, 30], [1, 2, 3])


def test_a_finished_state_in_place_of_a_map_is_kept() -> None:
    kept = Success(result=[7, 8])
    assert rerun(kept) == (kept, [])


# ---------------------------------------------------------------------- flatten


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: same.map(flatten([[1, 2], [3]])), [1, 2, 3]),
        (lambda: same.map(flatten(same([[1, 2], [3]]))), [1, 2, 3]),
        (lambda: same.map(flatten(same.map([[1, 2], [3]]))), [1, 2, 3]),
        (lambda: same(flatten([[1, 2], [3]])), [1, 2, 3]),
        (lambda: same.map(flatten([[1, 2], 3])), [[1, 2], 3]),
        (lambda: add.map(flatten([[1], [2]]), unmapped(5)), [6, 7]),
    ],
    ids=["constants", "a task", "a map", "no map", "unnested", "with unmapped"],
)
def test_flatten_takes_off_one_level(build: Any, expected: Any) -> None:
    assert result(build) == expected


def test_a_run_of_a_map_never_changes_the_flow() -> None:
    original = Returns(1)
    with Flow("flow") as flow:
        original.map(upstream_tasks=[[1, 2]])
    before = (set(flow.tasks), set(flow.edges))
    flow.run()
    assert (set(flow.tasks), set(flow.edges)) == before


# ---------------------------------------------------------------------- inputs that change or fail


class Boasting(list[int]):
    """A list that says it is longer than it is."""

    def __len__(self) -> int:
        return 9


def test_a_child_may_change_the_list_that_it_is_mapped_over() -> None:
    @task
    def take(x: int, everything: list[int]) -> int:
        everything.remove(x)
        return x

    def build() -> Task:
        values = same([1, 2, 3, 4])
        return take.map(values, unmapped(values))

    assert result(build) == [1, 2, 3, 4]


def test_a_list_that_lies_about_its_length_has_the_elements_that_it_has() -> None:
    assert result(lambda: same.map(same(Boasting([1, 2])))) == [1, 2]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (ValueError("x"), [(1, None), (2, None), (3, None)]),
        (FAIL("x", result=[7, 8]), [(1, 7), (2, 8)]),
        (FAIL("x", result="ab"), [(1, "a"), (2, "b")]),
        (FAIL("x", result=5), [(1, None), (2, None), (3, None)]),
        (FAIL("x", result={"a": 1}), [(1, None), (2, None), (3, None)]),
    ],
    ids=repr,
)
def test_of_an_input_that_has_failed_children_get_the_elements_if_there_are_any(failure: Any, expected: Any) -> None:
    @task(trigger=all_finished)
    def both(x: Any, y: Any) -> Any:
        return (x, y)

    assert result(lambda: both.map(same([1, 2, 3]), Returns(failure)())) == expected


def test_a_map_over_flattened_children_waits_until_all_have_ended() -> None:
    """Else the children of the first run would stand in the places of others in the second."""

    @task(max_retries=1, retry_delay=datetime.timedelta(0))
    def twice(x: int) -> list[int]:
        if x == 1 and context.task_run_count == 1:
            raise ValueError("once")
        return [x, x]

    assert result(lambda: add.map(flatten(twice.map([1, 2])), unmapped(10))) == [11, 11, 12, 12]


def test_a_child_that_was_cached_is_put_to_its_validator() -> None:
    @task(cache_for=datetime.timedelta(hours=1))
    def times_ten(x: int) -> int:
        return 10 * x

    expired = Cached(result=99, cached_result_expiration=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    valid = Cached(result=98, cached_result_expiration=FUTURE)
    with Flow("flow") as flow:
        mapped = times_ten.map([1, 2])
    with context(caches={}):
        final = flow.run(task_states={mapped: Mapped(map_states=[expired, valid])})
    assert final.result[mapped].result == [10, 98]


class Unhashable(type):
    """Make classes that can't be members of a set."""

    def __eq__(cls, other: object) -> bool:
        return cls is other

    __hash__ = None  # type: ignore[assignment]


class Odd(metaclass=Unhashable):
    """An object of a class that can't be a member of a set."""


@pytest.mark.parametrize("executor", [LocalExecutor(), ThreadExecutor(2)], ids=repr)
def test_children_may_return_objects_whose_class_can_not_be_hashed(executor: Any) -> None:
    with Flow("flow") as flow:
        made = task(lambda x: Odd(), name="made").map([1, 2])
        seen = task(lambda odd: isinstance(odd, Odd), name="seen").map(made)
    state = flow.run(executor=executor)
    assert [isinstance(value, Odd) for value in state.result[made].result] == [True, True]
    assert state.result[seen].result == [True, True]


def test_a_state_of_a_childs_own_says_what_its_result_is() -> None:
    class Doubled(Success):
        @property
        def result(self) -> Any:
            return 2 * self._held

    def doubled(task: Any, old: State, new: State) -> State:
        return Doubled(result=new.result) if type(new) is Success else new

    with Flow("flow") as flow:
        mapped = task(lambda x: x, name="mapped", state_handlers=[doubled]).map([1, 2])
    assert flow.run().result[mapped].result == [2, 4]
