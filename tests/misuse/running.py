"""Misuse seen when a flow is run or asked, and misuse of what stands around it."""

from datetime import timedelta

from miniprefect import Flow, Parameter, context
from miniprefect.engine import FlowRunner, TaskRunner, signals
from miniprefect.engine.state import Failed, Retrying, Success
from miniprefect.exceptions import NoBackendError
from tests.misuse.rows import (
    NO_FLOW,
    Misuse,
    Plus,
    flow_with,
    in_flow,
    later_date,
    load,
    on_etl,
    one,
    rows,
    run_etl,
    start_date,
    the,
)


def task_of_another_flow_as_reference():
    with Flow("first"):
        foreign = one()
    with Flow("second") as second:
        one()
    second.set_reference_tasks([foreign])


def case_in_two_flows():
    with Flow("first"), the("tasks.control_flow:case")(one(), 1):
        with Flow("second"):
            one()
        one()


def case_on_a_task():
    with the("tasks.control_flow:case")(one(), one()):
        pass


def resource_outside_a_flow():
    @the("tasks.core.resource_manager:resource_manager")
    class Cluster:
        def setup(self):
            pass

        def cleanup(self, cluster):
            pass

    with Cluster():
        pass


def map_inside_apply_map():
    with Flow("etl"):
        the("utilities.tasks:apply_map")(lambda x: load.map([x]), [1, 2])


def update_with_same_parameter():
    first, second = (Flow(name, tasks=[Parameter("a_number")]) for name in ("first", "second"))
    first.update(second)


