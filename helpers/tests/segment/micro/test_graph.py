from __future__ import annotations

import random
from collections import Counter
from itertools import product

import igraph
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty.segment.micro.graph import (
    Bipartite,
    direct_links,
    measure_modularity,
    number_by_customers,
    rewire_links,
    split_directed,
    split_graph,
)

# Davis, Gardner and Gardner (1941), "Deep South": 18 women, the numbers of the events that each attended
WOMEN = (
    "1 2 3 4 5 6 8 9, 1 2 3 5 6 7 8, 2 3 4 5 6 7 8 9, 1 3 4 5 6 7 8, 3 4 5 7, 3 5 6 8, 5 6 7 8, 6 8 9, 5 7 8 9, "
    "7 8 9 12, 8 9 10 12, 8 9 10 12 13 14, 7 8 9 10 12 13 14, 6 7 9 10 11 12 13 14, 7 8 10 11 12, 8 9, 9 11, 9 11"
)


def from_matrix(matrix):
    who, what = np.nonzero(matrix)
    return Bipartite(who, what, *np.shape(matrix))


def dense_modularity(matrix, here, there, resolution=1.0):
    links = matrix.sum()
    surplus = matrix - resolution * np.outer(matrix.sum(axis=1), matrix.sum(axis=0)) / links
    return (surplus * (here[:, None] == there[None, :])).sum() / links


matrices = st.tuples(st.integers(2, 6), st.integers(2, 6), st.integers(0, 10**6)).map(
    lambda k: np.random.default_rng(k[2]).random(k[:2]) < 0.5
)


@given(matrices, st.integers(0, 10**6), st.sampled_from([0.5, 1.0, 2.0]))
def test_modularity_is_that_of_barbers_matrix_written_out(matrix, seed, resolution):
    matrix[0, 0] = True
    labels = np.random.default_rng(seed).integers(0, 3, sum(matrix.shape))
    here, there = labels[: len(matrix)], labels[len(matrix) :]
    expected = dense_modularity(matrix.astype(float), here, there, resolution)
    assert measure_modularity(from_matrix(matrix), labels, resolution) == pytest.approx(expected, abs=1e-12)


@given(matrices, st.sampled_from([0.5, 1.0, 2.0]))
@settings(max_examples=30)
def test_what_leiden_calls_its_quality_is_barbers_modularity(matrix, resolution):
    matrix[0, 0] = True
    graph = from_matrix(matrix)
    labels, quality = split_directed(direct_links(graph), resolution=resolution, seed=3)
    assert quality == pytest.approx(measure_modularity(graph, labels, resolution), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_no_split_of_a_small_graph_is_better_than_the_one_found(seed):
    matrix = np.random.default_rng(seed).random((4, 4)) < 0.45
    matrix[0, 0] = True
    graph = from_matrix(matrix)
    best = max(measure_modularity(graph, np.array(labels)) for labels in product(range(3), repeat=8))
    found = measure_modularity(graph, split_graph(graph, seed=seed, starts=10))
    assert found >= best - 1e-12


def test_the_southern_women_split_as_well_as_is_known():
    matrix = np.zeros((18, 14), bool)
    for row, events in enumerate(WOMEN.split(", ")):
        matrix[row, [int(event) - 1 for event in events.split()]] = True
    graph = from_matrix(matrix)
    assert len(graph.who) == 89
    labels = split_graph(graph, seed=1, starts=20)
    assert measure_modularity(graph, labels) == pytest.approx(0.3455, abs=0.0005)  # Barber (2007): 0.345
    assert labels.max() + 1 == 4


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_a_random_graph_splits_by_plain_leiden_too_and_hardly_better_by_barbers_modularity(seed):
    matrix = np.random.default_rng(seed).random((200, 60)) < 0.06
    graph = from_matrix(matrix)
    plain = igraph.Graph(n=260, edges=np.column_stack([graph.who, graph.what + 200]).tolist())
    random.seed(seed)
    split = [np.array(plain.community_leiden("modularity", n_iterations=-1).membership) for _ in range(5)]
    theirs = max(measure_modularity(graph, labels) for labels in split)
    assert plain.modularity(split[0].tolist()) > 0.2  # chance alone: a number that looks like communities
    assert measure_modularity(graph, split_graph(graph, starts=5)) >= theirs - 0.015


@given(matrices, st.integers(0, 1000))
@settings(max_examples=30)
def test_rewiring_keeps_everybodys_number_of_links_and_makes_none_twice(matrix, seed):
    matrix[0, 0] = True
    graph = from_matrix(matrix)
    dealt = rewire_links(graph, seed=seed)
    assert (dealt.busy == graph.busy).all() and (dealt.popular == graph.popular).all()
    assert len(set(zip(dealt.who.tolist(), dealt.what.tolist(), strict=True))) == len(graph.who)


def test_rewiring_reaches_every_graph_equally_often():
    graph = Bipartite(np.arange(4), np.arange(4), 4, 4)
    seen = Counter(tuple(rewire_links(graph, seed=seed, trials=30).what[:4]) for seed in range(1_200))
    dealt = [tuple(sorted(key)) for key in seen]
    assert len(seen) == 24 and set(dealt) == {(0, 1, 2, 3)}
    assert stats.chisquare(list(seen.values())).pvalue > 0.001


def test_pythons_random_numbers_are_left_as_they_were():
    random.seed(8)
    first = random.random()
    random.seed(8)
    graph = from_matrix(np.ones((3, 3), bool))
    split_graph(rewire_links(graph, seed=1), seed=2)
    assert random.random() == first


@given(st.lists(st.integers(0, 4), min_size=2, max_size=12), st.integers(1, 11))
def test_communities_are_numbered_by_their_customers(labels, customers):
    customers = min(customers, len(labels))
    new = number_by_customers(np.array(labels), customers)
    sizes = np.bincount(new[:customers], minlength=new.max() + 1)
    assert (np.diff(sizes) <= 0).all()
    assert len({*zip(labels, new.tolist(), strict=True)}) == len(set(labels)) == new.max() + 1
