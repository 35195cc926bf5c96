"""A sketch in the language of Mermaid, which many forges and wikis draw."""

import re

from miniprefect.pictures.sketch import CASE, MAP, Box, Sketch
from miniprefect.pictures.text import line

_SHAPES = {"task": ("[", "]"), "parameter": ("([", "])"), "constant": ("(", ")"), "condition": ("{{", "}}")}
_DASHES = {MAP: "7 4", CASE: "2 4"}
_LONGEST_NAME = 60


def mermaid(sketch: Sketch, horizontal: bool = False) -> str:
    """Return the source of a flowchart: what is mapped has doubled sides and dashed edges, a condition dotted ones.

    Args:
        sketch: what to draw.
        horizontal: whether it runs from left to right.
    """
    source = [f"flowchart {'LR' if horizontal else 'TD'}"]
    source += [f"    n{number}{_box(box)}" for number, box in enumerate(sketch.boxes)]
    dashed: dict[str, list[str]] = {}
    for number, arrow in enumerate(sketch.arrows):
        label = f'|"{_safe(", ".join(arrow.keys))}"|' if arrow.keys else ""
        source.append(f"    n{arrow.source} -->{label} n{arrow.target}")
        if arrow.kind in _DASHES:
            dashed.setdefault(_DASHES[arrow.kind], []).append(str(number))
    source += [f"    linkStyle {','.join(which)} stroke-dasharray:{dashes}" for dashes, which in dashed.items()]
    return "\n".join([*source, *_classes(sketch), ""])


def _box(box: Box) -> str:
    left, right = ("[[", "]]") if box.is_mapped else _SHAPES[box.kind]
    name = _safe(line(box.name, _LONGEST_NAME))
    note = f"<br/>{_safe(box.note)}" if box.is_mapped and box.note else ""
    return f'{left}"{name}{note}"{right}'


def _classes(sketch: Sketch) -> list[str]:
    """Colour the boxes by their states."""
    members: dict[tuple[str, str], list[str]] = {}
    for number, box in enumerate(sketch.boxes):
        for state, color in list(box.colors.items())[:1]:
            members.setdefault((state, color), []).append(f"n{number}")
    found = []
    for (state, color), boxes in members.items():
        found.append(f"    classDef {state} fill:{color}40,stroke:{color}")
        found.append(f"    class {','.join(boxes)} {state}")
    return found


def _safe(text: str) -> str:
    """Return a text in which nothing has a meaning of its own."""
    return re.sub(r"[^\w ,.:()+*=/-]", lambda found: f"#{ord(found[0])};", text) or " "
