"""What a task's `run` may look like, how calls are bound to it, and what `inspect` says of a task."""

import functools
import inspect
from typing import Tuple  # noqa: UP035 - as users write it

import pytest

from miniprefect import Flow, Task, task
from miniprefect.core.signature import CallSignature, outputs_count


@task
def collect(a, b=2, *, c, d=4, **rest):
    return a, b, c, d, rest


def bound(*args, **kwargs):
    with Flow("etl") as flow:
        call = collect(*args, **kwargs)
    return flow.constants[call]


def result(flow, call):
    return flow.run().result[call].result


def test_arguments_are_bound_by_position_and_by_keyword():
    assert bound(1, c=3) == bound(a=1, c=3) == {"a": 1, "c": 3}


def test_defaults_are_left_to_the_function():
    with Flow("etl") as flow:
        call = collect(1, c=3)
    assert result(flow, call) == (1, 2, 3, 4, {})


def test_free_keywords_arrive_as_keywords():
    with Flow("etl") as flow:
        call = collect(1, c=3, other=5)
    assert result(flow, call) == (1, 2, 3, 4, {"other": 5})


def test_free_keywords_may_be_tasks():
    @task
    def one():
        return 1

    with Flow("etl") as flow:
        call = collect(1, c=3, other=one())
    assert result(flow, call)[-1] == {"other": 1}


def test_arguments_may_have_the_names_that_engines_like():
    @task
    def odd(name, args, kwargs, state, key, task, parameters):
        return [name, args, kwargs, state, key, task, parameters]

    with Flow("etl") as flow:
        call = odd(name=1, args=2, kwargs=3, state=4, key=5, task=6, parameters=7)
    assert result(flow, call) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {"c": 3}, "missing a required argument: 'a'"),
        ((1,), {}, "'c'"),
        ((1, 2, 3), {"c": 3}, "too many positional arguments"),
        ((1,), {"a": 1, "c": 3}, "multiple values for argument 'a'"),
    ],
)
def test_arguments_that_do_not_fit_fail_at_the_call_and_name_the_task(args, kwargs, says):
    with pytest.raises(TypeError, match=says) as caught, Flow("etl"):
        collect(*args, **kwargs)
    assert "collect" in str(caught.value)


def test_a_call_that_does_not_fit_leaves_the_flow_as_it_was():
    flow = Flow("etl")
    with pytest.raises(TypeError), flow:
        collect(1)
    assert not flow.tasks


def test_the_first_argument_of_run_need_not_be_called_self():
    class AddOne(Task):
        def run(this, x):
            return x + 1

    with Flow("etl") as flow:
        call = AddOne()(3)
    assert result(flow, call) == 4


def test_run_may_be_a_static_method():
    class AddOne(Task):
        @staticmethod
        def run(x):
            return x + 1

    with Flow("etl") as flow:
        call = AddOne()(3)
    assert result(flow, call) == 4


def test_run_may_be_a_class_method():
    class AddOne(Task):
        step = 1

        @classmethod
        def run(cls, x):
            return x + cls.step

    with Flow("etl") as flow:
        call = AddOne()(3)
    assert result(flow, call) == 4


def test_a_subclass_inherits_run_and_its_arguments():
    class Base(Task):
        def run(self, x):
            return x

    class Derived(Base):
        pass

    with pytest.raises(TypeError, match="'x'"), Flow("etl"):
        Derived()()


def test_a_subclass_may_change_the_arguments_of_run():
    class Base(Task):
        def run(self, x):
            return x

    class Derived(Base):
        def run(self, x, y):
            return super().run(x) + y

    with Flow("etl") as flow:
        call = Derived()(1, y=2)
    assert result(flow, call) == 3


def test_a_wrapped_function_is_called_as_it_says():
    def twice(fn):
        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            return 2 * fn(*args, **kwargs)

        return wrapper

    @task
    @twice
    def add(x, y=1):
        return x + y

    with Flow("etl") as flow:
        call = add(1)
    assert result(flow, call) == 4


def test_a_partial_function_can_be_a_task():
    subtract = task(functools.partial(lambda x, y: x - y, y=2), name="subtract")
    with Flow("etl") as flow:
        call = subtract(5)
    assert result(flow, call) == 3


def test_an_object_that_can_be_called_can_be_a_task():
    class Adder:
        def __call__(self, x):
            return x + 1

    with Flow("etl") as flow:
        call = task(Adder())(1)
    assert result(flow, call) == 2


def test_a_run_given_to_one_instance_decides_how_it_is_called():
    echo = Task("echo")
    echo.run = lambda x: x
    with Flow("etl") as flow:
        call = echo(x=3)
    assert result(flow, call) == 3


def test_inspect_shows_the_arguments_of_run_and_those_of_every_call():
    signature = inspect.signature(collect)
    assert [*signature.parameters] == [
        *("a", "b", "c", "d"),
        *("mapped", "task_args", "upstream_tasks", "flow"),
        "rest",
    ]
    assert signature.parameters["b"].default == 2
    assert signature.parameters["c"].kind is inspect.Parameter.KEYWORD_ONLY
    assert signature.return_annotation == "Task"


def test_inspect_shows_how_a_task_class_is_made():
    class Load(Task):
        def __init__(self, path, **kwargs):
            self.path = path
            super().__init__(**kwargs)

        def run(self, x):
            return x

    assert [*inspect.signature(Load).parameters] == ["path", "kwargs"]
    assert "x" in inspect.signature(Load("file")).parameters


def test_a_call_signature_binds_by_name():
    signature = CallSignature(inspect.signature(lambda x, y=1: None))
    assert signature.bind("load", (5,), {"y": 6}) == {"x": 5, "y": 6}


@pytest.mark.parametrize(
    ("annotation", "count"),
    [
        (Tuple[int, str], 2),  # noqa: UP006
        (tuple[int, str, int], 3),
        (tuple[()], 0),
        (Tuple[()], 0),  # noqa: UP006
        (tuple[int, ...], None),
        (tuple, None),
        (Tuple, None),  # noqa: UP006
        (list[int], None),
        (int, None),
        (inspect.Signature.empty, None),
    ],
)
def test_a_tuple_annotation_says_how_many_values_there_are(annotation, count):
    assert outputs_count(inspect.Signature(return_annotation=annotation)) == count


def test_a_tuple_annotation_lets_a_call_be_unpacked():
    @task
    def split() -> tuple[int, str]:
        return 1, "a"

    with Flow("etl") as flow:
        number, letter = split()
    state = flow.run()
    assert [state.result[part].result for part in (number, letter)] == [1, "a"]


def test_nout_lets_a_call_be_unpacked_with_a_star():
    @task(nout=3)
    def split():
        return 1, 2, 3

    with Flow("etl") as flow:
        first, *rest = split()
    state = flow.run()
    assert [state.result[part].result for part in (first, *rest)] == [1, 2, 3]


def test_nout_beats_the_annotation():
    @task(nout=1)
    def split() -> tuple[int, str]:
        return 1, "a"

    with Flow("etl"):
        assert len(list(split())) == 1


def test_nout_of_nothing_unpacks_to_nothing():
    @task(nout=0)
    def nothing():
        return ()

    with Flow("etl"):
        assert list(nothing()) == []


def test_fewer_values_than_nout_fail_the_missing_part():
    @task(nout=2)
    def split():
        return (1,)

    with Flow("etl") as flow:
        _, missing = split()
    assert isinstance(flow.run().result[missing].result, IndexError)
