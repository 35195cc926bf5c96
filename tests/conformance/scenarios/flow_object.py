"""The Flow object: building by hand, asking it questions, comparing, copying, replacing, joining."""

import prefect
import slugs
from observe import graph, names, plain, raises, results, scenario, warns
from prefect import Flow, Parameter, Task, task
from prefect.core.edge import Edge


class Add(Task):
    def run(self, x, y):
        return x + y


@task
def one():
    return 1


def abc():
    return Task(name="a"), Task(name="b"), Task(name="c")


def chain():
    """Return a flow a -> b -> c and its tasks."""
    flow, tasks = Flow("flow"), abc()
    flow.chain(*tasks)
    return (flow, *tasks)


@scenario(since="0.10")
def a_flow_needs_a_name():
    return {
        "none given": raises(lambda: Flow()),
        "None": raises(lambda: Flow(None)),
        "empty": raises(lambda: Flow("")),
        "False": raises(lambda: Flow(False)),
        "repr": repr(Flow("my flow")),
    }


@scenario(since="0.10")
def a_fresh_flow_is_empty():
    flow = Flow("flow")
    return {
        "tasks": plain(flow.tasks),
        "edges": plain(flow.edges),
        "constants": plain(dict(flow.constants)),
        "parameters": plain(flow.parameters()),
        "reference_tasks": plain(flow.reference_tasks()),
        "sorted_tasks": plain(flow.sorted_tasks()),
        "schedule": flow.schedule,
        "state_handlers": flow.state_handlers,
    }


@scenario(since="0.10")
def chain_makes_edges_and_returns_them():
    flow = Flow("flow")
    edges = flow.chain(*abc())
    return {
        **graph(flow),
        "returned": [[edge.upstream_task.name, edge.downstream_task.name] for edge in edges],
    }


@scenario(since="0.10")
def add_task_returns_the_task_and_may_be_repeated():
    flow, first = Flow("flow"), Task(name="a")
    same = flow.add_task(first) is first and flow.add_task(first) is first
    return {**graph(flow), "same": same, "in": first in flow, "not in": Task() in flow}


@scenario(since="0.10")
def add_task_wants_a_task():
    return raises(lambda: Flow("flow").add_task(1))


@scenario
def add_edge_adds_both_tasks_and_returns_the_edge():
    flow, (a, b, _) = Flow("flow"), abc()
    edge = flow.add_edge(a, b)
    return {**graph(flow), "edge": [edge.key, edge.mapped, edge.flattened], "is one": isinstance(edge, Edge)}


@scenario(since="0.10")
def add_edge_with_a_key_binds_an_argument():
    flow, first, plus = Flow("flow"), one.copy(), Add()
    flow.add_edge(first, plus, key="x")
    flow.add_edge(first, plus, key="y")
    return {**graph(flow), "results": results(flow)}


@scenario(since="0.10")
def a_parameter_can_not_have_upstream_tasks():
    return raises(lambda: Flow("flow").add_edge(Task(), Parameter("x")), says="can not have upstream dependencies")


@scenario(since="0.10")
def a_key_is_assigned_once():
    def attempt(validate):
        flow, plus = Flow("flow"), Add()
        flow.add_edge(Task(), plus, key="x", validate=validate)
        flow.add_edge(Task(), plus, key="x", validate=validate)
        return len(flow.edges)

    return {
        "validated": raises(attempt, True, says="already been assigned"),
        "not validated": raises(attempt, False),
    }


@scenario(since="0.10")
def a_wrong_key_is_refused_when_validated():
    def attempt(validate):
        flow = Flow("flow")
        flow.add_edge(Task(), Add(), key="z", validate=validate)
        return len(flow.edges)

    return {"validated": raises(attempt, True), "not validated": raises(attempt, False)}


@scenario(since="0.10")
def a_cycle_is_found_when_the_flow_is_validated():
    flow, a, _, c = chain()
    flow.add_edge(c, a)
    other, d, _, f = chain()
    return {
        "validate()": raises(flow.validate, says="ycle"),
        "validate=True": raises(lambda: other.add_edge(f, d, validate=True), says="ycle"),
        "sorted_tasks()": raises(flow.sorted_tasks, says="ycle"),
    }


@scenario(
    since="0.10",
    differed="as in 1.4.1, the run ended as Failed",
    where=["raised", "returned"],
    differs="misuse raises before anything has run: it is no state of a run that never was",
    here={"": {"raised": "ValueError"}},
)
def running_a_flow_with_a_cycle():
    flow, a, _, c = chain()
    flow.add_edge(c, a)
    return raises(flow.run)


