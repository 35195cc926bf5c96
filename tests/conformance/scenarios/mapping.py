"""Mapping: one task run for each item."""

import prefect
from observe import Watch, graph, logged_run, raises, results, run, run_once, scenario, states
from prefect import Flow, Parameter, Task, task, triggers, unmapped
from prefect.engine import signals
from prefect.engine.state import Mapped, Success


@task
def numbers():
    return [1, 2, 3]


@task
def double(x):
    return 2 * x


@task
def add(x, y):
    return x + y


@task
def same(x):
    return x


@task
def fails_at_two(x):
    if x == 2:
        raise ValueError("two")
    return x


@task
def skips_at_two(x):
    if x == 2:
        raise signals.SKIP("two")
    return x


@scenario(since="0.10")
def a_map_over_a_task():
    with Flow("flow") as flow:
        double.map(numbers())
    return {**graph(flow), "run": run(flow)}


@scenario(since="0.10")
def a_map_over_a_constant_list():
    with Flow("flow") as flow:
        double.map([1, 2])
    return {**graph(flow), "run": run(flow)}


@scenario(since="0.10")
def a_map_over_a_tuple_and_a_range_and_a_text():
    with Flow("flow") as flow:
        same.map((1, 2))
        same.map(range(2))
        same.map("ab")
    return results(flow)


@scenario(since="0.10", differed="all items were called GetItem", where=["constants", "edges", "results", "tasks"])
def a_map_over_a_list_with_tasks_in_it():
    with Flow("flow") as flow:
        double.map([numbers()[0], 5])
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def a_map_over_a_map():
    with Flow("flow") as flow:
        double.map(double.map(numbers()))
    return run(flow)


@scenario(since="0.10")
def a_map_is_reduced_by_a_plain_task():
    with Flow("flow") as flow:
        same(double.map(numbers()))
    return run(flow)


@scenario(since="0.10")
def a_map_over_a_reduced_map():
    with Flow("flow") as flow:
        double.map(same(double.map(numbers())))
    return results(flow)


@scenario(since="0.10")
def the_shortest_input_decides():
    with Flow("flow") as flow:
        add.map([1, 2, 3], [10, 20])
    return results(flow)


@scenario(since="0.10")
def empty_inputs_map_to_nothing():
    with Flow("flow") as flow:
        first = double.map([])
        double.map(first)
        same(first)
    return run(flow)


@scenario(since="0.10")
def a_map_without_keys_over_an_empty_list():
    ran = []
    with Flow("flow") as flow:
        task(lambda: ran.append(1), name="nothing").map(upstream_tasks=[same([])])
    return [run(flow), ran]


@scenario(since="0.10")
def a_map_over_dependencies_without_data():
    with Flow("flow") as flow:
        task(lambda: prefect.context.map_index, name="index").map(upstream_tasks=[numbers()])
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def a_map_over_a_parameter():
    with Flow("flow") as flow:
        double.map(Parameter("x"))
    return [results(flow, x=[1]), results(flow, x=[1, 2]), results(flow, x=[])]


@scenario(since="0.10")
def some_inputs_mapped_and_some_not():
    with Flow("flow") as flow:
        add.map(numbers(), unmapped(10))
        add.map(numbers(), y=unmapped(same(100)))
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def all_inputs_unmapped_is_a_plain_run():
    with Flow("flow") as flow:
        add.map(unmapped(1), y=unmapped(same(2)))
    return run(flow)


@scenario(since="0.10")
def an_unmapped_map_is_reduced():
    with Flow("flow") as flow:
        task(lambda x, all_: [x, all_], name="pair").map(numbers(), unmapped(double.map(numbers())))
    return results(flow)


@scenario
def a_mapped_argument_of_a_plain_call():
    with Flow("flow") as flow:
        double(prefect.mapped(numbers()))
        add(prefect.mapped([1, 2]), 10)
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def a_child_that_fails_leaves_the_others_alone():
    with Flow("flow") as flow:
        fails_at_two.map(numbers())
    return run(flow)


