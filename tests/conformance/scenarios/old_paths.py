"""Names under the paths of 0.10, each of them used."""

import datetime
import warnings

import prefect
from observe import UTC, names, raises, results, run, scenario, states
from prefect import Flow, task


@task
def one():
    return 1


@task
def double(x):
    return 2 * x


def numbers_flow(**arguments):
    with Flow("flow", **arguments) as flow:
        double(double(one()))
    return flow


@scenario(only="0.10")
def executors_below_the_engine():
    from prefect.engine.executors import LocalExecutor

    return results(numbers_flow(), executor=LocalExecutor())


@scenario(only="0.10")
def executors_as_attributes_of_the_engine():
    return results(numbers_flow(), executor=prefect.engine.executors.LocalExecutor())


@scenario(only="0.10")
def an_executor_that_submits_and_waits():
    from prefect.engine.executors import LocalExecutor

    executor = LocalExecutor()
    with executor.start():
        return [
            executor.submit(lambda x, y: x + y, 1, y=2),
            executor.wait([1, 2]),
        ]


@scenario(only="0.10")
def an_executor_that_maps():
    from prefect.engine.executors import LocalExecutor

    return raises(lambda: LocalExecutor().map(lambda x, y: x * y, [1, 2, 3], [4, 5, 6]))


@scenario(only="0.10")
def an_executor_of_ones_own():
    from prefect.engine.executors import Executor

    calls = []

    class Counting(Executor):
        def submit(self, function, *arguments, **keywords):
            calls.append("submit")
            return function(*arguments, **keywords)

        def map(self, function, *arguments):
            return list(map(function, *arguments))

        def wait(self, futures):
            return futures

    return [results(numbers_flow(), executor=Counting()), len(calls)]


@scenario(only="0.10")
def the_base_executor_does_nothing():
    from prefect.engine.executors import Executor

    bare = Executor()
    with bare.start():
        return {
            "submit": raises(lambda: bare.submit(len, [])),
            "wait": raises(lambda: bare.wait([])),
        }


@scenario(only="0.10")
def the_default_classes_of_the_engine():
    from prefect import engine

    return [
        engine.get_default_executor_class().__name__,
        engine.get_default_flow_runner_class().__name__,
        engine.get_default_task_runner_class().__name__,
    ]


@scenario(only="0.10")
def a_local_environment():
    from prefect.environments import LocalEnvironment

    flow = numbers_flow(environment=LocalEnvironment(labels=["a"]))
    return [type(flow.environment).__name__, sorted(flow.environment.labels), results(flow)]


@scenario(only="0.10", differs="no environment is used, so there is none", here={"": "NoneType"})
def a_flow_has_a_remote_environment_by_default():
    return type(numbers_flow().environment).__name__


@scenario(only="0.10")
def a_storage_of_the_environments():
    from prefect.environments.storage import Docker

    flow = numbers_flow(storage=Docker(registry_url="registry.example", image_name="flow", image_tag="1"))
    return [type(flow.storage).__name__, flow.storage.registry_url, flow.storage.image_name, results(flow)]


@scenario(only="0.10")
def local_storage_of_the_environments():
    from prefect.environments.storage import Local

    return results(numbers_flow(storage=Local()))


@scenario(only="0.10")
def unmapped_of_the_utilities():
    from prefect.utilities.tasks import unmapped

    with Flow("flow") as flow:
        task(lambda x, y: x + y, name="add").map([1, 2, 3], unmapped(10))
    return results(flow)


@scenario(only="0.10")
def a_parameter_of_the_core():
    from prefect.core.task import Parameter

    with Flow("flow") as flow:
        double(Parameter("x", default=3))
    return [names(flow.parameters()), results(flow), results(flow, x=5)]


@scenario(only="0.10")
def exceptions_of_the_utilities():
    from prefect.utilities.exceptions import AuthorizationError, ClientError, PrefectError

    return [issubclass(ClientError, PrefectError), issubclass(AuthorizationError, ClientError)]


