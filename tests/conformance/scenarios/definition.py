"""Tasks: how they are made and copied, and what is refused."""

import functools
import inspect
from datetime import timedelta
from typing import Any

import prefect
from observe import graph, plain, raises, results, run, scenario, warns
from prefect import Flow, Task, tags, task


class Add(Task):
    def run(self, x, y=10):
        return x + y


@task
def one():
    return 1


@task
def double(x):
    return 2 * x


@scenario
def a_plain_task_has_these_attributes():
    fresh = Task()
    return {
        "name": fresh.name,
        "slug": fresh.slug,
        "tags": plain(fresh.tags),
        "max_retries": fresh.max_retries,
        "retry_delay": plain(fresh.retry_delay),
        "timeout": fresh.timeout,
        "trigger": fresh.trigger.__name__,
        "skip_on_upstream_skip": fresh.skip_on_upstream_skip,
        "cache_for": fresh.cache_for,
        "cache_key": fresh.cache_key,
        "cache_validator": fresh.cache_validator.__name__,
        "checkpoint": fresh.checkpoint,
        "result": fresh.result,
        "target": fresh.target,
        "state_handlers": fresh.state_handlers,
        "log_stdout": fresh.log_stdout,
        "nout": fresh.nout,
        "task_run_name": fresh.task_run_name,
        "auto_generated": fresh.auto_generated,
        "run": fresh.run(),
    }


@scenario(since="0.10")
def a_class_task_is_named_after_its_class_and_shows_its_name():
    return [Add().name, repr(Add()), Add(name="plus").name, repr(Add(name="plus"))]


@scenario
def a_function_task_takes_name_docstring_and_wrapped_function():
    @task
    def hello():
        """Say hello."""

    return [type(hello).__name__, hello.name, hello.__doc__, hello.__wrapped__.__name__, hello.__name__]


@scenario(since="0.10")
def a_decorated_function_takes_task_arguments():
    @task(name="renamed", tags=["b", "a"], max_retries=2, retry_delay=timedelta(seconds=1), checkpoint=False)
    def hello():
        pass

    seen = [hello.name, plain(hello.tags), hello.max_retries, hello.retry_delay.total_seconds()]
    return [*seen, hello.checkpoint]


@scenario(since="0.10")
def a_decorated_function_can_still_be_run_by_hand():
    return [double.run(2), double.run(x=3), Add().run(1)]


@scenario(since="0.10")
def a_method_of_an_object_can_be_a_task_function():
    class Greeter:
        def greet(self, name):
            return f"hello {name}"

    greet = task(Greeter().greet)
    with Flow("flow") as flow:
        greet("you")
    return results(flow)


@scenario(since="0.10")
def a_lambda_can_be_a_task_function():
    with Flow("flow") as flow:
        task(lambda: 5)()
        task(lambda x: x, name="named")(6)
    return results(flow)


@scenario(since="0.10")
def star_arguments_are_refused_when_the_function_is_decorated():
    def function():
        @task
        def many(*items):
            pass

    def class_():
        class Many(Task):
            def run(self, *items):
                pass

    return {"function": raises(function), "class": raises(class_)}


@scenario(since="0.10")
def reserved_argument_names_are_refused_when_the_task_is_defined():
    def attempt(name):
        namespace = {}
        exec(f"def function({name}=None): pass", namespace)
        return task(namespace["function"])

    return {name: raises(attempt, name) for name in ("mapped", "task_args", "upstream_tasks", "flow")}


@scenario(since="0.10")
def star_arguments_behind_functools_wraps_are_refused_too():
    def attempt():
        def many(*items):
            pass

        @task
        @functools.wraps(many)
        def wrapper(*items):
            pass

    return raises(attempt)


@scenario(since="0.10")
def wraps_shows_the_signature_of_the_wrapped_function():
    def logged(function):
        @functools.wraps(function)
        def wrapper(*arguments, **keywords):
            return ["wrapped", function(*arguments, **keywords)]

        return wrapper

    @task
    @logged
    def triple(x):
        return 3 * x

    with Flow("flow") as flow:
        triple(2)
    return {**graph(flow), "results": results(flow)}


@scenario
def positional_only_arguments_are_refused():
    function = eval("lambda x, /: x")  # as a text, for Python 3.7 can't read it
    return raises(lambda: task(function), says="x")


@scenario(since="0.10")
def functions_without_a_signature_and_non_callables_are_refused():
    return {
        "zip": raises(lambda: task(zip), says="This function can not be inspected"),
        "number": raises(lambda: task(5)),
    }


@scenario
def copying_takes_task_arguments_and_leaves_the_original():
    original = Add(name="plus")
    copy = original.copy(name="copy", slug="my-slug")
    return [original.name, original.slug, copy.name, copy.slug, copy is original]


@scenario(since="0.10")
def retries_need_a_delay_and_a_delay_needs_retries():
    return {
        "no delay": raises(lambda: Task(max_retries=1)),
        "no retries": raises(
            lambda: Task(retry_delay=timedelta(seconds=1)),
            says="A `max_retries` argument greater than 0 must be provided if specifying a retry delay",
        ),
        "zero retries": raises(lambda: Task(max_retries=0, retry_delay=timedelta(seconds=1))),
    }


@scenario
def retry_on_takes_exception_types():
    keywords = {"max_retries": 1, "retry_delay": timedelta(0)}
    return {
        "one": plain(Task(retry_on=ValueError, **keywords).retry_on),
        "two": plain(Task(retry_on={ValueError, KeyError}, **keywords).retry_on),
        "not a type": raises(lambda: Task(retry_on="x", **keywords), says="exception type but got an instance of str"),
        "no retries": raises(lambda: Task(retry_on=ValueError), says="`max_retries` must be provided"),
    }


