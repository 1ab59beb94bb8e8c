"""The bipartite graph: Barber's modularity, communities by the Leiden algorithm, and rewirings that keep degrees."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import igraph
import numpy as np

TRIALS = 5  # exchanges that are tried for each link: then hardly more links are as before than chance leaves


@dataclass(frozen=True, eq=False)
class Bipartite:
    """Customers × things: `who` and `what` hold the two ends of each link as numbers from 0; no link comes twice."""

    who: np.ndarray
    what: np.ndarray
    customers: int
    things: int

    @property
    def busy(self) -> np.ndarray:
        """Links of each customer."""
        return np.bincount(self.who, minlength=self.customers)

    @property
    def popular(self) -> np.ndarray:
        """Links of each thing."""
        return np.bincount(self.what, minlength=self.things)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let igraph draw from a generator of its own, and give it back Python's afterwards."""
    igraph.set_random_number_generator(random.Random(seed))
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)


def measure_modularity(graph: Bipartite, labels: np.ndarray, resolution: float = 1.0) -> float:
    """Find Barber's modularity: links inside communities, less what chance would make of the degrees, as a share.

    Parameters
    ----------
    graph : Bipartite
    labels : array of int
        Community of each customer, then of each thing, from 0.
    resolution : float
        The weight of what chance would make; 1 in Barber's own.

    Returns
    -------
    float

    Examples
    --------
    >>> pair = Bipartite(np.array([0, 1]), np.array([0, 1]), 2, 2)
    >>> measure_modularity(pair, np.array([0, 1, 0, 1])), measure_modularity(pair, np.array([0, 0, 0, 0]))
    (0.5, 0.0)

    Source: Barber (2007), Physical Review E 76, 066102.
    """
    links = len(graph.who)
    here = labels[: graph.customers]
    there = labels[graph.customers :]
    count = int(labels.max()) + 1
    inside = (here[graph.who] == there[graph.what]).sum() / links
    busy = np.bincount(here, graph.busy, count)
    popular = np.bincount(there, graph.popular, count)
    return float(inside - resolution * (busy / links) @ (popular / links))


def split_graph(graph: Bipartite, *, resolution: float = 1.0, seed: int = 0, starts: int = 1) -> np.ndarray:
    """Split a bipartite graph into communities that make Barber's modularity large (Leiden).

    Links are given a direction, from customers to things: then out-degrees and in-degrees are the two margins, and what
    chance makes lies only across the sides. Plain modularity also counts it within a side, where no link can be.

    Parameters
    ----------
    graph : Bipartite
    resolution : float
    seed : int
    starts : int
        The best of so many runs is taken.

    Returns
    -------
    array of int
        Community of each customer, then of each thing: from 0, the one with the most customers first.

    Examples
    --------
    >>> pair = Bipartite(np.array([0, 0, 1]), np.array([0, 1, 2]), 2, 3)
    >>> split_graph(pair).tolist()
    [0, 1, 0, 0, 1]

    Source: Traag, Waltman and van Eck (2019), Scientific Reports 9, 5233.
    """
    labels, _ = split_directed(direct_links(graph), resolution=resolution, seed=seed, starts=starts)
    return number_by_customers(labels, graph.customers)


def rewire_links(graph: Bipartite, *, seed: int = 0, trials: int = TRIALS) -> Bipartite:
    """Rewire a bipartite graph: two links exchange their things, again and again; everybody keeps his number of links.

    Parameters
    ----------
    graph : Bipartite
    seed : int
    trials : int
        Exchanges that are tried for each link; one that would make a link twice is left undone.

    Returns
    -------
    Bipartite

    Examples
    --------
    >>> pairs = Bipartite(np.arange(50), np.arange(50), 50, 50)
    >>> again = rewire_links(pairs, seed=1)
    >>> bool((again.popular == 1).all()), bool((again.what == again.who).all())
    (True, False)
    """
    directed = rewire_directed(direct_links(graph), seed=seed, trials=trials)
    ends = np.array(directed.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    return Bipartite(ends[:, 0], ends[:, 1] - graph.customers, graph.customers, graph.things)


def direct_links(graph: Bipartite) -> igraph.Graph:
    """Make igraph's graph: customers first, then things; links go from customers to things."""
    ends = np.column_stack([graph.who, graph.what + graph.customers]).astype(np.int64)
    return igraph.Graph(n=graph.customers + graph.things, edges=ends.data, directed=True)


def split_directed(
    directed: igraph.Graph, *, resolution: float = 1.0, seed: int = 0, starts: int = 1
) -> tuple[np.ndarray, float]:
    """Split a graph of `direct_links`; return a label of each node, in no order, and Barber's modularity."""
    best = np.zeros(directed.vcount(), int)
    most = -np.inf
    with seeded(seed):
        for _ in range(starts):
            found = directed.community_leiden(
                "CPM",
                resolution=resolution / directed.ecount(),
                node_weights=directed.outdegree(),
                node_in_weights=directed.indegree(),
                n_iterations=-1,
            )
            if found.quality > most:
                best = np.array(found.membership)
                most = float(found.quality)
    return best, most


def rewire_directed(directed: igraph.Graph, *, seed: int = 0, trials: int = TRIALS) -> igraph.Graph:
    """Rewire a graph of `direct_links`; the given one stays as it is."""
    # One exchange more in half of the cases: where each one succeeds, a fixed number reaches every second graph only
    more = random.Random(seed + 1).getrandbits(1)
    dealt = directed.copy()
    with seeded(seed):
        dealt.rewire(n=trials * directed.ecount() + more)
    return dealt


def number_by_customers(labels: np.ndarray, customers: int) -> np.ndarray:
    """Number communities by their customers, the most first; of equal ones that with the first node comes first.

    Examples
    --------
    >>> number_by_customers(np.array([7, 3, 3, 7]), 3).tolist()
    [1, 0, 0, 1]
    """
    names, first, where = np.unique(labels, return_index=True, return_inverse=True)
    sizes = np.bincount(where[:customers], minlength=len(names))
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(names), int)
    rank[order] = np.arange(len(names))
    return rank[where]