@scenario
def an_edge_from_a_task_to_itself_is_refused():
    a = Task(name="a")
    return {
        "edge": raises(lambda: Edge(a, a)),
        "numbers": raises(lambda: Edge(1, 1)),
        "add_edge": raises(lambda: Flow("flow").add_edge(a, a)),
    }


@scenario(since="0.10")
def an_edge_key_must_be_an_identifier():
    return {
        "bad": raises(lambda: Edge(Task(), Task(), key="a b")),
        "good": Edge(Task(), Task(), key="a_b").key,
    }


@scenario(since="0.10", differed="an edge did not show its marks", where=["6"])
def edges_compare_by_tasks_key_and_marks():
    a, b, _ = abc()
    edge = Edge(a, b, key="x")
    return [
        edge == Edge(a, b, key="x"),
        edge == Edge(a, b, key="y"),
        edge == Edge(a, b, key="x", mapped=True),
        edge == Edge(b, a, key="x"),
        len({edge, Edge(a, b, key="x")}),
        names(edge.tasks),
        repr(edge),
    ]


@scenario(since="0.10")
def root_and_terminal_tasks():
    flow, *_ = chain()
    flow.add_task(Task(name="alone"))
    return {"root": names(flow.root_tasks()), "terminal": names(flow.terminal_tasks())}


@scenario(since="0.10")
def upstream_and_downstream_tasks_and_edges():
    flow, _, b, _ = chain()
    return {
        "upstream": names(flow.upstream_tasks(b)),
        "downstream": names(flow.downstream_tasks(b)),
        "edges_to": len(flow.edges_to(b)),
        "edges_from": len(flow.edges_from(b)),
        "all upstream": {task.name: len(edges) for task, edges in flow.all_upstream_edges().items()},
        "all downstream": {task.name: len(edges) for task, edges in flow.all_downstream_edges().items()},
    }


@scenario(since="0.10")
def questions_about_a_stranger_are_refused():
    flow, *_ = chain()
    stranger = Task(name="stranger")
    says = "was not found in Flow"
    return {
        "edges_to": raises(flow.edges_to, stranger, says=says),
        "edges_from": raises(flow.edges_from, stranger, says=says),
        "upstream_tasks": raises(flow.upstream_tasks, stranger, says=says),
        "downstream_tasks": raises(flow.downstream_tasks, stranger, says=says),
        "sorted_tasks": raises(flow.sorted_tasks, root_tasks=[stranger], says="not found in Flow"),
    }


@scenario(since="0.10")
def sorted_tasks_follow_the_edges():
    flow, a, b, c = chain()
    return {
        "type": type(flow.sorted_tasks()).__name__,
        "order": [task.name for task in flow.sorted_tasks()],
        "from b": [task.name for task in flow.sorted_tasks(root_tasks=[b])],
        "iteration": tuple(flow) == flow.sorted_tasks() == (a, b, c),
    }


@scenario(since="0.10")
def flows_compare_by_name_tasks_edges_and_reference_tasks():
    (a, b, c), flow, same, other = abc(), Flow("flow"), Flow("flow"), Flow("other")
    for one_flow in (flow, same, other):
        one_flow.chain(a, b, c)
    seen = [flow == same, flow == other, flow == 1]
    same.set_reference_tasks([a])
    return [*seen, flow == same]


@scenario(since="0.10")
def reference_tasks_are_the_terminal_tasks_until_set():
    flow, a, *_ = chain()
    seen = [names(flow.reference_tasks())]
    flow.set_reference_tasks([a])
    seen.append(names(flow.reference_tasks()))
    flow.add_task(Task(name="new"))
    seen.append(names(flow.reference_tasks()))
    flow.set_reference_tasks([])
    return [*seen, names(flow.reference_tasks())]


@scenario(since="0.10")
def reference_tasks_must_be_a_list_of_tasks_of_the_flow():
    flow, a, *_ = chain()
    return {
        "one task": raises(flow.set_reference_tasks, a),
        "stranger": raises(flow.set_reference_tasks, [Task()], says="must be part of the flow"),
    }


