"""How flows and states show themselves as HTML."""

import html.parser

import pytest

from miniprefect import Flow, Task, task
from miniprefect.engine.state import Failed, Mapped, Scheduled, State, Success
from miniprefect.pictures.notebook import MOST_DRAWN, MOST_ROWS
from miniprefect.tasks.secrets import EnvVarSecret
from tests.pictures.helpers import HOSTILE, flow_with_everything


def tags_of(text: str) -> set[str]:
    found = set()
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.add(tag)
    parser.feed(text)
    return found


def test_a_flow_is_its_picture():
    shown = flow_with_everything()._repr_html_()
    assert "<svg " in shown
    assert "numbers" in shown


def test_a_large_flow_is_its_numbers():
    shown = Flow("large", tasks=[Task(f"t{n}") for n in range(MOST_DRAWN + 1)])._repr_html_()
    assert "Flow large: 501 tasks, 0 edges" in shown
    assert "<svg " not in shown


def test_the_state_of_a_flow_lists_those_of_its_tasks():
    shown = flow_with_everything().run()._repr_html_()
    assert "Some reference tasks failed." in shown
    assert all(f"<td>{name}</td>" in shown for name in ("numbers", "inverse", "is_long"))
    assert "<code>[0, 1, 2, 3]</code>" in shown
    assert "4 task runs, 1 failed" in shown


def test_the_state_of_a_map_lists_its_children():
    shown = Mapped(map_states=[Success(result=n) for n in range(MOST_ROWS + 7)])._repr_html_()
    assert shown.count("<tr>") == MOST_ROWS + 1
    assert "… and 7 more" in shown


@pytest.mark.parametrize(
    "state", [State(), Scheduled("wait"), Failed("no", result=ValueError("bad")), Success(result={1: 2})]
)
def test_every_state_shows_its_kind(state):
    assert f"{type(state).__name__}</span>" in state._repr_html_()


def test_secrets_are_not_shown(monkeypatch):
    monkeypatch.setenv("PASSWORD", "swordfish")
    with Flow("f") as flow:
        task(lambda password: len(password), name="use")(EnvVarSecret("PASSWORD"))
    shown = flow.run()._repr_html_()
    assert "swordfish" not in shown
    assert "(not shown)" in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text):
    with Flow("f") as flow:
        task(lambda: text, name=text or "-")()
    state = flow.run()
    allowed = {"style", "div", "b", "span", "svg", "circle", "table", "thead", "tbody", "tr", "th", "td", "code"}
    assert tags_of(state._repr_html_()) <= allowed
    assert tags_of(Success(text, result=text)._repr_html_()) <= allowed
    assert tags_of(flow._repr_html_()) <= {"style", "div", "svg", "title", "rect", "g", "path", "text"}
