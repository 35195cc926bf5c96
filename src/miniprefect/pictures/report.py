"""The report of a flow run: one HTML page with all it needs inside, that asks the network for nothing.

The page is `report.html`; its style and its script are files of their own beside it. What the script shows is data in
the page, as JSON: rows are made when they come into view, so that ten thousand task runs are no burden. What can do
without a script (the heading, the graph, the critical path) is there from the start.
"""

import base64
import hashlib
import json
import pathlib
import string
from collections.abc import Iterator
from importlib import resources
from typing import Any

from miniprefect.engine.state import Mapped, State
from miniprefect.pictures.history import History, Run, TaskHistory, history_of
from miniprefect.pictures.sketch import Sketch, grouped, sketch_of, states_in
from miniprefect.pictures.svg import STYLE, svg
from miniprefect.pictures.text import counted, escaped, line, lines, seconds

MOST_DRAWN = 1200  # boxes; beyond, tasks of one name are drawn as one
MOST_STEPS = 200  # of the critical path, as a list

Cell = str | int | float | None | list[Any]


def write_report(state: State, path: Any, title: str | None = None, results: bool = True) -> str:
    """Write the report of a flow run to a file; return the file's path.

    Args:
        state: what `flow.run` returned.
        path: the file.
        title: the heading; by default the name of the flow.
        results: whether to show what tasks returned.

    Raises:
        ValueError: it is not the state of a flow run.
    """
    page = report(state, title, results)
    file = pathlib.Path(path).expanduser()
    file.write_text(page, encoding="utf-8")
    return str(file)


def report(state: State, title: str | None = None, results: bool = True) -> str:
    """Return the report of a flow run as HTML; for the arguments see `write_report`."""
    history = history_of(state, results)
    script, style = _asset("report.js"), _asset("report.css") + STYLE
    sketch = _sketch(history)
    return string.Template(_asset("report.html")).substitute(
        title=escaped(line(title or history.name)),
        script=script,
        style=style,
        policy=f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'",
        summary="".join(_summary(history)),
        notes="".join(_notes(history, sketch)),
        parameters="".join(_parameters(history)),
        graph=svg(sketch, with_style=False) if len(sketch.boxes) <= MOST_DRAWN else "",
        critical="".join(_critical(history)),
        data=_json(_data(history)),
    )