@scenario(only="0.10")
def a_secret_of_the_client():
    from prefect.client import Secret

    with prefect.context(secrets={"KEY": "value"}):
        return [Secret("KEY").get(), raises(lambda: Secret("OTHER").get(), says="OTHER")]


@scenario(only="0.10")
def a_secret_of_the_tasks():
    from prefect.tasks.secrets import Secret

    def build():
        with Flow("flow") as flow:
            double(Secret("KEY"))
        return flow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flow = build()
    with prefect.context(secrets={"KEY": 21}):
        return states(flow)


@scenario(only="0.10")
def pause_task_of_the_utilities():
    from prefect.utilities.tasks import pause_task

    with Flow("flow") as flow:
        task(lambda: pause_task("look first"), name="pauses")()
    return states_of_one_run(flow)


@scenario(only="0.10")
def tags_of_the_utilities():
    from prefect.utilities.tasks import tags

    with Flow("flow") as flow, tags("a", "b"):
        made = one()
    return [sorted(made.tags), len(flow.tasks)]


@scenario(only="0.10")
def defaults_from_attributes_of_the_utilities():
    from prefect.utilities.tasks import defaults_from_attrs

    class Add(prefect.Task):
        def __init__(self, x=1, **keywords):
            self.x = x
            super().__init__(**keywords)

        @defaults_from_attrs("x")
        def run(self, x=None, y=10):
            return x + y

    with Flow("flow") as flow:
        Add()()
        Add(x=2)(y=20)
        Add(x=3)(x=4)
    return results(flow)


@scenario(only="0.10")
def as_task_of_the_utilities():
    from prefect.utilities.tasks import as_task

    with Flow("flow"):
        return [type(as_task(5)).__name__, type(as_task([1, one()])).__name__]


@scenario(only="0.10")
def a_schedule_that_fires_once():
    from prefect.schedules import OneTimeSchedule

    moment = datetime.datetime(2100, 1, 1, tzinfo=UTC)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schedule = OneTimeSchedule(start_date=moment)
    return [event == moment for event in schedule.next(3)]


@scenario(only="0.10")
def a_union_of_schedules():
    from prefect.schedules import OneTimeSchedule, UnionSchedule

    moments = [datetime.datetime(2100, 1, day, tzinfo=UTC) for day in (2, 1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schedule = UnionSchedule([OneTimeSchedule(start_date=moment) for moment in moments])
    return schedule.next(3) == sorted(moments)


@scenario(only="0.10")
def an_interval_schedule_of_0_10():
    from prefect.schedules import IntervalSchedule

    start = datetime.datetime(2100, 1, 1, tzinfo=UTC)
    schedule = IntervalSchedule(start_date=start, interval=datetime.timedelta(days=1))
    return [(event - start).days for event in schedule.next(3)]


@scenario(only="0.10")
def the_logger_of_the_utilities():
    from prefect.utilities.logging import get_logger

    return [get_logger().name, get_logger("mine").name]


@scenario(only="0.10")
def a_logger_in_a_class_task():
    class Talker(prefect.Task):
        def run(self):
            return [self.logger.name, prefect.context.logger.name]

    with Flow("flow") as flow:
        Talker()()
    return results(flow)


@scenario(only="0.10")
def configuration_by_attribute():
    return [prefect.config.flows.checkpointing, prefect.config.logging.level, prefect.config.engine is not None]


@scenario(only="0.10")
def constants_and_collections_of_the_tasks():
    from prefect.tasks.core.collections import List
    from prefect.tasks.core.constants import Constant

    with Flow("flow") as flow:
        double(Constant(4))
        List().bind(one(), 2)
    return run(flow)


@scenario(only="0.10")
def the_states_of_the_engine():
    from prefect.engine.state import Failed, Skipped, Success, TimedOut, TriggerFailed

    return [kind("said", result=1).result for kind in (Success, Failed, Skipped, TimedOut, TriggerFailed)]


def states_of_one_run(flow):
    from prefect.engine import FlowRunner

    state = FlowRunner(flow=flow).run(return_tasks=flow.tasks)
    return [type(state).__name__, *(type(one).__name__ for one in state.result.values())]
