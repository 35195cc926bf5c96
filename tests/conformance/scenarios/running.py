"""Plain runs: success, failure, and what each task and the flow end in."""

import prefect
from observe import UTC, Watch, describe, outcome, plain, raises, results, run, run_once, scenario, states
from prefect import Flow, Task, task
from prefect.engine import FlowRunner, TaskRunner
from prefect.engine.state import Failed, Pending, Running, Scheduled, Success


@task
def one():
    return 1


@task
def same(x):
    return x


@task
def fails(x=None):
    raise ValueError("boom")


@scenario(since="0.10")
def a_task_returns_its_value():
    with Flow("flow") as flow:
        one()
    return run(flow)


@scenario(since="0.10")
def a_chain_passes_values_on():
    with Flow("flow") as flow:
        same(same(one()) + 1)
    return run(flow)


@scenario(since="0.10")
def an_exception_fails_the_task_and_its_downstream_tasks():
    with Flow("flow") as flow:
        same(same(fails()))
    return run(flow)


@scenario(since="0.10")
def the_exception_itself_is_the_result():
    error = ValueError("boom")

    @task
    def raises_it():
        raise error

    with Flow("flow") as flow:
        task_ = raises_it()
    return flow.run().result[task_].result is error


@scenario(since="0.10")
def a_task_without_dependencies_runs_though_another_fails():
    with Flow("flow") as flow:
        fails()
        same(one())
    return run(flow)


@scenario(since="0.10")
def the_state_of_the_flow_comes_from_its_reference_tasks():
    with Flow("flow") as flow:
        good = one()
        bad = fails(upstream_tasks=[good])
    flow.set_reference_tasks([good])
    only_good = run(flow)
    flow.set_reference_tasks([good, bad])
    return {"good": only_good["flow"], "both": run(flow)["flow"]}


@scenario(since="0.10")
def tasks_run_in_the_order_of_their_dependencies():
    order = []

    def step(name):
        return task(lambda: order.append(name), name=name)()

    with Flow("flow") as flow:
        c, a, b = step("c"), step("a"), step("b")
        flow.chain(a, b, c)
    flow.run()
    return order


@scenario(since="0.10")
def an_empty_flow_runs():
    return run(Flow("flow"))


@scenario(since="0.10")
def class_tasks_and_bare_tasks_run():
    class Five(Task):
        def run(self):
            return 5

    with Flow("flow") as flow:
        same(Five())
        Task(name="bare").bind()
    return run(flow)


@scenario(since="0.10")
def a_flow_can_run_twice_without_remembering():
    calls = []

    @task
    def count():
        calls.append(1)
        return len(calls)

    with Flow("flow") as flow:
        count()
    return [results(flow), results(flow)]


@scenario(since="0.10")
def one_value_feeds_many_and_many_feed_one():
    with Flow("flow") as flow:
        start = one()
        same([same(start), same(start)])
    return results(flow)


@scenario(since="0.10")
def dependencies_without_data_only_order():
    order = []

    @task
    def first():
        order.append("first")
        return "ignored"

    @task
    def second():
        order.append("second")

    with Flow("flow") as flow:
        second(upstream_tasks=[first()])
    return {"run": run(flow), "order": order}


@scenario(since="0.10")
def none_is_a_result():
    with Flow("flow") as flow:
        same(same(None))
    return run(flow)


@scenario(since="0.10")
def return_tasks_is_not_for_flow_run():
    with Flow("flow") as flow:
        one()
    return raises(lambda: flow.run(return_tasks=[]), says="`return_tasks` keyword cannot be provided")


@scenario(since="0.10")
def a_flow_runner_returns_only_the_tasks_asked_for():
    with Flow("flow") as flow:
        first = one()
        last = same(first)
    nothing = FlowRunner(flow).run()
    some = FlowRunner(flow).run(return_tasks=[last])
    return {"nothing": plain(nothing.result), "message": nothing.message, "some": outcome(flow, some)}


@scenario(since="0.10")
def a_flow_runner_asked_for_a_stranger_fails():
    flow = Flow("flow", tasks=[one.copy()])
    state = FlowRunner(flow).run(return_tasks=[Task(name="stranger")])
    return [type(state).__name__, type(state.result).__name__]


@scenario(since="0.10")
def a_flow_that_is_already_finished_comes_back_at_once():
    with Flow("flow") as flow:
        one()
    seen = FlowRunner(flow).run(state=Success(result=5))
    return {"flow run": outcome(flow, flow.run(state=Failed("before"))), "runner": describe(seen)}


@scenario(since="0.10")
def a_flow_that_is_already_running_goes_on():
    with Flow("flow") as flow:
        one()
    return run(flow, state=Running("before"))


@scenario(since="0.10")
def a_task_runner_runs_one_task():
    return [describe(TaskRunner(one.copy()).run()), describe(TaskRunner(fails.copy()).run())]


