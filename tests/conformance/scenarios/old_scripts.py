"""Small scripts as people wrote them for 0.10."""

import datetime
import random

import prefect
from observe import Watch, graph, raises, results, run, scenario, states
from prefect import Flow, Parameter, Task, task, triggers, unmapped
from prefect.engine import signals
from prefect.engine.executors import LocalExecutor
from prefect.engine.result_handlers import JSONResultHandler
from prefect.engine.state import Failed, Retrying
from prefect.tasks.control_flow import FilterTask, ifelse, merge, switch
from prefect.utilities.notifications import callback_factory


@task
def extract():
    return [1, 2, 3]


@task
def transform(x):
    return 10 * x


@task
def load(rows):
    return f"loaded {rows}"


@scenario(only="0.10")
def extract_transform_load():
    with Flow("ETL") as flow:
        rows = extract()
        load(transform.map(rows))
    return [graph(flow), results(flow, executor=LocalExecutor())]


@scenario(only="0.10")
def a_flow_put_together_by_hand():
    class Say(Task):
        def run(self, words="nothing"):
            return f"said {words}"

    flow = Flow("by hand")
    first, second = Say(name="first"), Say(name="second")
    second.set_upstream(first, flow=flow)
    second.bind(words=first, flow=flow)
    flow.set_reference_tasks([first])
    return [graph(flow), run(flow)]


@scenario(only="0.10")
def a_dependency_of_order_only():
    first, second = Task(name="first"), Task(name="second")
    with Flow("flow") as flow:
        flow.set_dependencies(second, upstream_tasks=[first])
    return [graph(flow), states(flow)]


@scenario(only="0.10")
def set_upstream_and_downstream_as_statements():
    first, second, third = Task(name="first"), Task(name="second"), Task(name="third")
    with Flow("flow") as flow:
        second.set_upstream(first)
        second.set_downstream(third)
    return graph(flow)


@scenario(only="0.10")
def a_switch_and_a_merge():
    @task
    def which(name):
        return name

    with Flow("flow") as flow:
        branches = {name: task(lambda name=name: name.upper(), name=name)() for name in ("a", "b", "c")}
        switch(which(Parameter("name")), branches)
        task(lambda x: f"took {x}", name="last")(merge(*branches.values()))
    return [states(flow, name="b"), results(flow, name="c")["last-1"], states(flow, name="d")]


@scenario(only="0.10")
def an_ifelse_and_a_merge():
    @task
    def is_big(x):
        return x > 10

    with Flow("flow") as flow:
        big, small = task(lambda: "big", name="big")(), task(lambda: "small", name="small")()
        ifelse(is_big(Parameter("x")), big, small)
        task(lambda x: x, name="last")(merge(big, small))
    return [results(flow, x=11)["last-1"], results(flow, x=9)["last-1"], states(flow, x=9)]


@scenario(only="0.10")
def a_comparison_as_the_condition():
    x = Parameter("x")
    with Flow("flow") as flow:
        ifelse(x > 3, task(lambda: "more", name="more")(), task(lambda: "less", name="less")())
    return [states(flow, x=4), states(flow, x=3)]


@scenario(only="0.10")
def a_map_over_several_lists_and_a_constant():
    @task
    def combine(a, b, c):
        return a + b + c

    with Flow("flow") as flow:
        combine.map(extract(), b=[10, 20, 30], c=unmapped(100))
    return [graph(flow), results(flow)]


@scenario(only="0.10")
def a_map_with_upstream_tasks():
    with Flow("flow") as flow:
        before = task(lambda: "ready", name="before")()
        transform.map(extract(), upstream_tasks=[unmapped(before)])
    return [graph(flow), results(flow)]


@scenario(only="0.10")
def a_call_with_mapped_true():
    with Flow("flow") as flow:
        transform(extract(), mapped=True)
    return [graph(flow), results(flow)]


@scenario(only="0.10")
def a_filter_behind_a_map_with_failures():
    @task
    def odd_only(x):
        if x % 2 == 0:
            raise ValueError("even")
        return x

    with Flow("flow") as flow:
        kept = FilterTask()(odd_only.map(extract()))
        load(kept)
    return results(flow)["load-1"]


@scenario(only="0.10")
def a_filter_with_a_function():
    with Flow("flow") as flow:
        FilterTask(filter_func=lambda x: x > 1)(extract())
    return results(flow)


@scenario(only="0.10")
def a_default_filter_and_empty_values():
    with Flow("flow") as flow:
        FilterTask()(task(lambda: [0, "", None, ValueError("x")], name="values")())
    return results(flow)["FilterTask-1"]


@scenario(only="0.10")
def retries_with_a_delay():
    tries = []

    @task(max_retries=3, retry_delay=datetime.timedelta(seconds=0))
    def flaky():
        tries.append(prefect.context.get("task_run_count"))
        if len(tries) < 3:
            raise RuntimeError("not yet")
        return "done"

    with Flow("flow") as flow:
        flaky()
    return [results(flow), tries]


@scenario(only="0.10")
def a_signal_that_asks_for_another_try():
    tries = []

    @task
    def impatient():
        tries.append(1)
        if len(tries) < 3:
            raise signals.RETRY("again", start_time=datetime.datetime.utcnow())
        return len(tries)

    with Flow("flow") as flow:
        impatient()
    return results(flow)


