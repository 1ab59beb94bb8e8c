"""Pictures of lesson 24: the bipartite graph before and after sorting, kinds of link, and what resolution does."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline
from loyalty.segment.micro import Communities, Links, find_communities

SIMULATED = "simulated chain, seed 24"
REAL = "Complete Journey, real receipts"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#C2410C", "#CC79A7")
SHOWN = len(COLOURS)  # communities
USUAL = 0.7  # of a community's customers have fewer links
NAMED = 2  # things that name a community without a name
APART = 0.04  # half of the distance between two marks of one place, so that neither hides the other
EACH_SIDE = (6, 4)  # customers and things of each community


def draw_tangle(links: Links, title: str, source: str = SIMULATED) -> Figure:
    """Draw a part of the bipartite graph as the till sees it: customers left, what they buy right, in any order."""
    found = find_communities(links, rewirings=0, seed=1)
    who = _pick(found.customers, "customer_id", EACH_SIDE[0], usual=True)
    what = _pick(found.things, links.to, EACH_SIDE[1])
    figure, ax = plt.subplots(figsize=(9, 3.6))
    _draw_side_by_side(ax, links, who, what, mixed=True)
    _head(figure, title, source)
    return figure


def draw_graph(found: Communities, names: Mapping[int, str] | None = None, *, title: str, source: str) -> Figure:
    """Draw a part of the bipartite graph sorted by community: links inside one in its colour, the others grey.

    Parameters
    ----------
    found : Communities
    names : mapping of int to str, optional
        Community -> name, written beside its things; else the two that are farthest above chance.
    title, source : str

    Returns
    -------
    Figure
        The most linked customers and things of the five largest communities, and all kept links between them.
    """
    who = _pick(found.customers, "customer_id", EACH_SIDE[0], usual=True)
    what = _pick(found.things, found.links.to, EACH_SIDE[1])
    figure, ax = plt.subplots(figsize=(9, 4.2))
    _draw_side_by_side(ax, found.links, who, what, mixed=False)
    ax.set_xlim(-0.25, 1.6)
    right = _stack(what["community"], mixed=False)
    for k, place in right.groupby(what["community"]).mean().items():
        strongest = str(found.table["strongest"][int(k) - 1]).split(", ")
        name = names[int(k)] if names else ", ".join(strongest[:NAMED]).lower()
        ax.annotate(name, (1.04, place), color=COLOURS[int(k) - 1], va="center", fontsize=10)
    shown, all_of_them = right.groupby(what["community"]).ngroups, len(found.table)
    few = f"drawn: a part of the {shown} largest of {all_of_them} communities" if shown < all_of_them else ""
    _head(figure, title, source, few)
    return figure


def _head(figure: Figure, title: str, source: str, said: str = "") -> None:
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=14)
    if said:
        figure.axes[0].set_title(said, loc="left", fontsize=10.5, color="#5F6368")
    figure.supxlabel(f"Source: {source}", x=0.01, ha="left", fontsize=8, color="#80868B")


def _draw_side_by_side(ax: Axes, links: Links, who: pd.DataFrame, what: pd.DataFrame, *, mixed: bool) -> None:
    """Draw customers on the left, things on the right, and the kept links between them."""
    rows = links.kept
    rows = rows[rows["customer_id"].isin(who.index) & rows[links.to].isin(what.index)]
    left = _stack(who["community"], mixed=mixed)
    right = _stack(what["community"], mixed=mixed)
    own = who["community"].loc[rows["customer_id"]].to_numpy()
    theirs = what["community"].loc[rows[links.to]].to_numpy()
    inside = (own == theirs) & (not mixed)
    starts = np.column_stack([np.zeros(len(rows)), left.loc[rows["customer_id"]]])
    ends = np.column_stack([np.ones(len(rows)), right.loc[rows[links.to]]])
    lines = np.stack([starts, ends], axis=1)
    shades = np.where(inside, np.array(COLOURS)[own - 1], "#C3C7CC")
    order = np.argsort(inside, kind="stable")
    ax.add_collection(LineCollection(list(lines[order]), colors=list(shades[order]), linewidths=0.8, alpha=0.7))
    for x, side, table in ((0, left, who), (1, right, what)):
        colours = INK if mixed else list(np.array(COLOURS)[table["community"] - 1])
        ax.scatter(np.full(len(side), x), side, s=26, c=colours, zorder=3)
    ax.set(xlim=(-0.25, 1.25), ylim=(1.04, -0.04), yticks=[], xticks=[0, 1])
    ax.set_xticklabels([f"{len(who)} customers", f"{len(what)} things that they buy"])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.grid(visible=False)


def _pick(table: pd.DataFrame, key: str, each: int, *, usual: bool = False) -> pd.DataFrame:
    """Take the most linked of each of the five largest communities, or those with usual numbers; indexed by id."""
    shown = table[table["community"] <= SHOWN]
    rank = shown.groupby("community")["links"].rank(method="first", pct=True)
    distance = (rank - USUAL).abs() if usual else 1 - rank
    order = shown.assign(distance=distance).sort_values(["community", "distance", key])
    return order.groupby("community").head(each).set_index(key)


def _stack(community: pd.Series, *, mixed: bool) -> pd.Series:
    """Places from 0 to 1 from the top, with a gap between communities, or in any order."""
    gaps = community.rank(method="dense").to_numpy() - 1
    places = np.arange(len(community)) + (0.0 if mixed else 2.0 * gaps)
    places = places / places.max()
    order = np.random.default_rng(len(community)).permutation(len(places)) if mixed else np.arange(len(places))
    return pd.Series(places[order], community.index)


def draw_kinds(kinds: Mapping[str, Communities], title: str, source: str = SIMULATED) -> Axes:
    """Draw the modularity of several kinds of link beside the middle 95 % of their rewirings.

    Parameters
    ----------
    kinds : mapping of str to Communities
        What a row is called -> what was found.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 1.8 + 0.55 * len(kinds)))[1]
    for place, found in enumerate(kinds.values()):
        label = "graphs dealt by lot: middle 95 %" if place == 0 else ""
        low, high = found.null_low - 0.002, found.null_high + 0.002
        ax.hlines(place, low, high, color=GREY, linewidth=11, label=label)
        colour = TREATED if found.verdict == "communities" else CONTROL
        ax.plot(found.modularity, place, "o", color=colour, markersize=9)
        says = f"{found.modularity:.2f}, p = {found.p:.3f}"
        ax.annotate(says, (found.modularity, place), (0, 12), textcoords="offset points", ha="center", color=INK)
    ax.set_yticks(range(len(kinds)), list(kinds))
    most = max(max(found.modularity, found.null_high) for found in kinds.values())
    ax.set(xlim=(0, 1.2 * most), ylim=(len(kinds) - 0.5, -0.7), xlabel="Barber's modularity")
    grid_along_x(ax)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.75 / len(kinds)))
    headline(ax, title, "point: these links (blue: more than chance makes, orange: no more)", source)
    return ax


