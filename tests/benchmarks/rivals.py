"""What a user might pick instead, where it is installed: each run in process, as its documents advise, its log off.

Each builder takes a shape and its size, and returns a function that runs the graph and gives the result. What is
timed as building is the describing of the graph to the library, and as running, what its user waits for.
"""

import functools
import importlib
import inspect
import logging
import sys
import types
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tests.benchmarks.contenders import Contender, Work, build_flow
from tests.benchmarks.shapes import (
    CHAIN,
    FAN,
    GRID,
    MAP,
    SHORT,
    Shape,
    collect,
    increment,
    total,
)

GRAPHS = (CHAIN, FAN, GRID, SHORT)


def installed(name: str) -> Any:
    """The module, or None."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of what is old in it
            return importlib.import_module(name)
    except ImportError:
        return None


def rivals(limit: int) -> list[Contender]:
    """All that are installed, for sizes up to `limit`."""
    found = [each for find in (find_prefect, find_dask, find_others) for each in find()]
    return [contender.limited(limit) for contender in found]


def find_prefect() -> Iterable[Contender]:
    """Prefect: `flow.run()` with its LocalExecutor."""
    if prefect := installed("prefect"):
        title = f"prefect {prefect.__version__}"
        yield Contender(title, functools.partial(build_flow, prefect), limit=1_000, most_rounds=1)


def find_others() -> Iterable[Contender]:
    """Those with one way to run a graph in process."""
    if installed("hamilton"):
        version = ".".join(map(str, installed("hamilton.version").VERSION))
        yield Contender(f"hamilton {version}", build_hamilton, 1_000, 3, (*GRAPHS, MAP))
    if pipefunc := installed("pipefunc"):
        # No fan: what many functions made is an argument each of the function that takes it. No grid: building one of
        # 1,000 functions takes a minute.
        yield Contender(f"pipefunc {pipefunc.__version__}", build_pipefunc, 1_000, 1, (CHAIN, SHORT, MAP))
    if dagster := installed("dagster"):
        yield Contender(f"dagster {dagster.__version__}", build_dagster, 1_000, 1, (*GRAPHS, MAP))
    if redun := installed("redun"):
        # No fan: its calls are the same call, which redun makes once. No grid: redun walks it by every path there is.
        yield Contender(f"redun {redun.__version__}", build_redun, 1_000, 1, (CHAIN, SHORT, MAP))


# Dask


def find_dask() -> Iterable[Contender]:
    """Dask, by its three schedulers for one machine."""
    dask = installed("dask")
    if not dask:
        return
    for title, get in (("sync", dask.get), ("threads", installed("dask.threaded").get)):
        build = functools.partial(build_dask, get)
        yield Contender(f"dask {dask.__version__}, {title}", build, 10_000, 3, (*GRAPHS, MAP))
    # It makes one call of a chain before it runs it, too deep a call for long chains. Each run of a flow of ten would
    # be such a call as well.
    build = functools.partial(build_dask, dask_processes())
    yield Contender(f"dask {dask.__version__}, processes", build, 10_000, 3, (FAN, GRID, MAP))


def dask_processes() -> Callable[..., Any]:
    """The scheduler for processes, which start at its first use and stay."""

    @functools.cache
    def pool() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(mp_context=multiprocessing.get_context())

    def get(*arguments: Any) -> Any:
        return multiprocessing.get(*arguments, pool=pool())

    multiprocessing = installed("dask.multiprocessing")
    return get


def build_dask(get: Callable[..., Any], shape: Shape, n: int) -> Work:
    """Write the graph as a dictionary of tuples; `get` is a scheduler."""
    graph = shape.graph(n)
    keys = {node: f"node-{node}" for node in graph.predecessors}
    described: dict[str, tuple[Any, ...]] = {
        keys[node]: (graph.functions[node], *[keys[index] for index in before])
        for node, before in graph.predecessors.items()
    }
    if shape.mapped:
        described.update({keys[node]: (increment_item, keys[0], node - 1) for node in range(1, n - 1)})
        described[keys[n - 1]] = (graph.functions[n - 1], [keys[node] for node in range(1, n - 1)])
    return lambda: get(described, keys[len(keys) - 1])


def increment_item(values: list[int], index: int) -> int:
    """Take one item of a list, as a mapped child does."""
    return increment(values[index])


# What the others share


def gather(values: list[int]) -> list[int]:
    """Do as `collect`, for libraries that hand over a fan as a list."""
    return values


def name_of(node: int) -> str:
    """The name of a node, unique in its graph."""
    return f"node_{node}"


def deep(run: Callable[[], Any]) -> Work:
    """Raise the recursion limit for a library that walks the graph by calling itself, as its user has to."""

    def work() -> Any:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(1_000_000)
        try:
            return run()
        finally:
            sys.setrecursionlimit(limit)

    return work


# Hamilton: nodes of one function by `parameterize`, a list of nodes by `group`, run by `Driver.execute`


def build_hamilton(shape: Shape, n: int) -> Work:
    """Make a module of the functions, and a driver of the module."""
    driver, utilities = installed("hamilton.driver"), installed("hamilton.ad_hoc_utils")
    functions = hamilton_map(n) if shape.mapped else hamilton_nodes(shape, n)
    builder = driver.Builder().with_modules(utilities.create_temporary_module(*functions))
    if shape.mapped:
        here = installed("hamilton.execution.executors").SynchronousLocalTaskExecutor
        builder = builder.enable_dynamic_execution(allow_experimental_mode=True)
        builder = builder.with_local_executor(here()).with_remote_executor(here())
    last = "total" if shape.mapped else name_of(n - 1)
    built = builder.build()
    return deep(lambda: built.execute([last])[last])


def hamilton_nodes(shape: Shape, n: int) -> list[Callable[..., Any]]:
    """Decorate each function with the nodes that it makes."""
    modifiers, graph = installed("hamilton.function_modifiers"), shape.graph(n)
    nodes: dict[Callable[..., Any], dict[str, Any]] = {}
    for node, before in graph.predecessors.items():
        sources = [modifiers.source(name_of(index)) for index in before]
        function = graph.functions[node]
        if function is collect:
            function, sources = gather, [modifiers.group(*sources)]
        arguments = dict(zip(inspect.signature(function).parameters, sources, strict=True))
        nodes.setdefault(function, {})[name_of(node)] = arguments
    return [modifiers.parameterize(**named)(fresh(function)) for function, named in nodes.items()]


def fresh(function: Any) -> Any:
    """Copy a function that is going to be marked."""
    copy = types.FunctionType(function.__code__, function.__globals__, function.__name__)
    copy.__annotations__ = dict(function.__annotations__)
    return copy


def hamilton_map(n: int) -> list[Callable[..., Any]]:
    """Write the map in the words for it: Parallelizable and Collect."""
    types_of = installed("hamilton.htypes")

    def number() -> types_of.Parallelizable[int]:
        yield from range(1, n - 1)

    def more(number: int) -> int:
        return increment(number)

    def total(more: types_of.Collect[int]) -> int:
        return sum(more)

    return [number, more, total]


# pipefunc: a Pipeline of PipeFuncs, run by `pipeline.run`, or mapped by `pipeline.map` in this very process


def build_pipefunc(shape: Shape, n: int) -> Work:
    """Make a pipeline; it checks the whole of itself at each function added."""
    pipefunc = installed("pipefunc")
    graph = shape.graph(n)
    if shape.mapped:
        return pipefunc_map(pipefunc, graph.functions[0])
    functions = []
    for node, before in graph.predecessors.items():
        function = graph.functions[node]
        renames = dict(zip(inspect.signature(function).parameters, map(name_of, before), strict=True))
        functions.append(pipefunc.PipeFunc(function, name_of(node), renames=renames))
    pipeline = pipefunc.Pipeline(functions)
    return deep(lambda: pipeline.run(name_of(n - 1), kwargs={}))


def pipefunc_map(pipefunc: Any, numbers: Callable[[], list[int]]) -> Work:
    """Map by a MapSpec, results in memory; the checks of types would want arrays."""
    logging.getLogger("pipefunc").setLevel("CRITICAL")
    functions = [
        pipefunc.PipeFunc(numbers, "numbers", mapspec="... -> numbers[i]"),
        pipefunc.PipeFunc(increment, "more", renames={"x": "numbers"}, mapspec="numbers[i] -> more[i]"),
        pipefunc.PipeFunc(total, "total", renames={"values": "more"}),
    ]
    pipeline = pipefunc.Pipeline(functions, validate_type_annotations=False)
    return lambda: pipeline.map({}, parallel=False, storage="dict", show_progress=False)["total"].output


# Dagster: ops in a job, run by `execute_in_process` on an instance in memory, which keeps the results in memory too


def build_dagster(shape: Shape, n: int) -> Work:
    """Make a job."""
    dagster = installed("dagster")
    job = dagster.job((dagster_map if shape.mapped else dagster_nodes)(dagster, shape, n), name="work")
    last = "total" if shape.mapped else name_of(n - 1)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    instance = dagster.DagsterInstance.ephemeral()
    return lambda: job.execute_in_process(run_config=quiet, instance=instance).output_for_node(last)


def dagster_nodes(dagster: Any, shape: Shape, n: int) -> Callable[[], None]:
    """Write what a job says: which op takes the outputs of which."""
    graph = shape.graph(n)
    ops = {
        function: dagster.op(gather if function is collect else function) for function in {*graph.functions.values()}
    }

    def compose() -> None:
        outputs: list[Any] = []
        for node, before in graph.predecessors.items():
            inputs = [outputs[index] for index in before]
            function = graph.functions[node]
            op = ops[function].alias(name_of(node))
            outputs.append(op(inputs) if function is collect else op(*inputs))

    return compose


def dagster_map(dagster: Any, shape: Shape, n: int) -> Callable[[], None]:
    """Write the map in the words for it: dynamic outputs, mapped and collected."""
    numbers = shape.graph(n).functions[0]

    @dagster.op(out=dagster.DynamicOut(int))
    def spread() -> Any:
        for number in numbers():
            yield dagster.DynamicOutput(number, mapping_key=str(number))

    more, close = dagster.op(increment), dagster.op(total)

    def compose() -> None:
        close(spread().map(more).collect())

    return compose


# redun: lazy expressions of tasks, run by a Scheduler whose database is in memory, and which looks nothing up in it


def build_redun(shape: Shape, n: int) -> Work:
    """Make an expression, and a scheduler for it."""
    redun, graph = installed("redun"), shape.graph(n)
    logging.getLogger("redun").setLevel("CRITICAL")
    make = functools.partial(redun.task, namespace="benchmarks", cache=False)
    tasks = {function: make(function) for function in {*graph.functions.values()}}
    scheduler = redun.Scheduler()
    scheduler.load()
    expression = tasks[graph.functions[0]]()
    if shape.mapped:
        more = tasks[increment]
        expand = make(name="expand")(lambda numbers: [more(number) for number in numbers])
        expression = tasks[total](expand(expression))
    else:
        for _ in range(1, n):
            expression = tasks[increment](expression)
    return deep(functools.partial(scheduler.run, expression))