@scenario(only="0.10")
def a_loop_that_carries_a_value():
    @task
    def fibonacci(limit):
        a, b = prefect.context.get("task_loop_result", (0, 1))
        if b > limit:
            return a
        raise signals.LOOP(message=f"at {b}", result=(b, a + b))

    with Flow("flow") as flow:
        fibonacci(Parameter("limit"))
    return [results(flow, limit=10), results(flow, limit=100)]


@scenario(only="0.10")
def a_cleanup_that_always_runs():
    @task
    def fails():
        raise RuntimeError("boom")

    @task(trigger=triggers.always_run)
    def clean():
        return "clean"

    with Flow("flow") as flow:
        failed = fails()
        clean(upstream_tasks=[failed])
    flow.set_reference_tasks([failed])
    return run(flow)


@scenario(only="0.10")
def a_state_handler_that_notes_failures():
    noted = []

    def note(tracked, old, new):
        if isinstance(new, (Failed, Retrying)):
            noted.append([tracked.name, type(new).__name__])
        return new

    @task(state_handlers=[note])
    def fails():
        raise RuntimeError("boom")

    with Flow("flow", state_handlers=[note]) as flow:
        fails()
    flow.run()
    return noted


@scenario(only="0.10")
def a_callback_for_failures():
    noted = []
    handler = callback_factory(lambda tracked, state: noted.append(tracked.name), check=lambda state: state.is_failed())

    def never():
        raise RuntimeError("boom")

    with Flow("flow") as flow:
        task(never, name="fails", state_handlers=[handler])()
        task(lambda: 1, name="works", state_handlers=[handler])()
    flow.run()
    return noted


@scenario(only="0.10")
def on_failure_of_task_and_flow():
    noted = []

    def note(tracked, state):
        noted.append(tracked.name)

    @task(on_failure=note)
    def fails():
        raise RuntimeError("boom")

    with Flow("flow", on_failure=note) as flow:
        fails()
    flow.run()
    return noted


@scenario(only="0.10")
def an_interrupt_of_the_run_cancels_the_flow():
    class Interrupted(LocalExecutor):
        def submit(self, *arguments, **keywords):
            raise KeyboardInterrupt

    with Flow("flow") as flow:
        extract()
    return run(flow, executor=Interrupted())


@scenario(
    only="0.10",
    differs="Ctrl-C ends the run, and not the one task that happens to be at work",
    here={
        "flow": {"state": "Cancelled", "message": "Interrupt signal raised, cancelling flow run."},
        "tasks/interrupted-1": {"state": "Pending", "message": "Task not run."},
    },
)
def an_interrupt_in_a_task_cancels_that_task():
    @task
    def interrupted():
        raise KeyboardInterrupt

    with Flow("flow") as flow:
        interrupted()
    return run(flow)


@scenario(only="0.10")
def a_result_looked_up_by_task():
    with Flow("flow") as flow:
        rows = extract()
        loaded = load(transform.map(rows))
    state = flow.run()
    return [state.is_successful(), state.result[rows].result, state.result[loaded].result]


@scenario(only="0.10")
def the_children_of_a_map_looked_up_by_task():
    with Flow("flow") as flow:
        mapped = transform.map(extract())
    state = flow.run()
    return [[child.result for child in state.result[mapped].map_states], state.result[mapped].result]


@scenario(only="0.10")
def a_run_that_starts_where_another_ended():
    calls = []

    @task
    def once():
        calls.append("once")
        return 1

    @task
    def second(x):
        calls.append("second")
        if len(calls) < 3:
            raise RuntimeError("boom")
        return x + 1

    with Flow("flow") as flow:
        first = once()
        second(first)
    before = flow.run()
    return [results(flow, task_states={first: before.result[first]}), calls]


@scenario(only="0.10")
def a_parameter_with_a_default():
    with Flow("flow") as flow:
        transform(Parameter("x", default=2, required=False))
    return [results(flow), results(flow, parameters={"x": 5}), results(flow, x=6)]


@scenario(only="0.10")
def a_forgotten_parameter():
    with Flow("flow") as flow:
        transform(Parameter("x"))
    return raises(flow.run, says="Flow.run did not receive the following required parameters: x")


@scenario(only="0.10")
def a_flow_that_is_run_twice_with_a_cache():
    calls = []

    @task(cache_for=datetime.timedelta(hours=1))
    def costly():
        calls.append(1)
        return random.Random(7).randint(1, 6)

    with Flow("flow") as flow:
        costly()
    return [results(flow) == results(flow), len(calls)]


@scenario(only="0.10")
def operators_and_items():
    with Flow("flow") as flow:
        x, y = Parameter("x"), Parameter("y")
        load(x + y * 2)
        load((x > y).or_(x < 0))
    return [results(flow, x=1, y=2)[f"load-{number}"] for number in (1, 2)]


@scenario(only="0.10")
def a_task_with_a_result_handler_outside_of_checkpointing():
    with Flow("flow", result_handler=JSONResultHandler()) as flow:
        task(lambda: {"a": 1}, name="made")()
    return run(flow)


@scenario(only="0.10")
def the_changes_that_a_flow_goes_through():
    watch = Watch()
    with Flow("flow", state_handlers=[watch]) as flow:
        extract()
    flow.run()
    return watch.seen


@scenario(only="0.10")
def except_exception_around_a_signal_in_a_handler():
    """What 0.10 tutorials did: turn a signal into a value."""

    def to_skip(tracked, old, new):
        if new.is_failed():
            raise signals.SKIP("never mind")
        return new

    @task(state_handlers=[to_skip])
    def fails():
        raise RuntimeError("boom")

    with Flow("flow") as flow:
        fails()
    return run(flow)
