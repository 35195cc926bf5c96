"""`prefect.context`: what tasks see and how it is set; `prefect.config`."""

import threading
import time
from datetime import datetime, timedelta, timezone

import prefect
from observe import plain, raises, results, run_once, scenario
from prefect import Flow, Parameter, Task, task
from prefect.utilities.collections import DotDict, merge_dicts
from prefect.utilities.configuration import set_temporary_config


def seen_by_a_task(look, *, flow_arguments=None, task_arguments=None, **run_arguments):
    """Run a flow of one task and return what `look(context)` sees inside the task."""
    seen = []

    @task(name="look", **(task_arguments or {}))
    def inside():
        seen.append(look(prefect.context))

    with Flow("my flow", **(flow_arguments or {})) as flow:
        inside()
    flow.run(**run_arguments)
    return seen[0] if seen else "nothing"


@scenario(since="0.10", differed="slugs were random ids", where=["task_slug"])
def names_that_a_task_sees():
    wanted = ["flow_name", "task_name", "task_full_name", "task_slug", "task_run_count", "map_index"]
    return seen_by_a_task(lambda context: {name: plain(context.get(name, "absent")) for name in wanted})


@scenario(since="0.10")
def tags_that_a_task_sees():
    return seen_by_a_task(lambda context: plain(context.task_tags), task_arguments={"tags": ["b", "a"]})


@scenario(since="0.10")
def dates_that_a_task_sees():
    days = ["today", "yesterday", "tomorrow"]
    wanted = [*days, *(f"{day}_nodash" for day in days)]
    seen = seen_by_a_task(lambda context: {name: len(context[name]) for name in wanted})
    return {**seen, "date": seen_by_a_task(lambda context: plain(context.date))}


@scenario
def dates_are_those_of_the_beginning_of_the_run():
    @task
    def ended():
        time.sleep(0.05)
        return datetime.now(timezone.utc)  # noqa: UP017 - Python 3.7 has no `datetime.UTC`

    @task
    def is_before(moment):
        return [prefect.context.date < moment, prefect.context.scheduled_start_time < moment]

    with Flow("flow") as flow:
        is_before(ended())
    return results(flow)["is_before-1"]


@scenario(
    since="0.10",
    differed="these keys came later",
    where=["flow_id", "flow_run_id", "flow_run_name", "parameters", "task_id", "task_run_id"],
)
def which_other_keys_a_task_sees():
    wanted = [
        "caches",
        "checkpointing",
        "config",
        "flow_id",
        "flow_run_id",
        "flow_run_name",
        "logger",
        "parameters",
        "scheduled_start_time",
        "task_id",
        "task_run_id",
        "task_run_name",
        "task_loop_count",
        "task_loop_result",
        "resume",
        "raise_on_exception",
        "flow",
        "case",
    ]
    return seen_by_a_task(lambda context: {name: name in context for name in wanted})


@scenario(since="0.10")
def the_logger_in_the_context_is_the_logger_of_the_task():
    return seen_by_a_task(lambda context: context.logger.name)


@scenario(since="0.10")
def the_scheduled_start_time_is_a_datetime():
    return seen_by_a_task(lambda context: plain(context.scheduled_start_time))


@scenario(since="0.10")
def the_checkpointing_key_follows_the_configuration():
    seen = [seen_by_a_task(lambda context: context.checkpointing)]
    with set_temporary_config({"flows.checkpointing": True}):
        return [*seen, seen_by_a_task(lambda context: context.checkpointing)]


@scenario(since="0.10")
def context_given_to_run_reaches_the_tasks_and_wins():
    return {
        "own key": seen_by_a_task(lambda context: context.colour, context={"colour": "red"}),
        "today": seen_by_a_task(lambda context: context.today, context={"today": "someday"}),
        "date": seen_by_a_task(lambda context: context.date, context={"date": "whenever"}),
        "afterwards": "colour" in prefect.context,
    }


@scenario(since="0.10")
def context_around_run_reaches_the_tasks():
    with prefect.context(colour="red"):
        return seen_by_a_task(lambda context: context.colour)


@scenario(since="0.10")
def task_contexts_reach_one_task_only():
    @task
    def look():
        return prefect.context.get("colour")

    with Flow("flow") as flow:
        first = look()
        look()
    return run_once(flow, task_contexts={first: {"colour": "red"}})["tasks"]


@scenario(since="0.10")
def a_task_name_in_a_map_has_its_index():
    @task
    def look(x):
        return [prefect.context.task_name, prefect.context.task_full_name, prefect.context.map_index]

    with Flow("flow") as flow:
        look.map([1, 2])
    return results(flow)["look-1"]


@scenario(since="0.10")
def the_name_of_a_flow_run_shows_when_given():
    return seen_by_a_task(lambda context: context.flow_run_name, context={"flow_run_name": "tuesday"})


@scenario
def a_task_run_name_is_rendered_from_inputs_and_context():
    seen = []

    @task(task_run_name="{flow_name}-{x}")
    def named(x):
        seen.append(prefect.context.task_run_name)

    @task(task_run_name=lambda **keywords: f"called {keywords['x']}")
    def called(x):
        seen.append(prefect.context.task_run_name)

    with Flow("flow") as flow:
        called(2, upstream_tasks=[named(1)])
    flow.run()
    return seen


