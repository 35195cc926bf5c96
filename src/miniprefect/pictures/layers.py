"""Layers of a layered drawing: which row each box is in, and what stands in the rows that a long edge passes.

Edges lead from lower to higher indexes; the caller sees to that.
"""

from dataclasses import dataclass
from itertools import pairwise


def layers_of(size: int, edges: list[tuple[int, int]], widest: int) -> list[int]:
    """Give each of `size` boxes a row, below those of its sources and with at most `widest` boxes in each.

    Boxes go, depth first, into the first row that has room: where a row would be too wide, what follows from its
    first boxes comes right below them, and not far away. Then those that come sooner than anybody needs them sink.
    """
    below: list[list[int]] = [[] for _ in range(size)]
    above: list[list[int]] = [[] for _ in range(size)]
    for source, target in edges:
        below[source].append(target)
        above[target].append(source)
    rows = _Rows(widest)
    found = [0] * size
    missing = [len(sources) for sources in above]
    stack = [box for box in reversed(range(size)) if not missing[box]]
    order = []
    while stack:
        box = stack.pop()
        order.append(box)
        found[box] = rows.place(1 + max((found[source] for source in above[box]), default=-1))
        for target in reversed(below[box]):
            missing[target] -= 1
            if not missing[target]:
                stack.append(target)
    for box in reversed(order):
        if below[box] and len(above[box]) < len(below[box]):
            found[box] = rows.moved(found[box], min(found[target] for target in below[box]) - 1)
    return _without_gaps(found)


class _Rows:
    """Count the boxes in each row."""

    def __init__(self, widest: int) -> None:
        self.widest = widest
        self.counts: list[int] = []
        # Of a full row, one further down that may have room.
        self.next: list[int] = []

    def place(self, first: int) -> int:
        """Take a place in the first row from `first` on that has room."""
        passed = []
        row = first
        while row < len(self.counts) and self.counts[row] >= self.widest:
            passed.append(row)
            row = self.next[row]
        for full in passed:
            self.next[full] = row
        while row >= len(self.counts):
            self.next.append(len(self.counts) + 1)
            self.counts.append(0)
        self.counts[row] += 1
        return row

    def moved(self, row: int, to: int) -> int:
        """Move a box to another row if that has room; return the row that it is in."""
        if self.counts[to] >= self.widest:
            return row
        self.counts[row] -= 1
        self.counts[to] += 1
        return to


def _without_gaps(rows: list[int]) -> list[int]:
    numbers = {row: number for number, row in enumerate(sorted(set(rows)))}
    return [numbers[row] for row in rows]


@dataclass(slots=True)
class Rows:
    """Be a graph in which every link leads from one row to the next.

    Its nodes are the boxes, and after them the stand-ins: places that a long edge keeps free in the rows it passes.
    Edges of one lane that begin at the same box share their stand-ins, and so look like one line that divides; so do
    those that end at the same box, if more end there than begin at the other end.

    Attributes:
        boxes: how many nodes are boxes.
        row: the row of each node.
        members: the nodes of each row, by index; see `crossings` for the order.
        up: the nodes above each that it is linked to.
        down: the nodes below each.
        ways: for each edge the nodes that it passes, its ends included.
    """

    boxes: int
    row: list[int]
    members: list[list[int]]
    up: list[list[int]]
    down: list[list[int]]
    ways: list[list[int]]


def rows_of(row: list[int], edges: list[tuple[int, int]], lanes: list[str]) -> Rows:
    """Fill rows with boxes and stand-ins.

    Args:
        row: the row of each box.
        edges: pairs of boxes.
        lanes: for each edge a name; only edges of one name share stand-ins.
    """
    size = len(row)
    row = list(row)
    begins, ends = [0] * size, [0] * size
    for source, target in edges:
        if row[target] - row[source] > 1:
            begins[source] += 1
            ends[target] += 1
    stand_ins: dict[tuple[bool, int, str, int], int] = {}
    ways = []
    for (source, target), lane in zip(edges, lanes, strict=True):
        by_source = begins[source] >= ends[target]
        way = [source]
        for number in range(row[source] + 1, row[target]):
            key = (by_source, source if by_source else target, lane, number)
            node = stand_ins.get(key)
            if node is None:
                node = stand_ins[key] = len(row)
                row.append(number)
            way.append(node)
        ways.append([*way, target])
    return _linked(size, row, ways)


def _linked(size: int, row: list[int], ways: list[list[int]]) -> Rows:
    up: list[list[int]] = [[] for _ in row]
    down: list[list[int]] = [[] for _ in row]
    known = set()
    for way in ways:
        for link in pairwise(way):
            if link not in known:
                known.add(link)
                down[link[0]].append(link[1])
                up[link[1]].append(link[0])
    members: list[list[int]] = [[] for _ in range(max(row, default=-1) + 1)]
    for node, number in enumerate(row):
        members[number].append(node)
    return Rows(size, row, members, up, down, ways)