@scenario(since="0.10")
def a_task_runner_takes_upstream_states_by_edge():
    from prefect.core.edge import Edge

    first, last = one.copy(), same.copy()
    runner = TaskRunner(last)
    return {
        "success": describe(runner.run(upstream_states={Edge(first, last, key="x"): Success(result=3)})),
        "failed": describe(runner.run(upstream_states={Edge(first, last, key="x"): Failed("no")})),
        "pending": describe(runner.run(upstream_states={Edge(first, last, key="x"): Pending()})),
    }


@scenario(since="0.10")
def a_task_runner_starts_from_a_state():
    return {
        type(state).__name__: describe(TaskRunner(one.copy()).run(state=state))
        for state in (Pending("p"), Success("before", result=9), Failed("before"), Running("r"))
    }


@scenario(since="0.10")
def a_task_scheduled_for_later_is_not_started():
    import datetime

    later = datetime.datetime.now(UTC) + datetime.timedelta(hours=1)
    state = Scheduled("later", start_time=later)
    return TaskRunner(one.copy()).run(state=state) is state


@scenario
def an_executor_may_be_given_to_run_or_to_the_flow():
    from prefect.executors import LocalExecutor

    class Counting(LocalExecutor):
        submitted = 0

        def submit(self, fn, *args, **kwargs):
            Counting.submitted += 1
            return super().submit(fn, *args, **kwargs)

    with Flow("flow") as flow:
        same(one())
    flow.run(executor=Counting())
    with Flow("flow", executor=Counting()) as other:
        one()
    other.run()
    return Counting.submitted


@scenario
def constants_are_not_sent_to_the_executor():
    from prefect.executors import LocalExecutor
    from prefect.tasks.core.constants import Constant

    class Counting(LocalExecutor):
        submitted = 0

        def submit(self, fn, *args, **kwargs):
            Counting.submitted += 1
            return super().submit(fn, *args, **kwargs)

    with Flow("flow") as flow:
        same(1, upstream_tasks=[Constant(5)])
    seen = run(flow, executor=Counting())
    return {"submitted": Counting.submitted, "run": seen}


@scenario(since="0.10")
def a_runner_class_may_be_given():
    class Mine(FlowRunner):
        used = False

        def run(self, *args, **kwargs):
            Mine.used = True
            return super().run(*args, **kwargs)

    with Flow("flow") as flow:
        one()
    return [states(flow, runner_cls=Mine), Mine.used]


@scenario(since="0.10")
def a_handler_of_all_task_runs_may_be_given():
    seen = []

    def note(runner, old, new):
        seen.append([type(old).__name__, type(new).__name__])
        return new

    with Flow("flow") as flow:
        one()
    flow.run(task_runner_state_handlers=[note])
    return seen


@scenario(since="0.10")
def flow_handlers_see_three_states_in_flow_run_and_two_in_a_runner():
    watch = Watch()
    with Flow("flow", state_handlers=[watch]) as flow:
        one()
    flow.run()
    of_flow_run, watch.seen = watch.seen, []
    FlowRunner(flow).run()
    return {"flow.run": of_flow_run, "FlowRunner": watch.seen}


@scenario(since="0.10")
def a_task_may_run_a_flow():
    with Flow("inner") as inner:
        same(2)

    @task
    def outer_task():
        return type(inner.run()).__name__

    with Flow("outer") as outer:
        outer_task()
        one()
    return results(outer)


@scenario(since="0.10")
def raise_on_exception_lets_ordinary_errors_out():
    from prefect.utilities.debug import raise_on_exception

    with Flow("flow") as flow:
        fails()

    def attempt():
        with raise_on_exception():
            flow.run()

    return {"error": raises(attempt), "outside": "raise_on_exception" in prefect.context}


@scenario(since="0.10")
def raise_on_exception_does_not_let_signals_out():
    from prefect.engine import signals
    from prefect.utilities.debug import raise_on_exception

    @task
    def signalled():
        raise signals.FAIL("because")

    with Flow("flow") as flow:
        signalled()
    with raise_on_exception():
        return [run(flow), prefect.context.get("raise_on_exception")]


@scenario(since="0.10")
def the_result_of_a_reference_to_a_failed_and_a_skipped_task():
    from prefect.engine import signals

    @task
    def skips():
        raise signals.SKIP("not today")

    with Flow("flow") as flow:
        skips()
        one()
    return run(flow)


@scenario(since="0.10")
def a_run_once_flow_with_everything_done():
    with Flow("flow") as flow:
        same(one())
    return run_once(flow)


@scenario
def an_executor_that_blows_up_fails_the_flow():
    from prefect.executors import LocalExecutor

    class Broken(LocalExecutor):
        def submit(self, fn, *args, **kwargs):
            raise RuntimeError("broken executor")

    with Flow("flow") as flow:
        one()
    state = flow.run(executor=Broken())
    return describe(state)


@scenario
def a_terminal_state_handler_may_change_the_end():
    def handler(flow, state, reference_task_states):
        names = sorted(type(one).__name__ for one in reference_task_states)
        return Success(f"forgiven {names}", result=state.result)

    def silent(flow, state, reference_task_states):
        return None

    seen = []
    for end in (handler, silent):
        with Flow("flow", terminal_state_handler=end) as flow:
            fails()
        seen.append(run(flow)["flow"])
    return seen