@scenario(since="0.10")
def context_is_a_manager_with_keywords_or_a_dict():
    seen = []
    with prefect.context(a=1, b=2):
        with prefect.context({"b": 3, "c": 4}):
            seen.append([prefect.context.a, prefect.context.b, prefect.context.c])
        seen.append([prefect.context.a, prefect.context.b, "c" in prefect.context])
    return [*seen, "a" in prefect.context]


@scenario(since="0.10")
def context_by_attribute_item_and_get():
    with prefect.context(a=1):
        return {
            "attribute": prefect.context.a,
            "item": prefect.context["a"],
            "get": prefect.context.get("a"),
            "default": prefect.context.get("zzz", "default"),
            "missing attribute": raises(lambda: prefect.context.zzz),
            "missing item": raises(lambda: prefect.context["zzz"]),
        }


@scenario(since="0.10")
def context_can_be_set_and_deleted():
    with prefect.context():
        prefect.context.a = 1
        prefect.context["b"] = 2
        seen = [prefect.context["a"], prefect.context.b]
        del prefect.context.a
        return [*seen, "a" in prefect.context]


@scenario(since="0.10")
def nested_dicts_in_the_context_stay_dicts():
    with prefect.context(a={"b": 1}):
        return [type(prefect.context.a).__name__, prefect.context.a]


@scenario(since="0.10")
def config_in_the_context_is_merged_deeply():
    with prefect.context(config={"logging": {"level": "TEST"}, "mine": 1}):
        config = prefect.context.config
        return [config.logging.level, config.mine, "format" in config.logging, prefect.config.get("mine")]


@scenario(since="0.10")
def the_context_is_not_shared_between_threads():
    seen = []
    with prefect.context(a=1):
        thread = threading.Thread(target=lambda: seen.append("a" in prefect.context))
        thread.start()
        thread.join()
    return seen


@scenario(since="0.10")
def text_of_a_context_and_of_a_dot_dict():
    mixed = DotDict(b=1, a=2)
    mixed[1] = 3
    return [repr(mixed), type(prefect.context).__name__]


@scenario(since="0.10")
def a_dot_dict_behaves():
    dots = DotDict({"a": 1, "nested": {"b": 2}})
    dots.c = 3
    seen = {
        "attributes": [dots.a, dots.c, type(dots.nested).__name__],
        "keys": sorted(dots),
        "length": len(dots),
        "equal": dots == DotDict({"a": 1, "nested": {"b": 2}, "c": 3}),
        "copy": plain(dict(dots.copy())),
        "missing": raises(lambda: dots.zzz, says="zzz"),
        "get": dots.get("zzz", 5),
    }
    del dots.a
    return {**seen, "deleted": "a" in dots}


@scenario(since="0.10")
def a_dot_dict_becomes_a_dict_lists_included():
    dots = DotDict(a=DotDict(b=[DotDict(c=1)]))
    return [type(dots.to_dict()).__name__, plain(dots.to_dict()), type(dots.to_dict()["a"]["b"][0]).__name__]


@scenario(since="0.10")
def dicts_merge_deeply_into_a_new_one():
    first, second = {"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9}, "e": 4}
    merged = merge_dicts(first, second)
    return [merged, first, second]


@scenario(since="0.10")
def temporary_configuration_is_set_and_taken_back():
    with set_temporary_config({"a.b.c": 1, "logging.level": "TEST"}):
        inside = [prefect.config.a.b.c, prefect.config.logging.level]
    return [inside, prefect.config.get("a"), prefect.config.logging.level]


@scenario(since="0.10")
def defaults_of_tasks_are_read_when_a_task_is_made():
    with set_temporary_config({"tasks.defaults.max_retries": 3, "tasks.defaults.timeout": 7}):
        changed, own = Task(retry_delay=timedelta(0)), Task(max_retries=0)
    fresh = Task()
    return [[task.max_retries, task.timeout] for task in (changed, own, fresh)]


@scenario(
    since="0.10", differed="the log did not tell the time zone, and executors have moved", where=["datefmt", "executor"]
)
def configuration_that_flows_read():
    config = prefect.config
    return {
        "checkpointing": config.flows.checkpointing,
        "eager_edge_validation": config.flows.eager_edge_validation,
        "run_on_schedule": config.flows.run_on_schedule,
        "level": config.logging.level,
        "format": config.logging.format,
        "datefmt": config.logging.datefmt,
        "max_retries": config.tasks.defaults.max_retries,
        "debug": config.debug,
        "executor": plain(config.engine.executor.default_class),
    }


@scenario(since="0.10")
def eager_edge_validation_is_a_setting():
    def attempt():
        flow = Flow("flow")
        a, b = Task(name="a"), Task(name="b")
        flow.add_edge(a, b)
        flow.add_edge(b, a)

    with set_temporary_config({"flows.eager_edge_validation": True}):
        return raises(attempt, says="ycle")


@scenario(since="0.10")
def parameters_are_in_the_context():
    @task
    def look():
        return prefect.context.parameters["x"]

    with Flow("flow") as flow:
        look(upstream_tasks=[Parameter("x")])
    return results(flow, x=5)["look-1"]