@scenario(since="0.10")
def behind_a_failed_child_only_its_own_child_fails():
    with Flow("flow") as flow:
        double.map(fails_at_two.map(numbers()))
    return run(flow)


@scenario(since="0.10")
def a_failed_child_fails_the_trigger_of_the_reducing_task():
    with Flow("flow") as flow:
        same(fails_at_two.map(numbers()))
    return run(flow)


@scenario(since="0.10")
def a_reducing_task_may_take_what_there_is():
    with Flow("flow") as flow:
        same.copy(trigger=triggers.all_finished)(fails_at_two.map(numbers()))
        same.copy(trigger=triggers.any_successful, name="any")(fails_at_two.map(numbers()))
    return run(flow)


@scenario(since="0.10")
def a_child_that_skips_leaves_the_others_alone():
    with Flow("flow") as flow:
        double.map(skips_at_two.map(numbers()))
    return run(flow)


@scenario(since="0.10")
def skipped_children_one_level_later_are_none():
    with Flow("flow") as flow:
        once = skips_at_two.map(numbers())
        twice = double.map(once)
        same.copy(skip_on_upstream_skip=False).map(twice)
    return results(flow)


@scenario(since="0.10")
def a_skipped_child_skips_the_reducing_task():
    with Flow("flow") as flow:
        same(skips_at_two.map(numbers()))
        same.copy(name="stubborn", skip_on_upstream_skip=False)(skips_at_two.map(numbers()))
    return run(flow)


@scenario(since="0.10")
def a_map_over_a_skipped_task_is_skipped_as_a_whole():
    @task
    def skips():
        raise signals.SKIP("nothing today")

    with Flow("flow") as flow:
        double.map(skips())
    return run(flow)


@scenario(since="0.10", differed="a TypeError told of it", where=["tasks/anyhow-1", "tasks/double-1"])
def a_map_over_a_failed_task():
    @task
    def fails():
        raise ValueError("boom")

    with Flow("flow") as flow:
        double.map(fails())
        same.copy(trigger=triggers.all_finished, name="anyhow").map(fails())
    return run(flow)


@scenario(since="0.10", differed="a TypeError told of it", where=["tasks/double-1"])
def an_input_that_can_not_be_mapped():
    with Flow("flow") as flow:
        double.map(same(5))
    return run(flow)


@scenario(since="0.10", differed="a TypeError told of it", where=["tasks/add-1"])
def forgetting_unmapped_fails_gracefully():
    with Flow("flow") as flow:
        add.map(numbers(), same(5))
    return run(flow)


@scenario(since="0.10")
def a_set_can_not_be_mapped_over():
    def attempt():
        with Flow("flow"):
            double.map({1, 2})

    return raises(attempt)


@scenario(since="0.10", differed="a TypeError told of it", where=["tasks/double-1"])
def a_set_that_a_task_returns_can_not_be_mapped():
    with Flow("flow") as flow:
        double.map(task(lambda: {1, 2}, name="set")())
    return run(flow)


@scenario(
    since="0.10",
    differed="the message told of a KeyError",
    where=["tasks/double-1"],
    differs="only the mapped task fails; the others keep their states",
    here={
        "flow": {"message": "Some reference tasks failed.", "state": "Failed"},
        "tasks": {
            "dict-1": {"message": "Task run succeeded.", "result": {"a": 1}, "state": "Success"},
            "double-1": {
                "message": "At least one upstream state has an unmappable result.",
                "result": "<TypeError: A dict can't be mapped over. Return a list, or pass it whole: unmapped(...).>",
                "state": "Failed",
            },
        },
    },
)
def a_dict_that_a_task_returns_can_not_be_mapped():
    with Flow("flow") as flow:
        double.map(task(lambda: {"a": 1}, name="dict")())
    return run(flow)


@scenario(since="0.10")
def anything_with_length_and_items_can_be_mapped_over():
    class Three:
        def __len__(self):
            return 3

        def __getitem__(self, index):
            if index >= 3:
                raise IndexError(index)
            return index

    with Flow("flow") as flow:
        double.map(task(lambda: Three(), name="three")())
    return results(flow)["double-1"]