@scenario(since="0.10")
def validate_finds_removed_tasks():
    flow, a, *_ = chain()
    flow.tasks.remove(a)
    other, d, *_ = chain()
    other.set_reference_tasks([d])
    other.tasks.remove(d)
    other.edges.clear()
    return {
        "edges": raises(flow.validate, says="edges refer to tasks"),
        "reference tasks": raises(other.validate, says="reference tasks are not contained"),
    }


@scenario(since="0.10")
def a_copy_is_equal_and_independent():
    flow, a, *_ = chain()
    copy = flow.copy()
    equal = copy == flow
    copy.add_edge(a, Task(name="new"))
    copy.set_reference_tasks([a])
    return {
        "equal": equal,
        "flow": graph(flow),
        "copy": graph(copy),
        "reference": names(flow.reference_tasks()),
    }


@scenario
def slugs_count_per_name_and_carry_sorted_tags():
    with Flow("flow") as flow:
        Task(name="a").bind()
        Task(name="a").bind()
        Task(name="a", tags=["z", "b"]).bind()
        Task(name="A b!").bind()
        Task(name="x", slug="mine").bind()
    return sorted(flow.slugs.values())


@scenario
def slugs_skip_what_a_user_has_taken():
    with Flow("flow") as flow:
        Task(name="x", slug="a-1").bind()
        Task(name="a").bind()
    return sorted(flow.slugs.values())


@scenario
def slugs_do_not_change_when_the_task_is_renamed():
    with Flow("flow") as flow:
        first = Task(name="a").bind()
        first.name = "renamed"
    return [flow.slugs[first], first.slug]


@scenario(since="0.10")
def two_tasks_with_the_same_slug_are_refused():
    def attempt():
        with Flow("flow"):
            Task(slug="same").bind()
            Task(slug="same").bind()

    return raises(attempt, says="same")


@scenario(since="0.10")
def get_tasks_filters_by_name_slug_tags_and_type():
    with Flow("flow") as flow:
        Task(name="a", tags=["x", "y"]).bind()
        Task(name="a", tags=["x"]).bind()
        Add(name="plus").bind(1, 2)
        Parameter("p")()

    def found(**keywords):
        return sorted(slugs.of(flow)[task] for task in flow.get_tasks(**keywords))

    return {
        "name": found(name="a"),
        "slug": found(slug="p"),
        "tags": found(tags=["x", "y"]),
        "one tag": found(tags=["x"]),
        "type": found(task_type=Parameter),
        "nothing": found(name="zzz"),
        "all": found(),
        "list": type(flow.get_tasks()).__name__,
    }


@scenario(
    since="0.10",
    differed="flows made no slugs",
    where=["a-1"],
    differs="a slug that the flow made finds its task too",
    here={"a-1": ["a"]},
)
def get_tasks_by_slug_looks_at_the_slugs_that_the_user_gave():
    with Flow("flow") as flow:
        Task(name="a").bind()
        Task(name="b", slug="mine").bind()
    return {slug: names(flow.get_tasks(slug=slug)) for slug in ("a-1", "mine")}


@scenario(since="0.10")
def replace_updates_edges_reference_tasks_and_slugs():
    flow, _, b, c = chain()
    flow.set_reference_tasks([b])
    flow.replace(b, Task(name="new"))
    return {
        **graph(flow),
        "reference": names(flow.reference_tasks()),
        "old gone": b not in flow and c in flow,
    }


@scenario(
    since="0.10",
    differed="what replaced a task was bound as a task, not kept as a constant",
    where=["constant/constants", "constant/edges", "constant/tasks", "list/constants", "list/edges", "results/0"],
)
def replace_takes_a_constant_or_a_collection():
    with Flow("flow") as flow:
        first = one()
        plus = Add()(first, 5)
        other = one()
        last = Add()(plus, other)
    flow.replace(first, 7)
    with Flow("second") as second:
        first = one()
        task(lambda x: x, name="same")(first)
    second.replace(first, [1, 2])
    return {
        "constant": graph(flow),
        "list": graph(second),
        "results": [results(flow), results(second)],
        "in": last in flow,
    }


@scenario(since="0.10")
def replace_wants_a_task_of_the_flow():
    flow, *_ = chain()
    return raises(flow.replace, Task(), Task(name="new"))


@scenario(
    since="0.10", differed="replacing made the terminal tasks of the moment the reference tasks for good", where=[""]
)
def replacing_leaves_unset_reference_tasks_terminal():
    flow, _, _, c = chain()
    flow.replace(c, Task(name="new"))
    flow.add_task(Task(name="later"))
    return names(flow.reference_tasks())


