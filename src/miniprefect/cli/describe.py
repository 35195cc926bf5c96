"""`miniprefect describe`: what a flow consists of, for people and for programs."""

import argparse
import io
import sys
from collections.abc import Iterator
from typing import Any

from miniprefect.cli._errors import CommandError, on_one_line
from miniprefect.cli._flows import add_source, find_flow
from miniprefect.cli._parser import Parser
from miniprefect.core.flow import Flow
from miniprefect.core.task import Task
from miniprefect.utilities.lazy import LazyModule

json = LazyModule("json")

_NEXT_TIMES = 3


def add_parser(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "describe",
        help="list the parameters, tasks and edges of a flow, and its schedule",
        description="List the parameters of the flow in FILE or MODULE with their defaults, its tasks in an order in "
        "which they can run, its edges and its schedule.",
    )
    add_source(parser)
    parser.add_argument("--json", action="store_true", help="as JSON; a value that JSON can't say is its repr")
    parser.set_defaults(work=work, parser=parser)


def work(arguments: argparse.Namespace) -> int:
    """Print the description of the flow."""
    flow = find_flow(arguments)
    try:
        description = described(flow)
    except ValueError as error:  # a cycle
        raise CommandError(str(error)) from error
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if arguments.json:
        print(json.dumps(description, indent=2, ensure_ascii=False, default=repr))
    else:
        print("\n".join(_lines(description)))
    return 0


# ---------------------------------------------------------------------- data


def described(flow: Flow) -> dict[str, Any]:
    """Return what a flow consists of. Tasks are called by their slugs.

    Raises:
        ValueError: the flow has a cycle.
    """
    mapped = {edge.downstream_task for edge in flow.edges if edge.mapped}
    parameters = sorted(flow.parameters(), key=lambda parameter: parameter.name)
    return {
        "name": flow.name,
        "parameters": [{"name": p.name, "required": p.required, "default": p.default} for p in parameters],
        "tasks": [_task(task, flow, task in mapped) for task in flow.sorted_tasks()],
        "edges": [
            {
                "upstream": flow.slugs[edge.upstream_task],
                "downstream": flow.slugs[edge.downstream_task],
                "argument": edge.key,
                "mapped": edge.mapped,
                "flattened": edge.flattened,
            }
            for edge in flow.edges
        ],
        "reference_tasks": sorted(flow.slugs[task] for task in flow.reference_tasks()),
        "schedule": None if flow.schedule is None else _schedule(flow.schedule),
        "executor": None if flow.executor is None else repr(flow.executor),
    }


def _task(task: Task, flow: Flow, is_mapped: bool) -> dict[str, Any]:
    said = task.serialize()
    settings = ("name", "type", "tags", "max_retries", "retry_delay", "timeout", "trigger")
    return {
        "slug": flow.slugs[task],
        "mapped": is_mapped,
        **{name: said[name] for name in settings},
        "constants": dict(flow.constants.get(task) or {}),
    }


def _schedule(schedule: Any) -> dict[str, Any]:
    return {"rule": repr(schedule), "next": [moment.isoformat() for moment in schedule.next(_NEXT_TIMES)]}


# ---------------------------------------------------------------------- text


def _lines(description: dict[str, Any]) -> Iterator[str]:
    tasks, edges = description["tasks"], description["edges"]
    yield f"Flow {description['name']!r}: {_number(tasks, 'task')}, {_number(edges, 'edge')}"
    yield from _section("Parameters", [(p["name"], _default(p)) for p in description["parameters"]])
    yield from _section("Tasks", [(task["slug"], ", ".join(_settings(task))) for task in tasks])
    yield from _section("Edges", [(f"{e['upstream']} -> {e['downstream']}", _manner(e)) for e in edges])
    if description["schedule"] is not None:
        times = ", ".join(description["schedule"]["next"]) or "no more times"
        yield from _section("Schedule", [("rule", description["schedule"]["rule"]), ("next", times)])
    if description["executor"] is not None:
        yield from _section("Executor", [(description["executor"], "")])


def _number(things: list[Any], noun: str) -> str:
    return f"{len(things)} {noun}{'s' if len(things) != 1 else ''}"


def _section(title: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    if rows:
        width = max(len(first) for first, _ in rows)
        yield f"\n{title}"
        yield from (f"  {on_one_line(first):{width}}  {second}".rstrip() for first, second in rows)


def _default(parameter: dict[str, Any]) -> str:
    return "required" if parameter["required"] else f"default {on_one_line(repr(parameter['default']))}"


def _settings(task: dict[str, Any]) -> Iterator[str]:
    """Name what is unusual about a task."""
    yield task["type"].rpartition(".")[2]
    if task["mapped"]:
        yield "mapped"
    if task["max_retries"]:
        delay = f" every {task['retry_delay']:g} s" if task["retry_delay"] else ""
        yield f"max_retries={task['max_retries']}{delay}"
    if task["timeout"]:
        yield f"timeout={task['timeout']} s"
    if task["trigger"] != "all_successful":
        yield f"trigger={task['trigger']}"
    if task["tags"]:
        yield f"tags: {' '.join(task['tags'])}"
    for name, value in task["constants"].items():
        yield f"{name}={on_one_line(repr(value))}"


def _manner(edge: dict[str, Any]) -> str:
    """Return how the result of one task gets to the other."""
    words = [f"as {edge['argument']}"] if edge["argument"] else []
    return ", ".join(words + [name for name in ("mapped", "flattened") if edge[name]])