# fmt: off
RUNNING = [
    # Running a flow.
    Misuse("required parameter missing", run_etl(start_date, rows), ValueError,
           ["Flow.run did not receive the following required parameters: start_date"], "ValueError"),
    Misuse("two required parameters missing", run_etl(Parameter("b"), Parameter("a")), ValueError,
           ["did not receive the following required parameters: a, b"], "ValueError"),
    Misuse("unknown parameter", run_etl(later_date, rows, parameters={"colour": 1}), ValueError,
           ["unexpected parameters: colour", "start_date", "rows"], "ValueError"),
    Misuse("unknown keyword", run_etl(later_date, rows, colour=1), TypeError,
           ["got an unexpected keyword argument 'colour'", "start_date", "rows"], "TypeError"),
    Misuse("unknown keyword of a flow without parameters", run_etl(colour=1), TypeError,
           ["got an unexpected keyword argument 'colour'", "no parameters"], "TypeError"),
    Misuse("misspelt parameter", run_etl(later_date, rows, parameters={"start_dat": 1}), ValueError,
           ["unexpected parameters: start_dat", "start_date", "rows", "id you mean"], "ValueError"),
    Misuse("misspelt keyword", run_etl(later_date, rows, start_dat=1), TypeError,
           ["got an unexpected keyword argument 'start_dat'", "start_date", "rows", "id you mean"],
           "TypeError"),
    Misuse("misspelt keyword, required", run_etl(start_date, rows, start_dat=1), ValueError,
           ["did not receive the following required parameters: start_date", "start_dat", "id you mean"],
           "ValueError"),
    Misuse("parameters as a list", run_etl(later_date, parameters=["start_date"]), ValueError,
           ["parameters", "dict"], "ValueError"),
    Misuse("run(return_tasks=)", run_etl(return_tasks=[]), ValueError,
           ["`return_tasks` keyword cannot be provided", "FlowRunner"], "ValueError"),
    Misuse("run inside its own block", in_flow(lambda: context.flow.run()), RuntimeError,
           ["`flow.run()` from within a `Flow` context manager"], "RuntimeError"),
    Misuse("run(executor='local')", run_etl(executor="local"), TypeError,
           ["executor", "'local'", "LocalExecutor()"], "Failed"),
    Misuse("executor not instantiated", lambda: run_etl(executor=the("executors:LocalExecutor"))(), TypeError,
           ["executor", "LocalExecutor()"], "Failed"),
    Misuse("run(runner_cls='x')", run_etl(runner_cls="x"), TypeError, ["runner_cls", "'x'"], "TypeError"),
    Misuse("run(context='x')", run_etl(context="x"), AttributeError, ["context", "dict"], "AttributeError"),
    Misuse("run(context={'parameters': 1})", run_etl(context={"parameters": 1}), TypeError,
           ["context['parameters']", "dict", "not 1"], "Failed"),
    Misuse("run(context={'config': None})", run_etl(context={"config": None}), TypeError,
           ["context['config']", "dict", "not None"], "Failed"),
    Misuse("run(task_contexts={task: 3})", lambda: Flow("etl", tasks=[one]).run(task_contexts={one: 3}),
           AttributeError, ["task_contexts", "one", "3", "dict"], "AttributeError"),
    Misuse("run(task_contexts={task: {'config': 3}})",
           lambda: Flow("etl", tasks=[one]).run(task_contexts={one: {"config": 3}}),
           TypeError, ["task_contexts", "one", "'config'", "3", "dict"], "Failed"),
    Misuse("run(task_states='x')", run_etl(task_states="x"),
           ValueError, ["task_states", "dict"], "ValueError"),
    Misuse("run(task_states={task: 3})", lambda: Flow("etl", tasks=[one]).run(task_states={one: 3}),
           TypeError, ["task_states", "one", "3", "State"], "Failed"),
    Misuse("run(state=3)", run_etl(state=3), AttributeError, ["state", "3", "State"], "AttributeError"),
    Misuse("result of a task that was not run", lambda: run_etl()().result[load], KeyError, ["load"],
           "KeyError"),
    # The flow object.
    Misuse("add_task(1)", lambda: Flow("etl").add_task(1), TypeError, ["Tasks must be Task instances", "int"],
           "TypeError"),
    Misuse("add_task(print)", lambda: Flow("etl").add_task(print), TypeError,
           ["Tasks must be Task instances", "builtin_function"], "TypeError"),
    Misuse("add_task of a class", lambda: Flow("etl").add_task(Plus), TypeError,
           ["Tasks must be Task instances", "Plus"], "TypeError"),
    Misuse("chain of one task twice", lambda: Flow("etl").chain(one, one), ValueError,
           ["Edges can not connect a task to itself", "one"], "ValueError"),
    Misuse("edges_to of a stranger", on_etl(lambda f, a, b, s: f.edges_to(s)), ValueError,
           ["was not found in Flow", "stranger", "etl"], "ValueError"),
    Misuse("edges_from of a stranger", on_etl(lambda f, a, b, s: f.edges_from(s)), ValueError,
           ["was not found in Flow", "stranger", "etl"], "ValueError"),
    Misuse("upstream_tasks of a stranger", on_etl(lambda f, a, b, s: f.upstream_tasks(s)), ValueError,
           ["was not found in Flow", "stranger", "etl"], "ValueError"),
    Misuse("downstream_tasks of a name", on_etl(lambda f, a, b, s: f.downstream_tasks("clean")), ValueError,
           ["was not found in Flow", "clean", "etl"], "ValueError"),
    Misuse("sorted_tasks with a stranger", on_etl(lambda f, a, b, s: f.sorted_tasks([s])), ValueError,
           ["not found in Flow", "stranger", "etl"], "ValueError"),
    Misuse("sorted_tasks without a list", on_etl(lambda f, a, b, s: f.sorted_tasks(a)), TypeError,
           ["root_tasks", "list", "extract"], "TypeError"),
    Misuse("replace of a stranger", on_etl(lambda f, a, b, s: f.replace(s, a)), ValueError,
           ["was not found in Flow", "stranger", "etl"], "ValueError"),
    Misuse("reference task without a list", on_etl(lambda f, a, b, s: f.set_reference_tasks(a)), TypeError,
           ["list", "extract"], "TypeError"),
    Misuse("reference task that is a stranger", on_etl(lambda f, a, b, s: f.set_reference_tasks([s])),
           ValueError, ["must be part of the flow", "stranger"], "ValueError"),
    Misuse("reference task of another flow", task_of_another_flow_as_reference, ValueError,
           ["must be part of the flow", "one", "second"], "ValueError"),
    Misuse("edge to a task that was removed",
           on_etl(lambda f, a, b, s: (f.tasks.remove(a), f.validate())), ValueError,
           ["edges refer to tasks", "extract"], "ValueError"),
    Misuse("get_tasks(tag=)", on_etl(lambda f, a, b, s: f.get_tasks(tag="x")),
           TypeError, ["'tag'"], "TypeError"),
    Misuse("get_tasks(task_type='Task')", on_etl(lambda f, a, b, s: f.get_tasks(task_type="Task")), TypeError,
           ["type"], "TypeError"),
    Misuse("update(3)", lambda: Flow("etl").update(3), AttributeError, ["3", "Flow"], "AttributeError"),
    Misuse("update with the same parameter", update_with_same_parameter, ValueError,
           ['A task with the slug "a_number" already exists in this flow.', "merge_parameters"],
           "ValueError"),
    Misuse("register without a backend", on_etl(lambda f, a, b, s: f.register("project")), Exception,
           ["register", "backend", "flow.run"], "not tried: it calls a server"),
    Misuse("run_agent without a backend", on_etl(lambda f, a, b, s: f.run_agent()), NoBackendError,
           ["agent", "backend", "flow.run"], "ValueError"),
    Misuse("load of a missing file", lambda: Flow.load("/no/such/etl.prefect"), FileNotFoundError,
           ["/no/such/etl.prefect"], "FileNotFoundError"),
    # Runners, states, signals, context, configuration.
    Misuse("FlowRunner(3)", lambda: FlowRunner(3), AttributeError, ["3", "Flow"], "AttributeError"),
    Misuse("FlowRunner.run(colour=)", lambda: FlowRunner(Flow("etl")).run(colour=1), TypeError, ["colour"],
           "TypeError"),
    Misuse("TaskRunner(3)", lambda: TaskRunner(3), AttributeError, ["3", "Task"], "AttributeError"),
    Misuse("state with an unknown keyword", lambda: Success(colour=1), TypeError, ["colour"], "TypeError"),
    Misuse("failed state with a start time", lambda: Failed(start_time=1), TypeError, ["start_time"],
           "TypeError"),
    Misuse("retry at a string", lambda: Retrying(start_time="noon"),
           AttributeError, ["start_time", "datetime"], "AttributeError"),
    Misuse("signal with an unknown keyword", lambda: signals.FAIL(colour=1),
           TypeError, ["colour"], "TypeError"),
    Misuse("RETRY misspells start_time", lambda: signals.RETRY(startime=1), TypeError, ["startime"],
           "TypeError"),
    Misuse("signal from a number", lambda: signals.signal_from_state(3), ValueError,
           ["No signal matches the provided state", "3"], "ValueError"),
    Misuse("context attribute", lambda: context.colour, AttributeError, ["colour"], "AttributeError"),
    Misuse("context item", lambda: context["colour"], KeyError, ["colour"], "KeyError"),
    Misuse("context of a number", lambda: context(3).__enter__(), TypeError, ["int"], "TypeError"),
    Misuse("config key", lambda: the("configuration:config").logging.colour, AttributeError, ["colour"],
           "BoxKeyError"),
    # Schedules, control flow, results, executors: from modules that may come later.
    Misuse("schedule without clocks", lambda: the("schedules:Schedule")(),
           TypeError, ["clocks"], "TypeError"),
    Misuse("schedule with one clock", lambda: the("schedules:Schedule")(clocks=3), TypeError,
           ["clocks", "list"], "TypeError"),
    Misuse("schedule that is over", lambda: flow_with(schedule=the("schedules:Schedule")(clocks=[]))(),
           ValueError, ["no more scheduled runs"], "ValueError"),
    Misuse("interval of nothing", lambda: the("schedules:IntervalSchedule")(interval=timedelta(0)),
           ValueError, ["greater than 0"], "ValueError"),
    Misuse("interval of 5", lambda: the("schedules.clocks:IntervalClock")(5), TypeError, ["timedelta"],
           "TypeError"),
    Misuse("cron nonsense", lambda: the("schedules:CronSchedule")("99 * * * *"), ValueError,
           ["cron", "99 * * * *"], "ValueError"),
    Misuse("case compared to a task", in_flow(case_on_a_task), TypeError, ["`value` cannot be a task"],
           "TypeError"),
    Misuse("case in two flows", case_in_two_flows, ValueError, ["Multiple flows"], "ValueError"),
    Misuse("switch with a list", in_flow(lambda: the("tasks.control_flow:switch")(one(), [one])),
           AttributeError, ["list", ("dict", "items")], "AttributeError"),
    Misuse("merge outside a flow", lambda: the("tasks.control_flow:merge")(one), ValueError, [NO_FLOW],
           "ValueError"),
    Misuse("apply_map outside a flow", lambda: the("utilities.tasks:apply_map")(load, [1]), ValueError,
           ["flow in the current context"], "ValueError"),
    Misuse("apply_map over a number", in_flow(lambda: the("utilities.tasks:apply_map")(load, 1)), TypeError,
           ["non-sequence object", "int"], "TypeError"),
    Misuse("map inside apply_map", map_inside_apply_map, ValueError, ["running from inside a mapped context"],
           "ValueError"),
    Misuse("resource manager outside a flow", resource_outside_a_flow, ValueError, [NO_FLOW], "ValueError"),
    Misuse("LocalResult(colour=)", lambda: the("engine.results:LocalResult")(colour=1), TypeError, ["colour"],
           "TypeError"),
    Misuse("ConstantResult.write", lambda: the("engine.results:ConstantResult")(value=1).write(2), ValueError,
           ["write", "ConstantResult"], "ValueError"),
    Misuse("LocalExecutor(workers=)", lambda: the("executors:LocalExecutor")(workers=3),
           TypeError, ["workers"], "TypeError"),
]
# fmt: on
