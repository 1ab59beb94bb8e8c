"""The pictures of lesson 41: the winners beside the truth, the smallest cells, and rates beside lifts."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from loyalty.charts import BELOW, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline, mark_truth, put_legend_above

SOURCE = "loyalty.world, seed 41"
HOLLOW: dict[str, Any] = {"color": HIGHLIGHT, "markerfacecolor": "white", "markersize": 8}
FULL: dict[str, Any] = {"color": TREATED, "markersize": 8}


def draw_winners(ranking: pd.DataFrame, count: int = 10) -> Axes:
    """Draw the cells with the highest raw lifts: raw, shrunken, and the truth.

    Parameters
    ----------
    ranking : DataFrame
        The highest first: arm, segment, n_treated, effect, low, high, shrunken, shrunken_low, shrunken_high, truth.
    count : int
        Cells that are drawn.
    """
    shown = ranking.head(count)
    place = shown.index.to_numpy()
    ax = plt.subplots(figsize=(9, 6))[1]
    ax.hlines(place - 0.27, shown["low"], shown["high"], color=GREY, linewidth=2)
    ax.plot(shown["effect"], place - 0.27, "o", label="raw", **HOLLOW)
    ax.hlines(place + 0.27, shown["shrunken_low"], shown["shrunken_high"], color=TREATED, linewidth=3)
    ax.plot(shown["shrunken"], place + 0.27, "o", label="shrunken", **FULL)
    mark_truth(ax, shown["truth"], place)
    names = shown["arm"].str.replace("_", " ") + " · " + shown["segment"] + " (" + shown["n_treated"].astype("str")
    ax.set_yticks(place, names + ")")
    ax.set_xlabel("lift, € per customer")
    _lie_down(ax)
    ax.axvline(0, color=INK, linewidth=1)
    put_legend_above(ax, columns=3)
    subtitle = "the ten highest lifts with 95 % intervals\n(number of customers)"
    headline(ax, "Winners promise more than they keep", subtitle, SOURCE)
    return ax


def draw_small_cells(tested: pd.DataFrame, count: int = 12) -> Axes:
    """Draw the smallest cells: raw rate, shrunken rate with its interval, and the truth.

    Parameters
    ----------
    tested : DataFrame
        offer_id, segment, n, rate, shrunken, shrunken_low, shrunken_high, truth.
    count : int
        Cells that are drawn.
    """
    smallest = tested.sort_values(["n", "segment", "offer_id"]).head(count)
    cells = smallest.sort_values("truth", ignore_index=True)
    ax = plt.subplots(figsize=(9, 5.6))[1]
    ax.hlines(cells.index, cells["shrunken_low"], cells["shrunken_high"], color=TREATED, linewidth=3)
    ax.plot(cells["rate"], cells.index, "o", label="raw", **HOLLOW)
    ax.plot(cells["shrunken"], cells.index, "o", label="shrunken", **FULL)
    mark_truth(ax, cells["truth"], cells.index + BELOW)
    names = cells["offer_id"].str.replace("_", " ") + " · " + cells["segment"] + " (" + cells["n"].astype("str") + ")"
    ax.set_yticks(cells.index, names)
    ax.set_xlabel("share that redeemed")
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    _lie_down(ax)
    put_legend_above(ax, columns=3)
    subtitle = "the twelve smallest cells (number of customers),\nshrunken with 95 % interval"
    headline(ax, "On average, calmed rates lie nearer to the truth", subtitle, SOURCE)
    return ax


def draw_rate_and_lift(offers: pd.DataFrame) -> Figure:
    """Draw response rates on the left, lifts on the right, both with interval and truth, in the same order.

    Parameters
    ----------
    offers : DataFrame
        As `put_lifts_beside_rates` makes it.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True)
    for ax, name in ((left, "rate"), (right, "lift")):
        ax.hlines(offers.index, offers[f"{name}_low"], offers[f"{name}_high"], color=TREATED, linewidth=3)
        ax.plot(offers[name], offers.index, "o", label="test, with 95 % interval", **FULL)
        mark_truth(ax, offers[f"true_{name}"], offers.index + BELOW)
        grid_along_x(ax)
    left.set_yticks(offers.index, offers["offer_id"].str.replace("_", " "))
    left.invert_yaxis()
    left.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    left.set_xlabel("share that redeemed")
    right.set_xlabel("€ per customer in four weeks")
    right.axvline(0, color=INK, linewidth=1)
    left.legend(loc="lower right", fontsize=9)
    headline(left, "Who answers is soon known …", "response rate", SOURCE)
    headline(right, "… what it changes is not", "lift in sales")
    return figure


def _lie_down(ax: Axes) -> None:
    """Rows from top to bottom, a grid along the values."""
    ax.invert_yaxis()
    grid_along_x(ax)
