"""Constants and collections that are passed to tasks."""

from observe import error_name, graph, names, plain, raises, results, run, scenario
from prefect import Flow, Parameter, Task, task
from prefect.tasks.core.collections import Dict, List, Set, Tuple
from prefect.tasks.core.constants import Constant
from prefect.utilities.tasks import as_task


@task
def one():
    return 1


@task
def two():
    return 2


@task
def same(x):
    return x


@scenario(since="0.10")
def constants_with_a_key_do_not_become_tasks():
    with Flow("flow") as flow:
        same(5)
        same([1, [2, {"a": (3, 4)}]])
        same(None)
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def constants_as_upstream_tasks_become_constant_tasks():
    with Flow("flow") as flow:
        same(1, upstream_tasks=[5])
    return {**graph(flow), "types": sorted(type(task).__name__ for task in flow.tasks)}


@scenario(since="0.10")
def a_list_with_a_task_becomes_a_list_task():
    with Flow("flow") as flow:
        same([one(), 5, two()])
    return {**graph(flow), "run": run(flow)}


@scenario(since="0.10")
def a_tuple_with_a_task_becomes_a_tuple_task():
    with Flow("flow") as flow:
        same((one(), 5))
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def a_set_with_a_task_becomes_a_set_task():
    with Flow("flow") as flow:
        same({one()})
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def a_dict_with_a_task_becomes_a_dict_and_a_list_task():
    with Flow("flow") as flow:
        same({"a": one(), "b": 5})
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def a_dict_of_two_parameters_makes_five_tasks():
    with Flow("flow") as flow:
        same({"a": Parameter("x"), "b": Parameter("y")})
    return {"tasks": len(flow.tasks), "results": results(flow, x=1, y=2)}


@scenario(since="0.10")
def nested_collections_with_tasks():
    with Flow("flow") as flow:
        same([[one()], {"a": (two(), 3)}])
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def an_empty_collection_is_a_constant():
    with Flow("flow") as flow:
        same([])
        same({})
        same(())
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def more_than_nine_items_keep_their_order():
    with Flow("flow") as flow:
        same([one() if index % 2 else index for index in range(13)])
    return results(flow)["same-1"]


@scenario(since="0.10")
def dict_keys_may_be_anything():
    with Flow("flow") as flow:
        same({(1, 2): one(), None: two()})
    return results(flow)["same-1"]


@scenario(since="0.10")
def a_dict_task_wants_as_many_values_as_keys():
    with Flow("flow") as flow:
        made = Dict()(keys=["a", "b"], values=[one()])
    end = flow.run().result[made]
    return [type(end).__name__, error_name(end.result)]


@scenario(since="0.10")
def collection_tasks_can_be_bound_by_hand():
    with Flow("flow") as flow:
        List().bind(one(), 5)
        Tuple().bind(1, two())
        Set().bind(1, 1)
        Dict().bind(keys=["a"], values=[3])
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def collection_tasks_take_no_keywords():
    def attempt():
        with Flow("flow"):
            List().bind(a=1)

    return raises(attempt)


@scenario(since="0.10")
def a_constant_task_is_named_after_its_value():
    return {
        "names": [
            Constant(5).name,
            Constant("text").name,
            Constant([1, 2]).name,
            Constant(5, name="five").name,
        ],
        "value": Constant(5).value,
        "run": Constant(5).run(),
    }


@scenario(since="0.10")
def a_value_longer_than_eight_characters_is_named_after_its_type():
    return [Constant(value).name for value in ("aaaaaa", "aaaaaaa", 12345678, 123456789, [1, 222], [1, 2222], print)]


@scenario(since="0.10")
def as_task_makes_a_constant_of_a_value_and_leaves_a_task():
    original = Task()
    with Flow("flow"):
        constant, made = as_task(5), as_task([original, 1])
        same_object = as_task(original) is original
    return {
        "constant": [type(constant).__name__, constant.name, constant.auto_generated],
        "list": [type(made).__name__, made.auto_generated],
        "same": [same_object, original.auto_generated],
        "plain list": type(as_task([1, 2])).__name__,
    }


@scenario(since="0.10")
def a_constant_task_in_a_flow_runs():
    with Flow("flow") as flow:
        same.set_upstream(Constant(5), key="x")
    return {**graph(flow), "run": run(flow)}


@scenario(since="0.10")
def a_failed_item_makes_the_collection_fail_its_trigger():
    @task
    def fails():
        raise ValueError("boom")

    with Flow("flow") as flow:
        same([one(), fails()])
    return run(flow)


@scenario(since="0.10")
def one_constant_list_is_not_shared_between_flows():
    values = [1, 2]
    with Flow("flow") as flow:
        first = same(values)
    return [plain(dict(flow.constants[first])), names(flow.tasks)]