def draw_recovery(table: pd.DataFrame, title: str, source: str = SIMULATED) -> Axes:
    """Draw the agreement of several ways with the planted truth, with intervals.

    Parameters
    ----------
    table : DataFrame
        Index: names; ari, low, high.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 1.6 + 0.45 * len(table)))[1]
    places = np.arange(len(table))
    ax.barh(
        places, table["ari"], height=0.58, color=[TREATED if "communities" in name else GREY for name in table.index]
    )
    ax.hlines(places, table["low"], table["high"], color=INK, linewidth=2)
    for place, row in enumerate(table.itertuples()):
        ax.annotate(f"{row.ari:.2f}", (row.high, place), (5, 0), textcoords="offset points", va="center", color=INK)
    ax.set_yticks(places, list(table.index))
    ax.set(xlim=(0, 1), ylim=(len(table) - 0.5, -0.5))
    ax.set_xlabel("agreement with the true types (adjusted Rand index), 95 % interval")
    grid_along_x(ax)
    headline(ax, title, "1 is the same, 0 is chance; blue: communities, grey: k-means", source)
    return ax


def draw_resolutions(table: pd.DataFrame, title: str, source: str = SIMULATED) -> Axes:
    """Draw stability and agreement with the planted communities for each resolution.

    Parameters
    ----------
    table : DataFrame
        Index: resolution; communities, stability with low and high, truth.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    places = np.arange(len(table))
    ax.vlines(places - APART, table["low"], table["high"], color=TREATED, linewidth=2, alpha=0.6)
    ax.plot(places - APART, table["stability"], "o-", color=TREATED, label="stability when customers are drawn again")
    (truth,) = ax.plot(places + APART, table["truth"], "D", color=HIGHLIGHT, label="planted communities")
    truth.set(markerfacecolor="white", markersize=9)
    ax.set_xticks(
        places, [f"{name:g}\n({count:.0f})" for name, count in zip(table.index, table["communities"], strict=True)]
    )
    ax.set(
        ylim=(0, 1.05), xlabel="resolution (communities with 30 customers or more)", ylabel="agreement of the products"
    )
    ax.legend(loc="lower left")
    headline(ax, title, "adjusted Rand index of the products; line: middle 95 % of the draws", source)
    return ax
