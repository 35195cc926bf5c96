"""Rows of a layered drawing."""

from collections import Counter
from itertools import pairwise

import pytest

from miniprefect.pictures.layers import layers_of, rows_of
from tests.pictures.helpers import fans, random_edges

GRAPHS = [(60, random_edges(60, seed)) for seed in range(8)] + [(82, fans(40)), (30, []), (1, [])]


@pytest.mark.parametrize(("size", "edges"), GRAPHS)
@pytest.mark.parametrize("widest", [1, 5, 1000])
def test_edges_lead_down_and_rows_are_not_too_wide(size, edges, widest):
    rows = layers_of(size, edges, widest)
    assert all(rows[source] < rows[target] for source, target in edges)
    counts = Counter(rows)
    assert max(counts.values()) <= widest
    assert sorted(counts) == list(range(len(counts)))


def test_without_a_limit_rows_are_longest_paths():
    assert layers_of(5, [(0, 1), (1, 2), (0, 2), (2, 3), (0, 4)], 100) == [0, 1, 2, 3, 1]


def test_a_source_sinks_to_where_it_is_needed():
    assert layers_of(5, [(0, 1), (1, 2), (2, 3), (4, 3)], 100)[4] == 2


def test_a_wide_row_is_split_with_what_follows_close_below():
    size, edges = 202, fans(100)
    rows = layers_of(size, edges, 10)
    below = [rows[at + 1] - rows[at] for at in range(1, 201, 2)]
    assert max(below) <= 2


@pytest.mark.parametrize(("size", "edges"), GRAPHS)
def test_every_link_leads_to_the_next_row(size, edges):
    rows = rows_of(layers_of(size, edges, 12), edges, [""] * len(edges))
    for node, below in enumerate(rows.down):
        assert all(rows.row[other] == rows.row[node] + 1 for other in below)
        assert all(node in rows.up[other] for other in below)
    for (source, target), way in zip(edges, rows.ways, strict=True):
        assert (way[0], way[-1]) == (source, target)
        assert all(node >= size for node in way[1:-1])
        assert all(below in rows.down[above] for above, below in pairwise(way))


def test_long_edges_of_one_source_run_together_but_not_those_of_another_lane():
    row, edges = [0, 1, 2, 3, 4], [(0, 3), (0, 4), (0, 2), (0, 1)]
    assert len(rows_of(row, edges, ["a"] * 4).row) == 5 + 3
    assert len(rows_of(row, edges, ["a", "b", "a", "a"]).row) == 5 + 2 + 3
