"""Communities of customers and of what they buy, held against graphs in which everybody keeps his number of links."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import INK, headline
from loyalty.segment.micro.graph import (
    Bipartite,
    direct_links,
    number_by_customers,
    rewire_directed,
    split_directed,
)
from loyalty.segment.micro.links import Links
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_share
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import list_few

ALPHA = 0.05
FEWEST = 20  # links
SMALL = 30  # customers: a community of fewer carries no offer of its own
CLEAR = 0.02  # modularity beyond the middle rewiring; asked of links above chance, whose choice leaves a trace itself
LEAST = 19  # rewirings, of which p can be 0.05
SHOWN = 12
VERDICTS = {
    "communities": "There are communities: few graphs in which everybody keeps his number of links split so well.",
    "chance": "No more than chance makes: graphs in which everybody keeps his number of links split as well. A split "
    "is no proof, because each graph has one.",
    "hardly more": "Hardly more than chance makes: graphs in which everybody keeps his number of links split a little "
    "worse, and the choice of the links above chance can do that alone.",
    "not tested": "Not tested: without rewirings nobody knows whether chance would split as well.",
}


@dataclass(frozen=True, eq=False)
class Communities:
    """Communities of customers and things; built by `find_communities`.

    Attributes
    ----------
    customers, things : pandas.DataFrame
        customer_id or the thing, `community` (from 1, that with the most customers first) and its number of links.
    table : pandas.DataFrame
        One row a community: customers, things, links (of its customers), inside (the share of these that go to its own
        things), by_chance (the share that chance would send there), strongest (things farthest above chance).
    modularity : float
        Barber's modularity: links inside less those by chance (times `resolution`), as a share of all.
    null_low, null_median, null_high : float
        The same in the rewired graphs: their middle 95 %. NaN without rewirings.
    p, p_low, p_high : float
        Share of rewirings that split as well, the data counted as one; and the interval of its Monte Carlo error.
    rewirings : int
    resolution : float
    links : Links
    warnings : tuple of str
    """

    customers: pd.DataFrame
    things: pd.DataFrame
    table: pd.DataFrame
    modularity: float
    null_low: float
    null_median: float
    null_high: float
    p: float
    p_low: float
    p_high: float
    rewirings: int
    resolution: float
    links: Links
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """One of "communities", "chance", "hardly more", "not tested"."""
        if self.rewirings < LEAST:
            return "not tested"
        if self.p > ALPHA:
            return "chance"
        trace = self.links.keep == "above chance" and self.modularity < self.null_median + CLEAR
        return "hardly more" if trace else "communities"

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return VERDICTS[self.verdict]

    def to_frame(self) -> pd.DataFrame:
        """One row a community."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw how many links go from each community of customers to each of things, divided by what chance makes."""
        ratio = _compare_blocks(self)[:SHOWN, :SHOWN]
        ax = ax or plt.subplots(figsize=(9, 1.9 + 0.42 * len(ratio)))[1]
        logs = np.log2(np.clip(ratio, 1 / 8, 8))
        ax.imshow(logs, cmap="PuOr_r", vmin=-3, vmax=3, aspect="auto")
        for row, column in np.ndindex(*ratio.shape):
            colour = "white" if abs(logs[row, column]) > 2 else INK
            ax.text(column, row, f"{ratio[row, column]:.1f}", ha="center", va="center", color=colour, fontsize=9)
        rows = self.table.head(len(ratio))
        ax.set_yticks(range(len(rows)), [f"{row.community} ({row.customers:,})" for row in rows.itertuples()])
        ax.set_xticks(range(ratio.shape[1]), [f"{row.community} ({row.things:,})" for row in rows.itertuples()])
        ax.grid(visible=False)
        ax.set(xlabel=f"community of {self.links.to} (how many)", ylabel="community of customers")
        subtitle = "links between them, divided by what chance would make; 1.0 is chance"
        headline(ax, title or f"{len(self.table)} communities: links stay inside", subtitle, source)
        return ax

    def _repr_html_(self) -> str:
        title = f"{self.sentence} Barber's modularity {self.modularity:.3f}"
        if self.rewirings:
            chance = f"{self.null_low:.3f} to {self.null_high:.3f} (middle 95 %)"
            title += f"; {self.rewirings} rewirings: {chance}, p = {self.p:.3g}"
        return render_html(self.table.head(SHOWN).round(2), title, self.warnings)