@scenario(since="0.10")
def update_brings_tasks_edges_and_constants():
    @task
    def same(x):
        return x

    flow, *_ = chain()
    with Flow("other") as other:
        same.map([1, 2])
        same("constant")
    flow.update(other)
    return graph(flow)


@scenario
def update_with_clashing_parameters():
    @task
    def same(x):
        return x

    def two_flows():
        flows = []
        for name in ("first", "second"):
            with Flow(name) as flow:
                same(Parameter("a_number"))
            flows.append(flow)
        return flows

    first, second = two_flows()
    refused = raises(lambda: first.update(second), says='A task with the slug "a_number" already exists in this flow.')
    first, second = two_flows()
    first.update(second, merge_parameters=True)
    return {"refused": refused, "merged": graph(first)}


@scenario
def update_can_merge_reference_tasks():
    flow, a, *_ = chain()
    other, d, *_ = chain()
    flow.set_reference_tasks([a])
    other.set_reference_tasks([d])
    flow.update(other, merge_reference_tasks=True)
    return sorted(slugs.of(flow)[task] for task in flow.reference_tasks())


@scenario(since="0.10")
def the_flow_is_in_the_context_inside_its_block_only():
    seen = ["flow" in prefect.context]
    with Flow("outer") as outer:
        seen.append(prefect.context.flow is outer)
        with Flow("inner") as inner:
            seen.append(prefect.context.flow is inner)
        seen.append(prefect.context.flow is outer)
    return [*seen, "flow" in prefect.context]


@scenario(since="0.10")
def a_flow_block_can_be_entered_again():
    with Flow("flow") as flow:
        first = one()
    with flow:
        Add()(first, 1)
    return graph(flow)


@scenario(since="0.10")
def nested_flow_blocks_add_to_the_inner_flow():
    with Flow("outer") as outer:
        one()
        with Flow("inner") as inner:
            one()
            one()
        one()
    return [graph(outer), graph(inner)]


@scenario(since="0.10", differed="a flow block left what was set in the context", where=["1"])
def context_values_set_inside_a_block_vanish_at_its_end():
    with Flow("flow"):
        prefect.context.colour = "red"
        inside = prefect.context.get("colour")
    return [inside, prefect.context.get("colour")]


@scenario
def nested_flows_with_forgotten_tasks_warn_once():
    def build():
        with Flow("outer"), Flow("inner"):
            Task(name="forgotten")

    return warns(build, says="Tasks were created but not added")


@scenario(since="0.10", differed="a flow could be run in its own block", where=["raised", "returned", "says"])
def running_inside_its_own_block_is_refused():
    def attempt():
        with Flow("flow") as flow:
            one()
            flow.run()

    return raises(attempt, says="`flow.run()` from within a `Flow` context manager")


@scenario(since="0.10")
def handlers_of_a_flow_must_be_a_list():
    def handler(flow, old, new):
        return new

    return {
        "function": raises(lambda: Flow("flow", state_handlers=handler)),
        "list": Flow("flow", state_handlers=[handler]).state_handlers == [handler],
        "on_failure": len(Flow("flow", on_failure=print).state_handlers),
    }


@scenario(since="0.10")
def tasks_and_edges_may_be_given_to_the_constructor():
    a, b, c = abc()
    flow = Flow("flow", tasks=[a], edges=[Edge(b, c)], reference_tasks=[a])
    return {**graph(flow), "reference": names(flow.reference_tasks())}


@scenario(since="0.10")
def a_reference_task_given_to_the_constructor_must_be_in_its_tasks():
    a, b, _ = abc()
    return raises(lambda: Flow("flow", edges=[Edge(a, b)], reference_tasks=[a]))


@scenario(since="0.10")
def a_flow_is_saved_and_loaded_by_path_name_and_slug():
    with Flow("My flow") as flow:
        one()
    path = flow.save()
    loaded = [Flow.load(key) for key in (path, "My flow", "my-flow")]
    return {"path": plain(str(path)), "names": [one.name for one in loaded], "results": results(loaded[0])}


@scenario(since="0.10")
def loggers_are_named_after_flow_and_task():
    from prefect.engine import FlowRunner, TaskRunner

    flow, first = Flow("my flow"), Task(name="a")
    runners = FlowRunner(flow).logger.name, TaskRunner(first).logger.name
    return [flow.logger.name, first.logger.name, *runners]
