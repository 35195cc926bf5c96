"""What the tests of pictures share: graphs of any size, flows that have everything, and hostile names."""

import itertools
import random
from typing import Any

from miniprefect import Flow, Parameter, case, task, unmapped
from miniprefect.engine.state import State
from miniprefect.tasks.control_flow import merge

HOSTILE = (
    "</script><script>document.title='hacked'</script>",
    "<img src=x onerror=\"document.title='hacked'\">",
    "\"'><svg onload=document.title='hacked'>",
    "&lt;b&gt; &amp; `tick` $x ${title} {y} %s",
    "tab\tline\nnull\x00bell\x07esc\x1b[31m",
    "right\u202eleft\u2028line\ufeff",
    "half a pair \ud83d",
    ']]> --> */ \\ \\\\ \\" #;',
    "名前は\u3000とても長い" * 12,
    "",
    " ",
)


def random_edges(size: int, seed: int, density: float = 1.6) -> list[tuple[int, int]]:
    """Edges of a graph without cycles, each from a lower index to a higher one."""
    choose = random.Random(seed)
    edges = set()
    for target in range(1, size):
        nearest = max(0, target - max(5, size // 8))
        for _ in range(int(choose.random() * density * 2)):
            edges.add((choose.randrange(nearest, target), target))
    return sorted(edges)


def fans(width: int) -> list[tuple[int, int]]:
    """One box, `width` chains of two, one box."""
    last = 2 * width + 1
    chains = [((0, at), (at, at + 1), (at + 1, last)) for at in range(1, last, 2)]
    return sorted(itertools.chain.from_iterable(chains))


@task
def numbers(count: int) -> list[int]:
    return list(range(count))


@task
def inverse(number: float, scale: float) -> float:
    return scale / number


@task
def is_long(values: Any) -> bool:
    return len(values) > 2


@task
def total(values: Any) -> Any:
    return sum(values)


def flow_with_everything() -> Flow:
    """A flow with a parameter, a map of which one child fails, conditions, a merge, and an edge for order."""
    with Flow("everything") as flow:
        count = Parameter("count", default=4)
        found = numbers(count)
        inverse.map(found, unmapped(2.0))
        condition = is_long(found)
        with case(condition, True):
            long = total(found, task_args={"name": "add up"})
        with case(condition, False):
            short = numbers(1, task_args={"name": "only one"})
        merged = merge(long, short)
        total([merged, count], task_args={"name": "gather"}).set_upstream(condition)
    return flow


def state_of(flow: Flow, name: str, state: State) -> State:
    """The state of the task of that name in a run."""
    return state.result[flow.get_tasks(name=name)[0]]
