"""Hand pictures and reports to flows and states, which ask for them by name.

The table that they ask is `VIEWS` in `miniprefect.utilities.lazy`.
"""

import sys
from typing import Any

from miniprefect.pictures.notebook import show_flow, show_state
from miniprefect.pictures.picture import Picture
from miniprefect.pictures.report import write_report
from miniprefect.pictures.sketch import sketch_of_flow
from miniprefect.utilities.lazy import VIEWS


def visualize(
    flow: Any,
    flow_state: Any = None,
    filename: Any = None,
    format: str | None = None,
    horizontal: bool = False,
    view: bool | None = None,
) -> Picture:
    """Do what `Flow.visualize` says."""
    picture = Picture(sketch_of_flow(flow, flow_state), horizontal)
    if filename:
        picture.save(filename, format)
    if view:
        picture.view()
    elif view is None and not filename and sys.stdout is not None and sys.stdout.isatty():
        flow.logger.info("There is a picture of the flow: %r", picture)
    return picture


VIEWS.update(visualize=visualize, show_flow=show_flow, show_state=show_state, report=write_report)
