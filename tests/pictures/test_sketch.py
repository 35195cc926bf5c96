"""Boxes and arrows out of tasks, edges and states."""

import pytest

from miniprefect import Flow, Task, task, unmapped
from miniprefect.core import Edge
from miniprefect.engine.state import Failed, Mapped, Success
from miniprefect.pictures.sketch import CASE, DATA, MAP, ORDER, grouped, sketch_of_flow
from tests.pictures.helpers import HOSTILE, flow_with_everything


def by_name(sketch):
    return {box.name: box for box in sketch.boxes}


def arrows_of(sketch):
    name = [box.name for box in sketch.boxes]
    return {(name[a.source], name[a.target]): (a.kind, a.keys) for a in sketch.arrows}


def test_kinds_of_boxes_and_arrows():
    sketch = sketch_of_flow(flow_with_everything())
    boxes, arrows = by_name(sketch), arrows_of(sketch)
    assert boxes["count"].kind == "parameter"
    assert boxes["case(True)"].kind == boxes["case(False)"].kind == "condition"
    assert (boxes["inverse"].kind, boxes["inverse"].is_mapped) == ("task", True)
    assert not boxes["numbers"].is_mapped
    assert arrows["numbers", "inverse"] == (MAP, ["number"])
    assert arrows["count", "numbers"] == (DATA, ["count"])
    assert arrows["case(True)", "add up"] == (CASE, [])
    assert arrows["is_long", "gather"] == (ORDER, [])
    assert all(arrow.source < arrow.target for arrow in sketch.arrows)
    assert not sketch.has_states


def test_a_list_to_map_over_is_a_constant():
    with Flow("f") as flow:
        task(lambda x: x, name="t").map([1, 2])
    assert [box.kind for box in sketch_of_flow(flow).boxes] == ["constant", "task"]


def test_states_are_counted():
    flow = flow_with_everything()
    sketch = sketch_of_flow(flow, flow.run())
    boxes = by_name(sketch)
    assert boxes["inverse"].states == {"Success": 3, "Failed": 1}
    assert boxes["inverse"].note == "3 Success, 1 Failed"
    assert (boxes["inverse"].runs, boxes["inverse"].failed) == (4, 1)
    assert boxes["inverse"].colors == {"Success": Success.color, "Failed": Failed.color}
    assert boxes["only one"].states == {"Skipped": 1}
    assert sketch.has_states
    assert "1 Failed" in sketch.title


def test_states_that_are_not_known_are_left_out():
    flow = flow_with_everything()
    some = {flow.get_tasks(name="inverse")[0]: Mapped(map_states=[])}
    boxes = by_name(sketch_of_flow(flow, Success(result=some)))
    assert boxes["inverse"].note == "mapped over nothing"
    assert boxes["numbers"].states == {}


@pytest.mark.parametrize("state", [Success(), Failed(result=ValueError("no")), Success(result={})])
def test_a_state_without_those_of_tasks_colours_nothing(state):
    assert not any(box.states for box in sketch_of_flow(flow_with_everything(), state).boxes)


def test_what_is_no_state_is_refused():
    with pytest.raises(TypeError, match=r"flow_state.*flow\.run\(\)"):
        sketch_of_flow(Flow("f"), {"a": 1})


def test_edges_between_the_same_two_tasks_are_one_arrow():
    pair = task(lambda x, y: x, name="pair")
    with Flow("f") as flow:
        one = task(lambda: [1], name="one")()
        pair.map(x=one, y=unmapped(one))
    assert arrows_of(sketch_of_flow(flow)) == {("one", "pair"): (MAP, ["x", "y"])}


def test_a_flow_with_a_cycle_is_drawn():
    a, b = Task("a"), Task("b")
    flow = Flow("round", tasks=[a, b], edges=[Edge(a, b), Edge(b, a)], validate=False)
    assert set(arrows_of(sketch_of_flow(flow))) == {("a", "b"), ("b", "a")}


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_names_become_one_line(name):
    sketch = sketch_of_flow(Flow(name, tasks=[Task(name)]))
    assert len(sketch.boxes[0].name.splitlines()) == 1
    sketch.title.encode()


def test_a_group_stands_for_all_tasks_of_a_name():
    flow = Flow("f")
    for number in range(10):
        flow.chain(Task("load"), Task("clean"), Task(f"save {number % 2}"))
    sketch = grouped(sketch_of_flow(flow, flow.run()))
    assert {box.name: box.tasks for box in sketch.boxes} == {"load": 10, "clean": 10, "save 0": 5, "save 1": 5}
    assert by_name(sketch)["load"].note == "10 tasks: 10 Success"
    assert set(arrows_of(sketch)) == {("load", "clean"), ("clean", "save 0"), ("clean", "save 1")}
    assert sketch.title.startswith("Flow f: 30 tasks")
