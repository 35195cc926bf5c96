"""LOOP: a task that runs again with what it has so far."""

import prefect
from observe import Watch, logged_run, run, run_once, scenario, states
from prefect import Flow, task
from prefect.engine import signals


@task
def count_to_three():
    count = prefect.context.get("task_loop_count", 1)
    so_far = prefect.context.get("task_loop_result", [])
    if count < 3:
        raise signals.LOOP(message=f"turn {count}", result=[*so_far, count])
    return [*so_far, count]


def flow_of(*tasks):
    with Flow("flow") as flow:
        for one in tasks:
            one()
    return flow


@scenario(since="0.10")
def a_loop_carries_its_result():
    return run(flow_of(count_to_three))


@scenario(since="0.10")
def loop_count_and_result_are_absent_at_first():
    seen = []

    @task
    def look():
        context = prefect.context
        seen.append([context.get("task_loop_count", "absent"), context.get("task_loop_result", "absent")])
        if len(seen) < 3:
            raise signals.LOOP("again", result=len(seen) * 10)

    flow_of(look).run()
    return seen


@scenario(since="0.10")
def a_loop_without_result_carries_its_own_text():
    @task
    def look():
        if "task_loop_count" not in prefect.context:
            raise signals.LOOP("again")
        return prefect.context.task_loop_result

    return run(flow_of(look))


@scenario(since="0.10")
def handlers_see_each_turn():
    watch = Watch()
    flow_of(count_to_three.copy(state_handlers=[watch])).run()
    return watch.seen


@scenario(since="0.10")
def the_run_count_stays_in_a_loop():
    seen = []

    @task
    def look():
        seen.append(prefect.context.task_run_count)
        if len(seen) < 3:
            raise signals.LOOP("again")

    flow_of(look).run()
    return seen


@scenario(since="0.10")
def a_loop_that_fails_in_the_middle():
    @task
    def fails_at_two():
        count = prefect.context.get("task_loop_count", 1)
        if count == 2:
            raise ValueError("boom")
        raise signals.LOOP("again", result=count)

    return run(flow_of(fails_at_two))


@scenario(since="0.10")
def a_loop_that_ends_in_a_skip():
    @task
    def skips_at_two():
        if prefect.context.get("task_loop_count", 1) == 2:
            raise signals.SKIP("enough")
        raise signals.LOOP("again")

    return run(flow_of(skips_at_two))


@scenario(since="0.10")
def a_loop_gets_the_same_inputs_each_turn():
    seen = []

    @task
    def look(x):
        seen.append(x)
        if len(seen) < 3:
            raise signals.LOOP("again")
        return x

    with Flow("flow") as flow:
        look(task(lambda: 5, name="five")())
    return [run(flow), seen]


@scenario(since="0.10")
def a_loop_may_start_anywhere():
    @task
    def to_twenty_two():
        count = prefect.context.get("task_loop_count", 1)
        if count < 22:
            raise signals.LOOP("again", result=count)
        return count, prefect.context.task_loop_result

    return run(flow_of(to_twenty_two), context={"task_loop_count": 20})


@scenario(since="0.10", differed='the log said "finished"', where=["ends"])
def the_log_of_a_loop_has_one_start_and_few_ends():
    lines = logged_run(flow_of(count_to_three))
    return {
        "starts": sum("Starting" in line for line in lines) >= 1,
        "ends": 1 <= sum("Finished" in line for line in lines) <= 2,
        "flow": [line for line in lines if "FlowRunner" in line],
    }


@scenario(since="0.10")
def what_comes_after_a_loop_gets_the_last_value():
    with Flow("flow") as flow:
        task(lambda x: len(x), name="length")(count_to_three())
    return run(flow)


@scenario(since="0.10")
def a_loop_in_a_flow_runner():
    return run_once(flow_of(count_to_three))


@scenario(since="0.10")
def a_hundred_turns():
    @task
    def turns():
        count = prefect.context.get("task_loop_count", 1)
        if count < 100:
            raise signals.LOOP(result=count)
        return count

    return states(flow_of(turns)), run(flow_of(turns))["tasks"]


@scenario(since="0.10")
def two_loops_do_not_mix():
    with Flow("flow") as flow:
        first = count_to_three()
        count_to_three(upstream_tasks=[first])
    return run(flow)
