"""The pictures of lesson 32: who may get a letter, how people differ, and what a test can see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline
from loyalty.tasks import pictures
from loyalty.tasks.t32.gift import CALLED
from loyalty.text import say_euros

SOURCE = "loyalty.world, seed 32"
MUTED = "#5F6368"


def draw_consent(spent: pd.Series, consent: pd.Series) -> Axes:
    """Draw what customers with and without consent spent in a month without any letter.

    Parameters
    ----------
    spent : Series
        Euros of each customer.
    consent : Series of bool
        In the same order.
    """
    sides = {"with consent": consent.to_numpy(), "without consent": ~consent.to_numpy()}
    groups = {f"{name}\n({member.sum():,})": spent[member] for name, member in sides.items()}
    ax = pictures.draw_means(groups, (TREATED, CONTROL), "€ per customer in November")
    headline(ax, "They differ, and no letter was sent", "mean sales in four weeks, 95 % intervals", SOURCE)
    return ax


def draw_spread(spent: np.ndarray) -> Axes:
    """Draw how much customers differ: the share of them at each amount, the few large ones in the last bar.

    Parameters
    ----------
    spent : array
        Euros of each customer in four weeks.
    """
    edges = [0, 0.01, 20, 40, 60, 80, 100, 150, 200, np.inf]
    names = ["nothing", "to 20", "20–40", "40–60", "60–80", "80–100", "100–150", "150–200", "more"]
    share = np.histogram(spent, edges)[0] / len(spent) * 100
    ax = plt.subplots(figsize=(9, 3.6))[1]
    ax.bar(names, share, color=[HIGHLIGHT, *[GREY] * (len(names) - 1)], width=0.8)
    for place, height in enumerate(share):
        ax.annotate(f"{height:.0f} %", (place, height), (0, 4), textcoords="offset points", ha="center")
    ax.set(ylim=(0, 1.15 * share.max()), xlabel="€ in four weeks", ylabel="% of customers")
    headline(ax, "Nearly half spend nothing, a few spend hundreds", "eligible customers in November", SOURCE)
    return ax


def draw_two_hills(nothing: np.ndarray, something: np.ndarray, planted: float, line: float) -> Axes:
    """Draw the gaps of lotteries without and with an effect, and the lines beyond which a gap is called an effect.

    Parameters
    ----------
    nothing, something : array
        Gaps between the groups, euros.
    planted, line : float
        The planted effect; where the lines stand, on both sides of zero.
    """
    ax = plt.subplots(figsize=(9, 3.8))[1]
    edges = np.linspace(min(nothing.min(), -line), something.max(), 60).tolist()
    ax.hist(nothing, edges, color=GREY, alpha=0.8)
    ax.hist(something, edges, color=TREATED, alpha=0.6)
    for end in (-line, line):
        ax.axvline(end, color=INK, linewidth=1, linestyle="--")
    top = ax.get_ylim()[1]
    ax.set_ylim(top=1.25 * top)
    alarms = (np.abs(nothing) > line).mean()
    seen = (np.abs(something) > line).mean()
    ax.annotate(f"no effect:\n{alarms:.0%} beyond the lines", (0, 1.06 * top), color=MUTED, ha="center")
    text = f"{say_euros(planted)} planted:\n{seen:.0%} beyond the lines"
    ax.annotate(text, (planted, 1.06 * top), color=TREATED)
    ax.set(xlabel="gap between the groups, € per customer", ylabel="lotteries")
    lotteries = f"{len(nothing):,} lotteries over November, 5 % left out; dashed: called an effect beyond ±€{line:.2f}"
    headline(ax, "Two hills that overlap: this is all that 5 % can tell apart", lotteries, SOURCE)
    return ax


def draw_chances(chances: Mapping[str, float], truth: float) -> Axes:
    """Draw with which chance each plan sees the true effect.

    Parameters
    ----------
    chances : mapping
        Name of the plan -> power, a fraction.
    truth : float
        The true effect, euros per customer.
    """
    ax = plt.subplots(figsize=(9, 3.6))[1]
    values = np.array(list(chances.values())) * 100
    colours = [GREY if value < 80 else TREATED for value in values]
    ax.barh(list(chances), values, color=colours, height=0.6)
    for place, value in enumerate(values):
        ax.annotate(f"{value:.0f} of 100", (value, place), (6, 0), textcoords="offset points", va="center")
    ax.set(xlim=(0, 112), xlabel="Januaries of 100 in which the test sees the gift")
    ax.invert_yaxis()
    grid_along_x(ax)
    what = f"chance to see the true effect, {say_euros(truth)} per customer"
    headline(ax, "A small control group mostly misses a gift that pays", what, SOURCE)
    return ax


def draw_mondays(paths: np.ndarray, bounds: np.ndarray, shown: int = 40) -> Axes:
    """Draw campaigns without any effect from look to look, and two lines beyond which they would be stopped.

    Parameters
    ----------
    paths : array
        One row a campaign, one column a look: the gap of the groups in standard errors, without its sign.
    bounds : array
        The planned bounds, one a look.
    shown : int
        How many campaigns are drawn; all are counted.
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    looks = np.arange(1, paths.shape[1] + 1)
    for path in paths[:shown]:
        rings = (path > CALLED).any()
        ax.plot(looks, path, color=HIGHLIGHT if rings else GREY, linewidth=1.4 if rings else 0.8, alpha=0.8)
    ax.plot(looks, bounds, "o-", color=TREATED, linewidth=2.5)
    ax.axhline(CALLED, color=INK, linestyle="--", linewidth=1.2)
    written: dict[str, Any] = {"textcoords": "offset points", "weight": "bold"}
    ax.annotate("planned bounds", (looks[3], bounds[3]), (10, 6), color=TREATED, **written)
    ax.annotate("1.96", (1, CALLED), (6, -4), xycoords=("axes fraction", "data"), color=INK, **written)
    ax.set(xlim=(1, len(looks) + 0.3), ylim=(0, 5.5), xlabel="Monday", ylabel="gap in standard errors")
    ax.set_xticks(looks)
    peeked = (paths > CALLED).any(axis=1).sum()
    planned = (paths > bounds).any(axis=1).sum()
    title = f"Of {len(paths):,} useless campaigns {peeked:,} cross 1.96, and {planned:,} the planned bounds"
    what = f"{shown} of the campaigns, red: above 1.96 at least once; bounds above 5.5 are not drawn"
    headline(ax, title, what, SOURCE)
    return ax


