"""Pictures in the language of Mermaid."""

import re

import pytest

from miniprefect import Flow, Task
from miniprefect.pictures.mermaid import mermaid
from miniprefect.pictures.sketch import sketch_of_flow
from tests.pictures.helpers import HOSTILE, flow_with_everything


def test_boxes_edges_and_states():
    flow = flow_with_everything()
    source = mermaid(sketch_of_flow(flow, flow.run()))
    assert source.startswith("flowchart TD\n")
    assert '(["count"])' in source
    assert '[["inverse<br/>3 Success, 1 Failed"]]' in source
    assert '{{"case(True)"}}' in source
    assert re.search(r'n\d+ -->\|"count"\| n\d+', source)
    assert "stroke-dasharray:7 4" in source
    assert "stroke-dasharray:2 4" in source
    assert "classDef Skipped fill:#62757f40,stroke:#62757f" in source


def test_dashes_are_given_to_the_right_edges():
    source = mermaid(sketch_of_flow(flow_with_everything()))
    edges = [line.strip() for line in source.splitlines() if "-->" in line]
    (dashed,) = re.findall(r"linkStyle ([\d,]+) stroke-dasharray:7 4", source)
    assert [edges[int(number)] for number in dashed.split(",")] == [line for line in edges if '|"number"|' in line]


def test_from_left_to_right():
    assert mermaid(sketch_of_flow(Flow("f", tasks=[Task("t")])), horizontal=True) == 'flowchart LR\n    n0["t"]\n'


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_hostile_names_stay_text(name):
    source = mermaid(sketch_of_flow(Flow("f", tasks=[Task(name)])))
    (label,) = re.fullmatch(r'flowchart TD\n    n0\["([^"]*)"\]\n', source).groups()
    assert not re.search(r"[<>`\[\]{}|\\\x00-\x1f]", label)
    source.encode()