@check_arguments
def find_communities(
    links: Links, *, resolution: float = 1.0, rewirings: int = 100, starts: int = 3, seed: int = 0
) -> Communities:
    """Find communities of customers and things: the Leiden algorithm on Barber's bipartite modularity, and a test.

    Every graph splits, also one that was dealt by lot. So the same is done with rewired graphs, in which everybody
    keeps his number of links; the p-value is (1 + rewirings that split as well) / (1 + rewirings). "Communities" are
    claimed when p is 0.05 or less; of links above chance only if the modularity also exceeds the middle rewiring by
    0.02, because the choice of the links leaves a trace (docs/tables/communities.md). Whether they are of use is
    another question, see `score_offers`.

    The rewirings start from one graph that was itself rewired from the data, so that data and rewirings have the same
    chances however slowly the exchanges mix (Besag and Clifford). The test knows one chance only: all graphs with these
    numbers of links are alike. Customers who buy for a household, or who simply come to the nearest store, differ from
    it as well, and not by taste.

    Parameters
    ----------
    links : Links
        Of `link_customers`; the kept ones are taken.
    resolution : float
        1 is Barber's modularity. More makes more and smaller communities, less makes fewer.
    rewirings : int
        19 is the least that can give p = 0.05; 0 leaves the test out.
    starts : int
        Runs of the algorithm in each graph, of which the best is taken.
    seed : int

    Returns
    -------
    Communities

    Raises
    ------
    TableError
        Fewer than 20 links are kept, a single customer or thing, or a setting that makes no sense.

    Examples
    --------
    >>> from loyalty.segment.micro.links import link_customers
    >>> day = pd.Timestamp("2025-03-01")
    >>> pairs = [(who, what) for who in range(20) for what in range(8) if who % 2 == what % 2]
    >>> lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"]).assign(time=day, sales=1.0)
    >>> found = find_communities(link_customers(lines), rewirings=19)
    >>> found.verdict, found.modularity, found.table["customers"].tolist()
    ('communities', 0.5, [10, 10])

    Sources: Barber (2007), Physical Review E 76, 066102; Traag, Waltman and van Eck (2019), Scientific Reports 9, 5233;
    Besag and Clifford (1989), Biometrika 76, 633-642.
    """
    _check_settings(resolution, rewirings, starts)
    graph, customers, things = read_graph(links)
    seeds = np.random.SeedSequence([seed, 24]).generate_state(2 * rewirings + 2)
    directed = direct_links(graph)
    raw, found = split_directed(directed, resolution=resolution, seed=int(seeds[0]), starts=starts)
    labels = number_by_customers(raw, graph.customers)
    chance = np.empty(rewirings)
    hub = rewire_directed(directed, seed=int(seeds[1])) if rewirings else directed
    for one in range(rewirings):
        dealt = rewire_directed(hub, seed=int(seeds[2 * one + 2]))
        chance[one] = split_directed(dealt, resolution=resolution, seed=int(seeds[2 * one + 3]), starts=starts)[1]
    as_well = int((chance >= found - 1e-12).sum())
    low, middle, high = np.quantile(chance, [0.025, 0.5, 0.975]) if rewirings else (np.nan, np.nan, np.nan)
    p = (1 + as_well) / (1 + rewirings) if rewirings else np.nan
    p_low, p_high = interval_of_share(as_well, rewirings) if rewirings else (np.nan, np.nan)
    who = pd.DataFrame({"customer_id": customers, "community": labels[: graph.customers] + 1, "links": graph.busy})
    what = pd.DataFrame({links.to: things, "community": labels[graph.customers :] + 1, "links": graph.popular})
    table = _describe(graph, labels, things)
    notes = (*links.warnings, *_warn(table, rewirings))
    return Communities(
        who, what, table, found, float(low), float(middle), float(high), float(p), float(p_low), float(p_high),
        rewirings, resolution, links, notes,
    )  # fmt: skip


