"""Misuse seen while a flow is built: flows, tasks, calls, edges, cycles, parameters."""

from miniprefect import Flow, Parameter, Task, tags, task
from miniprefect.core.edge import Edge
from tests.misuse.rows import (
    A_DAY,
    NO_FLOW,
    NOT_ITERABLE,
    Misuse,
    Plus,
    cycle,
    flow_with,
    in_flow,
    join_tables,
    later_date,
    load,
    on_etl,
    one,
    retrying,
    run_one,
    the,
    turns,
)


def with_the_class():
    with Flow:
        one()


def unpack_a_call():
    left, right = load(1)
    return left, right


def star_arguments():
    @task
    def collect(*tables):
        pass


def positional_only():
    @task
    def collect(first, second, /, third):
        pass


def class_with_star_arguments():
    class Collect(Task):
        def run(self, *tables):
            pass


def class_with_reserved_name():
    class Collect(Task):
        def run(self, task_args):
            pass


def class_with_positional_only():
    class Collect(Task):
        def run(self, first, /):
            pass

    with Flow("etl"):
        Collect()(1)


def class_whose_run_lacks_self():
    class Collect(Task):
        def run():  # the misuse
            pass

    with Flow("etl"):
        Collect()()


class Collect(Task):
    """Forget to call `super().__init__`."""

    def __init__(self):
        self.tables = []

    def run(self):
        return 1


def task_class_decorated():
    @task
    class Loader(Task):
        def run(self):
            return 1


def method_decorated():
    class Parser:
        @task
        def parse(self, line):
            return line

    with Flow("etl"):
        Parser().parse("a line")


def call_same_argument_twice():
    flow = Flow("etl")
    flow.add_edge(Task("first"), load, key="path", validate=True)
    flow.add_edge(Task("second"), load, key="path", validate=True)


def two_parameters_of_one_name():
    load(Parameter("dt"))
    load(Parameter("dt"))