@scenario(since="0.10")
def each_child_runs_once():
    calls = []

    @task
    def counted(x):
        calls.append(x)
        return x

    with Flow("flow") as flow:
        first = counted.map([1, 2, 3, 4, 5])
        counted.map(first)
        counted.map(first)
    flow.run()
    return len(calls)


@scenario(since="0.10")
def the_same_input_twice():
    with Flow("flow") as flow:
        items = numbers()
        add.map(items, items)
    return results(flow)


@scenario(since="0.10")
def map_index_is_none_outside_a_map():
    @task
    def index(x):
        return prefect.context.map_index

    with Flow("flow") as flow:
        index.map([7, 8])
        index(7)
    return results(flow)


@scenario(since="0.10", differed="the parent of a map was seen again, from Mapped to Mapped", where=[""])
def handlers_see_the_parent_once_and_each_child():
    watch = Watch()
    with Flow("flow") as flow:
        same.copy(state_handlers=[watch]).map([1, 2])
    flow.run()
    return watch.seen


@scenario(since="0.10", differed="the parent of a map ended after its children", where=[""])
def the_log_of_a_failing_child():
    with Flow("flow") as flow:
        fails_at_two.map([1, 2])
    return logged_run(flow)


@scenario(since="0.10")
def task_args_hold_for_the_mapped_task():
    with Flow("flow") as flow:
        made = double.map([1], task_args={"name": "twice", "tags": ["t"]})
    return [made.name, results(flow)]


@scenario(since="0.10")
def a_mapped_class_task_is_a_copy():
    class Scale(Task):
        def run(self, x):
            return 3 * x

    scale = Scale()
    with Flow("flow") as flow:
        made = scale.map([1, 2])
    return [made is scale, results(flow)]


@scenario(since="0.10", differed="all items were called GetItem", where=["GetItem-1", "double[1]-1"])
def the_result_of_a_map_can_be_indexed():
    with Flow("flow") as flow:
        double(double.map(numbers())[1])
    return results(flow)


@scenario(since="0.10")
def a_map_of_item_tasks():
    with Flow("flow") as flow:
        pairs = same([[1, 2], [3, 4]])
        task(lambda pair: pair[1], name="second").map(pairs)
    return results(flow)


@scenario(since="0.10", differed="a Mapped state given beforehand was made again", where=["0/tasks/counted-1/message"])
def a_mapped_state_given_beforehand_is_completed():
    calls = []

    @task
    def counted(x):
        calls.append(x)
        return x

    with Flow("flow") as flow:
        made = counted.map(numbers())
    before = Mapped(map_states=[None, Success("before", result="old"), None])
    return [run(flow, task_states={made: before}), sorted(calls)]


@scenario
def a_mapped_state_with_a_number_makes_its_children_again():
    with Flow("flow") as flow:
        made = double.map(numbers())
    return run(flow, task_states={made: Mapped(n_map_states=3)})


@scenario(since="0.10")
def a_flow_runner_gives_the_children_too():
    with Flow("flow") as flow:
        double.map(numbers())
    return run_once(flow)


@scenario(since="0.10")
def a_map_with_more_than_ten_children_keeps_its_order():
    with Flow("flow") as flow:
        double.map(list(range(25)))
    return results(flow)["double-1"]


@scenario(since="0.10")
def a_reference_task_that_is_mapped_fails_with_its_children():
    with Flow("flow") as flow:
        made = fails_at_two.map(numbers())
        same.copy(trigger=triggers.always_run)(made)
    flow.set_reference_tasks([made])
    return run(flow)["flow"]


@scenario(since="0.10")
def a_plain_task_behind_a_map_without_data():
    with Flow("flow") as flow:
        task(lambda: "after", name="after")(upstream_tasks=[fails_at_two.map(numbers())])
        task(lambda: "after", name="good")(upstream_tasks=[double.map(numbers())])
    return states(flow)


@scenario(since="0.10")
def a_mapped_task_with_an_unmapped_dependency():
    with Flow("flow") as flow:
        double.map(numbers(), upstream_tasks=[unmapped(same("before"))])
    return {**graph(flow), "results": results(flow)}