def draw_map(sd: float, break_even: float, sizes: Sequence[int]) -> Axes:
    """Draw the smallest effect seen in 80 of 100 waves, by share left out, for several numbers of customers.

    Parameters
    ----------
    sd : float
        Standard deviation of what a customer spends, euros.
    break_even : float
        Euros of additional sales per customer from which the campaign pays.
    sizes : sequence of int
        Numbers of eligible customers, one line each.
    """
    shares = np.geomspace(0.01, 0.5, 60)
    ax = plt.subplots(figsize=(9, 4.5))[1]
    for place, size in enumerate(sizes):
        effect = 2.8 * sd * np.sqrt(1 / (shares * size) + 1 / ((1 - shares) * size))
        ax.plot(shares, effect, color=TREATED, linewidth=2.5, alpha=1 - 0.2 * place)
        ax.annotate(f"{size:,}", (shares[-1], effect[-1]), (6, 0), textcoords="offset points", va="center")
    ax.axhline(break_even, color=HIGHLIGHT, linestyle="--")
    label = f"break-even {say_euros(break_even)}"
    ax.annotate(label, (0.0103, break_even), (0, 5), textcoords="offset points", color=HIGHLIGHT)
    ax.set(xscale="log", yscale="log", xlim=(0.01, 0.5), xlabel="share left out", ylabel="€ per customer")
    ax.set_xticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5], "1% 2% 5% 10% 20% 50%".split())
    ax.set_yticks([0.5, 1, 2, 5, 10, 20], "0.5 1 2 5 10 20".split())
    ax.minorticks_off()
    what = "smallest effect seen in 80 of 100 waves, by number of eligible customers"
    headline(ax, "Small controls are for large chains", what, SOURCE)
    return ax
