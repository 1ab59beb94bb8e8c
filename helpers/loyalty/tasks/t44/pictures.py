"""The pictures of lesson 44: lives after a purchase, deals by chance, both sides of X, chances that come true."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline, put_legend_above
from loyalty.tasks.t44.scene import LAG, SEED

SOURCE = f"simulated chain, seed {SEED}"


def draw_lives(buyers: pd.DataFrame, then: pd.DataFrame, title: str) -> Axes:
    """Draw a line a customer: days round the purchase of X, the window after it, and each purchase of Y.

    Parameters
    ----------
    buyers : DataFrame
        customer_id, time of X; one row a customer.
    then : DataFrame
        customer_id, time of Y.
    title : str
    """
    ax = plt.subplots(figsize=(9, 0.33 * len(buyers) + 1.8))[1]
    place = pd.Series(np.arange(len(buyers))[::-1], buyers["customer_id"])
    pairs = then.merge(buyers, on="customer_id", suffixes=("", "_first"))
    lag = (pairs["time"].dt.normalize() - pairs["time_first"].dt.normalize()).dt.days
    near = lag.between(-240, 240)
    ax.axvspan(*LAG, color=TREATED, alpha=0.12, linewidth=0, label="90 to 210 days after")
    ax.hlines(place, -240, 240, color=GREY, linewidth=1)
    ax.plot(np.zeros(len(place)), place, "s", color=INK, markersize=7, label="monitor")
    inside = lag.between(*LAG)
    for here, colour, label in (
        (inside, TREATED, "tablets in the window"),
        (near & ~inside, GREY, "tablets elsewhere"),
    ):
        ax.plot(lag[here], pairs["customer_id"][here].map(place), "o", color=colour, markersize=8, label=label)
    ax.set(xlabel="days after the monitor", yticks=place, xlim=(-245, 245))
    ax.set_yticks(place, [f"customer {name}" for name in place.index], fontsize=9)
    ax.grid(False)
    put_legend_above(ax, columns=4)
    headline(ax, title, "twelve buyers of the monitor, one line each\n\n", SOURCE)
    return ax


def draw_deals(deals: np.ndarray, found: int, title: str) -> Axes:
    """Draw how many buy Y when X's days are dealt anew, and how many really did.

    Parameters
    ----------
    deals : array of int
        One count a deal.
    found : int
    title : str
    """
    ax = plt.subplots(figsize=(9, 3.8))[1]
    edges = np.arange(deals.min(), deals.max() + 2) - 0.5
    ax.hist(deals, edges.tolist(), color=GREY)
    top = ax.get_ylim()[1]
    ax.vlines(found, 0, 0.75 * top, color=HIGHLIGHT, linewidth=3)
    ax.text(found, 0.78 * top, f"found: {found}", ha="center", color=HIGHLIGHT, fontsize=11)
    ax.text(deals.mean(), 1.02 * top, f"chance: about {deals.mean():.1f}", ha="center", fontsize=11, color=INK)
    ax.set(xlabel="buyers of X who buy Y in the window", ylabel="deals", xlim=(0, 1.15 * found), ylim=(0, 1.15 * top))
    ax.grid(False)
    headline(ax, title, f"{len(deals)} times the monitors dealt anew, within month and activity", SOURCE)
    return ax


def draw_sides(pairs: pd.DataFrame, title: str) -> Axes:
    """Draw how many customers bought Y after X only, and before X only.

    Parameters
    ----------
    pairs : DataFrame
        first_product, then_product, after_only, before_only.
    title : str
    """
    ax = plt.subplots(figsize=(8.6, 1.8 + 0.85 * len(pairs)))[1]
    place = np.arange(len(pairs))[::-1]
    top = pairs[["after_only", "before_only"]].to_numpy().max()
    for shift, name, colour, label in (
        (0.19, "after_only", TREATED, "Y after X only"),
        (-0.19, "before_only", GREY, "Y before X only"),
    ):
        ax.barh(place + shift, pairs[name], 0.36, color=colour, label=label)
        for y, value in zip(place, pairs[name], strict=True):
            ax.text(value + 0.01 * top, y + shift, f"{value:,}", va="center", fontsize=10)
    ax.set_yticks(place, [f"{row.first_product} → {row.then_product}" for row in pairs.itertuples()])
    ax.set(xlabel="customers", xlim=(0, 1.2 * top))
    grid_along_x(ax)
    put_legend_above(ax, columns=2)
    headline(ax, title, "buyers of X who bought Y on one side of it, 90 to 210 days away\n\n", SOURCE)
    return ax


def draw_split(split: pd.DataFrame, title: str, least: int = 8) -> Axes:
    """Draw for each segment which share of the buyers of X buys Y, with interval, beside what chance makes.

    Parameters
    ----------
    split : DataFrame
        segment, buyers, confidence, low, high, chance.
    title : str
    least : int
        Segments with fewer buyers are not drawn.
    """
    table = split[split["buyers"] >= least].sort_values("confidence")
    ax = plt.subplots(figsize=(9, 1.6 + 0.6 * len(table)))[1]
    place = np.arange(len(table))
    ax.barh(place, table["chance"], 0.5, color=GREY, label="what chance makes")
    ax.hlines(place, table["low"], table["high"], color=TREATED, linewidth=3)
    ax.plot(table["confidence"], place, "o", color=TREATED, markersize=8, label="found, with interval")
    for y, row in zip(place.tolist(), table.itertuples(), strict=True):
        ax.text(row.high + 0.015, y, f"{row.confidence:.0%} of {row.buyers}", va="center", fontsize=10)
    ax.set(yticks=place, yticklabels=table["segment"], xlim=(0, 1.15), xlabel="share of the buyers of X who buy Y")
    grid_along_x(ax)
    put_legend_above(ax, columns=2)
    headline(ax, title, f"by the department they spent most in; at least {least} buyers\n\n", SOURCE)
    return ax


def draw_chances(table: pd.DataFrame, title: str, source: str) -> Axes:
    """Draw the share that came beside the share that was expected, bin by bin.

    Parameters
    ----------
    table : DataFrame
        expected, bought, low, high, pairs; of `Refills.prove`.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 4.6))[1]
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    ax.text(0.7, 0.8, "line: as expected", ha="right", fontsize=10, color=INK)
    ax.vlines(table["expected"], table["low"], table["high"], color=TREATED, linewidth=3)
    ax.plot(table["expected"], table["bought"], "o", color=TREATED, markersize=8)
    for row in table.itertuples():
        below = (row.expected, row.low)  # the line of what was expected lies above it
        ax.annotate(f"{row.pairs:,}", below, (0, -7), textcoords="offset points", ha="center", va="top", fontsize=9.5)
    ax.set(xlabel="chance that the list gave", ylabel="share that came", xlim=(-0.04, 1), ylim=(-0.11, 1))
    ax.grid(False)
    headline(
        ax, title, "refills in the 14 days after the list, with 95 % interval; numbers: entries of the list", source
    )
    return ax


