"""Both ways to coordinates, `aligned` and `relaxed`: order and distances are kept, long edges are straight."""

from itertools import pairwise

import pytest

from miniprefect.pictures.aligned import aligned
from miniprefect.pictures.crossings import untangled
from miniprefect.pictures.layers import layers_of, rows_of
from miniprefect.pictures.relaxed import relaxed
from tests.pictures.helpers import fans, random_edges

WAYS = pytest.mark.parametrize("way", [aligned, relaxed])
GRAPHS = [(50, random_edges(50, seed)) for seed in range(8)] + [(62, fans(30)), (12, []), (1, [])]


@WAYS
@pytest.mark.parametrize(("size", "edges"), GRAPHS)
def test_neighbours_keep_order_and_distance(way, size, edges):
    rows = rows_of(layers_of(size, edges, 12), edges, [""] * len(edges))
    order = untangled(rows)
    room = [40.0 + node % 7 * 15 for node in range(size)] + [11.0] * (len(rows.row) - size)
    xs = way(rows, order, room)
    for nodes in order:
        for left, right in pairwise(nodes):
            assert xs[right] - xs[left] >= (room[left] + room[right]) / 2 - 1e-6
    assert min(x - wide / 2 for x, wide in zip(xs, room, strict=True)) == pytest.approx(0)


@WAYS
def test_a_chain_is_straight(way):
    edges = [(n, n + 1) for n in range(9)]
    rows = rows_of(list(range(10)), edges, [""] * 9)
    xs = way(rows, untangled(rows), [50.0 + n for n in range(10)])
    assert max(xs) - min(xs) == pytest.approx(0)


@WAYS
def test_a_long_edge_is_straight_between_its_ends(way):
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)]
    rows = rows_of([0, 1, 2, 3, 4], edges, [""] * 5)
    xs = way(rows, untangled(rows), [60.0] * 5 + [11.0] * 3)
    assert xs[5] == pytest.approx(xs[6]) == pytest.approx(xs[7])


@WAYS
def test_a_box_is_in_the_middle_of_those_below(way):
    edges = [(0, 1), (0, 2), (0, 3)]
    rows = rows_of([0, 1, 1, 1], edges, [""] * 3)
    xs = way(rows, untangled(rows), [40.0] * 4)
    assert xs[0] == pytest.approx(sum(xs[1:]) / 3)
