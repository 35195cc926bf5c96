"""The layout as a whole: nothing overlaps, no edge runs through a box, and it is the same each time."""

import random
from itertools import combinations, pairwise

import pytest

from miniprefect.pictures.layout import GAP, Layout, laid_out
from tests.pictures.helpers import fans, random_edges

Sizes = list[tuple[float, float]]


def sizes_for(count: int, seed: int = 0) -> Sizes:
    choose = random.Random(seed)
    return [(choose.uniform(40, 200), choose.choice([30.0, 42.0])) for _ in range(count)]


GRAPHS = {
    **{f"random {size}, {seed}": (size, random_edges(size, seed)) for size in (5, 50) for seed in range(6)},
    "random 300": (300, random_edges(300, 1)),
    "dense": (40, random_edges(40, 3, density=5)),
    "fan": (82, fans(40)),
    "single boxes": (25, []),
    "one": (1, []),
    "none": (0, []),
    "backward": (3, [(0, 1), (1, 2), (2, 0)]),
}
every_graph = pytest.mark.parametrize(("size", "edges"), GRAPHS.values(), ids=GRAPHS)


def boxes_of(layout: Layout, sizes: Sizes) -> list[tuple[float, float, float, float]]:
    ends = zip(layout.boxes, sizes, strict=True)
    return [(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2) for (x, y), (wide, high) in ends]


def points_on(route: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points on an edge as it is drawn: straight and in a curve by turns."""
    found = []
    for at, ((x1, y1), (x2, y2)) in enumerate(pairwise(route)):
        for step in range(13):
            t = step / 12
            bend = t * t * (3 - 2 * t) if at % 2 else t
            along = 1.5 * (t - t * t) + t**3 if at % 2 else t
            found.append((x1 + (x2 - x1) * bend, y1 + (y2 - y1) * along))
    return found


@every_graph
def test_no_box_lies_on_another_and_all_lie_inside(size, edges):
    sizes = sizes_for(size)
    layout = laid_out(sizes, edges)
    boxes = boxes_of(layout, sizes)
    for left, top, right, bottom in boxes:
        assert -0.01 <= left <= right <= layout.width + 0.01
        assert -0.01 <= top <= bottom <= layout.height + 0.01
    for a, b in combinations(boxes, 2):
        is_apart = a[2] + GAP <= b[0] + 0.01 or b[2] + GAP <= a[0] + 0.01 or a[3] < b[1] or b[3] < a[1]
        assert is_apart, (a, b)


@every_graph
def test_no_edge_runs_through_a_box(size, edges):
    sizes = sizes_for(size)
    layout = laid_out(sizes, edges)
    boxes = boxes_of(layout, sizes)
    for ends, route in zip(edges, layout.routes, strict=True):
        points = points_on(route)
        for number, (left, top, right, bottom) in enumerate(boxes):
            if number not in ends:
                assert not any(left < x < right and top < y < bottom for x, y in points), (ends, number)


@every_graph
def test_edges_begin_and_end_at_their_boxes(size, edges):
    sizes = sizes_for(size)
    layout = laid_out(sizes, edges)
    boxes = boxes_of(layout, sizes)
    for (source, target), route in zip(edges, layout.routes, strict=True):
        for (x, y), (left, top, right, bottom) in ((route[0], boxes[source]), (route[-1], boxes[target])):
            assert left <= x <= right
            assert y in (pytest.approx(top), pytest.approx(bottom))


@every_graph
def test_the_same_graph_gives_the_same_layout(size, edges):
    sizes = sizes_for(size)
    assert laid_out(sizes, edges) == laid_out(sizes, list(edges))


def test_parts_are_set_side_by_side():
    sizes = [(60.0, 30.0)] * 200
    layout = laid_out(sizes, [(n, n + 1) for n in range(0, 200, 2)])
    assert 0.5 < layout.width / layout.height < 4


def test_three_thousand_tasks_are_no_burden():
    edges = random_edges(3000, 1)
    layout = laid_out(sizes_for(3000), edges)
    assert len(layout.routes) == len(edges)


def test_a_long_chain_is_no_recursion():
    layout = laid_out([(50.0, 30.0)] * 5000, [(n, n + 1) for n in range(4999)])
    assert layout.width < 100
