"""Coordinates along the rows of a large drawing: each node near those that it is linked to, and all of it narrow.

Rows begin centred, packed as close as their room allows. Then each row in turn is set as near as it can be to where
the nodes' neighbours are, neither changing the order nor pushing a node into another: a least-squares problem that
pooling solves in one pass over the row. At last chains are made straight where nothing is in the way.
"""

from itertools import accumulate, pairwise

from miniprefect.pictures.layers import Rows

_SWEEPS = 12
# How much a link pulls: of two boxes, of a box and a stand-in, of two stand-ins, where a bend is ugliest.
_PULLS = (1.0, 2.0, 8.0)


def relaxed(rows: Rows, order: list[list[int]], room: list[float]) -> list[float]:
    """Return the middle of each node along its row; the leftmost room begins at 0.

    Args:
        rows: the nodes and their links.
        order: the nodes of each row, from left to right.
        room: how wide each node is, with what it keeps free around it.
    """
    xs = [0.0] * len(room)
    offsets = [[*accumulate((room[a] + room[b]) / 2 for a, b in pairwise(nodes))] for nodes in order]
    for nodes, offset in zip(order, offsets, strict=True):
        shifted = [0.0, *offset]
        for node, x in zip(nodes, shifted, strict=True):
            xs[node] = x - shifted[-1] / 2
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for number in range(len(order)) if down else range(len(order) - 1, -1, -1):
            # The first sweeps look one way, so that what they find can travel; the last ones look both ways.
            near = (rows.up if down else rows.down,) if sweep < _SWEEPS // 2 else (rows.up, rows.down)
            _set_row(order[number], [0.0, *offsets[number]], _wishes(order[number], near, rows.boxes, xs), xs)
    _straighten(rows, order, room, xs)
    left = min(x - wide / 2 for x, wide in zip(xs, room, strict=True))
    return [x - left for x in xs]


def _wishes(
    nodes: list[int], near: tuple[list[list[int]], ...], boxes: int, xs: list[float]
) -> list[tuple[float, float]]:
    """Return for each node where it wants to be, and how much."""
    found = []
    for node in nodes:
        weight = total = 0.0
        for links in near:
            for other in links[node]:
                pull = _PULLS[(node >= boxes) + (other >= boxes)]
                weight += pull
                total += pull * xs[other]
        # One without neighbours wants to stay, a little.
        found.append((total / weight, weight) if weight else (xs[node], 0.05))
    return found


def _set_row(nodes: list[int], offset: list[float], wishes: list[tuple[float, float]], xs: list[float]) -> None:
    """Set a row as near to the wishes as the nodes' room allows.

    Nodes that would overlap join a block, which goes to the mean of what its members want of it.
    """
    blocks: list[tuple[float, float, int]] = []  # where, weight, how many nodes
    for (wish, weight), by in zip(wishes, offset, strict=True):
        block = (wish - by, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            where, other, size = blocks.pop()
            together = other + block[1]
            block = ((where * other + block[0] * block[1]) / together, together, size + block[2])
        blocks.append(block)
    at = 0
    for where, _, size in blocks:
        for node, by in zip(nodes[at : at + size], offset[at : at + size], strict=True):
            xs[node] = where + by
        at += size


def _straighten(rows: Rows, order: list[list[int]], room: list[float], xs: list[float]) -> None:
    """Give the nodes of a chain one coordinate, if there is one that is free in all of its rows."""
    beside: dict[int, tuple[int | None, int | None]] = {}
    for nodes in order:
        for at, node in enumerate(nodes):
            beside[node] = (nodes[at - 1] if at else None, nodes[at + 1] if at + 1 < len(nodes) else None)
    for chain in _chains(rows):
        left, right = -1e12, 1e12
        for node in chain:
            before, after = beside[node]
            if before is not None:
                left = max(left, xs[before] + (room[before] + room[node]) / 2)
            if after is not None:
                right = min(right, xs[after] - (room[after] + room[node]) / 2)
        if left <= right:
            middle = min(max(sum(xs[node] for node in chain) / len(chain), left), right)
            for node in chain:
                xs[node] = middle


def _chains(rows: Rows) -> list[list[int]]:
    """List the chains, those of stand-ins before those of boxes, and the longest first."""
    following = [_after(rows, node) for node in range(len(rows.row))]
    inside = set(following)
    found = []
    for start, second in enumerate(following):
        if second is not None and start not in inside:
            chain, node = [start], following[start]
            while node is not None:
                chain.append(node)
                node = following[node]
            found.append(chain)
    return sorted(found, key=lambda chain: (chain[0] < rows.boxes, -len(chain)))


def _after(rows: Rows, node: int) -> int | None:
    """Return what follows a node in its chain: stand-ins follow stand-ins, and an only box an only box."""
    below = rows.down[node]
    if node >= rows.boxes:
        return next((other for other in below if other >= rows.boxes), None)
    is_chain = len(below) == 1 and below[0] < rows.boxes and len(rows.up[below[0]]) == 1
    return below[0] if is_chain else None
