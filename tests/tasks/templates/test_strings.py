"""Templates filled in by a task."""

import pytest

from miniprefect import Flow, context
from miniprefect.tasks.templates import StringFormatter


def test_the_template_is_given_when_it_is_made_or_when_it_runs() -> None:
    assert StringFormatter("{x} {y}").run(x=1, y=2) == "1 2"
    assert StringFormatter(template="{x}").run(template="{y}", x=1, y=2) == "2"
    assert StringFormatter().run() == ""
    assert StringFormatter("{x}", name="filled").name == "filled"


def test_it_may_use_the_context() -> None:
    with context(today="Monday"):
        assert StringFormatter("{today} {x}").run(x=1) == "Monday 1"
        assert StringFormatter("{today}").run(today="Sunday") == "Sunday"
        assert StringFormatter("{config.home_dir}").run() == context.config.home_dir


def test_what_nobody_has() -> None:
    with pytest.raises(KeyError, match="absent"):
        StringFormatter("{absent}").run()


def test_in_a_flow() -> None:
    with Flow("f") as flow:
        text = StringFormatter("{flow_name} {task_name} {x}", name="t")(x=1)
    assert flow.run().result[text].result == "f t 1"


def test_other_templates_say_what_to_do() -> None:
    with pytest.raises(ImportError, match="jinja2"):
        exec("from miniprefect.tasks.templates import JinjaTemplate")