# fmt: off
BUILDING = [
    # Making a flow.
    Misuse("flow without a name", lambda: Flow(), TypeError, ["'name'"], "TypeError"),
    Misuse("flow named None", lambda: Flow(None), ValueError, ["name must be provided"], "ValueError"),
    Misuse("flow named ''", lambda: Flow(""), ValueError, ["name must be provided"], "ValueError"),
    Misuse("flow named 5", lambda: Flow(5), TypeError, ["name", "5"], "TypeError"),
    Misuse("flow misspells name", lambda: Flow(nmae="etl"), TypeError, ["nmae"], "TypeError"),
    Misuse("flow with tasks=[1]", lambda: Flow("etl", tasks=[1]), TypeError,
           ["Tasks must be Task instances", "int"], "TypeError"),
    Misuse("flow with one task, no list", lambda: Flow("etl", tasks=one), TypeError, ["tasks", "list"],
           "TypeError"),
    Misuse("flow with edges=[1]", lambda: Flow("etl", edges=[1]), AttributeError, ["Edge", "1"],
           "AttributeError"),
    Misuse("flow with a pair for an edge", lambda: Flow("etl", edges=[(one, load)]), AttributeError,
           ["Edge(", "load"], "AttributeError"),
    Misuse("flow with a bare handler", flow_with(state_handlers=print), TypeError,
           ["state_handlers", "list"], "TypeError"),
    Misuse("flow with a handler that is no callable", flow_with(state_handlers=["mail"]), TypeError,
           ["state_handlers", "'mail'", "callable"], "Failed"),
    Misuse("flow with a terminal handler that is no callable", flow_with(terminal_state_handler="mail"),
           TypeError, ["terminal_state_handler", "'mail'", "callable"], "Failed"),
    Misuse("flow with a cron string for a schedule", flow_with(schedule="* * * * *"), AttributeError,
           ["schedule", "'* * * * *'", "Schedule("], "AttributeError"),
    Misuse("flow with a timedelta for a schedule", flow_with(schedule=A_DAY), AttributeError,
           ["schedule", "timedelta", "Schedule("], "AttributeError"),
    Misuse("flow with an executor's name", flow_with(executor="local"), TypeError,
           ["executor", "'local'", "LocalExecutor()"], "Failed"),
    Misuse("the class Flow in a with", with_the_class, TypeError, ["context manager"], "TypeError"),
    # Making a task.
    Misuse("task(3)", lambda: task(3), TypeError, ["`fn` must be callable", "3"], "TypeError"),
    Misuse("task with its name first", lambda: task("load it"), TypeError,
           ["`fn` must be callable", "'load it'", "name="], "TypeError"),
    Misuse("task(zip)", lambda: task(zip), ValueError, [("This function can not be inspected", "*args")],
           "ValueError"),
    Misuse("FunctionTask(3)", lambda: the("tasks.core.function:FunctionTask")(3), TypeError,
           ["`fn` must be callable"], "TypeError"),
    Misuse("function with *args", star_arguments, ValueError, ["*args", "collect", "tables"], "ValueError"),
    Misuse("lambda with *args", lambda: task(lambda *tables: 1),
           ValueError, ["*args", "tables"], "ValueError"),
    Misuse("function with positional-only arguments", positional_only, TypeError,
           ["positional-only", "collect", "['first', 'second']"], "TypeError"),
    Misuse("argument named flow", lambda: task(lambda flow: 1),
           ValueError, ["flow", "reserved"], "ValueError"),
    Misuse("argument named mapped", lambda: task(lambda mapped: 1), ValueError, ["mapped", "reserved"],
           "ValueError"),
    Misuse("argument named task_args", lambda: task(lambda task_args: 1), ValueError,
           ["task_args", "reserved"], "ValueError"),
    Misuse("argument named upstream_tasks, with a default", lambda: task(lambda upstream_tasks=(): 1),
           ValueError, ["upstream_tasks", "reserved"], "ValueError"),
    Misuse("class whose run has *args", class_with_star_arguments, ValueError,
           ["*args", "Collect", "tables"], "ValueError"),
    Misuse("class whose run has a reserved name", class_with_reserved_name, ValueError,
           ["Collect", "task_args", "reserved"], "ValueError"),
    Misuse("class whose run has a positional-only argument", class_with_positional_only, TypeError,
           ["positional-only", "Collect", "first"], "TypeError"),
    Misuse("class whose run lacks self", class_whose_run_lacks_self, ValueError, ["Collect", "self"],
           "ValueError"),
    Misuse("calling a task whose class forgets super().__init__", in_flow(lambda: Collect()()), AttributeError,
           ["Collect", "super().__init__"], "AttributeError"),
    Misuse("adding a task whose class forgets super().__init__", lambda: Flow("etl", tasks=[Collect()]), AttributeError,
           ["Collect", "super().__init__"], "AttributeError"),
    Misuse("@task on a Task class", task_class_decorated, ValueError, ["Loader", "Task"], "ValueError"),
    Misuse("@task on a method", method_decorated, TypeError,
           ["missing a required argument: 'line'", "parse"], "TypeError"),
    Misuse("unknown task argument", lambda: Task(retries=3), TypeError, ["retries"], "TypeError"),
    Misuse("unknown argument of the decorator", lambda: task(max_retry=3)(lambda: 1),
           TypeError, ["max_retry"], "TypeError"),
    Misuse("task named 5", lambda: Task(name=5), TypeError, ["name", "5"], "TypeError"),
    Misuse("tags as a string", lambda: Task(tags="nightly"), TypeError, ["ags", "'nightly'"], "TypeError"),
    Misuse("tags=3", lambda: Task(tags=3), TypeError, ["tags", "3"], "TypeError"),
    Misuse("parameter with tags as a string", lambda: Parameter("dt", tags="nightly"), TypeError,
           ["ags", "'nightly'"], "TypeError"),
    Misuse("tags manager with a list", lambda: tags(["nightly"]).__enter__(),
           TypeError, ["list"], "TypeError"),
    Misuse("timeout=0.5", lambda: Task(timeout=0.5), TypeError, ["integer timeouts", "0.5"], "TypeError"),
    Misuse("timeout='5'", lambda: Task(timeout="5"), TypeError, ["integer timeouts", "'5'"], "TypeError"),
    Misuse("max_retries without retry_delay", lambda: Task("pull", max_retries=2), ValueError,
           ["`retry_delay` must be provided", "timedelta", "pull"], "ValueError"),
    Misuse("retry_delay without max_retries", lambda: Task("pull", retry_delay=A_DAY), ValueError,
           ["A `max_retries` argument greater than 0 must be provided if specifying a retry delay", "pull"],
           "ValueError"),
    Misuse("retry_delay with max_retries=0", retrying(max_retries=0), ValueError,
           ["A `max_retries` argument greater than 0"], "ValueError"),
    Misuse("max_retries='3'", retrying(max_retries="3"), TypeError, ["max_retries", "'3'"], "TypeError"),
    Misuse("retry_on a name in a list", retrying(retry_on=["KeyError"]), TypeError,
           ["retry_on", "'KeyError'", "exception type but got an instance of str"], "TypeError"),
    Misuse("retry_on a name", retrying(retry_on="KeyError"), TypeError,
           ["retry_on", "exception type but got an instance of str"], "TypeError"),
    Misuse("retry_on an instance", retrying(retry_on=KeyError("x")), TypeError,
           ["KeyError('x')", "exception type but got an instance of KeyError"], "TypeError"),
    Misuse("retry_on int", retrying(retry_on=int), TypeError, ["retry_on", "int", "exception"], "TypeError"),
    Misuse("retry_on without max_retries", lambda: Task(retry_on=KeyError), ValueError,
           ["`max_retries` must be provided", "`retry_on`"], "ValueError"),
    Misuse("task with a bare handler", lambda: Task(state_handlers=print), TypeError,
           ["state_handlers", "list"], "TypeError"),
    Misuse("task with a handler that is no callable", lambda: run_one(state_handlers=["mail"]), TypeError,
           ["state_handlers", "'mail'", "callable"], "Failed"),
    Misuse("trigger by its name", lambda: run_one(trigger="all_failed"), TypeError,
           ["trigger", "'all_failed'", "callable"], "Failed"),
    Misuse("cache_for as a number", lambda: run_one(cache_for=5), TypeError, ["cache_for", "timedelta"],
           "Failed"),
    Misuse("result as a path", lambda: run_one(result="/tmp/out"), TypeError,
           ["result", "'/tmp/out'", "LocalResult"], "Failed"),
    Misuse("target=3", lambda: run_one(target=3), TypeError, ["target", "3"], "Failed"),
    Misuse("task_run_name=3", lambda: run_one(task_run_name=3), TypeError, ["task_run_name", "3"], "Failed"),
    Misuse("two tasks with one slug", lambda: Flow("etl", tasks=[Task(slug="x"), Task(slug="x")]), ValueError,
           ['A task with the slug "x" already exists in this flow'], "ValueError"),
    Misuse("attribute of a function task", lambda: load.rows, AttributeError,
           ["'FunctionTask' object has no attribute 'rows'"], "AttributeError"),
    # A task is a promise of a value, not the value.
    Misuse("iterating a task", lambda: list(load), TypeError, [NOT_ITERABLE, "load", "nout"], "TypeError"),
    Misuse("unpacking a call", in_flow(unpack_a_call), TypeError, [NOT_ITERABLE, "load", "nout"],
           "TypeError"),
    Misuse("unpacking a mapped task", in_flow(lambda: list(load.copy(nout=2).map([1]))), TypeError,
           [NOT_ITERABLE, "load"], "TypeError"),
    Misuse("nout='2'", lambda: list(Task("pair", nout="2")), TypeError, ["nout", "'2'"], "TypeError"),
    Misuse("operator outside a flow", lambda: one + 1, ValueError, [NO_FLOW, "<Task: Add>"], "ValueError"),
    # Calling a task.
    Misuse("missing argument", in_flow(lambda: join_tables(1)), TypeError,
           ["missing a required argument: 'right'", "join_tables"], "TypeError"),
    Misuse("too many arguments", in_flow(lambda: join_tables(1, 2, 3)), TypeError,
           ["too many positional arguments", "join_tables"], "TypeError"),
    Misuse("unknown argument", in_flow(lambda: join_tables(1, 2, sort=True)), TypeError,
           ["got an unexpected keyword argument 'sort'", "join_tables", "left", "right"], "TypeError"),
    Misuse("argument given twice", in_flow(lambda: join_tables(1, left=3)), TypeError,
           ["multiple values for argument 'left'", "join_tables"], "TypeError"),
    Misuse("missing argument of bind", in_flow(lambda: join_tables.bind(1)), TypeError,
           ["missing a required argument: 'right'", "join_tables"], "TypeError"),
    Misuse("missing argument of a class", in_flow(lambda: Plus(1)()), TypeError,
           ["missing a required argument: 'x'", "Plus"], "TypeError"),
    Misuse("missing argument of map", in_flow(lambda: join_tables.map([1])), TypeError,
           ["missing a required argument: 'right'", "join_tables"], "TypeError"),
    Misuse("too many arguments of map", in_flow(lambda: load.map([1], [2])), TypeError,
           ["too many positional arguments", "load"], "TypeError"),
    Misuse("call outside a flow", lambda: load(1), ValueError,
           [NO_FLOW, "while creating edge to <Task: load>", "load.run(...)"], "ValueError"),
    Misuse("call of a class outside a flow", lambda: Plus()(1), ValueError,
           [NO_FLOW, "while creating edge to <Task: Plus>", "Plus(...).run(...)"], "ValueError"),
    Misuse("bind outside a flow", lambda: load.bind(1), ValueError, [NO_FLOW, "load"], "ValueError"),
    Misuse("map outside a flow", lambda: load.map([1]), ValueError, [NO_FLOW, "load"], "ValueError"),
    Misuse("flow by its name", lambda: load(1, flow="etl"), AttributeError, ["flow", "'etl'", "Flow"],
           "AttributeError"),
    Misuse("flow as first argument", lambda: one(Flow("etl")), TypeError,
           ["too many positional arguments", "one"], "TypeError"),
    Misuse("upstream_tasks without a list", in_flow(lambda: load(1, upstream_tasks=one)), TypeError,
           ["upstream_tasks", "list", "one"], "TypeError"),
    Misuse("unknown task_args", in_flow(lambda: load(1, task_args={"colour": 3})), AttributeError,
           ["<Task: load>", "colour"], "AttributeError"),
    Misuse("unknown task_args of map", in_flow(lambda: load.map([1], task_args={"colour": 3})),
           AttributeError, ["<Task: load>", "colour"], "AttributeError"),
    Misuse("unknown attribute of copy", lambda: load.copy(colour=3), AttributeError,
           ["<Task: load>", "colour"], "AttributeError"),
    Misuse("task_args as a string", in_flow(lambda: load(1, task_args="fast")), TypeError, ["mapping"],
           "TypeError"),
    Misuse("mapping over a set", in_flow(lambda: load.map({1, 2})),
           TypeError, ["map over", "set"], "TypeError"),
    Misuse("mapping over None", in_flow(lambda: load.map(None)), TypeError, ["map over", "NoneType"],
           "TypeError"),
    Misuse("unmapped forgotten", in_flow(lambda: join_tables.map([1], 2)), TypeError,
           ["map over", "int", "unmapped"], "TypeError"),
    Misuse("unmapped of nothing", in_flow(lambda: load.map(the("utilities.edges:unmapped")())), TypeError,
           ["value"], "TypeError"),
    # Binding by hand.
    Misuse("set_upstream without a flow", lambda: Task("clean").set_upstream(one), ValueError,
           ["No Flow was passed", "clean"], "ValueError"),
    Misuse("set_downstream without a flow", lambda: Task("clean").set_downstream(one), ValueError,
           ["No Flow was passed"], "ValueError"),
    Misuse("set_dependencies without a flow", lambda: Task("clean").set_dependencies(), ValueError,
           ["No Flow was passed", "clean"], "ValueError"),
    Misuse("chaining without a flow", lambda: Task("extract") | Task("clean"), ValueError,
           ["No Flow was passed"], "ValueError"),
    Misuse("set_downstream of a number", in_flow(lambda: one.set_downstream(3)), AttributeError,
           ["3", "Task"], "AttributeError"),
    Misuse("keyword_tasks as a list", on_etl(lambda f, a, b, s: f.set_dependencies(b, keyword_tasks=[a])),
           AttributeError, ["keyword_tasks", "dict"], "AttributeError"),
    Misuse("pipe with self", in_flow(lambda: one().pipe(load, self=2)), ValueError, ["self"], "ValueError"),
    Misuse("edge to itself", lambda: Edge(one, one), ValueError,
           ["Edges can not connect a task to itself", "one"], "ValueError"),
    Misuse("edge between equal numbers", lambda: Edge(1, 1), ValueError,
           ["Edges can not connect a task to itself"], "ValueError"),
    Misuse("edge without an end", lambda: Edge(one), TypeError, ["downstream_task"], "TypeError"),
    Misuse("key with a blank", lambda: Edge(one, load, key="a path"), ValueError,
           ['Key must be a valid identifier (received "a path")'], "ValueError"),
    Misuse("key that is a keyword", lambda: Edge(one, load, key="for"), ValueError, ["identifier", '"for"'],
           "ValueError"),
    Misuse("key that is a number", lambda: Edge(one, load, key=1), ValueError, ["identifier", '"1"'],
           "ValueError"),
    Misuse("key that the task does not take",
           lambda: Flow("etl").add_edge(one, load, key="rows", validate=True), TypeError,
           ["got an unexpected keyword argument 'rows'", "load"], "TypeError"),
    Misuse("key taken twice", call_same_argument_twice, ValueError,
           ["has already been assigned", "path", "<Task: load>", "copy"], "ValueError"),
    # Cycles.
    Misuse("cycle of two, validated", cycle("ab", Flow.validate), ValueError, ["Cycle found", turns("ab")],
           "ValueError"),
    Misuse("cycle of three below a chain", cycle("abc", Flow.validate, lead_in="xy"), ValueError,
           ["Cycle found", turns("abc"), "loop"], "ValueError"),
    Misuse("cycle when sorted", cycle("ab", Flow.sorted_tasks), ValueError, ["Cycle found", turns("ab")],
           "ValueError"),
    Misuse("cycle when run", cycle("ab", Flow.run),
           ValueError, ["Cycle found", turns("ab"), "loop"], "Failed"),
    Misuse("cycle by an edge that is validated",
           on_etl(lambda f, a, b, s: f.add_edge(b, a, validate=True)), ValueError,
           ["Cycle found", ("extract -> clean -> extract", "clean -> extract -> clean")], "ValueError"),
    Misuse("cycle by chain", on_etl(lambda f, a, b, s: f.chain(b, s, a, validate=True)), ValueError,
           ["Cycle found", "stranger -> extract"], "ValueError"),
    # Parameters.
    Misuse("parameter without a name", lambda: Parameter(), TypeError, ["'name'"], "TypeError"),
    Misuse("parameter named 3", lambda: Parameter(3), TypeError, ["name", "3"], "TypeError"),
    Misuse("parameter misspells default", lambda: Parameter("dt", defualt=3), TypeError, ["defualt"],
           "TypeError"),
    Misuse("parameter with an upstream", lambda: Flow("etl").add_edge(one, Parameter("dt")), ValueError,
           ["can not have upstream dependencies", "dt"], "ValueError"),
    Misuse("parameter chained", lambda: Flow("etl").chain(one, Parameter("dt")), ValueError,
           ["can not have upstream dependencies", "dt"], "ValueError"),
    Misuse("parameter with keyword_tasks",
           lambda: Flow("etl").set_dependencies(Parameter("dt"), keyword_tasks={"x": one}), ValueError,
           ["can not have upstream dependencies", "dt"], "ValueError"),
    Misuse("parameter called with upstream_tasks", in_flow(lambda: Parameter("dt")(upstream_tasks=[one])),
           TypeError, ["unexpected keyword argument 'upstream_tasks'"], "TypeError"),
    Misuse("parameter called with mapped", in_flow(lambda: Parameter("dt")(mapped=True)), TypeError,
           ["unexpected keyword argument 'mapped'"], "TypeError"),
    Misuse("parameter called with a value", in_flow(lambda: Parameter("dt")(3)), AttributeError,
           ["flow", "3", "Flow"], "AttributeError"),
    Misuse("parameter mapped", in_flow(lambda: Parameter("dt").map([1])), TypeError, ["dt", "map"], "TypeError"),
    Misuse("parameter called outside a flow", lambda: Parameter("dt")(), ValueError,
           [NO_FLOW, "<Parameter: dt>"], "ValueError"),
    Misuse("parameter copied without a name", lambda: Parameter("dt").copy(), TypeError, ["'name'"],
           "TypeError"),
    Misuse("parameter copied under its own name",
           lambda: Flow("etl", tasks=[later_date, later_date.copy("start_date")]), ValueError,
           ['A task with the slug "start_date" already exists in this flow'], "ValueError"),
    Misuse("two parameters of one name", in_flow(two_parameters_of_one_name), ValueError,
           ['A task with the slug "dt" already exists in this flow'], "ValueError"),
]
# fmt: on
