"""Tasks: their settings, their calls, their copies, and what of them survives a pickle."""

import copy
import datetime
import gc
import linecache
import pickle
import re
import weakref
from unittest.mock import MagicMock

import pytest

from miniprefect import Flow, Parameter, Task, context, tags, task, triggers
from miniprefect.engine.state import Failed
from miniprefect.tasks.core.function import FunctionTask
from tests.core.helpers import script_output

A_MINUTE = datetime.timedelta(minutes=1)


@task
def one():
    """Return one."""
    return 1


@task(name="named", tags=["nightly"], max_retries=2, retry_delay=A_MINUTE)
def add(x, y=2):
    return x + y


@task
def letters():
    return {"a": 1}


class Multiply(Task):
    def __init__(self, factor, **kwargs):
        self.factor = factor
        super().__init__(**kwargs)

    def run(self, x):
        return self.factor * x


class Tool:
    @task
    def in_a_class(x):
        return x


def notify(subject, state):
    """Do nothing; used as a handler that can be pickled."""


def duplicated(thing):
    return pickle.loads(pickle.dumps(thing))


def value(flow, call):
    return flow.run().result[call].result


# ---------------------------------------------------------------------- definition


def test_a_decorated_function_is_a_task_of_its_name_and_docstring():
    assert isinstance(one, FunctionTask)
    assert (one.name, one.__name__, one.__doc__) == ("one", "one", "Return one.")


def test_a_decorated_function_can_be_called_by_hand():
    assert (one.run(), add.run(1), add.run(x=1, y=1)) == (1, 3, 2)


def test_the_decorator_takes_settings():
    assert (add.name, add.tags, add.max_retries, add.retry_delay) == ("named", {"nightly"}, 2, A_MINUTE)


def test_the_defaults_of_a_task():
    plain = Task()
    assert (plain.name, plain.slug, plain.tags, plain.max_retries, plain.timeout) == ("Task", None, set(), 0, None)
    assert plain.trigger is triggers.all_successful
    assert (plain.skip_on_upstream_skip, plain.log_stdout, plain.nout) == (True, False, None)


def test_a_timeout_may_be_a_timedelta():
    assert Task(timeout=A_MINUTE).timeout == 60


def test_a_class_task_takes_arguments_of_its_own():
    with Flow("etl") as flow:
        call = Multiply(3, name="triple")(5)
    assert (call.name, call.factor, value(flow, call)) == ("triple", 3, 15)


def test_tasks_compare_by_identity():
    assert Task("a") != Task("a")
    assert one == one
    assert len({Task("a"), Task("a")}) == 2


def test_the_repr_shows_kind_and_name():
    assert [repr(one), repr(Multiply(3)), repr(Parameter("x"))] == [
        "<Task: one>",
        "<Task: Multiply>",
        "<Parameter: x>",
    ]


def test_inputs_and_outputs_describe_run():
    def load(path: str, limit: int = 5, other=None) -> list:
        return []

    described = task(load)
    assert described.inputs()["path"] == {"type": str, "required": True, "default": None}
    assert described.inputs()["limit"] == {"type": int, "required": False, "default": 5}
    assert described.outputs() is list


def test_defaults_come_from_the_configuration():
    from miniprefect.configuration import config

    config.tasks.defaults.max_retries = 3
    config.tasks.defaults.retry_delay = A_MINUTE
    assert Task(max_retries=1).retry_delay == A_MINUTE


def test_tags_of_the_context_are_added_to_those_of_the_task():
    with context(tags=["night"]):
        assert Task(tags=["day"]).tags == {"day", "night"}


# ---------------------------------------------------------------------- calls and copies


def test_calling_copies_and_binding_does_not():
    with Flow("etl") as flow:
        called, bound = add(1), add.bind(1)
    assert called is not add
    assert bound is add
    assert flow.tasks == {called, add}


def test_one_task_can_be_bound_in_two_flows():
    multiply = Multiply(2)
    flows = [Flow("first"), Flow("second")]
    for number, flow in enumerate(flows):
        multiply.bind(number, flow=flow)
    assert [value(flow, multiply) for flow in flows] == [0, 2]


def test_a_task_can_be_called_twice_in_one_flow():
    with Flow("etl") as flow:
        first, second = add(1), add(2)
    state = flow.run()
    assert [state.result[call].result for call in (first, second)] == [3, 4]


def test_task_args_change_the_copy_only():
    with Flow("etl"):
        call = add(1, task_args={"name": "other", "tags": ["big"], "max_retries": 5})
    assert (call.name, call.tags, call.max_retries) == ("other", {"nightly", "big"}, 5)
    assert (add.name, add.tags, add.max_retries) == ("named", {"nightly"}, 2)


