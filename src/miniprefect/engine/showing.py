"""How states show themselves to people: as a report, and in notebooks. Drawn in a layer above; see `VIEWS`."""

import datetime
from typing import Any

from miniprefect.utilities.lazy import VIEWS


def report(state: Any, path: Any, title: str | None = None, results: bool = True) -> str:
    """Write a report about a flow run, one HTML page that needs no network; return the file's path.

    It shows the graph, a timeline with the critical path, and all task runs with their times, messages, results and
    tracebacks.

    Args:
        state: what `flow.run` returned.
        path: the file.
        title: its heading; by default the name of the flow.
        results: whether to show what tasks returned, each cut short.

    Raises:
        ValueError: this is not the state of a flow run.
    """
    return str(VIEWS["report"](state, path, title, results))


def as_html(state: Any) -> str:
    """Return the state as a notebook shows it."""
    return str(VIEWS["show_state"](state))


class Ran:
    """Be what the last state of a flow run keeps of it.

    Args:
        flow: what ran.
        begun: when.
    """

    __slots__ = ("begun", "flow")

    def __init__(self, flow: Any, begun: datetime.datetime) -> None:
        self.flow = flow
        self.begun = begun

    def __reduce__(self) -> Any:
        """Travel with what a report tells of the flow, which may have more to it than can be pickled."""
        return Ran, (Graph(self.flow.name, list(self.flow.tasks), list(self.flow.edges)), self.begun)


class Graph:
    """Be the tasks and edges of a flow that was pickled with a state."""

    def __init__(self, name: str, tasks: list[Any], edges: list[Any]) -> None:
        self.name = name
        self.tasks = tasks
        self.edges = edges
