"""A sketch in the language of Graphviz."""

import re

from miniprefect.pictures.sketch import CASE, DATA, MAP, ORDER, Box, Sketch
from miniprefect.pictures.text import line

_STYLES = {DATA: "", ORDER: "", MAP: "dashed", CASE: "dotted"}
_LONGEST_NAME = 60


def dot(sketch: Sketch, horizontal: bool = False) -> str:
    """Return the source of a graph: what is mapped is a doubled box with dashed edges, a condition's edges are dotted.

    Args:
        sketch: what to draw.
        horizontal: whether it runs from left to right.
    """
    source = ["digraph {"]
    if horizontal:
        source.append("\tgraph [rankdir=LR]")
    for number, box in enumerate(sketch.boxes):
        source.append(f"\t{number} [{_listed(_about(box))}]")
    for arrow in sketch.arrows:
        about = {"label": ", ".join(arrow.keys), "style": _STYLES[arrow.kind]}
        options = _listed({name: value for name, value in about.items() if value})
        source.append(f"\t{arrow.source} -> {arrow.target}{f' [{options}]' if options else ''}")
    return "\n".join([*source, "}", ""])


def _about(box: Box) -> dict[str, str]:
    name = line(box.name, _LONGEST_NAME)
    about = {"label": f"{name} <map>" if box.is_mapped else name, "shape": "box" if box.is_mapped else "ellipse"}
    if box.is_mapped:
        about["peripheries"] = "2"
    if name != box.name or box.states:
        about["tooltip"] = box.title
    if box.is_mapped and box.note:
        about["label"] += f"\n{box.note}"
    if box.colors:
        about["style"], about["color"] = "filled", f"{next(iter(box.colors.values()))}80"
    return about


def _listed(about: dict[str, str]) -> str:
    return " ".join(f"{name}={_quoted(value)}" for name, value in about.items())


def _quoted(value: str) -> str:
    """Return a value as the language wants it: a name, a number, or in quotes, where only these need a backslash."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z_0-9]*|[0-9]+", value) and value.lower() not in _KEYWORDS:
        return value
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    # Entities are read in labels: a name that looks like one is to stay what it is.
    return f'"{re.sub(r"&(?=#?[0-9A-Za-z]+;)", "&amp;", text)}"'


_KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}
