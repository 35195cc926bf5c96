"""case, switch, ifelse, merge, FilterTask, resource_manager."""

import prefect
import slugs
from observe import graph, names, raises, results, run, scenario, states
from prefect import Flow, Parameter, task, triggers
from prefect.engine import signals
from prefect.tasks.control_flow import FilterTask, ifelse, merge, switch


@task
def same(x):
    return x


@task
def a():
    return "a"


@task
def b():
    return "b"


@task
def c():
    return "c"


@task
def fails():
    raise ValueError("boom")


def branch(value):
    """Run a flow with two cases and a merge, and show the results of each."""
    with Flow("flow") as flow:
        condition = Parameter("condition")
        with prefect.case(condition, True):
            left = a()
        with prefect.case(condition, False):
            right = b()
        merge(left, right)
    return run(flow, condition=value)


@scenario
def a_case_that_holds_and_one_that_does_not():
    return branch(True)


@scenario
def no_case_holds():
    return branch("other")


@scenario
def the_graph_of_a_case():
    with Flow("flow") as flow, prefect.case(Parameter("condition"), "yes"):
        same(a())
        b()
    return graph(flow)


@scenario
def a_case_of_a_case():
    with Flow("flow") as flow:
        first, second = Parameter("first"), Parameter("second")
        with prefect.case(first, True):
            outer = a()
            with prefect.case(second, True):
                b(upstream_tasks=[outer])
                c()
    return {
        "graph": graph(flow),
        "both": states(flow, first=True, second=True),
        "outer only": states(flow, first=True, second=False),
        "neither": states(flow, first=False, second=True),
    }


@scenario
def an_empty_case_adds_nothing():
    with Flow("flow") as flow, prefect.case(a(), True):
        pass
    return graph(flow)


@scenario
def only_tasks_without_upstream_in_the_block_get_the_condition():
    with Flow("flow") as flow:
        before = a()
        with prefect.case(Parameter("condition"), 1):
            first = same(before)
            same(first)
    return graph(flow)


@scenario
def parameters_and_constants_in_a_case_do_not_get_the_condition():
    with Flow("flow") as flow, prefect.case(Parameter("condition"), 1):
        same(Parameter("x"))
        same(5)
        same([a(), 1])
    return graph(flow)


@scenario
def the_value_of_a_case_is_no_task():
    def attempt():
        with Flow("flow"), prefect.case(a(), b()):
            pass

    return raises(attempt, says="`value` cannot be a task")


@scenario
def a_case_belongs_to_one_flow():
    def attempt():
        with Flow("flow"), prefect.case(a(), 1):
            b()
            with Flow("other"):
                c()

    return raises(attempt, says="Multiple flows")


@scenario
def the_case_is_in_the_context_inside_its_block():
    import prefect

    seen = []
    with Flow("flow"):
        with prefect.case(a(), 1) as _:
            b()
            seen.append("case" in prefect.context)
        seen.append("case" in prefect.context)
    return seen


@scenario
def a_case_compares_with_equality():
    with Flow("flow") as flow:
        with prefect.case(Parameter("condition"), 1):
            a()
        with prefect.case(Parameter("other"), None):
            b()
    return [states(flow, condition=True, other=None), states(flow, condition=1.0, other=0)]


@scenario
def a_skipped_branch_says_why():
    with Flow("flow") as flow, prefect.case(Parameter("condition"), "yes"):
        a()
    return run(flow, condition="no")


@scenario
def a_condition_that_fails():
    with Flow("flow") as flow, prefect.case(fails(), True):
        a()
    return run(flow)


@scenario(since="0.10")
def ifelse_runs_one_branch():
    with Flow("flow") as flow:
        ifelse(Parameter("condition"), a(), b())
    return {
        "graph": graph(flow),
        "true": states(flow, condition=True),
        "false": states(flow, condition=False),
        "run": run(flow, condition=True),
    }


@scenario(since="0.10")
def ifelse_with_truthy_and_falsy_values():
    with Flow("flow") as flow:
        ifelse(Parameter("condition"), a(), b())

    def chosen(value):
        return [
            slug
            for slug, state in states(flow, condition=value).items()
            if slug in ("a-1", "b-1") and state == "Success"
        ]

    return [chosen(value) for value in (1, 0, "x", "", [1], [], None)]


@scenario(since="0.10")
def ifelse_without_a_branch():
    with Flow("flow") as flow:
        ifelse(Parameter("condition"), a(), None)
    return [graph(flow), states(flow, condition=False)]


@scenario(since="0.10")
def ifelse_branches_may_have_upstream_tasks_and_constants():
    with Flow("flow") as flow:
        ifelse(Parameter("condition"), same(a()), 5)
    return states(flow, condition=False)


@scenario(since="0.10")
def ifelse_with_a_list_as_branch():
    with Flow("flow") as flow:
        ifelse(Parameter("condition"), [a(), b()], c())
    return states(flow, condition=False)


@scenario(since="0.10")
def a_switch_runs_the_branch_of_its_value():
    with Flow("flow") as flow:
        switch(Parameter("condition"), {"a": a(), "b": b(), "c": c()})
    return {
        "graph": graph(flow),
        "a": states(flow, condition="a"),
        "none": states(flow, condition="zzz"),
        "run": run(flow, condition="b"),
    }


@scenario(since="0.10")
def a_switch_of_four_makes_nine_tasks():
    with Flow("flow") as flow:
        switch(Parameter("condition"), {name: same.copy(name=name)(1) for name in "abcd"})
    return [len(flow.tasks), names(flow.tasks)]


@scenario(since="0.10")
def merge_gives_the_first_branch_that_was_not_skipped():
    with Flow("flow") as flow:
        merge(a(), b())
    return {**graph(flow), "results": results(flow)}


