"""Running again, and at the same time: from earlier states, paused, inside each other, and beside each other."""

import datetime
import pickle
import threading
from typing import Any

import pytest

from miniprefect import Flow, Parameter, Task, context, task, unmapped
from miniprefect.engine.results import LocalResult
from miniprefect.engine.signals import PAUSE, SKIP
from miniprefect.engine.state import Failed, Mapped, Paused, Pending, Resume, Skipped, State, Success, TriggerFailed
from miniprefect.executors import Executor
from miniprefect.triggers import manual_only
from tests.executors.helpers import Threads
from tests.reliability.helpers import at_once, ended

# ---------------------------------------------------------------------- only what failed


class World:
    """What is wrong outside, and who has tried to work in it."""

    def __init__(self) -> None:
        self.broken: set[int] = set()
        self.seen: list[int] = []


def mapped_flow(world: World) -> tuple[Flow, dict[str, Any]]:
    @task
    def numbers() -> list[int]:
        world.seen.append(-1)
        return list(range(6))

    @task
    def child(x: int, base: int) -> int:
        world.seen.append(x)
        if x in world.broken:
            raise ValueError(x)
        return base + x

    @task
    def double(x: int) -> int:
        world.seen.append(100 + x)
        return 2 * x

    @task
    def total(values: list[int]) -> int:
        return sum(values)

    with Flow("again") as flow:
        children = child.map(numbers(), base=unmapped(10))
        doubles = double.map(children)
        whole = total(doubles)
    return flow, {"children": children, "doubles": doubles, "whole": whole}


def without_failures(final: State) -> dict[Any, State]:
    """Return the states of a run to go on from: as they are, but that what failed is pending again."""
    states: dict[Any, State] = {}
    for each, state in final.result.items():
        if isinstance(state, Mapped):
            children = [Pending() if child.is_failed() else child for child in state.map_states]
            states[each] = Mapped(map_states=children)
        elif not state.is_failed():
            states[each] = state
    return states


def test_only_the_children_that_failed_run_again(executor: Executor) -> None:
    world = World()
    flow, tasks = mapped_flow(world)
    world.broken = {1, 4}
    first = ended(flow, executor=executor)
    assert [type(state) for state in first.result[tasks["children"]].map_states].count(Failed) == 2
    assert type(first.result[tasks["whole"]]) is TriggerFailed
    world.seen.clear()
    world.broken = {4}
    second = ended(flow, executor=executor, task_states=without_failures(first))
    assert sorted(world.seen) == [1, 4, 111]
    world.seen.clear()
    world.broken = set()
    third = ended(flow, executor=executor, task_states=without_failures(second))
    assert sorted(world.seen) == [4, 114]
    assert third.is_successful()
    assert third.result[tasks["whole"]].result == 2 * sum(range(10, 16))


def test_the_states_gone_on_from_stay_as_they_were(executor: Executor) -> None:
    world = World()
    flow, tasks = mapped_flow(world)
    world.broken = {2}
    first = ended(flow, executor=executor)
    states = without_failures(first)
    before = {each: (type(state), list(getattr(state, "map_states", []))) for each, state in states.items()}
    world.broken = set()
    assert ended(flow, executor=executor, task_states=states).is_successful()
    assert {each: (type(state), list(getattr(state, "map_states", []))) for each, state in states.items()} == before
    assert type(first.result[tasks["children"]].map_states[2]) is Failed


def test_states_that_went_through_a_pickle_serve_as_well(executor: Executor) -> None:
    """As when a run goes on in another process."""
    world = World()
    flow, tasks = mapped_flow(world)
    world.broken = {3}
    first = ended(flow, executor=executor)
    names = {each.name: each for each in flow.tasks}
    kept = pickle.dumps({each.name: state for each, state in without_failures(first).items()})
    world.seen.clear()
    world.broken = set()
    states = {names[name]: state for name, state in pickle.loads(kept).items()}
    final = ended(flow, executor=executor, task_states=states)
    assert sorted(world.seen) == [3, 113]
    assert final.result[tasks["whole"]].result == 150


