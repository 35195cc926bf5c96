"""Where the boxes and arrows of a drawing go: rows, an order in each, coordinates, curves.

The drawing runs downward: *along* a row is x, *across* the rows is y. One that is to run to the right is laid out all
the same, and turned by the one who draws it.

What does not hang together is laid out by itself, and set side by side like words on lines. Every step is made in
the same order each time: the same flow gives the same picture.
"""

import math
from dataclasses import dataclass

from miniprefect.pictures.aligned import aligned
from miniprefect.pictures.crossings import untangled
from miniprefect.pictures.layers import Rows, layers_of, rows_of
from miniprefect.pictures.relaxed import relaxed

Point = tuple[float, float]

GAP = 22.0  # between two boxes of a row
LANE = 11.0  # the room of a stand-in
ROW_GAP = 40.0  # between two rows, at least
STEEP = 0.07  # how much more, for each unit that the widest edge between them leads to the side
MOST_ROW_GAP = 120.0
PORT = 13.0  # between the ends of two edges at one box
APART = 44.0  # between parts that do not hang together
MOST_SPARE = 1.5  # how much wider than its widest row a drawing may be
RATIO = 1.5  # how much wider than high the whole should be


@dataclass(slots=True)
class Layout:
    """Say where everything is.

    Attributes:
        width: how wide the whole is.
        height: how high.
        boxes: the middle of each box.
        routes: for each edge the points that it passes, two for each row: straight from one to the other, past the
            boxes of the row, and in a curve to the first of the next row.
    """

    width: float
    height: float
    boxes: list[Point]
    routes: list[list[Point]]


def laid_out(
    sizes: list[Point],
    edges: list[tuple[int, int]],
    lanes: list[str] | None = None,
    steps: list[float] | None = None,
) -> Layout:
    """Lay out boxes and edges.

    Args:
        sizes: the width and height of each box.
        edges: pairs of boxes; one that leads to a lower index counts as its reverse, so that there is no cycle.
        lanes: for each edge a name; long edges of one name may run together.
        steps: for each box how far apart edges end at it, if there is room.
    """
    lanes, steps = lanes or [""] * len(edges), steps or [PORT] * len(sizes)
    whole = Layout(0.0, 0.0, [(0.0, 0.0)] * len(sizes), [[] for _ in edges])
    parts = []
    for boxes, inside in _parts(len(sizes), edges):
        number = {box: at for at, box in enumerate(boxes)}
        ends = [(number[min(edges[at])], number[max(edges[at])]) for at in inside]
        part = _part([sizes[b] for b in boxes], ends, [lanes[at] for at in inside], [steps[b] for b in boxes])
        parts.append((boxes, inside, part))
    _packed(whole, parts)
    for at, (source, target) in enumerate(edges):
        if source > target:
            whole.routes[at].reverse()
    return whole


