"""A sketch as SVG: a picture that any browser shows, light or dark as its reader likes it."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from miniprefect.pictures.layout import PORT, Layout, Point, laid_out
from miniprefect.pictures.sketch import CASE, DATA, MAP, ORDER, Arrow, Box, Sketch
from miniprefect.pictures.text import escaped, line, width

FONT = 13.0
NOTE = 10.5
LABEL = 10.0
LONGEST_NAME = 30
MOST_LABELS = 90  # arrows; in larger pictures, the labels are in tooltips only
MOST_LABEL_ROOM = 260.0
MARGIN = 16.0
FAILED = "#c62828"  # white can be read on it, and it can be seen on white and on black

# Whether it is a curve, and its ends.
Piece = tuple[bool, Point, Point]

# What is drawn in a color of the theme says which by its class. The colors of states belong to the states.
_LIGHT = {
    "back": "#ffffff",
    "box": "#ffffff",
    "line": "#9aa4b2",
    "edge": "#7b8794",
    "pale": "#8c97a4",
    "text": "#1c2530",
    "dim": "#5d6875",
}
_DARK = {
    "back": "#14181f",
    "box": "#1d232c",
    "line": "#525d6b",
    "edge": "#8a96a5",
    "pale": "#717c8a",
    "text": "#e4e9ef",
    "dim": "#9aa6b4",
}


def _theme(colors: dict[str, str]) -> str:
    fills = "".join(f".mp-{name}{{fill:{colors[name]}}}" for name in ("back", "box", "text", "dim"))
    return (
        f"{fills}.mp-box{{stroke:{colors['line']}}}.mp-edge{{stroke:{colors['edge']}}}"
        f".mp-edge.mp-order{{stroke:{colors['pale']}}}.mp-head{{fill:{colors['edge']}}}.mp-label{{stroke:{colors['back']}}}"
    )


STYLE = (
    ".mp-flow{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}"
    f"{_theme(_LIGHT)}.mp-flow .mp-edge{{fill:none;stroke-width:1.3}}.mp-box{{stroke-width:1.1}}"
    ".mp-map{stroke-dasharray:6 4}.mp-case{stroke-dasharray:1.5 3.5;stroke-linecap:round}"
    ".mp-flow .mp-order{stroke-width:.9}"
    f".mp-name{{font-size:{FONT:g}px;font-weight:500}}.mp-note{{font-size:{NOTE:g}px}}"
    f".mp-label{{font-size:{LABEL:g}px;stroke-width:3px;stroke-linejoin:round;paint-order:stroke}}"
    f"@media (prefers-color-scheme:dark){{{_theme(_DARK)}}}"
)


def svg(sketch: Sketch, horizontal: bool = False, with_style: bool = True) -> str:
    """Draw a sketch.

    Args:
        sketch: what to draw.
        horizontal: whether it runs from left to right.
        with_style: whether the picture brings the style that it needs; without, the page that it is in does.
    """
    shapes = [_Shape(box) for box in sketch.boxes]
    labels = _labels(sketch)
    _make_room(shapes, sketch, labels, horizontal)
    sizes = [(s.height, s.width) if horizontal else (s.width, s.height) for s in shapes]
    ends = [(arrow.source, arrow.target) for arrow in sketch.arrows]
    layout = laid_out(sizes, ends, [arrow.kind for arrow in sketch.arrows], [shape.step for shape in shapes])
    if horizontal:
        layout = _turned(layout)
    return "".join(_document(sketch, shapes, layout, labels, horizontal, with_style))


def _document(
    sketch: Sketch, shapes: "list[_Shape]", layout: Layout, labels: list[str], horizontal: bool, with_style: bool
) -> Iterator[str]:
    wide, high = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mp-flow" role="img" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="{-MARGIN:g} {-MARGIN:g} {wide:.0f} {high:.0f}" fill="none" stroke-width="1.1" '
        f'font-family="sans-serif"><title>{escaped(sketch.title)}</title>'
    )
    if with_style:
        yield f"<style>{STYLE}</style>"
    yield f'<rect class="mp-back" x="{-MARGIN:g}" y="{-MARGIN:g}" width="100%" height="100%" fill="{_LIGHT["back"]}"/>'
    yield from _arrows(sketch, layout, labels, horizontal)
    for number, (shape, middle) in enumerate(zip(shapes, layout.boxes, strict=True)):
        yield f'<g class="mp-task" data-box="{number}">{shape.drawn(*middle)}</g>'
    yield "</svg>"


def _turned(layout: Layout) -> Layout:
    routes = [[(y, x) for x, y in route] for route in layout.routes]
    return Layout(layout.height, layout.width, [(y, x) for x, y in layout.boxes], routes)


# ---------------------------------------------------------------------- boxes


class _Shape:
    """Be the outline of a box, and what is written in it."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.name = line(box.name, LONGEST_NAME) or " "
        self.note = line(box.note, LONGEST_NAME + 10)
        self.badge = f"{box.failed:,} failed" if box.failed and box.runs > 1 else ""
        self.badge_width = width(self.badge, NOTE) + 10 if self.badge else 0.0
        self.bar = 5.0 if box.colors else 0.0
        beside = 26.0 if box.kind in ("parameter", "condition") else 20.0
        self.name_width = width(self.name, FONT)
        heading = self.name_width + (self.badge_width + 8 if self.badge else 0)
        self.width = max(48.0, beside + self.bar + max(heading, width(self.note, NOTE)))
        self.height = 42.0 if self.note else 30.0
        self.step = PORT

    def drawn(self, x: float, y: float) -> str:
        """Return the box with its middle at a point."""
        left, top = x - self.width / 2, y - self.height / 2
        parts = [f"<title>{escaped(self.box.title)}</title>"]
        if self.box.is_mapped:
            parts.append(self._outline(left + 3, top + 3))
        parts.append(self._outline(left, top))
        parts.extend(self._bar(left, top))
        middle, base = x + self.bar / 2, y + (-2.5 if self.note else 4.5)
        before_badge = middle - (self.badge_width + 8) / 2 if self.badge else middle
        parts.append(self._text("name mp-text", before_badge, base, FONT, self.name, "text"))
        if self.badge:
            parts.append(self._badge(before_badge + self.name_width / 2 + 8, base))
        if self.note:
            parts.append(self._text("note mp-dim", middle, y + 13, NOTE, self.note, "dim"))
        return "".join(parts)

    def _badge(self, left: float, base: float) -> str:
        """Draw how many of the runs failed, for the share of one among hundreds can't be seen."""
        return (
            f'<rect class="mp-failed" x="{left:.1f}" y="{base - 11:.1f}" width="{self.badge_width:.1f}" height="14" '
            f'rx="4" fill="{FAILED}"/><text class="mp-note" x="{left + self.badge_width / 2:.1f}" y="{base - 0.5:.1f}" '
            f'font-size="{NOTE:g}" text-anchor="middle" fill="#ffffff">{escaped(self.badge)}</text>'
        )

    def _text(self, kind: str, x: float, y: float, size: float, text: str, color: str) -> str:
        return (
            f'<text class="mp-{kind}" x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="middle" '
            f'fill="{_LIGHT[color]}">{escaped(text)}</text>'
        )

    def _outline(self, left: float, top: float) -> str:
        paint = f'class="mp-box" fill="{_LIGHT["box"]}" stroke="{_LIGHT["line"]}"'
        if self.box.kind == "condition":
            cut, right = 9.0, left + self.width
            middle = top + self.height / 2
            return (
                f'<path {paint} d="M{left:.1f} {middle:.1f}l{cut:g} {-self.height / 2:g}H{right - cut:.1f}'
                f'l{cut:g} {self.height / 2:g}l{-cut:g} {self.height / 2:g}H{left + cut:.1f}z"/>'
            )
        round_by = {"parameter": self.height / 2, "constant": 1.0}.get(self.box.kind, 6.0)
        return (
            f'<rect {paint} x="{left:.1f}" y="{top:.1f}" width="{self.width:.1f}" height="{self.height:g}" '
            f'rx="{round_by:g}"/>'
        )

    def _bar(self, left: float, top: float) -> Iterator[str]:
        """Draw a bar in the colors of the states: of each a part as large as its share, but large enough to see."""
        inset = 11.0 if self.box.kind == "parameter" else 9.0 if self.box.kind == "condition" else 6.0
        shares = self.box.states or dict.fromkeys(self.box.colors, 1)
        total = sum(shares.values())
        visible = [max(number / total, 0.12) for number in shares.values()]
        y, length = top + 6, self.height - 12
        for state, share in zip(shares, visible, strict=True):
            high = length * share / sum(visible)
            yield (
                f'<rect x="{left + inset:.1f}" y="{y:.1f}" width="{self.bar:g}" height="{high:.2f}" '
                f'fill="{escaped(self.box.colors[state])}" rx="{min(2.5, high / 2):.1f}"/>'
            )
            y += high


