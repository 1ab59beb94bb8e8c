"""The pictures of lesson 31: the slide, the two years, who takes the card, and estimates beside the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import wilson
from loyalty.tasks import pictures

SOURCE = "loyalty.world, seed 31"
SPENDERS = ["bought\nnothing", "lowest\nfifth", "second", "third", "fourth", "highest\nfifth"]


def draw_slide(holders: np.ndarray, others: np.ndarray) -> Axes:
    """Draw Marta's slide: what card holders and all other customers spend.

    Parameters
    ----------
    holders, others : array
        Euros per 28 days, one value a customer.
    """
    groups = {f"card holders\n({len(holders):,})": holders, f"others\n({len(others):,})": others}
    ax = pictures.draw_means(groups, (HIGHLIGHT, CONTROL), "€ per customer and 28 days")
    headline(ax, "Marta's slide: holders spend four times as much", "mean sales, 95 % intervals", SOURCE)
    return ax


def draw_two_years(followed: pd.DataFrame, launch: pd.Timestamp) -> Axes:
    """Draw spend of later holders and of the others over two years.

    Parameters
    ----------
    followed : DataFrame
        As `follow_spend` makes it, with the groups "holders today" and "the others".
    launch : Timestamp
        The day on which the card came.
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    for name, colour in (("holders today", TREATED), ("the others", CONTROL)):
        rows = followed[followed["group"] == name]
        ax.plot(rows["middle"], rows["mean"], color=colour, linewidth=2)
        ax.fill_between(rows["middle"], rows["low"], rows["high"], color=colour, alpha=0.25, linewidth=0)
        end = (rows["middle"].iloc[-1], rows["mean"].iloc[-1])
        ax.annotate(name, end, (10, 0), textcoords="offset points", va="center", color=colour)
    ax.axvline(launch, color=INK, linewidth=1, linestyle=":")
    ax.annotate("the card comes", (launch, 4), (5, 0), textcoords="offset points")
    first = followed["middle"].min()
    last = followed["middle"].max()
    ax.set(ylim=(0, None), xlim=(first, last + pd.Timedelta(days=124)), ylabel="€ per customer and 28 days")
    quarters = pd.date_range(first, last, freq="QS")
    ax.set_xticks(quarters, quarters.strftime("%Y-%m"))
    who = "customers who were there from the first day; mean sales, 95 % intervals"
    headline(ax, "The gap was there before the card", who, SOURCE)
    return ax


def draw_take_up(taken: pd.DataFrame) -> Axes:
    """Draw the share of customers with a card today, by what they spent before there was one.

    Parameters
    ----------
    taken : DataFrame
        Six rows, from "bought nothing" to the highest fifth: mean (a share), size.
    """
    low, high = wilson(taken["mean"].to_numpy(), taken["size"].to_numpy())
    ax = plt.subplots(figsize=(9, 4))[1]
    ax.bar(SPENDERS, taken["mean"] * 100, color=[GREY] * 5 + [TREATED], width=0.7)
    ax.vlines(range(6), low * 100, high * 100, color=INK, linewidth=2)
    for place, share in enumerate(taken["mean"] * 100):
        top = (place, high[place] * 100)
        ax.annotate(f"{share:.0f} %", top, (0, 4), textcoords="offset points", ha="center")
    ax.set(ylim=(0, 80), xlabel="spend in the 84 days before there was a card", ylabel="% with a card")
    who = "customers with a card today, 95 % intervals"
    headline(ax, "Who already buys much takes the card", who, SOURCE)
    return ax


def draw_beside_truth(found: Mapping[str, Estimate], truths: Sequence[float], title: str, *, wrong: int = 1) -> Axes:
    """Draw estimates with their intervals, and in each row the truth of what it is taken for.

    Parameters
    ----------
    found : mapping of str to Estimate
        Label -> effect with its interval, euros.
    truths : sequence of float
        In the same order.
    title : str
    wrong : int
        How many rows, from the top, are comparisons that do not hold.
    """
    axis = "€ per customer and 28 days"
    return pictures.draw_beside_truth(
        found, truths, title, "difference of mean sales, 95 % intervals", wrong=wrong, xlabel=axis, source=SOURCE
    )
