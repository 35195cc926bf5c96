"""How flows and states show themselves in notebooks: HTML that brings what it needs and runs no script."""

from typing import Any

from miniprefect.engine.state import Mapped, State
from miniprefect.pictures.history import HIDDEN, is_elsewhere, is_secret, shown_result
from miniprefect.pictures.sketch import sketch_of_flow, states_in
from miniprefect.pictures.svg import svg
from miniprefect.pictures.text import counted, escaped, line, lines

MOST_DRAWN = 500  # tasks; of a larger flow a notebook shows the numbers, and `visualize` draws it
MOST_ROWS = 50
LONGEST_RESULT = 120
LONGEST_MESSAGE = 2000

# Colors are those of the notebook, which need not be those of the system. What is important here is what Jupyter says
# otherwise of tables.
_STYLE = (
    ".mp-card{font:13px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;border:1px solid #8886;"
    "border-radius:8px;padding:10px 14px;max-width:100%;overflow:auto;display:inline-block}"
    ".mp-card table{border-collapse:collapse;margin:8px 0 0;border:0;color:inherit!important}"
    ".mp-card tr{background:none!important}"
    ".mp-card th,.mp-card td{text-align:left!important;vertical-align:top!important;padding:2px 14px 2px 0;border:0;"
    "color:inherit!important;background:none;font-size:13px;max-width:none}.mp-card th{font-weight:600}"
    ".mp-card code{font:12px ui-monospace,Menlo,Consolas,monospace!important;background:none!important;"
    "color:inherit!important;padding:0!important}"
    ".mp-card .mp-state{white-space:nowrap}.mp-card svg{vertical-align:-1px}"
)


def show_flow(flow: Any) -> str:
    """Return a flow as HTML: its picture."""
    sketch = sketch_of_flow(flow)
    if not sketch.boxes or len(sketch.boxes) > MOST_DRAWN:
        return _card(f"<b>{escaped(sketch.title)}</b>")
    return f'<div style="max-width:100%;overflow:auto">{svg(sketch)}</div>'


def show_state(state: State) -> str:
    """Return a state as HTML: what it says, its result, and of a flow or a map the states that it holds."""
    parts = [_heading(state)]
    states = None if is_elsewhere(state) else states_in(state)
    if states:
        rows = [(line(task.name, 80), s, is_secret(task)) for task, s in _first(states.items())]
        parts.append(_table("Task", rows, len(states)))
    elif isinstance(state, Mapped) and state.map_states:
        rows = [(str(index), child, False) for index, child in _first(enumerate(state.map_states))]
        parts.append(_table("Child", rows, len(state.map_states)))
    elif is_elsewhere(state) or state.result is not None:
        parts.append(f"<div><code>{escaped(shown_result(state, 4 * LONGEST_RESULT))}</code></div>")
    return _card("".join(parts))


def _card(inner: str) -> str:
    return f'<style>{_STYLE}</style><div class="mp-card">{inner}</div>'


def _first(items: Any) -> list[Any]:
    return [item for item, _ in zip(items, range(MOST_ROWS), strict=False)]


def _heading(state: State) -> str:
    message = "" if state.message is None else f" {escaped(lines(state.message, LONGEST_MESSAGE))}"
    return f"<div><b>{_named(state)}</b>{message}</div>"


def _named(state: State) -> str:
    """Return the kind of a state after a spot in its color."""
    spot = f'<circle cx="5" cy="5" r="5" fill="{escaped(state.color)}"/>'
    kind = escaped(type(state).__name__)
    return f'<span class="mp-state"><svg width="10" height="10" aria-hidden="true">{spot}</svg> {kind}</span>'


def _table(title: str, rows: list[tuple[str, Any, bool]], total: int) -> str:
    cells = "".join(
        f"<tr><td>{escaped(name)}</td><td>{_named(state)}</td><td>{_about(state, hides)}</td></tr>"
        for name, state, hides in rows
        if isinstance(state, State)
    )
    more = f"<div>… and {total - len(rows):,} more</div>" if total > len(rows) else ""
    head = f'<tr><th scope="col">{title}</th><th scope="col">State</th><th scope="col">Result</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{cells}</tbody></table>{more}"


def _about(state: State, hides: bool) -> str:
    """Return what there is to say of a task's state in a table: its message, or the result of one that went well."""
    if isinstance(state, Mapped):
        failed = sum(isinstance(child, State) and child.is_failed() for child in state.map_states)
        return escaped(counted(len(state.map_states), "task run") + (f", {failed:,} failed" if failed else ""))
    if not state.is_successful() or state.is_skipped():
        return escaped(line(state.message, LONGEST_RESULT))
    return f"<code>{escaped(HIDDEN if hides else shown_result(state, LONGEST_RESULT))}</code>"