def test_upstream_tasks_run_first_and_pass_nothing():
    with Flow("etl") as flow:
        first = one()
        second = add(1, upstream_tasks=[first])
    assert flow.upstream_tasks(second) == {first}
    assert value(flow, second) == 3


def test_a_copy_changes_on_its_own():
    other = add.copy(name="other", tags=["big"])
    other.tags.add("more")
    assert (other.name, other.tags) == ("other", {"nightly", "big", "more"})
    assert (add.name, add.tags) == ("named", {"nightly"})


def test_a_copy_of_a_class_task_keeps_its_arguments():
    copied = Multiply(3).copy()
    assert (type(copied), copied.factor) == (Multiply, 3)


def test_copying_a_task_with_dependencies_warns():
    with Flow("etl"):
        call = add(one())
        with pytest.warns(UserWarning, match="You are making a copy of <Task: named>"):
            other = call.copy()
        other.bind(1)


def test_the_tags_manager_reaches_what_is_made_and_what_is_called():
    with Flow("etl"), tags("outer"), tags("inner"):
        made, called = Task("made").bind(), add(1)
    assert made.tags == {"outer", "inner"}
    assert called.tags == {"nightly", "outer", "inner"}
    assert add.tags == {"nightly"}


def test_pipe_reads_from_left_to_right():
    with Flow("etl") as flow:
        call = one().pipe(add, y=5).pipe(Multiply(2))
    assert value(flow, call) == 12


def test_set_upstream_with_a_key_passes_the_result():
    flow = Flow("etl")
    add.set_upstream(one, flow=flow, key="x")
    assert value(flow, add) == 3


def test_set_downstream_with_a_key_passes_the_result():
    flow = Flow("etl")
    one.set_downstream(add, flow=flow, key="x")
    assert value(flow, add) == 3


def test_dependencies_can_be_set_in_a_chain():
    flow, first, last = Flow("etl"), Task("first"), Task("last")
    one.set_upstream(first, flow=flow).set_downstream(last, flow=flow)
    assert flow.sorted_tasks() == (first, one, last)


def test_set_dependencies_says_it_all_at_once():
    flow, before, after = Flow("etl"), Task("before"), Task("after")
    same = add.set_dependencies(
        flow, upstream_tasks=[before], downstream_tasks=[after], keyword_tasks={"x": one, "y": 5}
    )
    assert same is add
    assert [t.name for t in flow.sorted_tasks()] == ["before", "one", "named", "after"]
    assert value(flow, add) == 6


def test_set_dependencies_can_map():
    flow = Flow("etl")
    add.set_dependencies(flow, keyword_tasks={"x": [1, 2]}, mapped=True)
    assert value(flow, add) == [3, 4]


def test_a_mapped_call_runs_once_for_each_element():
    with Flow("etl") as flow:
        call = add.map([1, 2, 3], y=[10, 20, 30])
    assert value(flow, call) == [11, 22, 33]


def test_a_task_is_not_iterable():
    with pytest.raises(TypeError, match="Task is not iterable"):
        list(one)


def test_no_task_contains_anything():
    with pytest.raises(TypeError):
        1 in one  # noqa: B015


# ---------------------------------------------------------------------- warnings lead to the user's line


def line_of(warning):
    return linecache.getline(warning.filename, warning.lineno).strip()


def test_the_warning_of_a_task_for_an_argument_shows_where():
    with pytest.warns(UserWarning, match="A Task was passed as an argument to Multiply") as caught:
        Multiply(one)
    assert line_of(caught[0]) == "Multiply(one)"


def test_the_warning_of_a_setting_before_init_shows_where():
    class Early(Task):
        def __init__(self):
            self.target = "x"
            super().__init__()

    with pytest.warns(UserWarning, match="`Early` sets a `target` attribute") as caught:
        Early()
    assert line_of(caught[0]) == "super().__init__()"


def test_the_warning_of_a_copied_dependency_shows_where():
    with Flow("etl"):
        call = add(one())
        with pytest.warns(UserWarning, match="You are making a copy") as caught:
            other = call.copy()
        other.bind(1)
    assert line_of(caught[0]) == "other = call.copy()"


def test_the_warning_of_a_call_that_copies_dependencies_shows_where():
    with Flow("etl"):
        call = add(one())
        with pytest.warns(UserWarning, match="You are making a copy") as caught:
            call(1)
    assert line_of(caught[0]) == "call(1)"


# ---------------------------------------------------------------------- pickle and copy


@pytest.mark.parametrize("duplicate", [duplicated, copy.deepcopy, copy.copy])
@pytest.mark.parametrize("original", [one, add, Tool.in_a_class, Multiply(3), Task("plain")], ids=str)
def test_a_duplicate_has_the_same_settings(original, duplicate):
    made = duplicate(original)
    assert made is not original
    assert type(made) is type(original)
    assert (made.name, made.tags, made.max_retries, made.slug) == (
        original.name,
        original.tags,
        original.max_retries,
        original.slug,
    )


