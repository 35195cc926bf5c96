"""Skipped tasks and what becomes of those behind them."""

from observe import raises, run, scenario, states
from prefect import Flow, Parameter, task, triggers
from prefect.engine import signals
from prefect.engine.state import Skipped


@task
def one():
    return 1


@task
def same(x=None):
    return x


@task
def skips(x=None):
    raise signals.SKIP("not today")


@task
def fails():
    raise ValueError("boom")


@scenario(since="0.10")
def a_skip_goes_on_downstream():
    with Flow("flow") as flow:
        same(same(skips()))
    return run(flow)


@scenario(since="0.10")
def a_skip_through_a_dependency_without_data():
    with Flow("flow") as flow:
        one(upstream_tasks=[skips()])
    return run(flow)


@scenario(since="0.10")
def a_task_may_refuse_to_be_skipped():
    with Flow("flow") as flow:
        same.copy(skip_on_upstream_skip=False)(skips())
    return run(flow)


@scenario(since="0.10")
def one_skipped_of_two_upstream_tasks_is_enough():
    with Flow("flow") as flow:
        same([one(), skips()])
    return states(flow)


@scenario(since="0.10")
def a_skip_wins_over_a_failure():
    with Flow("flow") as flow:
        same(1, upstream_tasks=[skips(), fails()])
    return run(flow)


@scenario(since="0.10")
def a_skip_wins_over_a_trigger():
    with Flow("flow") as flow:
        one.copy(trigger=triggers.any_failed)(upstream_tasks=[skips()])
        one.copy(trigger=triggers.always_run)(upstream_tasks=[skips()])
    return states(flow)


@scenario(since="0.10")
def without_skipping_the_trigger_decides():
    with Flow("flow") as flow:
        one.copy(trigger=triggers.any_failed, skip_on_upstream_skip=False)(upstream_tasks=[skips()])
        one.copy(trigger=triggers.all_failed, skip_on_upstream_skip=False)(upstream_tasks=[skips()])
    return run(flow)


@scenario(since="0.10")
def constants_and_parameters_do_not_disturb_a_skip():
    @task
    def add(x, y, z):
        return x + y + z

    with Flow("flow") as flow:
        add(Parameter("p", default=1), 5, skips())
    return states(flow)


@scenario(since="0.10")
def the_result_of_a_skipped_task_is_none_downstream():
    with Flow("flow") as flow:
        same.copy(skip_on_upstream_skip=False)(same(skips()))
    return run(flow)


@scenario(since="0.10")
def a_skip_with_a_result():
    @task
    def skips_with_a_result():
        raise signals.SKIP("early", result=3)

    with Flow("flow") as flow:
        same.copy(skip_on_upstream_skip=False)(skips_with_a_result())
    return run(flow)


@scenario(since="0.10")
def a_skipped_reference_task_makes_a_successful_flow():
    with Flow("flow") as flow:
        skips()
    return run(flow)["flow"]


@scenario(since="0.10")
def a_skip_and_a_failure_as_reference_tasks():
    with Flow("flow") as flow:
        skips()
        fails()
    return run(flow)["flow"]


@scenario(since="0.10")
def a_skipped_state_given_beforehand_goes_on_downstream():
    with Flow("flow") as flow:
        first = one()
        same(first)
    return run(flow, task_states={first: Skipped("before")})


@scenario(since="0.10")
def a_diamond_with_one_skipped_side():
    with Flow("flow") as flow:
        start = one()
        left, right = skips(start), same(start)
        same([left, right])
        same.copy(name="joined", skip_on_upstream_skip=False)([left, right])
    return states(flow)


@scenario(since="0.10")
def a_skip_raised_by_hand():
    return raises(skips.run, says="not today")


@scenario(since="0.10")
def a_skipped_task_in_the_middle_of_a_chain():
    ran = []

    def step(name, **arguments):
        return task(lambda: ran.append(name), name=name, **arguments)

    with Flow("flow") as flow:
        first = step("first")()
        middle = skips(upstream_tasks=[first])
        after = step("after")(upstream_tasks=[middle])
        step("stubborn", skip_on_upstream_skip=False)(upstream_tasks=[after])
    return [states(flow), ran]
