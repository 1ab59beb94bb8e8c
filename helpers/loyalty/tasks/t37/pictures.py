"""The pictures of lesson 37: who comes with a voucher and without, what a letter earns, and the four kinds."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loyalty.charts import CONTROL, HIGHLIGHT, INK, TOLD, TREATED, draw_intervals, grid_along_x, headline, mark_truths
from loyalty.text import say_euros

SOURCE = "loyalty.world, seed 37"
FIFTHS = ["most likely\nto buy", "second", "third", "fourth", "least\nlikely"]
OFFERS = {"win_back": "voucher of €5", "basket_discount": "ten percent off", "reminder": "reminder"}


def draw_visits(came: pd.DataFrame, title: str) -> Axes:
    """Draw how many of 100 came, a group of bars for each fifth of the agency's list.

    Parameters
    ----------
    came : DataFrame
        Index: fifth, the likeliest first. Columns: `with`, and optionally `without`; of 100 customers.
    title : str
    """
    ax = plt.subplots(figsize=(9, 3.8))[1]
    colours = {"without": CONTROL, "with": TREATED}
    names = [name for name in colours if name in came]
    width = 0.7 / len(names)
    for number, name in enumerate(names):
        places = [place + (number - (len(names) - 1) / 2) * width for place in range(len(came))]
        bars = ax.bar(places, came[name], width * 0.94, color=colours[name], label=f"{name} the voucher")
        ax.bar_label(bars, fmt="{:.0f}", padding=3)
    ax.set_xticks(range(len(came)), FIFTHS)
    ax.set_ylim(top=1.22 * float(came[names].max(axis=None)))
    ax.set_ylabel("came, of 100")
    ax.legend(loc="upper right", ncols=2)
    headline(ax, title, "share that came in the four weeks, by the agency's list", SOURCE)
    return ax


def draw_letters(rows: pd.DataFrame, title: str) -> Axes:
    """Draw what a letter earns in several groups, each with its interval and its own truth.

    Parameters
    ----------
    rows : DataFrame
        Index: label. Columns: effect, low, high, truth (euros a letter).
    title : str
    """
    ax = draw_intervals(rows, unit="€")
    mark_truths(ax, list(rows["truth"]))
    ax.set_xlabel("€ a letter")
    headline(ax, title, "profit of a letter in eight weeks, 95 % interval", SOURCE)
    return ax


def draw_kinds(totals: pd.DataFrame) -> Figure:
    """Draw what each of the four kinds brought and cost, one panel an offer.

    Parameters
    ----------
    totals : DataFrame
        Index: the kind. One column an offer: profit in euros, all customers of the kind together.
    """
    figure, grid = plt.subplots(1, totals.shape[1], figsize=(9, 3.6), sharey=True, squeeze=False)
    axes = grid[0]
    low = min(0.0, float(totals.min(axis=None)) / 1000)
    high = max(0.0, float(totals.max(axis=None)) / 1000)
    room = 0.42 * (high - low)  # for the labels
    for ax, (offer, money) in zip(axes, totals.items(), strict=True):
        colours = [HIGHLIGHT if value < 0 else TREATED for value in money]
        ax.barh(range(len(money)), money / 1000, color=colours, height=0.6)
        for place, value in enumerate(money):
            side = 1 if value >= 0 else -1
            text = say_euros(value / 1000, 1)
            align = "left" if side > 0 else "right"
            ax.annotate(text, (value / 1000, place), (4 * side, 0), textcoords="offset points", va="center", ha=align)
        ax.axvline(0, color=INK, linewidth=1)
        ax.set_xlim(low - 1.5 * room, high + room)
        ax.set_xlabel("€ thousand")
        ax.set_title(OFFERS.get(str(offer), str(offer)), fontsize=11, loc="center")
        grid_along_x(ax)
    axes[0].set_yticks(range(len(totals)), totals.index)
    axes[0].invert_yaxis()
    title = "What a sure thing costs decides who should get an offer"
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    figure.set_label(f"{TOLD}{title}. Profit by kind of customer, € thousand, true, one panel an offer")
    return figure