def _parts(size: int, edges: list[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """Tell what hangs together: for each part its boxes and its edges. Boxes without edges are parts of their own."""
    leader = list(range(size))

    def find(box: int) -> int:
        while leader[box] != box:
            leader[box] = leader[leader[box]]
            box = leader[box]
        return box

    for source, target in edges:
        a, b = sorted((find(source), find(target)))
        leader[b] = a
    found: dict[int, tuple[list[int], list[int]]] = {}
    for box in range(size):
        found.setdefault(find(box), ([], []))[0].append(box)
    for at, (source, _) in enumerate(edges):
        found[find(source)][1].append(at)
    return list(found.values())


def _part(sizes: list[Point], edges: list[tuple[int, int]], lanes: list[str], steps: list[float]) -> Layout:
    """Lay out what hangs together."""
    widest = max(8, math.ceil(1.3 * math.sqrt(len(sizes))))
    rows = rows_of(layers_of(len(sizes), edges, widest), edges, lanes)
    order = untangled(rows)
    room = [width + GAP for width, _ in sizes] + [LANE] * (len(rows.row) - len(sizes))
    xs = _coordinates(rows, order, room)
    tops = _tops(rows, xs, [height for _, height in sizes])
    boxes = [(xs[box], sum(tops[rows.row[box]]) / 2) for box in range(len(sizes))]
    ports = _Ports(rows, xs, [width for width, _ in sizes], steps)
    routes = [_route(way, rows, xs, tops, sizes, boxes, ports) for way in rows.ways]
    width = max(x + need / 2 for x, need in zip(xs, room, strict=True))
    return Layout(width, tops[-1][1], boxes, routes)


def _coordinates(rows: Rows, order: list[list[int]], room: list[float]) -> list[float]:
    """Return the middle of each node along its row: in straight lines, unless that takes too much room."""
    widest = max(sum(room[node] for node in nodes) for nodes in order)
    xs = aligned(rows, order, room)
    if max(xs) <= max(MOST_SPARE * widest, 2 * ROW_GAP * len(order) * RATIO):
        return xs
    return relaxed(rows, order, room)


def _tops(rows: Rows, xs: list[float], heights: list[float]) -> list[Point]:
    """Return where each row begins and ends; rows are further apart where edges lead far to the side."""
    thick, aside = [0.0] * len(rows.members), [0.0] * len(rows.members)
    for box, height in enumerate(heights):
        thick[rows.row[box]] = max(thick[rows.row[box]], height)
    for node, below in enumerate(rows.down):
        for other in below:
            aside[rows.row[node]] = max(aside[rows.row[node]], abs(xs[node] - xs[other]))
    found, y = [], 0.0
    for height, side in zip(thick, aside, strict=True):
        found.append((y, y + height))
        y += height + min(MOST_ROW_GAP, ROW_GAP + STEEP * side)
    return found


class _Ports:
    """Spread the ends of edges over the side of a box, in the order in which they come from the side."""

    def __init__(self, rows: Rows, xs: list[float], widths: list[float], steps: list[float]) -> None:
        self.into: dict[tuple[int, int], float] = {}
        self.out_of: dict[tuple[int, int], float] = {}
        for node in range(rows.boxes):
            for near, found in ((rows.up[node], self.into), (rows.down[node], self.out_of)):
                others = sorted(near, key=xs.__getitem__)
                step = steps[node] if near is rows.up[node] else PORT
                step = min(step, 0.8 * widths[node] / max(1, len(others) - 1))
                for at, other in enumerate(others):
                    found[node, other] = xs[node] + (at - (len(others) - 1) / 2) * step


def _route(
    way: list[int],
    rows: Rows,
    xs: list[float],
    tops: list[Point],
    sizes: list[Point],
    boxes: list[Point],
    ports: _Ports,
) -> list[Point]:
    """Return the points of an edge: out of its box, past the rows between, into the other box."""
    source, target = way[0], way[-1]
    begin, end = ports.out_of[source, way[1]], ports.into[target, way[-2]]
    points = [(begin, boxes[source][1] + sizes[source][1] / 2), (begin, tops[rows.row[source]][1])]
    for node in way[1:-1]:
        top, bottom = tops[rows.row[node]]
        points += [(xs[node], top), (xs[node], bottom)]
    return [*points, (end, tops[rows.row[target]][0]), (end, boxes[target][1] - sizes[target][1] / 2)]


def _packed(whole: Layout, parts: list[tuple[list[int], list[int], Layout]]) -> None:
    """Set the parts side by side, the largest first, in lines that are about as long as all is high."""
    area = sum((part.width + APART) * (part.height + APART) for _, _, part in parts)
    longest = max([math.sqrt(area * RATIO), *(part.width for _, _, part in parts)], default=0.0)
    x = y = height = 0.0
    # Large parts first; single boxes come last, in the order in which they are in the flow.
    for boxes, inside, part in sorted(parts, key=lambda each: -len(each[0])):
        apart = APART if len(boxes) > 1 else GAP
        if x and x + part.width > longest + 0.5:
            x, y, height = 0.0, y + height + apart, 0.0
        for box, (left, top) in zip(boxes, part.boxes, strict=True):
            whole.boxes[box] = (left + x, top + y)
        for at, route in zip(inside, part.routes, strict=True):
            whole.routes[at] = [(left + x, top + y) for left, top in route]
        whole.width, height = max(whole.width, x + part.width), max(height, part.height)
        whole.height = max(whole.height, y + part.height)
        x += part.width + apart