@scenario
def merge_may_give_none():
    with Flow("flow") as flow:
        condition = Parameter("condition")
        with prefect.case(condition, True):
            nothing = same(None)
        with prefect.case(condition, False):
            right = b()
        merge(nothing, right)
    return run(flow, condition=True)["tasks"]["Merge-1"]


@scenario(since="0.10")
def merge_of_skipped_branches_is_skipped():
    @task
    def skips():
        raise signals.SKIP("no")

    with Flow("flow") as flow:
        merge(skips(), skips())
    return run(flow)


@scenario(since="0.10")
def merge_with_a_failed_branch():
    with Flow("flow") as flow:
        merge(fails(), b())
    return run(flow)


@scenario(since="0.10")
def merge_never_compares_values():
    class Touchy:
        def __eq__(self, other):
            raise RuntimeError("compared")

        def __bool__(self):
            raise RuntimeError("judged")

        __hash__ = None

    with Flow("flow") as flow:
        merge(task(lambda: Touchy(), name="touchy")(), b())
    state = flow.run()
    return type(state).__name__


@scenario
def merge_takes_constants_and_task_arguments():
    with Flow("flow") as flow:
        merged = merge(a(), 5, checkpoint=False)
    return [graph(flow), merged.checkpoint]


@scenario
def merge_of_ten_keeps_the_order():
    with Flow("flow") as flow:
        condition = Parameter("condition")
        branches = []
        for index in range(12):
            with prefect.case(condition, index):
                branches.append(same(index))
        merged = merge(*branches)
    return [results(flow, condition=index)[slugs.of(flow)[merged]] for index in (0, 9, 10, 11)]


@scenario(since="0.10")
def the_filter_task_drops_none_and_exceptions():
    with Flow("flow") as flow:
        FilterTask()(same([1, None, 0, "", ValueError("boom"), [2]]))
    return results(flow)["FilterTask-1"]


@scenario(since="0.10")
def the_filter_task_takes_a_function():
    with Flow("flow") as flow:
        FilterTask(filter_func=lambda x: x > 1)(same([1, 2, 3]))
        FilterTask(filter_func=lambda x: x > 1, name="over a map")(same.map([1, 2, 3]))
    return results(flow)


@scenario(since="0.10")
def the_filter_task_runs_behind_failed_children():
    @task
    def fails_at_two(x):
        if x == 2:
            raise ValueError("two")
        return x

    with Flow("flow") as flow:
        FilterTask()(fails_at_two.map([1, 2, 3]))
    return [
        run(flow)["tasks"]["FilterTask-1"],
        FilterTask().trigger is triggers.all_successful,
        FilterTask().trigger.__name__,
    ]


# --- resource managers


def manager(log, *, fail_in=None, skip_in=None, with_setup=True):
    """Make a resource manager that notes what is done with it."""

    def step(name, value=None):
        log.append(name)
        if fail_in == name:
            raise ValueError(name)
        if skip_in == name:
            raise signals.SKIP(name)
        return value

    class Resource:
        def __init__(self, size=1):
            step("init")
            self.size = size

        def cleanup(self, resource):
            step(f"cleanup {resource}")

    if with_setup:
        Resource.setup = lambda self: step("setup", f"resource of {self.size}")
    return prefect.resource_manager(Resource)


def managed(log, body=None, **arguments):
    with Flow("flow") as flow, manager(log, **arguments)(3) as resource:
        task(body or (lambda resource: log.append(f"use {resource}")), name="use")(resource)
    return flow


@scenario
def a_resource_is_made_used_and_cleaned_up():
    log = []
    flow = managed(log)
    return {"graph": graph(flow), "run": states(flow), "log": log, "reference": names(flow.reference_tasks())}


@scenario
def a_resource_is_cleaned_up_after_a_failure():
    log = []

    def body(resource):
        raise ValueError("boom")

    return {"run": run(managed(log, body)), "log": log}


@scenario
def a_resource_whose_setup_fails():
    log = []
    return {"run": run(managed(log, fail_in="setup")), "log": log}


@scenario
def a_resource_whose_init_fails():
    log = []
    return {"run": states(managed(log, fail_in="init")), "log": log}


@scenario
def a_resource_whose_setup_is_skipped():
    log = []
    return {"run": run(managed(log, skip_in="setup")), "log": log}


@scenario
def a_resource_without_setup():
    log = []
    flow = managed(log, with_setup=False)
    return {"graph": graph(flow), "run": states(flow), "log": log}


@scenario
def a_failing_cleanup_does_not_fail_the_flow():
    log = []
    flow = managed(log, fail_in="cleanup resource of 3")
    return {"run": run(flow), "log": log}


@scenario
def a_cleanup_that_something_depends_on_may_be_a_reference_task():
    log = []
    with Flow("flow") as flow:
        with manager(log)(3) as resource:
            same(resource)
        flow.get_tasks(name="Resource.cleanup")[0].set_downstream(a.copy(name="after"), flow=flow)
    return {"graph": graph(flow), "reference": names(flow.reference_tasks())}


@scenario
def tasks_of_a_resource_take_names_and_arguments():
    log = []

    class Resource:
        def setup(self):
            log.append("setup")

        def cleanup(self, resource):
            log.append("cleanup")

    made = prefect.resource_manager(Resource, name="tool", setup_task_kwargs={"tags": ["t"], "checkpoint": False})
    with Flow("flow") as flow, made():
        a()
    return [sorted(slugs.of(flow).values()), states(flow), log]


@scenario
def an_empty_resource_block():
    log = []
    with Flow("flow") as flow, manager(log)(3):
        pass
    return {"graph": graph(flow), "run": states(flow), "log": log}


@scenario
def a_resource_needs_a_flow():
    return raises(lambda: manager([])(3), says="active Flow context")
