"""Pictures as SVG: they parse, they show what they should, and no name gets out of its text."""

import re
import xml.etree.ElementTree as ET

import pytest

from miniprefect import Flow, Task
from miniprefect.core import Edge
from miniprefect.pictures.sketch import Box, sketch_of_flow
from miniprefect.pictures.svg import LONGEST_NAME, svg
from tests.pictures.helpers import HOSTILE, flow_with_everything, random_edges

SVG = "{http://www.w3.org/2000/svg}"


def parsed(flow, state=None, **options):
    return ET.fromstring(svg(sketch_of_flow(flow, state), **options))


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def titles(root):
    return [element.text for element in root.iter(f"{SVG}title")]


@pytest.mark.parametrize("horizontal", [False, True])
def test_it_shows_names_states_and_arguments(horizontal):
    flow = flow_with_everything()
    root = parsed(flow, flow.run(), horizontal=horizontal)
    assert {"count", "numbers", "inverse", "case(True)", "3 Success, 1 Failed", "Skipped", "values"} <= {*texts(root)}
    assert root.get("role") == "img"
    assert titles(root)[0].startswith("Flow everything: 11 tasks")


def test_horizontal_pictures_are_wide_and_others_high():
    flow = Flow("f")
    flow.chain(*(Task(f"t{n}") for n in range(12)))
    size = {wide: parsed(flow, horizontal=wide).attrib for wide in (True, False)}
    assert float(size[True]["width"]) > 4 * float(size[True]["height"])
    assert float(size[False]["height"]) > 4 * float(size[False]["width"])


def test_maps_are_doubled_and_dashed_and_conditions_dotted():
    root = parsed(flow_with_everything())
    boxes = {
        group.find(f"{SVG}title").text: group for group in root.iter(f"{SVG}g") if "mp-task" in group.get("class", "")
    }
    assert len([*boxes["inverse: mapped"].iter(f"{SVG}rect")]) == 2
    assert len([*boxes["numbers"].iter(f"{SVG}rect")]) == 1
    assert boxes["case(True): condition"].find(f"{SVG}path") is not None
    edges = {
        group.find(f"{SVG}title").text: group.find(f"{SVG}path")
        for group in root.iter(f"{SVG}g")
        if not group.get("class")
    }
    assert edges["numbers → inverse; number; mapped"].get("stroke-dasharray") == "6 4"
    assert edges["case(True) → add up; if so"].get("stroke-dasharray") == "1.5 3.5"
    assert edges["count → numbers; count"].get("stroke-dasharray") is None


def test_how_many_children_of_a_map_failed_is_written_on_red():
    flow = flow_with_everything()
    sketch = sketch_of_flow(flow, flow.run())
    picture = svg(sketch)
    assert picture.count('class="mp-failed"') == 1
    assert ">1 failed</text>" in picture
    sketch.boxes = [Box("alone", states={"Failed": 1}, colors={"Failed": "red"}, failed=1)]
    sketch.arrows = []
    assert "mp-failed" not in svg(sketch)


def test_a_long_name_is_cut_and_whole_in_the_tooltip():
    name = "a_name_that_goes_on_and_on_until_nobody_reads_it_any_more"
    root = parsed(Flow("f", tasks=[Task(name)]))
    assert texts(root) == [f"{name[: LONGEST_NAME - 1]}…"]
    assert name in titles(root)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_hostile_names_stay_text(name):
    flow = Flow(name)
    flow.chain(Task(name), Task(f"b{name}"))
    root = parsed(flow)
    allowed = {"svg", "title", "style", "rect", "g", "path", "text"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    assert not any(key.startswith("on") for element in root.iter() for key in element.attrib)


def test_nothing_is_fetched():
    text = svg(sketch_of_flow(flow_with_everything()))
    assert re.findall(r"https?://[^\"' ]+", text) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in text


def test_a_flow_without_tasks():
    assert titles(parsed(Flow("empty"))) == ["Flow empty: 0 tasks, 0 edges"]


def test_a_cycle_is_drawn_with_an_arrow_back():
    a, b = Task("a"), Task("b")
    flow = Flow("round", tasks=[a, b], edges=[Edge(a, b), Edge(b, a)], validate=False)
    assert {"a → b; runs after", "b → a; runs after"} <= {*titles(parsed(flow))}


def test_a_picture_is_the_same_each_time():
    flow = Flow("f")
    tasks = [Task(f"t{n}") for n in range(80)]
    for source, target in random_edges(80, 4):
        flow.add_edge(tasks[source], tasks[target])
    assert svg(sketch_of_flow(flow)) == svg(sketch_of_flow(flow))


def test_light_and_dark():
    assert "prefers-color-scheme:dark" in svg(sketch_of_flow(Flow("f", tasks=[Task("t")])))
