"""Coordinates along the rows of a layered drawing, after Brandes and Koepf: long edges straight, boxes centred.

Four times, each node is put in line with the middle one of its neighbours in the next row: looking up or down, and
giving way to the left or to the right. Each time the lines are set as close as their room allows. The mean of the two
middle results is the coordinate. In each result neighbours keep their distance, and so they do in the mean.
"""

from itertools import pairwise

from miniprefect.pictures.layers import Rows

Conflicts = set[tuple[int, int]]


def aligned(rows: Rows, order: list[list[int]], room: list[float]) -> list[float]:
    """Return the middle of each node along its row; the leftmost room begins at 0.

    Args:
        rows: the nodes and their links.
        order: the nodes of each row, from left to right.
        room: how wide each node is, with what it keeps free around it.
    """
    if not order:
        return []
    conflicts = _conflicts(rows, order)
    found = []
    for near, turned in ((rows.up, order), (rows.down, order[::-1])):
        for mirror in (False, True):
            lined = [nodes[::-1] for nodes in turned] if mirror else turned
            root = _aligned(lined, near, conflicts)
            xs = _compacted(lined, root, room)
            found.append([-x for x in xs] if mirror else xs)
    return _balanced(found, room)


def _conflicts(rows: Rows, order: list[list[int]]) -> Conflicts:
    """Find the links that cross a link of two stand-ins, which is to stay straight."""
    place = {node: at for nodes in order for at, node in enumerate(nodes)}
    found: Conflicts = set()
    for upper, lower in pairwise(order):
        left, begin = 0, 0
        for at, node in enumerate(lower):
            inner = _inner(rows, node)
            if inner is None and at < len(lower) - 1:
                continue
            right = place[inner] if inner is not None else len(upper)
            for other in lower[begin : at + 1]:
                outer = (above for above in rows.up[other] if other < rows.boxes or above < rows.boxes)
                found.update((above, other) for above in outer if not left <= place[above] <= right)
            left, begin = right, at + 1
    return found


def _inner(rows: Rows, node: int) -> int | None:
    """Return the stand-in above a stand-in, if there is one."""
    if node < rows.boxes:
        return None
    return next((above for above in rows.up[node] if above >= rows.boxes), None)


def _aligned(order: list[list[int]], near: list[list[int]], conflicts: Conflicts) -> list[int]:
    """Put each node in line with a middle neighbour in the row before; return the first node of each one's line."""
    size = len(near)
    root, align = list(range(size)), list(range(size))
    place = [0] * size
    for nodes in order:
        for at, node in enumerate(nodes):
            place[node] = at
    for nodes in order[1:]:
        last = -1
        for node in nodes:
            others = sorted(near[node], key=place.__getitem__)
            for middle in range((len(others) - 1) // 2, len(others) // 2 + 1) if others else ():
                other = others[middle]
                is_free = align[node] == node and last < place[other]
                if is_free and (other, node) not in conflicts and (node, other) not in conflicts:
                    align[other], root[node] = node, root[other]
                    align[node], last = root[node], place[other]
    return root


def _compacted(order: list[list[int]], root: list[int], room: list[float]) -> list[float]:
    """Set the lines as close as their room allows, then those that have room as near to the right as they can be."""
    after: dict[int, dict[int, float]] = {node: {} for node in root}
    count = dict.fromkeys(after, 0)
    for nodes in order:
        for left, right in pairwise(nodes):
            apart = (room[left] + room[right]) / 2
            follow = after[root[left]]
            if root[right] not in follow:
                count[root[right]] += 1
            follow[root[right]] = max(follow.get(root[right], 0.0), apart)
    position = dict.fromkeys(after, 0.0)
    ready = [line for line, number in count.items() if not number]
    sequence = []
    while ready:
        line = ready.pop()
        sequence.append(line)
        for other, apart in after[line].items():
            position[other] = max(position[other], position[line] + apart)
            count[other] -= 1
            if not count[other]:
                ready.append(other)
    for line in reversed(sequence):
        if after[line]:
            position[line] = max(position[line], min(position[other] - apart for other, apart in after[line].items()))
    return [position[line] for line in root]


def _balanced(found: list[list[float]], room: list[float]) -> list[float]:
    """Move all results over the narrowest one, and take the mean of the middle two; shift it to begin at 0."""
    spans = [_span(xs, room) for xs in found]
    narrowest = min(spans, key=lambda span: span[1] - span[0])
    moved = []
    for number, (xs, span) in enumerate(zip(found, spans, strict=True)):
        side = number % 2
        by = narrowest[side] - span[side]
        moved.append([x + by for x in xs])
    means = []
    for four in zip(*moved, strict=True):
        _, a, b, _ = sorted(four)
        means.append((a + b) / 2)
    begin = _span(means, room)[0]
    return [x - begin for x in means]


def _span(xs: list[float], room: list[float]) -> tuple[float, float]:
    ends = list(zip(xs, room, strict=True))
    return min(x - width / 2 for x, width in ends), max(x + width / 2 for x, width in ends)
