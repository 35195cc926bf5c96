"""While a flow is built: the active flow, and tasks that were made there and never used."""

import warnings

import pytest

from miniprefect import Flow, Parameter, Task, task

UNUSED = "Tasks were created but not added to the flow"


@task
def one():
    return 1


@task
def same(x):
    return x


class Load(Task):
    def run(self):
        return 1


def messages(build):
    """Return the warnings of building a flow."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        build()
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("make", [Load, lambda: Parameter("x"), lambda: one.copy(), lambda: task(lambda: 1)])
def test_a_task_that_is_made_and_not_used_warns(make):
    def build():
        with Flow("etl"):
            make()

    assert [UNUSED in message for message in messages(build)] == [True]


@pytest.mark.parametrize(
    "use",
    [
        lambda: Load()(),
        lambda: Load().bind(),
        lambda: same(Load()),
        lambda: same([Load()]),
        lambda: one(upstream_tasks=[Load()]),
        lambda: Load().set_upstream(Load()),
        lambda: same(Parameter("x")),
        lambda: same([1, 2])[0],
        lambda: one() + 1,
        lambda: same.map([1, 2]),
        lambda: one(upstream_tasks=[5]),
        lambda: same({"a": one()}),
        lambda: task(lambda: 1)(),
        lambda: one().pipe(same),
    ],
)
def test_a_task_that_is_used_does_not_warn(use):
    def build():
        with Flow("etl"):
            use()

    assert messages(build) == []


def test_decorating_and_calling_in_the_block_does_not_warn():
    def build():
        with Flow("etl"):

            @task
            def load():
                return 1

            load()

    assert messages(build) == []


def test_the_warning_names_the_task_and_shows_where_the_block_is():
    with pytest.warns(UserWarning, match="<Task: Load>") as caught, Flow("etl"):
        Load()
    assert [warning.filename for warning in caught] == [__file__]


def test_nested_flows_warn_once():
    def build():
        with Flow("outer"), Flow("inner"):
            Load()

    assert len(messages(build)) == 1


def test_a_task_made_in_the_outer_and_used_in_the_inner_block_does_not_warn():
    def build():
        with Flow("outer"):
            load = Load()
            with Flow("inner"):
                load()

    assert messages(build) == []


def test_a_task_made_before_the_block_does_not_warn():
    load = Load()

    def build():
        with Flow("etl"):
            pass

    assert messages(build) == []
    assert load.slug is None


def test_outside_a_flow_a_call_says_how_to_run_by_hand():
    with pytest.raises(ValueError, match=r"Could not infer an active Flow context") as caught:
        one()
    assert "one.run(...)" in str(caught.value)
    with pytest.raises(ValueError, match=r"creating edge to <Task: Load>") as caught:
        Load()()
    assert "Load(...).run(...)" in str(caught.value)


def test_a_flow_may_be_given_outside_a_block():
    flow = Flow("etl")
    assert one(flow=flow) in flow


def test_a_flow_that_is_given_beats_that_of_the_block():
    flow = Flow("given")
    with Flow("block") as block:
        call = one(flow=flow)
    assert (call in flow, call in block) == (True, False)


def test_outside_a_flow_dependencies_need_one():
    with pytest.raises(ValueError, match="No Flow was passed"):
        one.set_upstream(Load())
