"""The `task` decorator, tags, pauses, and defaults from attributes."""

import datetime

import pytest

from miniprefect import Flow, Task, context, tags, task
from miniprefect.engine.signals import PAUSE
from miniprefect.utilities.clock import use_clock
from miniprefect.utilities.tasks import defaults_from_attrs, pause_task
from tests.core.helpers import StoppedClock


class Scale(Task):
    def __init__(self, factor=None, **kwargs):
        self.factor = factor
        super().__init__(**kwargs)

    @defaults_from_attrs("factor")
    def run(self, x=1, factor=None):
        return None if factor is None else x * factor


def test_the_decorator_works_bare_and_with_arguments():
    @task
    def bare():
        return 1

    @task(name="other", tags=["a"])
    def dressed():
        return 2

    assert [(each.name, each.tags, each.run()) for each in (bare, dressed)] == [("bare", set(), 1), ("other", {"a"}, 2)]


def test_the_decorator_works_as_a_function():
    assert task(lambda x: x, name="same").run(5) == 5


def test_decorated_functions_with_free_keywords():
    @task
    def collect(**values):
        return values

    with Flow("etl") as flow:
        call = collect(a=1, b=2)
    assert flow.run().result[call].result == {"a": 1, "b": 2}


def test_tags_nest_and_end():
    with tags("outer"):
        with tags("inner", "other"):
            inner = Task()
        outer = Task()
    assert [inner.tags, outer.tags, Task().tags] == [{"outer", "inner", "other"}, {"outer"}, set()]


def test_tags_end_with_an_error_too():
    with pytest.raises(KeyError), tags("x"):
        raise KeyError("x")
    assert Task().tags == set()


@pytest.mark.parametrize(
    ("keywords", "value"),
    [({}, 3), ({"factor": 5}, 5), ({"factor": 0}, 0), ({"x": 2}, 6), ({"factor": None}, None)],
)
def test_an_argument_that_is_left_out_comes_from_the_attribute(keywords, value):
    assert Scale(factor=3).run(**keywords) == value


def test_defaults_from_attributes_keep_the_signature_of_the_call():
    with Flow("etl") as flow:
        call = Scale(factor=3)(x=5)
    assert flow.run().result[call].result == 15
    with pytest.raises(TypeError, match="colour"), Flow("etl"):
        Scale()(colour=1)


def test_pausing_raises_with_the_message():
    with pytest.raises(PAUSE) as caught:
        pause_task("wait for me")
    assert caught.value.state.message == "wait for me"


def test_a_pause_may_end_by_itself():
    with use_clock(StoppedClock()) as clock, pytest.raises(PAUSE) as caught:
        pause_task(duration=datetime.timedelta(minutes=1))
    assert caught.value.state.start_time == clock.now() + datetime.timedelta(minutes=1)


def test_a_task_that_is_resumed_does_not_pause():
    with context(resume=True):
        assert pause_task("again") is None


def test_a_paused_task_leaves_its_flow_running():
    with Flow("etl") as flow:
        call = task(lambda: pause_task("m"), name="ask")()
    state = flow.run()
    assert state.is_running()
    assert type(state.result[call]).__name__ == "Paused"
