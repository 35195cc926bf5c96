"""Operators on tasks make tasks."""

from dataclasses import dataclass

import slugs
from observe import graph, raises, results, run, scenario
from prefect import Flow, Parameter, Task, task
from prefect.tasks.core import operators


@task
def same(x):
    return x


def binary(operation, x=7, y=2):
    """Apply an operation to two parameters, run it, and show the task it made."""
    with Flow("flow") as flow:
        made = operation(Parameter("x"), Parameter("y"))
    used = {parameter.name for parameter in flow.parameters()}
    values = {name: value for name, value in {"x": x, "y": y}.items() if name in used}
    return [made.name, type(made).__name__, results(flow, **values)[slugs.of(flow)[made]]]


@scenario(since="0.10")
def arithmetic():
    return {
        "+": binary(lambda x, y: x + y),
        "-": binary(lambda x, y: x - y),
        "*": binary(lambda x, y: x * y),
        "/": binary(lambda x, y: x / y),
        "//": binary(lambda x, y: x // y),
        "%": binary(lambda x, y: x % y),
        "**": binary(lambda x, y: x**y),
    }


@scenario(since="0.10")
def reflected_arithmetic_with_constants():
    return {
        "+": binary(lambda x, y: 10 + y),
        "-": binary(lambda x, y: 10 - y),
        "*": binary(lambda x, y: 10 * y),
        "/": binary(lambda x, y: 10 / y),
        "//": binary(lambda x, y: 11 // y),
        "%": binary(lambda x, y: 11 % y),
        "**": binary(lambda x, y: 10**y),
        "&": binary(lambda x, y: True & y),
    }


@scenario(since="0.10")
def comparisons():
    return {
        ">": binary(lambda x, y: x > y),
        ">=": binary(lambda x, y: x >= y),
        "<": binary(lambda x, y: x < y),
        "<=": binary(lambda x, y: x <= y),
        "is_equal": binary(lambda x, y: x.is_equal(y)),
        "is_not_equal": binary(lambda x, y: x.is_not_equal(y)),
        "constant on the left": binary(lambda x, y: y < 5),
    }


@scenario(since="0.10")
def logic():
    return {
        "and": binary(lambda x, y: x & y),
        "and of false": binary(lambda x, y: x & y, x=0),
        "or": binary(lambda x, y: x.or_(y), x=0),
        "or of false": binary(lambda x, y: x.or_(y), x=0, y=""),
        "not": binary(lambda x, y: x.not_()),
        "not of false": binary(lambda x, y: x.not_(), x=0),
    }


@scenario(since="0.10")
def the_bar_chains_tasks():
    with Flow("flow") as flow:
        a, b, c = Task(name="a"), Task(name="b"), Task(name="c")
        last = a | b | c
    return {**graph(flow), "returns the right side": last is c}


@scenario(since="0.10")
def the_bar_with_a_constant_makes_a_constant_task():
    with Flow("flow") as flow:
        1 | Task(name="a")
    return {**graph(flow), "types": sorted(type(task).__name__ for task in flow.tasks)}


@scenario(since="0.10")
def equality_stays_identity():
    a, b = Task(name="a"), Task(name="a")
    return [a == b, a == a, a != b, len({a, b})]


@scenario(since="0.10")
def an_operator_outside_a_flow_is_refused():
    return raises(lambda: Task() + 1, says="Could not infer an active Flow context")


@scenario(since="0.10")
def operators_on_constants_make_no_tasks_of_them():
    with Flow("flow") as flow:
        Parameter("x") + 1
    return graph(flow)


@scenario(since="0.10", differed="all items were called GetItem", where=["constants", "edges", "results", "tasks"])
def items_are_named_after_their_source():
    with Flow("flow") as flow:
        x, key = Parameter("x"), Parameter("key")
        x[0]
        x["a"]
        x[key]
    return {**graph(flow), "results": results(flow, x={0: "zero", "a": "letter", "k": "by task"}, key="k")}


@scenario(since="0.10", differed="all items were called GetItem", where=["tasks/GetItem-1", "tasks/x['missing']-1"])
def a_missing_item_fails_like_python():
    with Flow("flow") as flow:
        Parameter("x")["missing"]
    return run(flow, x={})


@scenario
def an_item_may_have_a_default():
    with Flow("flow") as flow:
        operators.GetItem()(Parameter("x"), "missing", default="fallback")
        operators.GetItem(default="at init")(Parameter("y"), "missing")
    return results(flow, x={}, y={})


@scenario
def an_item_takes_over_checkpoint_and_result():
    from prefect.engine.results import LocalResult

    kept = LocalResult()
    with Flow("flow"):
        item = same.copy(checkpoint=False, result=kept)(1)[0]
    return [item.checkpoint, item.result is kept]


@scenario
def attributes_by_name_dotted_name_and_default():
    @dataclass
    class Inner:
        value: int

    @dataclass
    class Outer:
        inner: Inner

    with Flow("flow") as flow:
        outer = Parameter("outer")
        operators.GetAttr()(outer, "inner")
        operators.GetAttr(name="dotted")(outer, "inner.value")
        operators.GetAttr(default=9, name="missing")(outer, "nothing")
    seen = results(flow, outer=Outer(Inner(5)))
    return {"tasks": sorted(seen), "dotted": seen["dotted-1"], "missing": seen["missing-1"]}


@scenario
def a_missing_attribute_fails():
    with Flow("flow") as flow:
        operators.GetAttr()(Parameter("x"), "nothing")
    return run(flow, x=5)


@scenario(since="0.10")
def an_operator_that_fails():
    with Flow("flow") as flow:
        Parameter("x") / 0
    return run(flow, x=1)


@scenario(since="0.10")
def operators_chain_into_one_flow():
    with Flow("flow") as flow:
        x = Parameter("x")
        same((x + 1) * (x - 1))
    return {**graph(flow), "results": results(flow, x=5)}
