"""Features in pairs: retries, caching, looping, timeouts, skips, triggers, handlers, cases, results."""

import time
from datetime import timedelta

import prefect
from observe import checkpointing, files, folder, results, run, scenario, states
from prefect import (
    Flow,
    Parameter,
    task,
    triggers,
)
from prefect.engine import signals
from prefect.engine.cache_validators import all_inputs
from prefect.engine.results import LocalResult
from prefect.engine.state import Success
from prefect.tasks.control_flow import merge

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
def retry_and_cache():
    function, seen = flaky(cache_for=HOUR, **AGAIN)
    with Flow("flow") as flow:
        function(2)
    return [run(flow), run(flow), seen]


@scenario(since="0.10")
def retry_and_a_cached_upstream_task():
    calls = []

    @task(cache_for=HOUR)
    def cached():
        calls.append(1)
        return 2

    function, _ = flaky(**AGAIN)
    with Flow("flow") as flow:
        function(cached())
    return [results(flow), results(flow), len(calls)]


@scenario(since="0.10")
def retry_and_loop():
    seen = []

    @task(**AGAIN)
    def turns():
        context = prefect.context
        count = context.get("task_loop_count", 1)
        seen.append([count, context.task_run_count, context.get("task_loop_result")])
        if count == 2 and len(seen) == 2:
            raise ValueError("in the middle")
        if count < 3:
            raise signals.LOOP(result=count * 10)
        return count

    with Flow("flow") as flow:
        turns()
    return [run(flow), seen]


@scenario(since="0.10")
def retry_and_trigger_of_the_next():
    function, _ = flaky(**AGAIN)
    with Flow("flow") as flow:
        first = function(2)
        same.copy(trigger=triggers.all_failed)(first)
        same.copy(trigger=triggers.always_run, name="always")(first)
    return states(flow)


@scenario(since="0.10")
def retry_and_skip():
    calls = []

    @task(**AGAIN)
    def skips_in_the_end():
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("boom")
        raise signals.SKIP("enough")

    with Flow("flow") as flow:
        same(skips_in_the_end())
    return [run(flow), len(calls)]


@scenario(since="0.10")
def retry_and_handler_that_fails_once():
    calls = []

    def broken_once(tracked, old, new):
        if new.is_successful() and not calls:
            calls.append(1)
            raise ValueError("broken handler")
        return new

    with Flow("flow") as flow:
        task(lambda: 1, name="one", state_handlers=[broken_once], **AGAIN)()
    return run(flow)


@scenario(since="0.10", differed="without a result handler, 0.10.6 wrote nothing", where=["1"])
def retry_and_result_written_once():
    where = folder()
    function, _ = flaky(result=LocalResult(dir=str(where), location="{task_run_count}.txt"), **AGAIN)
    with Flow("flow") as flow:
        function(2)
    with checkpointing():
        return [run(flow), files(where)]


@scenario
def retry_and_target():
    where = folder()
    function, seen = flaky(target="kept.txt", result=LocalResult(dir=str(where)), **AGAIN)
    with Flow("flow") as flow:
        function(2)
    with checkpointing():
        return [states(flow), states(flow), seen]


@scenario
def retry_inside_a_case():
    function, _ = flaky(**AGAIN)
    with Flow("flow") as flow:
        with prefect.case(Parameter("condition"), True):
            made = function(2)
        merge(made, same("other"))
    return {"true": run(flow, condition=True), "false": run(flow, condition=False)}


@scenario
def retry_inside_a_resource():
    log = []

    @prefect.resource_manager
    class Resource:
        def setup(self):
            log.append("setup")
            return 2

        def cleanup(self, resource):
            log.append("cleanup")

    function, _ = flaky(**AGAIN)
    with Flow("flow") as flow, Resource() as resource:
        function(resource)
    return [states(flow), log]


# --- loop and ...


@scenario(since="0.10")
def loop_and_cache():
    calls = []

    @task(cache_for=HOUR)
    def turns():
        calls.append(1)
        count = prefect.context.get("task_loop_count", 1)
        if count < 3:
            raise signals.LOOP(result=count)
        return count

    with Flow("flow") as flow:
        turns()
    return [run(flow), run(flow), len(calls)]


@scenario(since="0.10")
def loop_and_timeout():
    @task(timeout=1)
    def slow_at_the_second():
        if prefect.context.get("task_loop_count", 1) == 2:
            time.sleep(3)
        raise signals.LOOP(result=1)

    with Flow("flow") as flow:
        made = slow_at_the_second()
    state = flow.run().result[made]
    return [type(state).__name__, state.message]


@scenario(since="0.10")
def loop_and_handler_that_ends_it():
    def stop(tracked, old, new):
        return Success("stopped", result=new.result) if new.is_looped() and new.loop_count == 2 else new

    @task(state_handlers=[stop])
    def forever():
        raise signals.LOOP(result=prefect.context.get("task_loop_count", 1))

    with Flow("flow") as flow:
        forever()
    return run(flow)


# --- skip, trigger, handler, case


@scenario(since="0.10")
def skip_and_trigger_of_a_stubborn_task():
    @task
    def skips():
        raise signals.SKIP("no")

    with Flow("flow") as flow:
        first = skips()
        for name in ("any_successful", "all_successful", "all_failed", "any_failed", "not_all_skipped"):
            same.copy(name=name, trigger=getattr(triggers, name), skip_on_upstream_skip=False)(first)
    return states(flow)


@scenario(since="0.10")
def skip_and_handler_that_runs_anyhow():
    def insist(tracked, old, new):
        return Success("insisted", result=1) if new.is_skipped() else new

    @task
    def skips():
        raise signals.SKIP("no")

    with Flow("flow") as flow:
        same.copy(name="next")(same.copy(state_handlers=[insist])(skips()))
    return run(flow)


@scenario
def case_and_trigger():
    with Flow("flow") as flow:
        with prefect.case(Parameter("condition"), True):
            made = same(1)
        same.copy(name="after", trigger=triggers.all_finished, skip_on_upstream_skip=False)(made)
    return [states(flow, condition=True), states(flow, condition=False)]


@scenario
def case_and_cache():
    calls = []

    @task(cache_for=HOUR, cache_validator=all_inputs)
    def counted(x):
        calls.append(x)
        return x

    with Flow("flow") as flow, prefect.case(Parameter("condition"), True):
        counted(1)
    return [states(flow, condition=True), states(flow, condition=False), states(flow, condition=True), calls]


@scenario
def case_and_reference_tasks():
    @task
    def fails():
        raise ValueError("boom")

    with Flow("flow") as flow:
        condition = Parameter("condition")
        with prefect.case(condition, True):
            fails()
        with prefect.case(condition, False):
            same(1)
    return [run(flow, condition=True)["flow"], run(flow, condition=False)["flow"]]