def test_a_run_goes_on_with_results_from_the_disk(executor: Executor, tmp_path: Any) -> None:
    fails = [True]

    @task(result=LocalResult(dir=tmp_path))
    def costly() -> int:
        assert fails[0], "computed twice"
        return 5

    @task
    def after(x: int) -> int:
        if fails[0]:
            raise ValueError
        return x + 1

    with Flow("disk") as flow:
        first = costly()
        second = after(first)
    with context(checkpointing=True):
        final = ended(flow, executor=executor)
    location = final.result[first]._result.location
    fails[0] = False
    known = Success(result=LocalResult(dir=tmp_path, location=location)).load_result()
    assert ended(flow, executor=executor, task_states={first: known}).result[second].result == 6


# ---------------------------------------------------------------------- pause and resume


def test_a_task_pauses_the_flow_and_is_resumed(executor: Executor) -> None:
    seen: list[str] = []

    @task
    def before() -> None:
        seen.append("before")

    @task
    def asks() -> str:
        seen.append("asks")
        if not context.get("resume"):
            raise PAUSE("Is it right?")
        return "yes"

    @task
    def after(answer: str) -> str:
        seen.append("after")
        return answer

    with Flow("pause") as flow:
        question = asks(upstream_tasks=[before()])
        answer = after(question)
    paused = ended(flow, executor=executor)
    assert paused.is_running()
    assert type(paused.result[question]) is Paused
    assert paused.result[answer].is_pending()
    assert seen == ["before", "asks"]
    states = {**paused.result, question: Resume()}
    final = ended(flow, executor=executor, task_states=states)
    assert final.is_successful()
    assert final.result[answer].result == "yes"
    assert seen == ["before", "asks", "asks", "after"]


def test_a_task_that_a_person_must_start(executor: Executor) -> None:
    @task(trigger=manual_only)
    def deploy() -> str:
        return "deployed"

    with Flow("manual") as flow:
        call = deploy()
    paused = ended(flow, executor=executor)
    assert type(paused.result[call]) is Paused
    still = ended(flow, executor=executor, task_states=paused.result)
    assert type(still.result[call]) is Paused
    final = ended(flow, executor=executor, task_states={call: Resume()})
    assert final.result[call].result == "deployed"


def test_one_child_of_a_map_pauses(executor: Executor) -> None:
    seen: list[int] = []

    @task
    def child(x: int) -> int:
        seen.append(x)
        if x == 1 and not context.get("resume"):
            raise PAUSE("wait")
        return x

    with Flow("map") as flow:
        mapped = child.map([0, 1, 2])
    paused = ended(flow, executor=executor)
    children = paused.result[mapped].map_states
    assert [type(state) for state in children] == [Success, Paused, Success]
    seen.clear()
    states = {mapped: Mapped(map_states=[children[0], Resume(), children[2]])}
    final = ended(flow, executor=executor, task_states=states)
    assert final.result[mapped].result == [0, 1, 2]
    assert seen == [1]


def test_a_pause_for_a_while_is_over_by_itself(executor: Executor) -> None:
    counts: list[int] = []

    @task
    def nap() -> int:
        counts.append(1)
        if len(counts) == 1:
            raise PAUSE(start_time=datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=0.05))
        return len(counts)

    with Flow("nap") as flow:
        call = nap()
    final = ended(flow, executor=executor)
    assert final.result[call].result == 2


# ---------------------------------------------------------------------- flows in flows


def test_flows_within_tasks_within_flows(executor: Executor) -> None:
    def nest(depth: int) -> Any:
        @task
        def level(x: int) -> Any:
            if not depth:
                return x
            inner, call = nest(depth - 1)
            final = inner.run(x=x + 1)
            assert context.flow_name == f"level {depth}"
            assert context.parameters == {"x": x}
            return final.result[call].result

        with Flow(f"level {depth}") as flow:
            call = level(Parameter("x"))
        return flow, call

    flow, call = nest(5)
    assert ended(flow, executor=executor, x=0).result[call].result == 5


def test_a_flow_in_each_child_of_a_map(executor: Executor) -> None:
    @task
    def square(x: int) -> int:
        return x * x

    with Flow("inner") as inner:
        squares = square.map(Parameter("xs"))

    @task
    def sum_of_squares(n: int) -> int:
        return sum(inner.run(xs=list(range(n))).result[squares].result)

    with Flow("outer") as outer:
        sums = sum_of_squares.map(list(range(10)))
    assert ended(outer, executor=executor).result[sums].result == [sum(x * x for x in range(n)) for n in range(10)]


