"""Misuse that warns, misuse that only a run can show, and lookalikes that work."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from miniprefect import Flow, Parameter, Task, task
from miniprefect.core.edge import Edge
from miniprefect.core.parameter import DateTimeParameter
from miniprefect.engine import FlowRunner
from miniprefect.engine.state import Failed, State, Success
from tests.misuse.rows import (
    NO_FLOW,
    Look,
    Misuse,
    Plus,
    in_flow,
    load,
    on_etl,
    one,
    run_etl,
    run_one,
    state_of,
)


def set_a_reserved_attribute():
    class Collect(Task):
        def __init__(self, target):
            self.target = target
            super().__init__()

    Collect("there")


def fails_with(lone: Task, **arguments: Any) -> Callable[[], State]:
    return lambda: state_of(lone, Flow("etl", tasks=[lone]), **arguments)


def edge_with_a_wrong_key():
    flow = Flow("etl", edges=[Edge(one, load, key="rows")])
    return state_of(load, flow)


def runner_without_a_parameter():
    dt = Parameter("dt")
    return FlowRunner(Flow("etl", tasks=[dt])).run(return_tasks=[dt]).result[dt]


def map_over_a_set_at_run_time():
    with Flow("etl") as flow:
        mapped = load.map(task(lambda: {1, 2}, name="bag")())
    return state_of(mapped, flow)


class DuckExecutor:
    """Do what an executor does, without being one by class."""

    def start(self):
        return nullcontext()

    def submit(self, fn, *args, extra_context=None, **kwargs):
        return fn(*args, **kwargs)

    def wait(self, futures):
        return futures


@task
def collect_into(item, basket):
    basket.append(item)
    return list(basket)


def shared_default():
    """Run a task twice whose default is a list: by Python's rule the list is shared between the runs."""

    @task
    def gather(item, basket=[]):  # noqa: B006
        basket.append(item)
        return list(basket)

    with Flow("etl") as flow:
        gathered = gather(1)
    return [state_of(gathered, flow).result, state_of(gathered, flow).result]


def shared_constant():
    basket = []
    with Flow("etl") as flow:
        collected = collect_into(1, basket)
    return [state_of(collected, flow).result, state_of(collected, flow).result, basket]


def task_in_two_flows():
    with Flow("first"):
        shared = one()
    with Flow("second") as second:
        loaded = load(shared)
    return state_of(loaded, second).result


def chained_comparison():
    with Flow("etl"):
        number = one()
        return (1 < number < 3).name


# fmt: off
WARNS = [
    Misuse("task made but not used", in_flow(lambda: (Task("lost"), one())), UserWarning,
           ["Tasks were created but not added", "lost"], "UserWarning"),
    Misuse("class task never called", in_flow(lambda: Plus(1)), UserWarning,
           ["Tasks were created but not added", "Plus"], "UserWarning"),
    Misuse("task passed to a constructor", in_flow(lambda: Plus(one())(1)), UserWarning,
           ["A Task was passed as an argument to Plus"], "UserWarning"),
    Misuse("task decorated twice", lambda: task(load), UserWarning,
           ["A Task was passed as an argument to FunctionTask"], "UserWarning"),
    Misuse("copy of a task with dependencies", in_flow(lambda: load(one()).copy()), UserWarning,
           ["You are making a copy"], "UserWarning"),
    Misuse("second call of a bound task", in_flow(lambda: load(one())(2)), UserWarning,
           ["You are making a copy"], "UserWarning"),
    Misuse("reserved attribute", set_a_reserved_attribute, UserWarning,
           ["`Collect` sets a `target` attribute"], "UserWarning"),
    Misuse("cache_validator without cache_for", lambda: Task("pull", cache_validator=lambda *a: True),
           UserWarning, ["Task will not be cached", "cache_for"], "UserWarning"),
    Misuse("timeout below a second", lambda: Task(timeout=timedelta(seconds=5.5)), UserWarning,
           ["sub-second"], "UserWarning"),
]

FAILS = [
    Misuse("date that is none", fails_with(DateTimeParameter("when"), when="not a date"), Failed,
           ["not a date"], "Failed"),
    Misuse("date that is a number", fails_with(DateTimeParameter("when"), when=5), Failed, ["int"], "Failed"),
    Misuse("key that the task does not take, not validated", edge_with_a_wrong_key, Failed,
           ["unexpected keyword argument 'rows'"], "Failed"),
    Misuse("task called in a task", fails_with(task(lambda: load(1))), Failed, [NO_FLOW, "load.run(...)"],
           "Failed"),
    Misuse("runner without a required parameter", runner_without_a_parameter, Failed,
           ['Parameter "dt" was required but not provided'], "Failed"),
    Misuse("runner told to return a stranger", lambda: FlowRunner(Flow("etl")).run(return_tasks=[one]),
           Failed, ["return_tasks"], "Failed"),
    Misuse("handler with one argument", lambda: run_one(state_handlers=[lambda t: None]), Failed,
           ["state handler", "3 were given"], "Failed"),
    Misuse("mapping over a set at run time", map_over_a_set_at_run_time, Failed,
           ["At least one upstream state has an unmappable result"], "Failed"),
]

WORKS = [
    Look("a task is true", lambda: bool(one), True),
    Look("chained comparison keeps the last part", chained_comparison, "LessThan"),
    Look("a list as default is shared", shared_default, [[1], [1, 1]]),
    Look("a list as argument is shared", shared_constant, [[1], [1, 1], [1, 1]]),
    Look("task of another flow", task_in_two_flows, 1),
    Look("task added twice", on_etl(lambda f, a, b, s: f.add_task(a) is a), True),
    Look("parameter with a blank",
         lambda: run_etl(Parameter("a b"), parameters={"a b": 1})().is_successful(), True),
    Look("executor by its methods only", lambda: run_etl(executor=DuckExecutor())().is_successful(), True),
    Look("states of strangers", lambda: run_etl(task_states={load: Success()})().is_successful(), True),
    Look("equal to a number", lambda: Flow("etl") == 1, False),
    Look("name in a flow", on_etl(lambda f, a, b, s: "clean" in f), False),
    Look("no such task", on_etl(lambda f, a, b, s: f.get_tasks(name="colour")), []),
    Look("chain of one", lambda: Flow("etl").chain(one), []),
    Look("handlers=None", lambda: Flow("etl", state_handlers=None).state_handlers, []),
    Look("argument named task", lambda: task(lambda task: task).run(1), 1),
    Look("message that is a number", lambda: Success(3).message, 3),
]
# fmt: on