# ---------------------------------------------------------------------- arrows


def _labels(sketch: Sketch) -> list[str]:
    """Return what is written at the end of each arrow: the arguments, where there is room for it."""
    if len(sketch.arrows) > MOST_LABELS:
        return [""] * len(sketch.arrows)
    return ["" if _is_numbered(arrow) else line(", ".join(arrow.keys), 16) for arrow in sketch.arrows]


def _is_numbered(arrow: Arrow) -> bool:
    """Say whether the arguments are those of a list, ``arg_1`` and so on, which tell nobody anything."""
    return all(key.startswith(("arg_", "task_")) and key.rpartition("_")[2].isdigit() for key in arrow.keys)


def _make_room(shapes: list[_Shape], sketch: Sketch, labels: list[str], horizontal: bool) -> None:
    """Make boxes wide enough for the labels above them; leave the labels out where that would be too wide."""
    into: dict[int, list[int]] = {}
    for at, arrow in enumerate(sketch.arrows):
        if labels[at]:
            into.setdefault(arrow.target, []).append(at)
    for box, found in into.items():
        most = 1 if horizontal else 4
        step = max(width(labels[at], LABEL) for at in found) + 8
        if len(found) > most or step * len(found) > MOST_LABEL_ROOM:
            for at in found:
                labels[at] = ""
        elif len(found) > 1:
            shapes[box].step, shapes[box].width = step, max(shapes[box].width, step * len(found))


