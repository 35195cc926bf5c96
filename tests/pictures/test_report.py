"""The page of a report: complete, closed to the network, safe against what it shows."""

import base64
import hashlib
import html.parser
import json
import re

import pytest

from miniprefect import Flow, Parameter, Task, task
from miniprefect.engine.state import Failed, Success
from miniprefect.pictures.report import report
from miniprefect.utilities.logging import temporary_logger_config
from tests.pictures.helpers import HOSTILE, flow_with_everything


class Page(html.parser.HTMLParser):
    """A page read as a browser reads it: its elements, the text of some of them, and its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open.append(dict(attrs).get("id") or tag)

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data

    @property
    def data(self):
        return json.loads(self.texts["data"])


@pytest.fixture(scope="module")
def page():
    return Page(report(flow_with_everything().run(), "A title"))


def test_the_data_is_complete(page):
    data = page.data
    kinds = [kind for kind, _, _ in data["kinds"]]
    assert [kind for kind, _, failed in data["kinds"] if failed] == ["Failed"]
    tasks = {data["texts"][cells[6]]: cells for cells in data["tasks"]}
    assert len(data["tasks"]) == 11
    assert [kinds[child[0]] for child in tasks["inverse"][10]] == ["Failed", "Success", "Success", "Success"]
    assert "ZeroDivisionError" in data["texts"][tasks["inverse"][10][0][4]]
    assert data["texts"][tasks["numbers"][3]] == "[0, 1, 2, 3]"
    assert len(tasks["numbers"][1]) == 2
    assert data["timed"] is True
    assert any(cells[5] for cells in tasks.values())


def test_what_needs_no_script_is_there_from_the_start(page):
    assert page.texts["h1"] == page.texts["title"][: len("A title")] == "A title"
    assert [attributes["data-box"] for _, attributes in page.elements if "data-box" in attributes] == [
        *map(str, range(11))
    ]
    assert "count" in page.texts["th"]
    assert "ol" in [tag for tag, _ in page.elements]


def test_nothing_is_asked_of_the_network(page):
    (policy,) = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert not [
        a
        for _, a in page.elements
        if {"src", "href", "srcset", "action", "data"} & a.keys() and a.get("href") != "#runs"
    ]
    assert {tag for tag, _ in page.elements}.isdisjoint({"link", "img", "iframe", "object", "embed", "base", "form"})
    text = report(flow_with_everything().run())
    assert {*re.findall(r"https?://[^\"' <)]+", text)} == {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_lets_just_this_script_and_style_be_used(page):
    (policy,) = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    text = report(flow_with_everything().run())
    for element in ("script", "style"):
        (inside,) = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy
    assert not [a for _, a in page.elements if "style" in a or any(key.startswith("on") for key in a)]


def test_landmarks_headings_and_labels(page):
    tags = [tag for tag, _ in page.elements]
    assert [tags.count(tag) for tag in ("header", "main", "h1", "caption")] == [1, 1, 1, 1]
    ids = {a["id"] for _, a in page.elements if "id" in a}
    assert {a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a} <= ids
    assert all(a.get("type") == "button" for tag, a in page.elements if tag == "button")
    assert dict(page.elements)["html"]["lang"] == "en"


class Hostile:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text):
    def fail():
        raise ValueError(text)

    with Flow(text if text.strip() else "f") as flow:
        flow.add_task(Parameter(f"p{text}", default=Hostile(text)))
        task(lambda: Hostile(text), name=f"a{text}")()
        task(fail, name=text or "-")()
    plain = Page(report(Flow("f", tasks=[Task("t")]).run()))
    page = Page(report(flow.run(), text))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements} | {
        "table",
        "tbody",
        "tr",
        "td",
        "th",
        "code",
        "p",
        "b",
    } | {"section"}
    assert sum(tag == "script" for tag, _ in page.elements) == 2
    assert len(page.data["tasks"]) == 3


def test_a_result_whose_repr_raises_is_named():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    with Flow("f") as flow:
        task(lambda: Broken(), name="t")()
    assert "Broken" in report(flow.run())


def test_without_times_the_page_says_how_to_have_them():
    with temporary_logger_config("CRITICAL"):
        text = report(flow_with_everything().run())
    page = Page(text)
    assert page.data["timed"] is False
    assert "PREFECT__FLOWS__KEEP_TIMES=true" in text
    assert "ol" not in {tag for tag, _ in page.elements}
    assert len(page.data["tasks"]) == 11


def test_states_without_their_flow_make_a_page_without_edges():
    text = report(Success(result={Task("alone"): Success(result=1)}))
    assert "does not know its flow" in text
    assert len(Page(text).data["tasks"]) == 1


def test_an_error_that_ended_the_run_is_told():
    state = flow_with_everything().run()
    broken = Failed("Unexpected error", result=RuntimeError("the executor broke"))
    broken._ran = state._ran
    text = report(broken)
    assert "the executor broke" in text
    assert len(Page(text).data["tasks"]) == 11


def test_ten_thousand_task_runs_make_a_page_of_less_than_ten_megabytes():
    identity = task(lambda x: x, name="identity")
    with Flow("large") as flow:
        identity.map(identity.map(task(lambda: [{"number": n} for n in range(5000)], name="make")()))
    text = report(flow.run())
    assert len(text) < 2_000_000
    assert sum(len(cells[10] or []) for cells in Page(text).data["tasks"]) == 10_000


def test_a_flow_of_too_many_tasks_is_drawn_by_name():
    flow = Flow("large")
    for _ in range(1500):
        flow.chain(Task("load"), Task("save"))
    text = report(flow.run())
    assert "tasks of one name are drawn as one" in text
    assert text.count('class="mp-task"') == 2
    assert len(Page(text).data["tasks"]) == 3000