def test_a_flow_that_fails_inside_a_task_fails_nothing_by_itself(executor: Executor) -> None:
    @task
    def bad() -> None:
        raise SystemExit(1)

    with Flow("inner") as inner:
        bad()

    @task
    def outer_task() -> str:
        return type(inner.run()).__name__

    with Flow("outer") as outer:
        call = outer_task()
    assert ended(outer, executor=executor).result[call].result == "Failed"


# ---------------------------------------------------------------------- at the same time


def busy_flow(name: str) -> tuple[Flow, dict[str, Any]]:
    @task
    def numbers(n: int) -> list[int]:
        return list(range(n))

    @task(max_retries=2, retry_delay=datetime.timedelta(0))
    def flaky(x: int) -> tuple[int, str, int]:
        if context.task_run_count == 1:
            raise ValueError(x)
        return x * context.parameters["n"], context.flow_name, context.map_index

    @task
    def skip(x: Any) -> None:
        raise SKIP("no")

    @task
    def counts(n: int) -> int:
        print(f"counting {n}")
        return n

    counts.log_stdout = True
    with Flow(name) as flow:
        n = Parameter("n")
        mapped = flaky.map(numbers(n))
        skipped = skip(mapped)
        counted = counts(n)
    return flow, {"mapped": mapped, "skipped": skipped, "counted": counted}


def check(final: State, tasks: dict[str, Any], name: str, n: int) -> bool:
    mapped, skipped = final.result[tasks["mapped"]], final.result[tasks["skipped"]]
    assert mapped.result == [(x * n, name, x) for x in range(n)]
    assert type(skipped) is Skipped
    assert final.result[tasks["counted"]].result == n
    return final.is_successful()


@pytest.mark.parametrize("workers", [0, 3])
def test_one_flow_run_many_times_at_once(workers: int) -> None:
    flow, tasks = busy_flow("one")

    def run(n: int) -> bool:
        options = {"executor": Threads(workers)} if workers else {}
        return all(check(ended(flow, n=n, **options), tasks, "one", n) for _ in range(5))

    assert at_once(*[lambda n=n: run(n) for n in range(1, 9)]) == [True] * 8


def test_different_flows_at_once() -> None:
    def run(number: int) -> bool:
        name = f"flow {number}"
        flow, tasks = busy_flow(name)
        return all(check(ended(flow, n=number), tasks, name, number) for _ in range(5))

    assert at_once(*[lambda n=n: run(n) for n in range(1, 7)]) == [True] * 6


def test_one_flow_at_once_with_different_handlers_and_contexts() -> None:
    @task
    def name() -> str:
        return context.who

    with Flow("one") as flow:
        call = name()

    def run(who: str) -> tuple[set[str], set[int]]:
        seen: list[int] = []
        found = set()
        for _ in range(30):
            with context(who=who):
                final = ended(flow, task_runner_state_handlers=[lambda runner, old, new: seen.append(id(seen))])
            found.add(final.result[call].result)
        assert len(seen) == 60
        return found, set(seen)

    answers = at_once(lambda: run("a"), lambda: run("b"), lambda: run("c"))
    assert [found for found, _ in answers] == [{"a"}, {"b"}, {"c"}]
    assert all(len(seen) == 1 for _, seen in answers)


def test_a_flow_that_is_changed_while_it_runs_ends_well() -> None:
    """The run under way keeps to the flow as it was; the next one takes in the change."""
    started, go = threading.Event(), threading.Event()

    @task
    def slow() -> int:
        started.set()
        assert go.wait(20)
        return 1

    class Late(Task):
        def run(self) -> int:
            return 2

    with Flow("changed") as flow:
        call = slow()
    late = Late()

    def change() -> bool:
        assert started.wait(20)
        flow.add_edge(call, late)
        go.set()
        return True

    final, _ = at_once(lambda: ended(flow), change)
    assert final.is_successful()
    assert final.result[call].result == 1
    assert ended(flow).result[late].result == 2


def test_a_cache_shared_by_runs_at_once(executor: Executor) -> None:
    @task(cache_for=datetime.timedelta(hours=1))
    def cached(x: int) -> int:
        return x

    with Flow("cached") as flow:
        mapped = cached.map(list(range(50)))
    with context(caches={}):
        first = ended(flow, executor=executor)
        second = ended(flow, executor=executor)
    assert {len(state.result[mapped].result) for state in (first, second)} == {50}
