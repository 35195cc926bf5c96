"""Mapping together with another feature: retries, loops, timeouts, triggers, cases, handlers, results."""

import time
from datetime import timedelta

import prefect
from observe import Watch, checkpointing, files, folder, plain, results, run, run_once, scenario
from prefect import (
    Flow,
    Parameter,
    task,
    triggers,
    unmapped,
)
from prefect.engine import signals
from prefect.engine.results import LocalResult
from prefect.engine.state import Mapped, Resume, Skipped, Success
from prefect.tasks.control_flow import FilterTask, ifelse, merge, switch
from prefect.triggers import all_finished

NOW = timedelta(0)
HOUR = timedelta(hours=1)
AGAIN = {"max_retries": 2, "retry_delay": NOW}


@task
def same(x):
    return x


@task
def double(x):
    return 2 * x


def flaky(**arguments):
    """Make a task that fails the first time it sees an even number."""
    seen = []

    @task(name="flaky", **arguments)
    def function(x):
        seen.append(x)
        if x % 2 == 0 and seen.count(x) == 1:
            raise ValueError(f"first time {x}")
        return [x, prefect.context.task_run_count]

    return function, seen


@scenario(since="0.10")
def mapping_and_retry():
    function, seen = flaky(**AGAIN)
    with Flow("flow") as flow:
        function.map([1, 2, 3, 4])
    return [run(flow), sorted(seen)]


@scenario(since="0.10")
def mapping_and_retry_with_a_reducing_task():
    function, _ = flaky(**AGAIN)
    with Flow("flow") as flow:
        same(function.map([1, 2]))
    return results(flow)


@scenario
def mapping_and_a_retry_that_is_not_due():
    function, _ = flaky(max_retries=1, retry_delay=HOUR)
    with Flow("flow") as flow:
        first = function.map([1, 2])
        same.map(first)
        same(first)
    return run_once(flow)


@scenario(since="0.10", differed="the parent of a map was seen again, from Mapped to Mapped", where=[""])
def mapping_and_retry_handlers():
    watch = Watch()
    function, _ = flaky(state_handlers=[watch], **AGAIN)
    with Flow("flow") as flow:
        function.map([2])
    flow.run()
    return watch.seen


@scenario(since="0.10")
def mapping_and_retries_used_up():
    @task(max_retries=1, retry_delay=NOW)
    def fails_at_two(x):
        if x == 2:
            raise ValueError(f"run {prefect.context.task_run_count}")
        return x

    with Flow("flow") as flow:
        same.map(fails_at_two.map([1, 2]))
    return run(flow)


@scenario(since="0.10")
def mapping_and_loop():
    @task
    def count_to(x):
        count = prefect.context.get("task_loop_count", 1)
        if count < x:
            raise signals.LOOP(result=count)
        return [x, count, prefect.context.get("task_loop_result")]

    with Flow("flow") as flow:
        same(count_to.map([1, 2, 3]))
    return run(flow)


@scenario(since="0.10", differed="the parent of a map was seen again, from Mapped to Mapped", where=["2"])
def mapping_and_loop_and_retry():
    calls = []
    watch = Watch()

    @task(state_handlers=[watch], **AGAIN)
    def count_to(x):
        count = prefect.context.get("task_loop_count", 1)
        calls.append([x, count])
        if count == 2 and calls.count([x, 2]) == 1:
            raise ValueError("in the middle")
        if count < 3:
            raise signals.LOOP(result=count)
        return [x, prefect.context.task_run_count]

    with Flow("flow") as flow:
        count_to.map([1, 2])
    return [results(flow), len(calls), len(watch.seen)]


@scenario(since="0.10")
def mapping_and_timeout():
    @task(timeout=1)
    def slow_at_two(x):
        if x == 2:
            time.sleep(3)
        return x

    with Flow("flow") as flow:
        made = slow_at_two.map([1, 2, 3])
    state = flow.run().result[made]
    return [
        [type(child).__name__, child.message, plain(child.result) if child.is_successful() else None]
        for child in state.map_states
    ]


