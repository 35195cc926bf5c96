"""The order of nodes in each row of a layered drawing, so that few links cross.

Rows are sorted again and again, each by where the nodes' neighbours are in the row above it, then in the row below
it; the best order seen is kept. At last, neighbours that are better the other way round are swapped.
"""

from itertools import pairwise

from miniprefect.pictures.layers import Rows

_SWEEPS = 24
_PATIENCE = 5
_MOST_SWAPS = 6
# Beyond this many links, sorting has to do: swapping looks at pairs of links.
_MOST_LINKS_TO_SWAP = 4000


def untangled(rows: Rows) -> list[list[int]]:
    """Return the nodes of each row, from left to right."""
    order = _first_order(rows)
    best, fewest, since = order, crossings(rows, order), 0
    for sweep in range(_SWEEPS):
        if not fewest or since > _PATIENCE:
            break
        order = _swept(rows, order, upward=bool(sweep % 2), from_right=sweep % 4 > 1)
        found = crossings(rows, order)
        since += 1
        if found < fewest:
            best, fewest, since = order, found, 0
    if fewest and sum(map(len, rows.down)) <= _MOST_LINKS_TO_SWAP:
        best = _swapped(rows, best)
    return best


def _first_order(rows: Rows) -> list[list[int]]:
    """Order the nodes as a search finds them that goes down first: what belongs together is near."""
    order: list[list[int]] = [[] for _ in rows.members]
    seen = [False] * len(rows.row)
    for start in range(len(rows.row)):
        stack = [] if seen[start] or rows.up[start] else [start]
        while stack:
            node = stack.pop()
            if not seen[node]:
                seen[node] = True
                order[rows.row[node]].append(node)
                stack.extend(reversed(rows.down[node]))
    return order


def _swept(rows: Rows, order: list[list[int]], upward: bool, from_right: bool) -> list[list[int]]:
    """Sort each row by the middle of its nodes' neighbours in the row before it; nodes without any stay in place."""
    near = rows.down if upward else rows.up
    numbers = range(len(order) - 2, -1, -1) if upward else range(1, len(order))
    place = [0.0] * len(rows.row)
    new = list(order)
    for node_row in new:
        for at, node in enumerate(node_row):
            place[node] = at
    for number in numbers:
        wanted = {}
        for node in new[number]:
            others = near[node]
            wanted[node] = sum(map(place.__getitem__, others)) / len(others) if others else None
        new[number] = _sorted_around(new[number], wanted, from_right)
        for at, node in enumerate(new[number]):
            place[node] = at
    return new


def _sorted_around(nodes: list[int], wanted: dict[int, float | None], from_right: bool) -> list[int]:
    """Sort by what is wanted; nodes that want nothing keep their places. Ties keep their order, or turn it round."""
    movable = [node for node in nodes if wanted[node] is not None]
    if from_right:
        movable.reverse()
    movable.sort(key=lambda node: wanted[node] or 0.0)
    replaced = iter(movable)
    return [node if wanted[node] is None else next(replaced) for node in nodes]


def crossings(rows: Rows, order: list[list[int]]) -> int:
    """Count the pairs of links that cross."""
    place = {node: at for nodes in order for at, node in enumerate(nodes)}
    return sum(_between(rows, upper, place, len(lower)) for upper, lower in pairwise(order))


def _between(rows: Rows, upper: list[int], place: dict[int, int], size: int) -> int:
    """Count inversions between two rows with a tree of sums."""
    sums = [0] * (size + 1)
    total = passed = 0
    for node in upper:
        ends = [place[below] for below in rows.down[node]]
        for end in ends:
            total += passed
            at = end + 1
            while at:  # those that end at or before here do not cross
                total -= sums[at]
                at &= at - 1
        for end in ends:
            passed += 1
            at = end + 1
            while at <= size:
                sums[at] += 1
                at += at & -at
    return total


def _swapped(rows: Rows, order: list[list[int]]) -> list[list[int]]:
    """Swap neighbours as long as that makes fewer links cross."""
    order = [list(nodes) for nodes in order]
    place = {node: at for nodes in order for at, node in enumerate(nodes)}
    for _ in range(_MOST_SWAPS):
        improved = False
        for nodes in order:
            for at in range(len(nodes) - 1):
                left, right = nodes[at], nodes[at + 1]
                if _gain(rows, place, left, right) > 0:
                    nodes[at], nodes[at + 1] = right, left
                    place[left], place[right] = at + 1, at
                    improved = True
        if not improved:
            break
    return order


def _gain(rows: Rows, place: dict[int, int], left: int, right: int) -> int:
    """Return by how much fewer links cross if two neighbours change places."""
    gain = 0
    for near in (rows.up, rows.down):
        others = [place[node] for node in near[right]]
        for a in (place[node] for node in near[left]):
            for b in others:
                gain += (a > b) - (a < b)
    return gain