def _arrows(sketch: Sketch, layout: Layout, labels: list[str], horizontal: bool) -> Iterator[str]:
    """Draw each piece of an arrow once, though several may share it; then the heads, and what is written at them."""
    drawn: set[tuple[str, Piece]] = set()
    for arrow, route in zip(sketch.arrows, layout.routes, strict=True):
        pieces = [piece for piece in _pieces(route) if (arrow.kind, piece) not in drawn]
        drawn.update((arrow.kind, piece) for piece in pieces)
        path = "".join(_path(pieces, horizontal))
        about = " → ".join(sketch.boxes[end].name for end in (arrow.source, arrow.target))
        said = "; ".join(filter(None, [about, ", ".join(arrow.keys), _SAID[arrow.kind]]))
        yield (
            f'<g><title>{escaped(said)}</title><path class="mp-edge mp-{arrow.kind}" d="{path}" '
            f'stroke="{_LIGHT["edge"]}"{_DASHES.get(arrow.kind, "")}/>{_head(route, horizontal)}</g>'
        )
    for label, route in zip(labels, layout.routes, strict=True):
        if label:
            yield _label(label, route, horizontal)


_SAID = {DATA: "", ORDER: "runs after", MAP: "mapped", CASE: "if so"}
_DASHES = {MAP: ' stroke-dasharray="6 4"', CASE: ' stroke-dasharray="1.5 3.5"'}


def _pieces(route: list[Point]) -> Iterator[Piece]:
    """Take a route apart: straight past a row, and in a curve to the next one."""
    for at, ends in enumerate(pairwise(route)):
        if ends[0] != ends[1]:
            yield bool(at % 2), *ends


def _path(pieces: Iterable[Piece], horizontal: bool) -> Iterator[str]:
    here: Point | None = None
    for is_curve, begin, end in pieces:
        if begin != here:
            yield f"M{_at(begin)}"
        yield _curve(begin, end, horizontal) if is_curve else f"L{_at(end)}"
        here = end


def _curve(begin: Point, end: Point, horizontal: bool) -> str:
    """Leave a row and come to the next one straight, and turn between them."""
    (x1, y1), (x2, y2) = begin, end
    if horizontal:
        half = (x1 + x2) / 2
        return f"L{_at(end)}" if abs(y1 - y2) < 0.5 else f"C{half:.1f} {y1:.1f} {half:.1f} {y2:.1f} {_at(end)}"
    half = (y1 + y2) / 2
    return f"L{_at(end)}" if abs(x1 - x2) < 0.5 else f"C{x1:.1f} {half:.1f} {x2:.1f} {half:.1f} {_at(end)}"


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _head(route: list[Point], horizontal: bool) -> str:
    """Draw the head of an arrow; one that leads back, in a cycle, has it at its other side."""
    (x, y), before = route[-1], route[-3]
    back = 1 if (before[0] > x if horizontal else before[1] > y) else -1
    corners = f"l{7 * back} -3.5v7z" if horizontal else f"l-3.5 {7 * back}h7z"
    return f'<path class="mp-head" fill="{_LIGHT["edge"]}" d="M{_at((x, y))}{corners}"/>'


def _label(label: str, route: list[Point], horizontal: bool) -> str:
    x, y = route[-1]
    where = f'x="{x - 10:.1f}" y="{y - 4:.1f}" text-anchor="end"' if horizontal else f'x="{x:.1f}" y="{y - 10:.1f}"'
    anchor = "" if horizontal else ' text-anchor="middle"'
    return (
        f'<text class="mp-label mp-dim" {where}{anchor} font-size="{LABEL:g}" fill="{_LIGHT["dim"]}">'
        f"{escaped(label)}</text>"
    )
