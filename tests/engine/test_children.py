"""The children of a mapped task: values that are told, and states that are made when somebody asks for them."""

import copy
import pickle
from typing import Any

import pytest

from miniprefect.engine.children import TOLD, Children, children_of, each_child, each_kind_of_child
from miniprefect.engine.result.base import Result
from miniprefect.engine.state import Cached, Failed, Mapped, Pending, Success


def told(*values: Any, tags: Any = ()) -> Children:
    children = Children([None] * len(values), tags)
    children.tell(range(len(values)), list(values))
    return children


def mapped(children: Children) -> Mapped:
    state = Mapped(result=[1])
    state._children = children
    return state


def test_a_state_is_made_once() -> None:
    children = told(5, 6, tags={"a"})
    assert children.states == [TOLD, TOLD]
    state = children[1]
    assert (type(state), state.message, state.result) == (Success, "Task run succeeded.", 6)
    assert state.context == {"tags": ["a"]}
    assert children[1] is state
    assert children.states[0] is TOLD
    assert children.shown()[1] is state
    assert [child.result for child in children.shown()] == [5, 6]


def test_the_tags_are_those_of_the_run() -> None:
    tags = {"before"}
    children = told(5, tags=tags)
    tags.clear()
    assert children[0].context == {"tags": ["before"]}


def test_values_are_told_in_any_order_beside_states() -> None:
    children = Children([None] * 5)
    children.states[3] = Cached(result="d")
    children.tell([4, 0], ["e", "a"])
    assert children.values(range(3, 5)) == ["d", "e"]
    assert children.values([0, 4]) == ["a", "e"]
    assert children.values(range(5)) is None
    assert children[1] is None
    children.states[1] = children.states[2] = Failed(result="no")
    assert children.results() == ["a", "no", "no", "d", "e"]


def test_there_are_no_values_while_one_is_elsewhere() -> None:
    children = told(1, 2)
    children.states[0] = Success(result=Result(7))
    assert children.values([0]) is None
    assert children.values([1]) == [2]
    assert children.results() == [7, 2]


def test_a_list_that_was_read_in_the_middle_is_filled_on() -> None:
    children = Children([None] * 3)
    children.tell(range(1), ["a"])
    states = mapped(children).map_states
    children.tell(range(1, 3), ["b", "c"])
    assert [state.result for state in states] == ["a", "b", "c"]
    assert children.results() == ["a", "b", "c"]


def test_the_states_of_a_map_are_the_same_at_each_reading() -> None:
    state = mapped(told(1, 2))
    assert state.n_map_states == 2
    first = children_of(state)[0]
    assert state.map_states[0] is first
    assert state.map_states is state.map_states


def test_states_that_are_set_replace_those_that_were_told() -> None:
    state = mapped(told(1, 2))
    state.map_states = [Failed()]
    assert (state.n_map_states, len(children_of(state))) == (1, 1)


def test_as_many_values_are_told_as_there_are_children() -> None:
    children = Children([None] * 3)
    with pytest.raises(ValueError, match="2 children, but 1 values"):
        children.tell(range(1, 3), [1])
    assert children.states == [None] * 3


def test_a_kind_of_map_may_have_particulars_of_its_own() -> None:
    class Own(Mapped):
        __slots__ = ("mine",)

    one, other = Own(map_states=[Success()]), Own(map_states=[Success()])
    one.mine = other.mine = 1
    assert one == other
    other.mine = 2
    assert one != other


def test_a_map_compares_and_travels_as_if_its_states_had_been_made() -> None:
    made = Mapped(result=[1], map_states=[Success(result=1), Success(result=2)])
    assert mapped(told(1, 2)) == made
    assert mapped(told(1, 3)) != made
    for state in (pickle.loads(pickle.dumps(mapped(told(1, 2)))), copy.deepcopy(mapped(told(1, 2)))):
        assert (state, [child.result for child in state.map_states]) == (made, [1, 2])


def test_one_state_speaks_for_children_that_were_told() -> None:
    plain, odd, no = mapped(told(1, 2, 3)), mapped(told(1, 2)), Mapped()
    children_of(odd).states[1] = Failed()
    pending = Pending()
    assert [*map(type, each_kind_of_child([plain, pending, odd, no]))] == [Success, Pending, Success, Failed]
    assert [*map(type, each_child([plain, pending, odd, no]))] == [*[Success] * 3, Pending, Success, Failed]
