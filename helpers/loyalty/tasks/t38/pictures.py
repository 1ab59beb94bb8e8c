"""The pictures of lesson 38: the options, a promise beside the truth, thirty promises, and the frontier."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, INK, TOLD, TREATED, TRUTH, grid_along_x, headline, mark_truth
from loyalty.stats.estimate import Estimate

SOURCE = "loyalty.world, seed 38"
SURE = 1.96
LOOKS = {"raw": (HIGHLIGHT, "o"), "raw, cautious": (TREATED, "s"), "one lift for each offer": (GREY, "^")}
NAMES = {
    "basket_discount": "10 % off everything",
    "category_discount": "20 % off face care",
    "bonus_points": "bonus points",
    "concierge": "a call",
}


def draw_options(options: pd.DataFrame) -> Axes:
    """Draw the profit of each option with its 95 % interval, one panel an offer; what is clear of zero has colour.

    Parameters
    ----------
    options : DataFrame
        One row a segment and offer: segment, offer_id, profit, se (euros a contact).
    """
    figure, axes = plt.subplots(1, len(NAMES), figsize=(9, 3.8), sharex=True, sharey=True)
    segments = sorted(options["segment"].unique())
    clear = (options["profit"] - SURE * options["se"]) > 0
    for ax, (offer, name) in zip(axes, NAMES.items(), strict=True):
        mine = options[options["offer_id"] == offer]
        for row, sure in zip(mine.itertuples(), clear[mine.index], strict=True):
            place = segments.index(row.segment)
            colour = TREATED if sure else GREY
            ax.plot([row.profit - SURE * row.se, row.profit + SURE * row.se], [place] * 2, color=colour, linewidth=3)
            ax.plot(row.profit, place, "o", color=colour, markersize=7)
        ax.axvline(0, color=INK, linewidth=1)
        ax.set_title(name, fontsize=11, loc="center", pad=4)
        grid_along_x(ax)
    axes[0].set_yticks(range(len(segments)), segments)
    axes[0].set_ylim(len(segments) - 0.5, -0.5)
    figure.supxlabel("profit of a contact in eight weeks, €; the lines are 95 % intervals", fontsize=11)
    title = f"Only {clear.sum()} of {len(options)} options are clear of zero"
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    figure.set_label(f"{TOLD}{title}. Profit of a contact, € in eight weeks, 95 % intervals, by segment")
    return axes[0]


def draw_promise(promised: Estimate, brought: float, others: Mapping[str, float]) -> Axes:
    """Draw what a plan promised, with its interval, beside what it and two others truly bring.

    Parameters
    ----------
    promised : Estimate
        Profit of our plan, euros.
    brought : float
        What it truly brings.
    others : mapping of str to float
        Two other ways to spend the money: the poorer and the best, and what they truly bring.
    """
    (poor, poor_brings), (best, best_brings) = others.items()
    ax = plt.subplots(figsize=(9, 3.4))[1]
    ax.hlines(1, promised.low, promised.high, color=TREATED, linewidth=3)
    ax.plot(promised.effect, 1, "o", color=TREATED, markersize=9, label="promised, 95 % interval")
    truly = [poor_brings, brought, best_brings]
    mark_truth(ax, truly, range(3), label="truly brings")
    ax.set_yticks(range(3), [poor, "our plan", best])
    ax.set(ylim=(2.5, -0.6), xlim=(0, None), xlabel="€")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    grid_along_x(ax)
    ax.legend(loc="upper right")
    title = f"Promised {promised.effect / 1000:.0f} thousand, brought {brought / 1000:.0f}"
    headline(ax, title, "profit for a budget of €10,000", SOURCE)
    return ax


def draw_promises(lottery: pd.DataFrame, ours: tuple[float, float], best: float) -> Axes:
    """Draw promised against brought, one dot a lottery, for three readings of the same test.

    Parameters
    ----------
    lottery : DataFrame
        reading, promised, brought (euros).
    ours : (promised, brought)
        Of the lesson's own plan.
    best : float
        What the best plan brings.
    """
    ax = plt.subplots(figsize=(9, 4.8))[1]
    for name, (colour, mark) in LOOKS.items():
        mine = lottery[lottery["reading"] == name]
        ax.plot(mine["promised"] / 1000, mine["brought"] / 1000, mark, color=colour, alpha=0.8, label=name)
    promised, brought = (value / 1000 for value in ours)
    ax.plot(promised, brought, "o", color=HIGHLIGHT, markersize=13, markerfacecolor="none")
    ax.annotate("our plan", (promised, brought), (12, -4), textcoords="offset points")
    ax.plot([0, 20], [0, 20], color=TRUTH, linewidth=1)
    ax.annotate("kept its promise", (20, 20), (6, -4), textcoords="offset points")
    ax.axhline(best / 1000, color=TRUTH, linewidth=1, linestyle=":")
    right = lottery["promised"].max() / 1000
    ax.annotate("the best plan", (right, best / 1000), (0, 4), textcoords="offset points", ha="right")
    ax.set(xlabel="promised, € thousand", ylabel="truly brings, € thousand", xlim=(0, None), ylim=(None, 22))
    ax.legend(loc="lower right")
    headline(ax, "Plans choose their own luck", "30 lotteries of the same test, profit for €10,000", SOURCE)
    return ax


def draw_frontier(ours: pd.DataFrame, best: pd.DataFrame) -> Axes:
    """Draw profit by budget: as the figures say, as the plans truly bring, and the true frontier.

    Parameters
    ----------
    ours : DataFrame
        As `trace_frontier` makes it, with a column `brought` more (euros).
    best : DataFrame
        The frontier of the truth, for the same budgets.
    """
    ax = plt.subplots(figsize=(9, 4.4))[1]
    thousand = ours["budget"] / 1000
    ax.fill_between(thousand, ours["low"] / 1000, ours["high"] / 1000, color=TREATED, alpha=0.12, linewidth=0)
    ax.plot(thousand, ours["profit"] / 1000, color=TREATED, marker="o", label="our frontier, 95 % interval")
    ax.plot(thousand, best["profit"] / 1000, color=TRUTH, label="the true frontier")
    mark_truth(ax, thousand, ours["brought"] / 1000, label="what our plans truly bring")
    ax.set(xlabel="budget, € thousand", ylabel="profit, € thousand", xlim=(0, None), ylim=(-2, None))
    ax.legend(loc="upper left")
    headline(ax, "Little money keeps least of its promise", "profit by budget, € thousand", SOURCE)
    return ax
