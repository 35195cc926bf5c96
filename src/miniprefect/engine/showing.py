"""How states show themselves to people: as a report, and in notebooks. Drawn in a layer above; see `VIEWS`."""

import datetime
from typing import Any

from miniprefect.utilities.views import VIEWS


class Showing:
    """Let a state be looked at."""

    __slots__ = ()

    # When the attempts of a task run began and ended, by turns, where times are kept; see `engine.times`.
    _times: tuple[datetime.datetime, ...] = ()
    # What the state of a flow run is the end of; see `engine.times`.
    _ran: Any = None

    def report(self, path: Any, title: str | None = None) -> str:
        """Write a report about a flow run, one HTML page that needs no network; return the file's path.

        It shows the graph, a timeline with the critical path, and all task runs with their times, messages, results
        and tracebacks.

        Args:
            path: the file.
            title: its heading; by default the name of the flow.

        Raises:
            ValueError: this is not the state of a flow run.
        """
        return str(VIEWS["report"](self, path, title))

    def _repr_html_(self) -> str:
        return str(VIEWS["show_state"](self))
