"""The edge annotations mapped, unmapped and flatten; apply_map."""

import prefect
from observe import graph, logged_run, names, raises, results, run, scenario
from prefect import Flow, Parameter, apply_map, case, flatten, mapped, task, unmapped
from prefect.core.edge import Edge
from prefect.engine import signals
from prefect.tasks.control_flow import merge
from prefect.utilities.tasks import as_task


@task
def nested():
    return [[1, 2], [3]]


@task
def same(x):
    return x


@task
def double(x):
    return 2 * x


@task
def twice(x):
    return [x, x]


@task
def add(x, y):
    return x + y


@scenario
def flattening_the_result_of_a_task():
    with Flow("flow") as flow:
        double.map(flatten(nested()))
    return {**graph(flow), "results": results(flow)}


@scenario
def flattening_a_constant():
    with Flow("flow") as flow:
        double.map(flatten([[1, 2], [3]]))
    return {**graph(flow), "results": results(flow)}


@scenario
def flattening_a_map():
    with Flow("flow") as flow:
        double.map(flatten(twice.map([1, 2])))
    return run(flow)


@scenario
def flattening_a_flattened_map():
    with Flow("flow") as flow:
        double.map(flatten(twice.map(flatten(twice.map([1, 2])))))
    return results(flow)


@scenario
def flattening_for_a_plain_task():
    with Flow("flow") as flow:
        same(flatten(nested()))
        same(flatten(twice.map([1, 2])))
    return results(flow)


@scenario
def unnested_items_pass():
    with Flow("flow") as flow:
        double.map(flatten([1, [2, 3]]))
    return results(flow)


@scenario
def flattening_a_number_can_not_be_mapped():
    with Flow("flow") as flow:
        double.map(flatten(1))
    return run(flow)


@scenario
def a_failed_child_keeps_its_place_when_flattened():
    @task
    def twice_but_two(x):
        if x == 2:
            raise ValueError("two")
        return [x, x]

    with Flow("flow") as flow:
        double.map(flatten(twice_but_two.map([1, 2, 3])))
    return run(flow)


@scenario
def none_keeps_its_place_when_flattened():
    with Flow("flow") as flow:
        task(lambda x: x and 2 * x, name="safe").map(flatten(same.map([[1], None, [2]])))
    return run(flow)


@scenario
def a_skipped_child_when_flattened():
    @task
    def twice_but_two(x):
        if x == 2:
            raise signals.SKIP("two")
        return [x, x]

    with Flow("flow") as flow:
        double.map(flatten(twice_but_two.map([1, 2])))
    return run(flow)


@scenario
def a_child_that_can_not_be_flattened_is_logged():
    with Flow("flow") as flow:
        same.map(flatten(same.map([[1, 2], 3])))
    lines = [line for line in logged_run(flow) if line.startswith("WARNING")]
    return {"warned": [line.split(" | ")[0] for line in lines], "results": results(flow)}


@scenario
def annotations_say_what_they_mean():
    return {
        "mapped": mapped(1).annotations,
        "unmapped": unmapped(1).annotations,
        "flatten": flatten(1).annotations,
        "value": unmapped(5).value,
        "nested": flatten(unmapped(5)).annotations,
    }


@scenario
def annotations_nest():
    with Flow("flow") as flow:
        add(mapped(flatten(nested())), unmapped(10))
        add(flatten(mapped(nested())), 20)
    return {**graph(flow), "results": results(flow)}


@scenario
def an_annotation_beats_the_argument_of_the_edge():
    a, b = same.copy(name="a"), same.copy(name="b")
    return {
        "unmapped": Edge(unmapped(a), b, key="x", mapped=True).mapped,
        "mapped": Edge(mapped(a), b, key="x", mapped=False).mapped,
        "flatten": Edge(flatten(a), b, key="x").flattened,
    }


@scenario
def as_task_takes_the_annotation_off():
    with Flow("flow"):
        made = same(1)
        return [as_task(unmapped(made)) is made, as_task(flatten([1, 2])).name]


@scenario
def a_plain_call_with_an_unmapped_argument_is_plain():
    with Flow("flow") as flow:
        same(unmapped([1, 2]))
    return {**graph(flow), "results": results(flow)}


@scenario
def the_old_paths_of_unmapped_are_the_same():
    from prefect.utilities import edges

    return [
        edges.unmapped is unmapped,
        edges.mapped is mapped,
        edges.flatten is flatten,
        prefect.unmapped is unmapped,
    ]


@scenario
def apply_map_builds_for_one_and_runs_for_each():
    def steps(x, y):
        return double(add(x, y))

    with Flow("flow") as flow:
        apply_map(steps, [1, 2], unmapped(10))
    return {**graph(flow), "results": results(flow)}


@scenario
def apply_map_over_tasks_of_unequal_length():
    def steps(x, y):
        return add(x, y)

    with Flow("flow") as flow:
        apply_map(steps, task(lambda: [1, 2, 3], name="three")(), task(lambda: [10, 20], name="two")())
    return results(flow)


@scenario
def apply_map_returns_what_the_function_returns():
    def steps(x):
        return double(x), add(x, 1)

    with Flow("flow") as flow:
        doubled, added = apply_map(steps, [1, 2])
        same(doubled)
        same(added)
    return results(flow)


@scenario
def apply_map_with_a_condition_inside():
    @task
    def is_even(x):
        return x % 2 == 0

    def steps(x):
        with case(is_even(x), True):
            even = double(x)
        with case(is_even(x), False):
            odd = add(x, 100)
        return merge(even, odd)

    with Flow("flow") as flow:
        same(apply_map(steps, [1, 2, 3]))
    return results(flow)["same-1"]


@scenario
def a_task_without_mapped_input_inside_apply_map_runs_for_each():
    calls = []

    @task
    def constant():
        calls.append(1)
        return 100

    def steps(x):
        return add(x, constant())

    with Flow("flow") as flow:
        apply_map(steps, [1, 2, 3])
    return {**graph(flow), "results": results(flow), "calls": len(calls)}


@scenario
def apply_map_inside_apply_map():
    def inner(x):
        return double(x)

    def outer(x):
        return apply_map(inner, x)

    def build():
        with Flow("flow") as flow:
            apply_map(outer, [[1, 2], [3]])
        return flow

    return raises(lambda: names(build().tasks))


@scenario
def apply_map_needs_a_flow():
    return raises(lambda: apply_map(lambda x: same(x), [1]), says="flow in the current context")


@scenario
def apply_map_wants_sequences():
    def attempt(value):
        with Flow("flow") as flow:
            apply_map(lambda x: same(x), value)
        return results(flow)

    return {"number": raises(attempt, 1, says="non-sequence object"), "set": raises(attempt, {1})}


@scenario
def apply_map_with_a_flow_as_argument():
    flow = Flow("flow")
    apply_map(lambda x, flow=None: double(x, flow=flow), [1, 2], flow=flow)
    return results(flow)


@scenario
def apply_map_over_a_parameter():
    with Flow("flow") as flow:
        apply_map(lambda x: double(x), Parameter("x"))
    return results(flow, x=[1, 2])
