"""Stability of communities: draw the customers again, look for communities again, and see which things stay."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline
from loyalty.segment.clusters.agreement import adjust_rand
from loyalty.segment.clusters.stability import STABLE, count_pairs, find_jaccard, read_jaccard
from loyalty.segment.micro.communities import Communities, read_graph
from loyalty.segment.micro.graph import Bipartite, split_graph
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.text import list_few

LOOKS = {"stable": TREATED, "doubtful": CONTROL, "dissolves": GREY}


@dataclass(frozen=True, eq=False)
class CommunityStability:
    """How stable communities are when the customers are drawn again; built by `redraw_communities`.

    `table` has one row a community: things, jaccard (mean share of its things that stay together), low, high (middle
    95 % of the draws) and reading, as for clusters. `ari` is the mean agreement of all things, with its middle 95 %.
    """

    table: pd.DataFrame
    ari: float
    low: float
    high: float
    draws: int
    resolution: float
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a community."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw the share of each community's things that stays together, with the middle 95 % of the draws."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 1.9 + 0.4 * len(rows)))[1]
        places = range(len(rows))
        ax.barh(places, rows["jaccard"], color=[LOOKS[word] for word in rows["reading"]], height=0.6)
        ax.hlines(places, rows["low"], rows["high"], color=INK, linewidth=2)
        ax.axvline(STABLE, color=HIGHLIGHT, linewidth=1, linestyle="--")
        ax.annotate("stable", (STABLE, -0.62), (4, 0), textcoords="offset points", color=HIGHLIGHT, fontsize=9)
        ax.set_yticks(places, [f"community {row.community} ({row.things:,})" for row in rows.itertuples()])
        ax.set(
            xlim=(0, 1.02), ylim=(len(rows) - 0.5, -0.85), xlabel="share of its things that stays together (Jaccard)"
        )
        grid_along_x(ax)
        steady = int((rows["reading"] == "stable").sum())
        subtitle = f"mean and middle 95 % of {self.draws} draws of the customers; agreement as a whole {self.ari:.2f}"
        headline(ax, title or f"{steady} of {len(rows)} communities are stable", subtitle, source)
        return ax

    def _repr_html_(self) -> str:
        title = (
            f"Communities drawn {self.draws} times (resolution {self.resolution:g}): things agree to {self.ari:.2f} "
            f"({self.low:.2f} to {self.high:.2f}); 1 is the same, 0 is chance"
        )
        return render_html(self.table.round(2), title, self.warnings)


@check_arguments
def redraw_communities(communities: Communities, *, draws: int = 20, seed: int = 0) -> CommunityStability:
    """Measure the stability of communities by a bootstrap of customers: adjusted Rand and Jaccard index of things.

    The customers are drawn again with replacement, each with all links, and split anew at the same resolution. Things
    are compared, because they stay the same in every draw. Links above chance are not judged anew. Stability is no
    proof of communities: for that `find_communities` asks the rewirings.

    Parameters
    ----------
    communities : Communities
    draws : int
    seed : int

    Returns
    -------
    CommunityStability

    Examples
    --------
    >>> from loyalty.segment.micro import find_communities, link_customers
    >>> pairs = [(who, what) for who in range(20) for what in range(8) if who % 2 == what % 2]
    >>> lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"])
    >>> lines = lines.assign(time=pd.Timestamp("2025-03-01"), sales=1.0)
    >>> redraw_communities(find_communities(link_customers(lines), rewirings=0), draws=5).ari
    1.0

    Source: Hennig (2007), Computational Statistics and Data Analysis 52, 258-271, for the Jaccard index of clusters.
    """
    graph, _, _ = read_graph(communities.links)
    base = communities.things["community"].to_numpy()
    names = np.unique(base)
    rng = np.random.default_rng([seed, 29])
    agreements = np.empty(draws)
    stays = np.empty((draws, len(names)))
    for draw in range(draws):
        again, seen = draw_customers(graph, rng)
        new = split_graph(again, resolution=communities.resolution, seed=int(rng.integers(2**31)))[again.customers :]
        agreements[draw] = adjust_rand(count_pairs(base[seen], new))
        stays[draw] = _find_stays(base, names, seen, new)
    table = pd.DataFrame({"community": names, "things": [int((base == one).sum()) for one in names]})
    table["jaccard"] = stays.mean(axis=0)
    table["low"], table["high"] = np.quantile(stays, [0.025, 0.975], axis=0)
    table["reading"] = [read_jaccard(value) for value in table["jaccard"]]
    low, high = np.quantile(agreements, [0.025, 0.975])
    notes = _warn(table, draws)
    return CommunityStability(
        table, float(agreements.mean()), float(low), float(high), draws, communities.resolution, tuple(notes)
    )


def draw_customers(graph: Bipartite, rng: np.random.Generator) -> tuple[Bipartite, np.ndarray]:
    """Draw the customers of a graph again with replacement, each with all his links.

    Parameters
    ----------
    graph : Bipartite
    rng : numpy.random.Generator

    Returns
    -------
    Bipartite, array of int
        The drawn graph, and which things of the old one it still has, in its order.

    Examples
    --------
    >>> graph = Bipartite(np.array([0, 0, 1]), np.array([0, 1, 1]), 2, 2)
    >>> again, seen = draw_customers(graph, np.random.default_rng(0))
    >>> again.customers, len(seen) == again.things
    (2, True)
    """
    order = np.argsort(graph.who, kind="stable")
    sizes = graph.busy
    begins = np.cumsum(sizes) - sizes
    drawn = rng.integers(0, graph.customers, graph.customers)
    many = sizes[drawn]
    who = np.repeat(np.arange(graph.customers), many)
    within = np.arange(len(who)) - np.repeat(np.cumsum(many) - many, many)
    old = graph.what[order[np.repeat(begins[drawn], many) + within]]
    seen, what = np.unique(old, return_inverse=True)
    return Bipartite(who, what, graph.customers, len(seen)), seen


def _find_stays(base: np.ndarray, names: np.ndarray, seen: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Best Jaccard index of each community in a draw; 0 where none of its things was bought in the draw."""
    best = np.zeros(len(names))
    here = np.unique(base[seen])
    best[np.searchsorted(names, here)] = find_jaccard(count_pairs(base[seen], new)).max(axis=1)
    return best


def _warn(table: pd.DataFrame, draws: int) -> list[str]:
    notes = []
    weak = [str(row.community) for row in table.itertuples() if row.reading == "dissolves"]
    if weak:
        says = "dissolves" if len(weak) == 1 else "dissolve"
        notes.append(f"community {list_few(weak, 6)} {says} when the customers are drawn again: build no plan on it")
    if draws < 20:
        notes.append(f"{draws} draws are few: the intervals are rough")
    return notes
