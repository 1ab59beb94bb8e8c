"""Pictures of lesson 26: where the customers of an old list are, what a wrong label may cost, and when an alarm rings."""

from __future__ import annotations

from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, TRUTH, grid_along_x, headline, mark_truth
from loyalty.segment.drift import DriftWatch
from loyalty.segment.rules import Migration
from loyalty.stats.intervals import interval_of_share

REAL = "Complete Journey"
SIMULATED = "simulated chain, seed 26"


def count_of_hundred(hits: pd.Series) -> tuple[int, int, int]:
    """Count hits of 100, with the ends of the 95 % interval (Wilson).

    Parameters
    ----------
    hits : Series of bool
    """
    low, high = interval_of_share(int(hits.sum()), len(hits))
    return round(100 * float(hits.mean())), round(100 * float(low)), round(100 * float(high))


def draw_list_today(segments: pd.Series, wanted: str, title: str, source: str = REAL) -> Axes:
    """Draw where the customers of an old list are today; the segment that the list promised is coloured.

    Parameters
    ----------
    segments : Series
        Today's segment of each customer of the list.
    wanted : str
        The segment that the list promised.
    title, source : str
    """
    counts = segments.value_counts()
    ax = plt.subplots(figsize=(9, 1.6 + 0.5 * len(counts)))[1]
    places = np.arange(len(counts))
    share = 100 * counts / counts.sum()
    low, high = interval_of_share(counts, counts.sum())
    ax.barh(places, share, height=0.6, color=[TREATED if name == wanted else GREY for name in counts.index])
    ax.hlines(places, 100 * np.asarray(low), 100 * np.asarray(high), color="#333333", linewidth=2)
    for place, (value, end) in enumerate(zip(share, high, strict=True)):
        ax.annotate(f"{value:.0f}", (100 * end, place), (6, 0), textcoords="offset points", va="center", color=INK)
    ax.set_yticks(places, list(counts.index))
    ax.set(ylim=(len(counts) - 0.5, -0.5), xlim=(0, 100), xlabel="of 100 customers on the list, with 95 % interval")
    grid_along_x(ax)
    headline(ax, title, f"today's segment of the {counts.sum():,} customers on the list", source)
    return ax


def draw_stages(moves: Migration, title: str, source: str = REAL) -> Axes:
    """Draw the share of each stage's labels that are still right, from a migration matrix.

    Parameters
    ----------
    moves : Migration
    title, source : str
    """
    table = moves.to_frame()
    same = table[(table["before"] == table["after"]) & table["share"].notna()].sort_values("share", ascending=False)
    ax = plt.subplots(figsize=(9, 1.6 + 0.5 * len(same)))[1]
    places = np.arange(len(same))
    ax.barh(places, 100 * same["share"], height=0.6, color=TREATED)
    ax.hlines(places, 100 * same["low"], 100 * same["high"], color="#333333", linewidth=2)
    for place, row in enumerate(same.itertuples()):
        ax.annotate(
            f"{100 * row.share:.0f}",
            (100 * row.high, place),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    sizes = table.groupby("before")["customers"].sum()
    ax.set_yticks(places, [f"{name} ({sizes[name]:,})" for name in same["before"]])
    ax.set(
        ylim=(len(same) - 0.5, -0.5), xlim=(0, 100), xlabel="labels still right after a month, %, with 95 % interval"
    )
    grid_along_x(ax)
    headline(ax, title, "by stage on the day of the label (number of customers)", source)
    return ax


def draw_best_periods(table: pd.DataFrame, title: str, source: str = REAL) -> Axes:
    """Draw the cheapest period over the cost of a wrong label, with the periods that show no clear difference from it.

    Parameters
    ----------
    table : pandas.DataFrame
        From `measures.compare_costs`.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 3.6))[1]
    cents = 100 * table["stale"]
    ax.vlines(cents, table["first"], table["last"], color="#C8CCD0", linewidth=5, label="no clear difference")
    ax.plot(cents, table["best"], "o", color=TREATED, markersize=8, label="cheapest")
    ax.set(ylim=(0, table["last"].max() + 0.8), xlim=(0, None))
    ax.set_xlabel("cost of one wrong label for one month, cents")
    ax.set_ylabel("refresh every … months")
    ax.legend(loc="upper right", ncols=2)
    headline(ax, title, "cheapest period of refreshing, for each cost of a wrong label", source)
    return ax


def draw_coins(tossed: np.ndarray, found: float, title: str, source: str = SIMULATED) -> Axes:
    """Draw the indices that coins make, and the one that was found.

    Parameters
    ----------
    tossed : array
        From `measures.toss_coins`.
    found : float
        The index of the real pair of months.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 3.2))[1]
    ax.hist(tossed, bins=40, color=GREY)
    limit = float(np.quantile(tossed, 0.95))
    ax.axvline(limit, color="#333333", linestyle="--", linewidth=1.2)
    height = ax.get_ylim()[1]
    ax.set_ylim(0, 1.2 * height)
    ax.annotate("19 of 20 lie left of it", (limit, 1.05 * height), (5, 0), textcoords="offset points", fontsize=10)
    ax.plot(found, 0, "o", color=HIGHLIGHT, markersize=11, clip_on=False, zorder=5, label="the two real months")
    ax.set(xlabel="population stability index", ylabel="tosses")
    ax.legend(loc="center right")
    headline(ax, title, "grey: the two months of each customer swapped by a coin", source)
    return ax


def draw_truth(
    watch: DriftWatch,
    day: pd.Timestamp | None,
    title: str,
    words: str = "",
    *,
    of: Literal["shares", "moves"] = "shares",
    source: str = SIMULATED,
) -> Axes:
    """Draw the checks, and the true day of the drift as a line.

    Parameters
    ----------
    watch : DriftWatch
    day : Timestamp or None
        When the customers truly changed; None if they did not.
    title : str
    words : str
        What happened on the day.
    of : {"shares", "moves"}
        What is drawn.
    source : str
    """
    ax = watch.plot(of=of, title=title, source=source)
    if day is not None:
        place = int((watch.table["as_of"] < day).sum()) - (0 if (watch.table["as_of"] == day).any() else 0.5)
        bottom, top = ax.get_ylim()
        ax.set_ylim(bottom, top + 0.1 * (top - bottom))
        ax.axvline(place, color=TRUTH, linewidth=1, zorder=1)
        mark_truth(ax, place, top)
        ax.annotate(f"truth: {words}", (place, top), (-10, -4), textcoords="offset points", ha="right", fontsize=10)
    return ax