@scenario
def a_timeout_is_a_whole_number_of_seconds_or_a_timedelta():
    return {
        "int": Task(timeout=2).timeout,
        "timedelta": Task(timeout=timedelta(seconds=3)).timeout,
        "float": raises(lambda: Task(timeout=0.5)),
        "part of a second": warns(lambda: Task(timeout=timedelta(milliseconds=1500))),
    }


@scenario(since="0.10")
def tags_must_be_a_collection():
    return {"text": raises(lambda: Task(tags="x")), "list": plain(Task(tags=["x", "x", "y"]).tags)}


@scenario(since="0.10")
def a_cache_validator_without_cache_for_warns():
    from prefect.engine.cache_validators import all_inputs

    return warns(lambda: Task(cache_validator=all_inputs), says="Task will not be cached")


@scenario(since="0.10")
def state_handlers_must_be_a_list():
    def handler(task, old, new):
        return new

    return {
        "function": raises(lambda: Task(state_handlers=handler)),
        "list": Task(state_handlers=[handler]).state_handlers == [handler],
        "on_failure": len(Task(state_handlers=[handler], on_failure=print).state_handlers),
        "on_failure alone": len(Task(on_failure=print).state_handlers),
    }


@scenario(since="0.10")
def a_trigger_and_a_name_are_kept_as_given():
    from prefect.triggers import all_finished

    return [Task(trigger=all_finished).trigger is all_finished, Task(name="a b").name]


@scenario(since="0.10")
def the_tags_manager_adds_tags_to_what_is_made_or_called_inside():
    with Flow("flow"):
        with tags("a", "b"):
            made = Task(tags=["own"])
            called = double(1)
            with tags("c"):
                nested = one()
        outside = one()
    return {
        "made": plain(made.tags),
        "called": plain(called.tags),
        "nested": plain(nested.tags),
        "outside": plain(outside.tags),
        "original": plain(double.tags),
    }


@scenario(since="0.10")
def tags_of_the_context_are_added():
    with prefect.context(tags=["from context"]):
        return plain(Task(tags=["own"]).tags)


@scenario(since="0.10")
def a_task_cannot_be_iterated():
    return {
        "list": raises(lambda: list(Task())),
        "unpack": raises(lambda: (lambda a, b: None)(*Task())),
    }


@scenario
def a_tuple_annotation_sets_nout():
    def nout_of(annotation):
        def function():
            pass

        function.__annotations__["return"] = annotation
        return task(function).nout

    return [
        nout_of(annotation) for annotation in (int, tuple, tuple[int, int], tuple[int, ...], tuple[()], list[int], None)
    ]


@scenario
def typing_tuples_set_nout_too():
    import typing

    def nout_of(annotation):
        def function():
            pass

        function.__annotations__["return"] = annotation
        return task(function).nout

    old_style = typing.Tuple  # noqa: UP006
    return [nout_of(one) for one in (old_style, old_style[int, str, str], old_style[int, ...], old_style[()])]


@scenario(since="0.10")
def inputs_and_outputs_describe_the_signature():
    class Typed(Task):
        def run(self, x: int, y, z: str = "z") -> float:
            return 1.0

    def readable(described):
        return {
            name: {key: plain(value) if value is not Any else "Any" for key, value in entry.items()}
            for name, entry in described.items()
        }

    return {
        "inputs": readable(Typed().inputs()),
        "outputs": plain(Typed().outputs()),
        "no annotation": Add().outputs() is Any,
    }


@scenario(since="0.10", differed="it was the signature of `Task.__call__`", where=["0"])
def the_signature_of_a_task_has_the_arguments_of_the_call():
    signature = inspect.signature(double)
    return [list(signature.parameters), plain(signature.return_annotation)]


@scenario
def passing_a_task_to_the_constructor_of_a_task_warns():
    class MyTask(Task):
        def __init__(self, other, **keywords):
            super().__init__(**keywords)

    return warns(lambda: MyTask(Task()), says="A Task was passed as an argument to MyTask")


@scenario
def setting_a_reserved_attribute_before_init_warns():
    class MyTask(Task):
        def __init__(self, **keywords):
            self.target = "mine"
            super().__init__(**keywords)

    return warns(MyTask, says="`MyTask` sets a `target` attribute")


@scenario(since="0.10")
def an_unknown_attribute_of_a_function_task_names_the_class():
    return raises(lambda: one.colour, says="'FunctionTask' object has no attribute 'colour'")


@scenario(since="0.10")
def a_subclass_with_its_own_init_keeps_its_arguments():
    class Scale(Task):
        def __init__(self, factor, **keywords):
            self.factor = factor
            super().__init__(**keywords)

        def run(self, x):
            return x * self.factor

    scale = Scale(3, name="triple", tags=["t"])
    with Flow("flow") as flow:
        scale(scale(1))
    return {"run": run(flow), "name": scale.name, "tags": plain(scale.tags)}


@scenario(since="0.10")
def a_subclass_with_default_arguments_from_its_attributes():
    from prefect.utilities.tasks import defaults_from_attrs

    class Greet(Task):
        def __init__(self, name=None, **keywords):
            self.greeted = name
            super().__init__(**keywords)

        @defaults_from_attrs("greeted")
        def run(self, greeted=None):
            return greeted

    with Flow("flow") as flow:
        Greet("at init")()
        Greet("at init")(greeted="at run")
    return results(flow)