def _asset(name: str) -> str:
    return resources.files("miniprefect.pictures").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Return what lets just this script or style be used."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: Any) -> str:
    """Return data that can stand in a script element, whatever texts it holds."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# ---------------------------------------------------------------------- the parts that need no script


def _sketch(history: History) -> Sketch:
    tasks, edges = history.sketched
    sketch = sketch_of(history.name, tasks, edges, states_in(history.state) or {})
    for box, task in zip(sketch.boxes, history.tasks, strict=True):
        if task.run.begin is not None and task.run.end is not None:
            box.note = f"{box.note} · {seconds(task.run.end - task.run.begin)}"
    return sketch if len(sketch.boxes) <= MOST_DRAWN else grouped(sketch)


def _summary(history: History) -> Iterator[str]:
    state = history.state
    message = lines(state.message or "", 2000)
    if isinstance(state.result, BaseException):
        message = lines(f"{message} {state.result!r}", 2000)
    yield f'<p class="outcome">{_named(type(state).__name__, state.color)} <span>{escaped(message)}</span></p><dl>'
    runs = sum(history.kinds().values())
    facts = {
        "Began": "" if history.begun is None else f"{history.begun:%Y-%m-%d %H:%M:%S} UTC",
        "Took": seconds(history.seconds) if history.has_times else "",
        "Tasks": f"{len(history.tasks):,}",
        "Task runs": f"{runs:,}" if runs != len(history.tasks) else "",
        "Retries": f"{history.retries:,}" if history.retries else "",
    }
    for name, value in facts.items():
        if value:
            yield f"<div><dt>{name}</dt><dd>{escaped(value)}</dd></div>"
    yield "</dl>"


def _named(kind: str, color: str) -> str:
    """Return the name of a state after a spot in its color."""
    spot = f'<circle cx="5" cy="5" r="5" fill="{escaped(color)}"/>'
    drawn = f'<svg class="spot" aria-hidden="true" viewBox="0 0 10 10">{spot}</svg>'
    return f'<span class="state">{drawn}{escaped(kind)}</span>'


def _notes(history: History, sketch: Sketch) -> Iterator[str]:
    if not history.has_times:
        yield (
            '<p class="note">When the task runs began and ended was not kept, so there is no timeline. Times are kept '
            "when the log tells of task runs (level INFO, the default), or with "
            "<code>PREFECT__FLOWS__KEEP_TIMES=true</code> in the environment.</p>"
        )
    if sketch.tasks_of_a_box > 1:
        is_drawn = len(sketch.boxes) <= MOST_DRAWN
        drawn = "tasks of one name are drawn as one" if is_drawn else "too many for a graph"
        yield f'<p class="note">The flow has {counted(len(history.tasks), "task")}: {drawn}.</p>'
    if history.state._ran is None:
        yield '<p class="note">The state does not know its flow, so there are no edges.</p>'


def _parameters(history: History) -> Iterator[str]:
    found = [task for task in history.tasks if task.kind == "parameter"]
    if not found:
        return
    yield '<section aria-labelledby="h-parameters"><h2 id="h-parameters">Parameters</h2><table class="facts"><tbody>'
    for task in found:
        yield f'<tr><th scope="row">{escaped(task.name)}</th><td><code>{escaped(task.run.result)}</code></td></tr>'
    yield "</tbody></table></section>"


def _critical(history: History) -> Iterator[str]:
    if not history.critical:
        return
    yield "<ol>"
    for step in history.critical[-MOST_STEPS:]:
        task = history.tasks[step.task]
        run = task.run if step.child < 0 else task.children[step.child]
        begin, end = run.begin or 0.0, run.end or 0.0
        name = task.name if step.child < 0 else f"{task.name}[{step.child}]"
        waited = begin - step.since
        wait = f", after waiting {seconds(waited)}" if waited > max(0.001, 0.01 * history.seconds) else ""
        yield f"<li><b>{escaped(name)}</b> <span>{seconds(end - begin)}{wait}</span></li>"
    yield "</ol>"


# ---------------------------------------------------------------------- the data of the script


class _Texts(dict[str, int]):
    """Number texts, so that one that comes often is in the page once."""

    def __missing__(self, text: str) -> int:
        self[text] = number = len(self)
        return number


def _data(history: History) -> dict[str, Any]:
    """Return what the script shows; `report.js` says what stands where."""
    texts, kinds = _Texts(), _Texts()
    texts[""]
    looks: dict[str, list[Cell]] = {}

    def cells(run: Run) -> list[Cell]:
        kind = "Not run" if run.state is None else type(run.state).__name__
        looks[kind] = ["#8a96a5", 0] if run.state is None else [run.state.color, int(run.state.is_failed())]
        spans = [round(moment, 6) for span in run.spans for moment in span]
        return [kinds[kind], spans, texts[run.message], texts[run.result], texts[run.error], int(run.is_critical)]

    def row(task: TaskHistory) -> list[Cell]:
        children: Cell = [cells(child) for child in task.children] if isinstance(task.run.state, Mapped) else None
        return [*cells(task.run), texts[task.name], task.kind, texts[task.settings], list(task.upstream), children]

    tasks = [row(task) for task in history.tasks]
    return {
        "tasks": tasks,
        "kinds": [[kind, *looks[kind]] for kind in kinds],
        "texts": list(texts),
        "seconds": history.seconds,
        "timed": history.has_times,
        "begun": None if history.begun is None else history.begun.timestamp(),
    }
