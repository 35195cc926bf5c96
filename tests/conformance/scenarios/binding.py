"""Tasks in a flow: called, bound, piped, made to depend on each other."""

import prefect
import slugs
from observe import graph, names, plain, raises, results, scenario, warns
from prefect import Flow, Task, task


class Add(Task):
    def run(self, x, y=10):
        return x + y


@task
def one():
    return 1


@task
def double(x):
    return 2 * x


@scenario(since="0.10")
def calling_copies_the_task_and_binding_does_not():
    original = Add()
    with Flow("flow") as flow:
        called = original(1, 2)
        bound = original.bind(3, 4)
    return [called is original, bound is original, sorted(slugs.of(flow).values())]


@scenario(since="0.10")
def one_task_can_be_bound_in_two_flows():
    plus = Add()
    with Flow("one") as first:
        plus.bind(1, 2)
    with Flow("two") as second:
        plus.bind(3)
    return [graph(first), graph(second), results(first), results(second)]


@scenario(since="0.10")
def binding_by_position_by_keyword_and_with_defaults():
    plus = Add()
    with Flow("flow") as flow:
        plus(1)
        plus(1, 2)
        plus(y=3, x=1)
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def keyword_only_arguments_and_free_keywords_are_bound():
    @task
    def collect(a, *, b=2, **more):
        return [a, b, more]

    with Flow("flow") as flow:
        collect(1, c=one(), d=4)
    return {**graph(flow), "results": results(flow)}


@scenario
def calling_a_task_outside_a_flow_is_refused():
    return {
        "function": raises(one, says=["Could not infer an active Flow context", "one.run("]),
        "class": raises(Add(), 1, says=["Could not infer an active Flow context", "Add(...).run("]),
        "bind": raises(lambda: double.bind(1), says="Could not infer an active Flow context"),
    }


@scenario(since="0.10")
def a_task_can_be_called_with_the_flow_as_argument():
    flow = Flow("flow")
    double(one(flow=flow), flow=flow)
    return graph(flow)


@scenario(since="0.10")
def missing_and_unexpected_arguments_fail_at_the_call():
    def attempt(*arguments, **keywords):
        with Flow("flow"):
            double(*arguments, **keywords)

    return {
        "missing": raises(attempt, says="x"),
        "too many": raises(attempt, 1, 2),
        "unknown keyword": raises(attempt, 1, z=2, says="z"),
    }


@scenario(since="0.10")
def task_args_set_attributes_on_the_copy_and_add_tags():
    with Flow("flow"):
        original = Add(name="plus", tags=["a"])
        copy = original(1, task_args={"name": "minus", "tags": ["b"], "checkpoint": False})
    return [original.name, plain(original.tags), copy.name, plain(copy.tags), copy.checkpoint]


@scenario(since="0.10")
def an_unknown_task_argument_is_refused():
    def attempt():
        with Flow("flow"):
            one(task_args={"colour": "red"})

    return raises(attempt, says="colour")


@scenario
def nout_lets_a_task_be_unpacked():
    @task(nout=2)
    def pair():
        return 1, 2

    with Flow("flow") as flow:
        a, b = pair()
        double(a)
    return {**graph(flow), "names": [a.name, b.name], "results": results(flow)}


@scenario
def a_mapped_task_never_unpacks():
    @task(nout=2)
    def pair(x):
        return x, x

    with Flow("flow"):
        mapped = pair.map([1, 2])
    return raises(lambda: list(mapped), says="Task is not iterable")


@scenario(since="0.10")
def copying_a_task_that_has_dependencies_warns():
    def build():
        with Flow("flow"):
            a, b = Task(name="a"), Task(name="b")
            b.set_upstream(a)
            b()

    return warns(build, says="You are making a copy")


@scenario
def tasks_made_in_a_flow_block_but_never_added_warn():
    def forgotten():
        with Flow("flow"):
            Task(name="forgotten")

    def used():
        with Flow("flow"):
            Add()(1, 2)

    def decorated_inside():
        with Flow("flow"):

            @task
            def inside():
                pass

            inside()

    return {
        "forgotten": warns(forgotten, says="Tasks were created but not added"),
        "copy used": warns(used),
        "decorated inside": warns(decorated_inside),
    }


@scenario
def pipe_equals_calling_the_other_with_this_task_first():
    with Flow("flow") as flow:
        one().pipe(double).pipe(Add(), y=5)
    return {**graph(flow), "results": results(flow)}


@scenario
def pipe_takes_no_more_positional_arguments():
    with Flow("flow"):
        first = one()
        return {
            "positional": raises(lambda: first.pipe(Add(), 5)),
            "self": raises(lambda: first.pipe(Add(), self=5)),
        }


@scenario(
    differs="piping into `mapped` maps, which Prefect forgets",
    here={"edges": ["numbers-1 -> double-1 (x, mapped)"], "results/double-1": [2, 4, 6]},
)
def pipe_into_an_annotation_and_on():
    @task
    def numbers():
        return [1, 2, 3]

    with Flow("flow") as flow:
        numbers().pipe(prefect.mapped).pipe(double)
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10", differed="it returned None", where=["returns itself"])
def set_dependencies_chains_and_binds_keywords():
    flow = Flow("flow")
    a, plus, last = Task(name="a"), Add(), Task(name="last")
    returned = plus.set_dependencies(
        flow=flow, upstream_tasks=[a], downstream_tasks=[last], keyword_tasks={"x": 1, "y": one.copy()}
    )
    return {**graph(flow), "returns itself": returned is plus}


@scenario(since="0.10", differed="they returned None", where=["edges", "same", "tasks"])
def set_upstream_and_set_downstream_return_the_task():
    flow = Flow("flow")
    a, b, c = Task(name="a"), Task(name="b"), Task(name="c")
    same = b.set_upstream(a, flow=flow) is b and b.set_downstream(c, flow=flow) is b
    return {**graph(flow), "same": same}


@scenario(since="0.10")
def set_upstream_without_a_flow_is_refused():
    return {
        "upstream": raises(lambda: Task().set_upstream(Task()), says="No Flow was passed"),
        "downstream": raises(lambda: Task().set_downstream(Task()), says="No Flow was passed"),
        "dependencies": raises(lambda: Task().set_dependencies(upstream_tasks=[Task()])),
    }


@scenario(since="0.10")
def upstream_tasks_of_a_call_make_edges_without_keys():
    with Flow("flow") as flow:
        first = one()
        double(1, upstream_tasks=[first])
    return graph(flow)


@scenario(since="0.10")
def task_names_in_a_flow():
    with Flow("flow") as flow:
        double(one())
        Add()(1)
    return names(flow.tasks)
