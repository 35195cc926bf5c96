"""Executors: where tasks are run."""

import threading

import prefect
from observe import plain, raises, results, run, scenario, states
from prefect import Flow, task
from prefect.executors import Executor, LocalDaskExecutor, LocalExecutor


@task
def double(x):
    return 2 * x


@task
def fails_at_two(x):
    if x == 2:
        raise ValueError("two")
    return x


def flow_of():
    with Flow("flow") as flow:
        task(lambda x: x, name="all")(double.map([1, 2, 3]))
    return flow


@scenario
def the_base_class_submits_and_waits_for_nothing():
    executor = Executor()

    def started():
        with executor.start():
            return "inside"

    return {
        "submit": raises(lambda: executor.submit(lambda: 1)),
        "wait": raises(lambda: executor.wait(1)),
        "start": started(),
        "repr": repr(executor),
    }


@scenario
def the_local_executor_calls_at_once():
    executor = LocalExecutor()
    return [executor.submit(lambda x, y: x + y, 1, y=2), executor.wait([1, 2]), repr(executor)]


@scenario
def a_flow_on_the_local_executor():
    return run(flow_of(), executor=LocalExecutor())


@scenario
def a_flow_on_threads():
    return run(flow_of(), executor=LocalDaskExecutor())


@scenario
def a_flow_on_the_synchronous_scheduler():
    return run(flow_of(), executor=LocalDaskExecutor(scheduler="synchronous"))


@scenario
def the_scheduler_is_kept_as_attribute():
    return [LocalDaskExecutor().scheduler, LocalDaskExecutor(scheduler="sync").scheduler]


@scenario
def failures_on_threads():
    with Flow("flow") as flow:
        double.map(fails_at_two.map([1, 2, 3]))
    return run(flow, executor=LocalDaskExecutor())


@scenario
def the_context_reaches_tasks_on_threads():
    with Flow("flow") as flow:
        task(lambda: prefect.context.colour, name="colour")()
        task(lambda x: [prefect.context.map_index, prefect.context.task_full_name], name="index").map([1, 2])
    return results(flow, executor=LocalDaskExecutor(), context={"colour": "red"})


@scenario
def tasks_on_threads_run_beside_each_other():
    barrier = threading.Barrier(2, timeout=5)

    @task
    def meet(x):
        barrier.wait()
        return x

    with Flow("flow") as flow:
        meet.map([1, 2])
    return states(flow, executor=LocalDaskExecutor(scheduler="threads", num_workers=2))


@scenario
def a_future_is_computed_once():
    calls = []
    executor = LocalDaskExecutor()
    with executor.start():
        future = executor.submit(lambda: calls.append(1))
        executor.wait([future, future])
        executor.wait(future)
    return len(calls)


@scenario
def waiting_takes_values_futures_and_lists():
    executor = LocalDaskExecutor()
    with executor.start():
        future = executor.submit(lambda: 1)
        return plain([executor.wait(5), executor.wait(future), executor.wait([future, 2])])


@scenario
def a_map_submits_its_parent_and_each_child():
    class Counting(LocalExecutor):
        calls = 0

        def submit(self, fn, *args, **kwargs):
            Counting.calls += 1
            return super().submit(fn, *args, **kwargs)

    with Flow("flow") as flow:
        double.map([1] * 10)
    flow.run(executor=Counting())
    return Counting.calls


@scenario
def the_old_module_has_the_same_executors():
    from prefect.engine import executors as old

    return [
        issubclass(old.LocalExecutor, LocalExecutor),
        issubclass(old.LocalDaskExecutor, LocalDaskExecutor),
    ]


@scenario
def the_default_executor_is_local():
    return prefect.engine.get_default_executor_class().__name__