@pytest.mark.parametrize("duplicate", [duplicated, copy.deepcopy, copy.copy])
def test_a_duplicate_of_a_decorated_function_runs_and_can_be_called(duplicate):
    made = duplicate(add)
    with Flow("etl") as flow:
        call = made(1)
    assert made.run(1) == value(flow, call) == 3


def test_a_deep_copy_shares_no_settings():
    made = copy.deepcopy(add)
    made.tags.add("more")
    made.name = "other"
    assert (add.name, add.tags) == ("named", {"nightly"})


def test_a_renamed_copy_pickles():
    with Flow("etl"):
        call = add(1, task_args={"name": "other"})
    assert duplicated(call).run(1) == 3
    assert duplicated(call).name == "other"


def test_a_failure_handler_pickles():
    made = duplicated(Task("load", on_failure=notify))
    failed = Failed("no")
    assert made.state_handlers[0](made, failed, failed) is failed


def test_a_parameter_pickles_with_its_default():
    made = duplicated(Parameter("x", default=[1]))
    assert (made.name, made.slug, made.default, made.required) == ("x", "x", [1], False)


def test_a_default_of_none_survives_a_pickle():
    assert [duplicated(Parameter("x", default=None)).required, duplicated(Parameter("x")).required] == [
        False,
        True,
    ]


def test_item_and_attribute_tasks_survive_a_pickle():
    with Flow("etl") as flow:
        item = letters()["a"]
    again = duplicated(flow.copy())
    (made,) = again.get_tasks(name=item.name)
    assert value(again, made) == 1


def test_a_closure_refuses_with_the_error_of_pickle():
    number = 3

    @task
    def closure():
        return number

    with pytest.raises((pickle.PicklingError, AttributeError), match="local object"):
        pickle.dumps(closure)


def test_a_lambda_refuses_with_the_error_of_pickle():
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(task(lambda: 1))


def test_a_closure_can_be_deep_copied():
    number = 3

    @task
    def closure():
        return number

    assert copy.deepcopy(closure).run() == 3


def test_a_task_of_a_script_pickles_there(tmp_path):
    text = """
import pickle
from miniprefect import Flow, Task, task

@task
def add(x, y=2):
    return x + y

class Double(Task):
    def run(self, x):
        return 2 * x

with Flow("etl") as flow:
    Double()(add(1))

again = pickle.loads(pickle.dumps(flow))
last = again.sorted_tasks()[-1]
print(pickle.loads(pickle.dumps(add)).run(1), again.run().result[last].result)
"""
    assert script_output(tmp_path, text) == "3 6\n"


def test_a_script_reads_what_another_process_pickled_of_a_module(tmp_path):
    (tmp_path / "steps.py").write_text(
        "from miniprefect import task\n\n@task(name='other')\ndef add(x, y=2):\n    return x + y\n"
    )
    hexadecimal = script_output(tmp_path, "import pickle, steps\nprint(pickle.dumps(steps.add).hex())")
    text = f"import pickle\nadd = pickle.loads(bytes.fromhex({hexadecimal!r}))\nprint(add.name, add.run(1))"
    assert script_output(tmp_path, text) == "other 3\n"


def test_an_error_names_the_nearest_setting():
    with Flow("etl"), pytest.raises(AttributeError, match=re.escape("max_retries")):
        add(1, task_args={"max_retry": 3})


# ---------------------------------------------------------------------- stand-ins for `run`


def any_arguments(*args, **kwargs):
    return sum(args) + sum(kwargs.values())


STAND_INS = {"mock": MagicMock(return_value=3), "function": any_arguments, "builtin": max}


@pytest.mark.parametrize("stand_in", STAND_INS.values(), ids=STAND_INS.keys())
def test_run_can_be_replaced_by_a_stand_in(stand_in):
    class Adds(Task):
        def run(self, x=1, y=2):
            return x + y

    with Flow("flow") as flow:
        added = Adds()(x=1, y=2)
    added.run = stand_in if stand_in is not max else (lambda **values: max(values.values()) + 1)
    assert flow.run().result[added].result == 3


def test_a_class_of_tasks_that_nobody_uses_any_more_is_gone():
    def use_a_class():
        class Short(Task):
            def run(self):
                return 1

        with Flow("flow") as flow:
            Short()()
        assert flow.run(task_runner_state_handlers=[lambda *states: None]).is_successful()
        return weakref.ref(Short)

    known = use_a_class()
    gc.collect()
    assert known() is None
