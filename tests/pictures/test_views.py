"""The table by which flows and states reach their pictures."""

from miniprefect import Flow
from miniprefect.engine.state import State
from miniprefect.pictures.views import VIEWS


def test_all_that_is_asked_for_is_there():
    assert {*VIEWS} == {"visualize", "show_flow", "show_state", "report"}


def test_flows_and_states_ask_for_it():
    assert callable(Flow.visualize)
    assert callable(Flow._repr_html_)
    assert callable(State.report)
    assert callable(State._repr_html_)
