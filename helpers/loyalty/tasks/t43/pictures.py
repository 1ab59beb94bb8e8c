"""The pictures of lesson 43: where an offer went, the weights of a few rows, and forty lotteries beside the truth."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline

SOURCE = "simulated chain, seed 43"


def draw_where(log: pd.DataFrame, arm: str, title: str) -> Axes:
    """Draw for each segment how often an arm was sent, beside what its customers bring without any letter.

    Parameters
    ----------
    log : DataFrame
        segment, arm, profit, and the chance of the arm, `chance_…`.
    arm, title : str
    """
    chance = log.groupby("segment")[f"chance_{arm}"].mean()
    usual = log[log["arm"] == "control"].groupby("segment")["profit"].mean()
    order = usual.sort_values(ascending=False).index
    left, right = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)[1]
    place = np.arange(len(order))[::-1]
    for ax, values, colour, form in ((left, usual, GREY, "€{:.2f}"), (right, 100 * chance, TREATED, "{:.0f} %")):
        ax.barh(place, values[order], 0.6, color=colour)
        for y, value in zip(place, values[order], strict=True):
            ax.text(value + 0.02 * values.max(), y, form.format(value), va="center", fontsize=10)
        ax.set(yticks=place, yticklabels=list(order), xlim=(0, 1.25 * values.max()), xticks=[])
        ax.grid(False)
        ax.spines["bottom"].set_visible(False)
    left.set_xlabel("profit without a letter, € a customer")
    right.set_xlabel(f"chance of the {arm.replace('_', ' ')}")
    headline(left, title, "four weeks, by segment", SOURCE)
    return left


def draw_weights(rows: pd.DataFrame, title: str) -> Axes:
    """Draw a few rows as bars: as long as the number of customers that each one has to speak for.

    Parameters
    ----------
    rows : DataFrame
        segment, arm, weight.
    title : str
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    place = np.arange(len(rows))[::-1]
    weight = rows["weight"].to_numpy()
    ax.barh(place, weight, 0.7, color=TREATED)
    for y, one in zip(place, weight, strict=True):
        ax.text(one + 0.01 * weight.max(), y, f"{one:.3g}", va="center", fontsize=10, color=INK if one else GREY)
    names = [f"{row.segment}, {row.arm.replace('_', ' ')}" for row in rows.itertuples()]
    ax.set_yticks(place, names, fontsize=9)
    ax.set(xlabel="weight", xlim=(0, 1.1 * weight.max()))
    ax.grid(False)
    headline(ax, title, "weight = chance under the plan / chance in the log", SOURCE)
    return ax


def draw_lotteries(table: pd.DataFrame, truth: float, title: str) -> Axes:
    """Draw what each method says in forty lotteries: a dot a lottery, the mean as a bar, the truth as a line.

    Parameters
    ----------
    table : DataFrame
        seed, method, value.
    truth : float
    title : str
    """
    names = list(dict.fromkeys(table["method"]))
    ax = plt.subplots(figsize=(9, 4.2))[1]
    for place, name in enumerate(names):
        values = table.loc[table["method"] == name, "value"].to_numpy()
        off = abs(values.mean() - truth) > values.std()
        colour = HIGHLIGHT if off else TREATED
        spread = np.linspace(-0.22, 0.22, len(values))
        ax.plot(values, place + spread, "o", color=colour, alpha=0.45, markersize=4, zorder=2)
        ax.plot([values.mean()] * 2, [place - 0.36, place + 0.36], color=colour, lw=3, zorder=3)
    ax.axvline(truth, color=INK, lw=1.2, zorder=1)
    ax.text(truth, -0.72, " truth", fontsize=10, color=INK)
    ax.set_yticks(range(len(names)), names, parse_math=False)
    ax.set(ylim=(len(names) - 0.4, -0.9), xlabel="value of the plan, € a customer")
    ax.grid(True, axis="x")
    ax.grid(False, axis="y")
    headline(ax, title, f"{table['seed'].nunique()} lotteries among the same customers", SOURCE)
    return ax
