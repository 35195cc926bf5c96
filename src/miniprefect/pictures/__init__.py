"""Pictures of flows and reports of runs, made with the standard library alone.

sketch.py        what there is to draw: boxes and arrows, out of tasks, edges and states
layout.py        where to draw it: layers, an order in each, coordinates
svg.py dot.py mermaid.py   the same sketch in three languages
picture.py       what `flow.visualize()` returns
history.py       what a report tells: task runs, their times, the critical path
report.py        the page, out of report.html, report.css and report.js
notebook.py      how flows and states show themselves in notebooks
views.py         hands all this to flows and states, which know nothing of it
"""

from miniprefect.pictures.picture import FORMATS, Picture
from miniprefect.utilities.lazy import submodules_of

__all__ = ["FORMATS", "Picture"]

__getattr__ = submodules_of(__name__)
