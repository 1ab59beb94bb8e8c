"""Pictures of lesson 23: clusters beside a cloud without groups, and agreement with the truth."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loyalty.charts import CONTROL, GREY, INK, TREATED, grid_along_x, headline
from loyalty.segment.clusters.grouping import cluster_customers
from loyalty.segment.clusters.scaling import ScaledFeatures

SHOWN = 1_500  # points of a panel
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#C2410C", "#CC79A7", "#56B4E9", "#9AA0A6", "#333333")
SIMULATED = "simulated chain, seed 23"


def draw_deciders(raw: pd.Series, scaled: pd.Series | None = None) -> Axes:
    """Draw how much of each column the clusters explain: the column that decided reaches nearly all.

    Parameters
    ----------
    raw, scaled : Series
        Column -> share of its spread that lies between the clusters.
    """
    ax = plt.subplots(figsize=(9, 2.9))[1]
    places = np.arange(len(raw))
    ax.barh(places, raw, height=0.62, color=CONTROL)
    for place, value in zip(places, raw, strict=True):
        ax.annotate(f"{value:.0%}", (value, place), (4, 0), textcoords="offset points", va="center", color=INK)
    ax.set_yticks(places, list(raw.index))
    ax.set(xlim=(0, 1.1), ylim=(len(raw) - 0.5, -0.5), xticks=[])
    grid_along_x(ax, lines=False)
    headline(ax, "Money has made these clusters", "share of each column's spread that the clusters explain", SIMULATED)
    return ax


def draw_panels(panels: Mapping[str, ScaledFeatures], x: str, y: str, k: int, title: str, source: str) -> Figure:
    """Draw customers in two of their features, side by side, each panel cut into k clusters.

    Parameters
    ----------
    panels : mapping of str to ScaledFeatures
        Title of a panel -> its customers.
    x, y : str
        Features.
    k : int
    title : str
    source : str
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(9, 4.3), sharex=True, sharey=True)
    for ax, (name, features) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        clusters = cluster_customers(features, k).table["cluster"].to_numpy()
        rows = np.random.default_rng(0).permutation(len(clusters))[:SHOWN]
        colours = [COLOURS[(clusters[row] - 1) % len(COLOURS)] for row in rows]
        points = features.table.iloc[rows]
        ax.scatter(points[x], points[y], s=9, c=colours, alpha=0.65, linewidths=0)
        ax.set_title(name, loc="left")
        ax.set_xlabel(f"{x}, scaled")
        ax.grid(visible=False)
    np.atleast_1d(axes)[0].set_ylabel(f"{y}, scaled")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=14)
    figure.supxlabel(f"Source: {source}", x=0.01, ha="left", fontsize=8, color="#80868B")
    return figure


def draw_agreement(table: pd.DataFrame, title: str, source: str = SIMULATED) -> Axes:
    """Draw the agreement of segmentations with the truth.

    Parameters
    ----------
    table : DataFrame
        Index: names; ari, low, high.
    title : str
    source : str
    """
    ax = plt.subplots(figsize=(9, 1.5 + 0.42 * len(table)))[1]
    places = np.arange(len(table))
    ax.barh(places, table["ari"], height=0.6, color=[TREATED if "buy" in name else GREY for name in table.index])
    ax.hlines(places, table["low"], table["high"], color=INK, linewidth=2)
    for place, high, value in zip(places, table["high"], table["ari"], strict=True):
        ax.annotate(f"{value:.2f}", (high, place), (5, 0), textcoords="offset points", va="center", color=INK)
    ax.set_yticks(places, list(table.index))
    ax.set(xlim=(min(0, table["low"].min()) - 0.02, 1), ylim=(len(table) - 0.5, -0.5))
    ax.set_xlabel("agreement with the true types (adjusted Rand index), 95 % interval")
    grid_along_x(ax)
    headline(ax, title, "1 is the same, 0 is chance; blue: what they buy, grey: recency, frequency, money", source)
    return ax
