"""The order of nodes in rows, so that few links cross."""

import random
from itertools import combinations

import pytest

from miniprefect.pictures.crossings import crossings, untangled
from miniprefect.pictures.layers import Rows, layers_of, rows_of
from tests.pictures.helpers import random_edges


def rows_for(size: int, seed: int) -> Rows:
    edges = random_edges(size, seed)
    return rows_of(layers_of(size, edges, 12), edges, [""] * len(edges))


def counted_one_by_one(rows: Rows, order: list[list[int]]) -> int:
    place = {node: at for nodes in order for at, node in enumerate(nodes)}
    links = [(row, place[a], place[b]) for a in place for row in [rows.row[a]] for b in rows.down[a]]
    return sum(r == q and (a - c) * (b - d) < 0 for (r, a, b), (q, c, d) in combinations(links, 2))


@pytest.mark.parametrize("seed", range(6))
def test_crossings_are_counted(seed):
    rows = rows_for(40, seed)
    order = untangled(rows)
    assert crossings(rows, order) == counted_one_by_one(rows, order)


@pytest.mark.parametrize("seed", range(6))
def test_every_node_stays_in_its_row(seed):
    rows = rows_for(80, seed)
    assert [sorted(nodes) for nodes in untangled(rows)] == [sorted(nodes) for nodes in rows.members]


def test_far_fewer_links_cross_than_by_chance():
    found = by_chance = 0
    for seed in range(10):
        rows = rows_for(60, seed)
        found += crossings(rows, untangled(rows))
        shuffled = [random.Random(seed).sample(nodes, len(nodes)) for nodes in rows.members]
        by_chance += crossings(rows, shuffled)
    assert found * 8 < by_chance


def test_a_tree_and_a_grid_of_chains_have_none():
    tree = [((n - 1) // 2, n) for n in range(1, 63)]
    chains = [(n, n + 10) for n in range(90)]
    for size, edges in ((63, tree), (100, chains)):
        rows = rows_of(layers_of(size, edges, 100), edges, [""] * len(edges))
        assert crossings(rows, untangled(rows)) == 0


def test_no_rows():
    assert untangled(rows_of([], [], [])) == []