def draw_thousands(real: pd.DataFrame, null: pd.DataFrame, title: str) -> Axes:
    """Draw how many pairs pass each question, in the chain and in one where nothing follows anything.

    Parameters
    ----------
    real, null : DataFrame
        Tables of `mine_rules`.
    title : str
    """
    ax = plt.subplots(figsize=(9, 3.6))[1]
    questions = {
        "p < .05": lambda table: (table["p_chance"] < 0.05).sum(),
        "beats chance, corrected": lambda table: (table["q_chance"] <= 0.05).sum(),
        "and follows an order": lambda table: (table["verdict"] == "follows").sum(),
    }
    place = np.arange(len(questions))[::-1]
    for shift, table, colour, label in ((0.19, real, TREATED, "our chain"), (-0.19, null, GREY, "nothing follows")):
        counts = np.array([ask(table) for ask in questions.values()])
        ax.barh(place + shift, counts, 0.36, color=colour, label=label)
        for y, count in zip(place, counts, strict=True):
            ax.text(count + 150, y + shift, f"{count:,}", va="center", fontsize=10)
    ax.set_yticks(place, list(questions))
    ax.set(xlabel="pairs", xlim=(0, 1.15 * (real["p_chance"] < 0.05).sum()))
    grid_along_x(ax)
    ax.legend(loc="lower right")
    headline(ax, title, "pairs of products that pass each question, one after the other", SOURCE)
    return ax