@scenario(since="0.10")
def mapping_and_trigger():
    @task
    def fails_at_two(x):
        if x == 2:
            raise ValueError("two")
        return x

    with Flow("flow") as flow:
        first = fails_at_two.map([1, 2])
        same.copy(name="any_failed", trigger=triggers.any_failed).map(first)
        same.copy(name="all_finished", trigger=triggers.all_finished).map(first)
    return run(flow)


@scenario(
    since="0.10",
    differed="0.10 kept the inputs of a task that pauses, and made a Mapped state again",
    where=[
        "0/tasks/same-1/map_states/0/cached_inputs",
        "0/tasks/same-1/map_states/1/cached_inputs",
        "1/tasks/same-1/message",
    ],
)
def mapping_and_manual_only():
    with Flow("flow") as flow:
        made = same.copy(trigger=triggers.manual_only).map([1, 2])
    paused = run_once(flow)
    return [paused, run_once(flow, task_states={made: Mapped(map_states=[Resume(), Resume()])})]


@scenario(since="0.10")
def mapping_and_skip_with_a_stubborn_child():
    @task
    def skips_at_two(x):
        if x == 2:
            raise signals.SKIP("two")
        return x

    with Flow("flow") as flow:
        first = skips_at_two.map([1, 2])
        same.copy(name="stubborn", skip_on_upstream_skip=False).map(first)
    return run(flow)


@scenario(since="0.10")
def mapping_and_handlers_that_change_states():
    def forgive(tracked, old, new):
        return Success("forgiven", result=0) if new.is_failed() else new

    function, _ = flaky(state_handlers=[forgive])
    with Flow("flow") as flow:
        same(function.map([1, 2]))
    return run(flow)


@scenario(since="0.10")
def mapping_and_on_failure():
    seen = []
    function, _ = flaky(on_failure=lambda tracked, state: seen.append(str(state.result)))
    with Flow("flow") as flow:
        function.map([1, 2, 4])
    flow.run()
    return seen


@scenario
def mapping_and_case():
    with Flow("flow") as flow:
        with prefect.case(Parameter("condition"), True):
            made = double.map([1, 2])
        same(made)
    return {"true": run(flow, condition=True), "false": run(flow, condition=False)}


@scenario
def mapping_and_a_mapped_case_value():
    def steps(x):
        with prefect.case(x, 2):
            return double(x)

    with Flow("flow") as flow:
        prefect.apply_map(steps, [1, 2, 3])
    return run(flow)


@scenario
def mapping_and_a_mapped_merge():
    with Flow("flow") as flow:
        merge(same.map([1, 2]), double.map([1, 2]), mapped=True)
    return results(flow)


@scenario
def mapping_and_mapped_ifelse():
    @task
    def is_even(x):
        return x % 2 == 0

    with Flow("flow") as flow:
        numbers = same([1, 2])
        even, odd = double.map(numbers), same.map(numbers)
        ifelse(is_even.map(numbers), even, odd, mapped=True)
        merge(even, odd, mapped=True)
    return results(flow)


@scenario
def mapping_and_mapped_switch():
    with Flow("flow") as flow:
        keys = same(["a", "b"])
        a, b = task(lambda x: f"a{x}", name="a").map(keys), task(lambda x: f"b{x}", name="b").map(keys)
        switch(keys, {"a": a, "b": b}, mapped=True)
        merge(a, b, mapped=True)
    return results(flow)["Merge-1"]


@scenario
def mapping_and_a_resource():
    log = []

    @prefect.resource_manager
    class Resource:
        def setup(self):
            log.append("setup")
            return "resource"

        def cleanup(self, resource):
            log.append("cleanup")

    @task
    def use(x, resource):
        return [x, resource]

    with Flow("flow") as flow, Resource() as resource:
        use.map([1, 2], unmapped(resource))
    return [results(flow)["use-1"], log]


@scenario(since="0.10")
def mapping_and_the_filter_task():
    function, _ = flaky()
    with Flow("flow") as flow:
        kept = FilterTask()(function.map([1, 2, 3]))
        same.map(kept)
    return results(flow)


