"""Pictures in the language of Graphviz, read by the real program where it is there."""

import json
import shutil
import subprocess

import pytest

from miniprefect import Flow, Task
from miniprefect.pictures.dot import dot
from miniprefect.pictures.sketch import sketch_of_flow
from miniprefect.pictures.text import line
from tests.pictures.helpers import HOSTILE, flow_with_everything

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program `dot` of Graphviz is not installed")


def test_what_prefect_tells_apart_is_told_apart():
    source = dot(sketch_of_flow(flow_with_everything()))
    assert source.startswith("digraph {\n")
    assert '[label="inverse <map>" shape=box peripheries=2]' in source
    assert "[label=numbers shape=ellipse]" in source
    assert "[label=number style=dashed]" in source
    assert "[style=dotted]" in source


def test_states_colour_the_boxes():
    flow = flow_with_everything()
    source = dot(sketch_of_flow(flow, flow.run()), horizontal=True)
    assert "graph [rankdir=LR]" in source
    assert 'style=filled color="#62757f80"' in source  # of Skipped, as Prefect has it
    assert '"inverse <map>\\n3 Success, 1 Failed"' in source


def test_words_of_the_language_are_quoted():
    source = dot(sketch_of_flow(Flow("f", tasks=[Task("node"), Task("Graph"), Task("1"), Task("1a")])))
    assert [f'label="{name}"' in source for name in ("node", "Graph", "1a")] == [True] * 3


@needs_dot
@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_the_program_reads_every_name_as_it_is(name):
    sketch = sketch_of_flow(Flow("f", tasks=[Task(name)]))
    done = subprocess.run(["dot", "-Tdot_json"], input=dot(sketch).encode(), capture_output=True, check=True)
    label = json.loads(done.stdout)["objects"][0]["label"]
    assert label.replace("&amp;", "&").replace("\\\\", "\\") == line(name, 60)
