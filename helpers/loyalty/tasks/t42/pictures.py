"""The pictures of lesson 42: beliefs about arms, chances wave by wave, and what policies have gained."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, headline

SOURCE = "simulated chains"
COLOURS = {
    "best by segment": INK,
    "equal split": GREY,
    "repeat the winner": HIGHLIGHT,
    "epsilon-greedy": "#CC79A7",
    "Thompson": TREATED,
    "Thompson that forgets": "#56B4E9",
    "Thompson on profiles": "#009E73",
}
ARMS = {
    "control": GREY,
    "basket_discount": TREATED,
    "category_discount": CONTROL,
    "bonus_points": HIGHLIGHT,
    "reminder": "#CC79A7",
}
SHADE = 0.15


def draw_beliefs(draws: pd.DataFrame, title: str) -> Axes:
    """Draw what one may believe of the lift of each arm, as a histogram with a name at its top.

    Parameters
    ----------
    draws : DataFrame
        One row a draw, one column an arm, in euros; control is left out.
    title : str
    """
    ax = plt.subplots(figsize=(9, 3.6))[1]
    edges = np.linspace(draws.to_numpy().min(), draws.to_numpy().max(), 70)
    for arm in draws:
        density, _ = np.histogram(draws[arm], edges, density=True)
        middle = (edges[1:] + edges[:-1]) / 2
        ax.plot(middle, density, color=ARMS[str(arm)], lw=2.5, label=str(arm).replace("_", " "))
        ax.fill_between(middle, density, color=ARMS[str(arm)], alpha=SHADE, lw=0)
    ax.axvline(0, color=INK, lw=1)
    ax.set(xlabel="lift in profit, € a customer", yticks=[], ylim=(0, None))
    ax.spines["left"].set_visible(False)
    ax.legend(loc="upper right")
    headline(ax, title, "the higher the curve, the likelier this lift", "simulated chain, seed 42")
    return ax


def draw_chances(log: pd.DataFrame, segment: str, title: str) -> Axes:
    """Draw the mean chance of each arm in a segment, wave by wave.

    Parameters
    ----------
    log : DataFrame
        Of a programme: wave, segment, holdout, resting, and one column `chance_…` an arm.
    segment, title : str
    """
    taking = log[(log["segment"] == segment) & ~log["holdout"] & ~log["resting"]]
    chances = taking.groupby("wave")[[name for name in log if name.startswith("chance_")]].mean()
    chances.columns = [name.removeprefix("chance_") for name in chances]
    ax = plt.subplots(figsize=(9, 3.8))[1]
    names = [arm.replace("_", " ") for arm in chances]
    ax.stackplot(chances.index, chances.T, labels=names, colors=[ARMS[arm] for arm in chances], alpha=0.85)
    ax.set(xlim=(1, chances.index.max()), ylim=(0, 1), xlabel="wave", ylabel="chance of each arm")
    handles, names = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], names[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5))
    headline(ax, title, f"chances in the lottery of the segment {segment}", "simulated chain, seed 42")
    return ax


def draw_gains(waves: pd.DataFrame, kind: str, title: str, policies: tuple[str, ...] = tuple(COLOURS)) -> Axes:
    """Draw the mean gain of each policy up to each wave, with its band over chains.

    Parameters
    ----------
    waves : DataFrame
        policy, seeds, mean, low, high (euros), kind, wave, what.
    kind : str
        "calm" or "changed".
    title : str
    policies : tuple of str
    """
    mine = waves[(waves["kind"] == kind) & (waves["what"] == "gained")]
    ax = plt.subplots(figsize=(9, 4.5))[1]
    ends = {}
    for name in policies:
        line = mine[mine["policy"] == name].sort_values("wave")
        ax.plot(line["wave"], line["mean"] / 1000, color=COLOURS[name], lw=2)
        ax.fill_between(line["wave"], line["low"] / 1000, line["high"] / 1000, color=COLOURS[name], alpha=SHADE, lw=0)
        ends[name] = float(line["mean"].iloc[-1]) / 1000
    last = int(mine["wave"].max())
    ax.set(xlabel="wave", ylabel="thousand € up to this wave", xlim=(1, last), xticks=[1, 7, 13, 19, last])
    _label_ends(ax, ends, last)
    count = int(mine["seeds"].iloc[0])
    headline(ax, title, f"expected profit against no contact: mean of {count} chains, 95 % bands", SOURCE)
    return ax


def _label_ends(ax: Axes, ends: dict[str, float], last: int) -> None:
    """Name each line to the right of its end, no two names nearer than a line of text."""
    step = (max(ends.values()) - min(0.0, *ends.values())) / 15
    place = -np.inf
    for name, value in sorted(ends.items(), key=lambda item: item[1]):
        place = max(value, place + step)
        ax.annotate(name, (last + 0.4, place), va="center", color=COLOURS[name], fontsize=10, annotation_clip=False)