@scenario
def mapping_and_nout():
    @task(nout=2)
    def pair():
        return [1, 2], [3, 4]

    with Flow("flow") as flow:
        left, right = pair()
        task(lambda x, y: x + y, name="add").map(left, right)
    return results(flow)


@scenario(since="0.10", differed="all items were called GetItem", where=["GetItem-1", "double[0]-1"])
def mapping_and_operators():
    with Flow("flow") as flow:
        same(double.map([1, 2])[0] + 10)
        task(lambda x: x, name="all").map(Parameter("x") + same([3]))
    return results(flow, x=[1, 2])


@scenario(since="0.10", differed="the parent of a map ended after its children", where=[""])
def mapping_and_printing():
    from observe import logged_run

    with Flow("flow") as flow:
        task(lambda x: print("value", x), name="prints", log_stdout=True).map([1])
    return logged_run(flow)


@scenario
def mapping_and_a_run_name():
    names = []

    @task(task_run_name="{task_name}-{map_index}-{x}")
    def named(x):
        names.append(prefect.context.task_run_name)

    with Flow("flow") as flow:
        named.map([5, 6])
    flow.run()
    return names


@scenario(since="0.10", differed="a Mapped state given beforehand was made again", where=["tasks/double-1/message"])
def mapping_and_fixed_state_for_one_child():
    with Flow("flow") as flow:
        made = double.map([1, 2, 3])
    before = Mapped(map_states=[None, Skipped("before"), None])
    return run(flow, task_states={made: before})


@scenario
def flatten_and_retry():
    @task(**AGAIN)
    def twice(x):
        if x == 2 and prefect.context.task_run_count == 1:
            raise ValueError("first time")
        return [x, x]

    with Flow("flow") as flow:
        double.map(prefect.flatten(twice.map([1, 2])))
    return results(flow)


@scenario(
    differs="Prefect maps over what is there and, when the child has been tried again, takes its states for others'",
    here={"double-1": [2, 2, 4, 4]},
)
def flatten_and_a_first_child_that_retries():
    @task(**AGAIN)
    def twice(x):
        if x == 1 and prefect.context.task_run_count == 1:
            raise ValueError("first time")
        return [x, x]

    with Flow("flow") as flow:
        double.map(prefect.flatten(twice.map([1, 2])))
    return results(flow)


def both_of_a_failed_input(failure):
    @task
    def failing():
        raise failure

    @task(trigger=all_finished)
    def both(x, y):
        return [x, y]

    with Flow("flow") as flow:
        both.map(same([1, 2, 3]), failing())
    return results(flow)["both-1"]


@scenario
def map_over_an_input_that_failed():
    return both_of_a_failed_input(ValueError("no"))


@scenario
def map_over_an_input_that_failed_with_a_list():
    return both_of_a_failed_input(signals.FAIL("no", result=[7, 8]))


@scenario
def map_over_an_input_that_failed_with_a_number():
    return both_of_a_failed_input(signals.FAIL("no", result=7))


@scenario
def flatten_and_an_empty_child():
    with Flow("flow") as flow:
        double.map(prefect.flatten(same.map([[], [1], []])))
    return results(flow)


@scenario
def mapped_twice_with_a_plain_task_between():
    with Flow("flow") as flow:
        first = double.map([1, 2, 3])
        double(prefect.mapped(task(lambda items: items[:2], name="two")(first)))
    return results(flow)


@scenario
def mapping_and_cached_targets():
    where = folder()
    calls = []

    @task(target="{x}.txt", result=LocalResult(dir=str(where)))
    def kept(x):
        calls.append(x)
        return x

    with Flow("flow") as flow:
        kept.map(Parameter("x"))
    with checkpointing():
        flow.run(x=[1, 2])
        second = run(flow, x=[2, 3])
    return [second, calls, files(where)]


@scenario(since="0.10")
def parameters_and_tags_and_slugs_in_a_map():
    with Flow("flow") as flow, prefect.tags("b", "a"):
        same.map(Parameter("x"))
    return run(flow, x=[1])
