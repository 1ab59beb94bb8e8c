"""The pictures of lesson 33: each shows one message, its interval, and where it is known the truth."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, headline, mark_truth
from loyalty.stats.estimate import Estimate
from loyalty.tasks import pictures
from loyalty.text import say_euros

SOURCE = "loyalty.world, seed 33"
GROUPS = {"control": CONTROL, "used it": HIGHLIGHT, "drawn, did not use it": TREATED}
SURE = 1.96


def draw_slide(redeemers: pd.Series, control: pd.Series) -> Axes:
    """Draw Marta's slide: what users of the voucher and the control group spent.

    Parameters
    ----------
    redeemers, control : Series
        Sales of each customer in the four weeks, euros.
    """
    groups = {"used the voucher": redeemers, "control group": control}
    ax = pictures.draw_means(groups, (HIGHLIGHT, CONTROL), "€ per customer")
    gap = say_euros(redeemers.mean() - control.mean())
    headline(
        ax, f"Marta's slide: “The voucher brings {gap} a head”", "mean sales in four weeks, 95 % intervals", SOURCE
    )
    return ax


def draw_two_months(people: pd.DataFrame) -> Axes:
    """Draw February and March of three groups: control, those who used the voucher, and those who did not.

    Parameters
    ----------
    people : DataFrame
        One row a customer: group (`used it`, `drawn, did not use it`, `control`), february, march (euros).
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    for place, (name, colour) in enumerate(GROUPS.items()):
        rows = people[people["group"] == name]
        for side, month, strength in ((-0.2, "february", 0.45), (0.2, "march", 1.0)):
            mean = rows[month].mean()
            half = SURE * rows[month].sem()
            ax.bar(place + side, mean, 0.36, color="white")  # no grid shines through the pale bar
            ax.bar(place + side, mean, 0.36, color=colour, alpha=strength)
            ax.vlines(place + side, mean - half, mean + half, color=INK, linewidth=2)
            above = (place + side, mean + half)
            ax.annotate(say_euros(mean), above, (0, 5), textcoords="offset points", ha="center")
    ax.set_xticks(range(3), [f"{name}\nFebruary · March" for name in GROUPS])
    ax.set(ylabel="€ per customer")
    ax.margins(y=0.12)
    headline(
        ax, "Users of the voucher spent more before there was one", "mean sales in four weeks, 95 % intervals", SOURCE
    )
    return ax


def draw_dealings(chance: np.ndarray, gap: float) -> Axes:
    """Draw the gaps that chance alone makes, and ours beside them.

    Parameters
    ----------
    chance : array
        Gaps of many dealings of the labels, euros.
    gap : float
        The measured gap, euros.
    """
    ax = plt.subplots(figsize=(9, 3.6))[1]
    ax.hist(chance, bins=40, color=GREY)
    ax.axvline(gap, color=TREATED, linewidth=3)
    top = ax.get_ylim()[1]
    ax.annotate(
        f"our gap\n{say_euros(gap)}", (gap, 0.8 * top), (-8, 0), textcoords="offset points", ha="right", color=TREATED
    )
    ax.set(xlabel="gap between the groups, € per customer", ylabel="dealings")
    headline(ax, "Chance alone hardly makes such a gap", f"{len(chance):,} dealings of the labels", SOURCE)
    return ax


def draw_beside_truth(found: Mapping[str, Estimate], truths: list[float], title: str, *, wrong: int = 0) -> Axes:
    """Draw gaps to control with their intervals, and in each row the truth about the very same people.

    Parameters
    ----------
    found : mapping of str to Estimate
        Label -> effect with its interval, euros.
    truths : list of float
        In the same order.
    title : str
    wrong : int
        How many rows, from the top, are comparisons that do not hold.
    """
    subtitle = "gap to control in four weeks, 95 % intervals"
    return pictures.draw_beside_truth(found, truths, title, subtitle, wrong=wrong, source=SOURCE)


def draw_stores(ranked: pd.DataFrame, truth: np.ndarray) -> Axes:
    """Draw the lifts of all stores with their intervals, the measured best on the left, beside the truth.

    Parameters
    ----------
    ranked : DataFrame
        One row a store, the best first: effect, low, high, shrunken (euros).
    truth : array
        In the same order.
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    place = range(len(ranked))
    ax.vlines(place, ranked["low"], ranked["high"], color=GREY, linewidth=2)
    ax.plot(place, ranked["shrunken"], color=HIGHLIGHT, linewidth=2, label="pulled together")
    ax.plot(place, ranked["effect"], "o", color=TREATED, markersize=6, label="measured")
    mark_truth(ax, place, truth, size=5)
    ax.axhline(0, color=INK, linewidth=1)
    ax.set(xticks=[], xlabel="forty stores, the best on the left", ylabel="€ per customer drawn")
    ax.set_ylim(top=1.3 * ranked["high"].max())
    ax.legend(loc="upper right", ncols=3)
    headline(ax, "The best store is the luckiest", "lift in four weeks, 95 % intervals", SOURCE)
    return ax