def read_graph(links: Links) -> tuple[Bipartite, pd.Index, pd.Index]:
    """Make the graph of the kept links, with the customers and the things in their order.

    Parameters
    ----------
    links : Links

    Returns
    -------
    Bipartite, customers, things

    Raises
    ------
    TableError
        Fewer than 20 links, or a single customer or thing.
    """
    kept = links.kept
    who, customers = pd.factorize(kept["customer_id"], sort=True)
    what, things = pd.factorize(kept[links.to], sort=True)
    problems = []
    if len(kept) < FEWEST:
        why = " above chance" if links.keep == "above chance" else ""
        problems.append(f"only {len(kept):,} links{why}: of fewer than {FEWEST} no communities can be made")
    for count, name in ((len(customers), "customer"), (len(things), f"`{links.to}`")):
        if count < 2:
            problems.append(f"only {count:,} {name} has a link: two are the least")
    if problems:
        raise TableError(problems, "links")
    return Bipartite(who, what, len(customers), len(things)), pd.Index(customers), pd.Index(things)


def _check_settings(resolution: float, rewirings: int, starts: int) -> None:
    problems = []
    if not 0 < resolution < np.inf:
        problems.append(f"resolution should be above 0, found {resolution:g}")
    if rewirings < 0:
        problems.append(f"rewirings should be 0 or more, found {rewirings}")
    if starts < 1:
        problems.append(f"starts should be 1 or more, found {starts}")
    if problems:
        raise TableError(problems, "find_communities")


def _describe(graph: Bipartite, labels: np.ndarray, things: pd.Index) -> pd.DataFrame:
    """One row a community: sizes, links inside beside those by chance, and the things farthest above chance."""
    here = labels[: graph.customers]
    there = labels[graph.customers :]
    count = int(labels.max()) + 1
    links = np.bincount(here, graph.busy, count)
    own = here[graph.who] == there[graph.what]
    inside = np.bincount(here[graph.who], own, count)
    popular = np.bincount(there, graph.popular, count)
    bought = np.bincount(graph.what[own], minlength=graph.things)
    extra = bought - links[there] * graph.popular / len(graph.who)
    order = np.lexsort((np.arange(graph.things), -extra, there))
    names = [", ".join(str(things[one]) for one in order[there[order] == k][:3]) for k in range(count)]
    return pd.DataFrame(
        {
            "community": np.arange(count) + 1,
            "customers": np.bincount(here, minlength=count),
            "things": np.bincount(there, minlength=count),
            "links": links.astype(int),
            "inside": inside / np.maximum(links, 1),
            "by_chance": popular / len(graph.who),
            "strongest": names,
        }
    )


def _compare_blocks(found: Communities) -> np.ndarray:
    """Links from each community of customers to each of things, divided by what chance makes."""
    kept = found.links.kept
    here = kept["customer_id"].map(found.customers.set_index("customer_id")["community"]).to_numpy() - 1
    there = kept[found.links.to].map(found.things.set_index(found.links.to)["community"]).to_numpy() - 1
    count = len(found.table)
    cells = np.bincount(here * count + there, minlength=count * count).reshape(count, count).astype(float)
    chance = np.outer(cells.sum(axis=1), cells.sum(axis=0)) / cells.sum()
    return cells / np.where(chance > 0, chance, 1.0)


def _warn(table: pd.DataFrame, rewirings: int) -> list[str]:
    notes = []
    small = table[table["customers"] < SMALL]
    if len(small):
        names = list_few([str(one) for one in small["community"]], 5)
        notes.append(
            f"{len(small):,} of {len(table):,} communities have fewer than {SMALL} customers ({names}): too few for an "
            "offer of their own"
        )
    if 0 < rewirings < LEAST:
        notes.append(f"{rewirings} rewirings cannot give a p of 0.05: take {LEAST} or more")
    return notes
