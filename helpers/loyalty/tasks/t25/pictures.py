"""The pictures of lesson 25: two silences, who is really alive, and what each tenth of the customers is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline, mark_truth
from loyalty.segment.value import fit_retention
from loyalty.stats.intervals import interval_of_share
from loyalty.text import say_euros

SIMULATED = "simulated chain, seed 25"
BANDS = {"none": (0, 0), "1": (1, 1), "2": (2, 2), "3 to 5": (3, 5), "6 to 10": (6, 10), "more": (11, 10**9)}


def draw_silences(receipts: pd.DataFrame, customers: Sequence[int], as_of: str) -> Axes:
    """Draw the purchase days of a few customers, and the silence of each up to a day.

    Parameters
    ----------
    receipts : DataFrame
        customer_id, time.
    customers : sequence of int
        Their ids.
    as_of : str
        The day.
    """
    day = pd.Timestamp(as_of)
    ax = plt.subplots(figsize=(9, 3.0))[1]
    for place, customer in enumerate(customers):
        bought = receipts[(receipts["customer_id"] == customer) & (receipts["time"] < day)]
        days = bought["time"].dt.normalize().drop_duplicates()
        ax.barh(place, day - days.max(), 0.42, days.max(), color=CONTROL, alpha=0.5, label="" if place else "silence")
        ax.plot(days, [place] * len(days), "|", color=INK, markersize=22, markeredgewidth=2)
    ax.axvline(day, color=HIGHLIGHT, linewidth=2)
    ax.annotate("today", (day, -0.62), (-6, 0), textcoords="offset points", ha="right", color=HIGHLIGHT, weight="bold")
    ax.set_yticks(range(len(customers)), [f"customer {customer}" for customer in customers])
    ax.set_ylim(len(customers) - 0.5, -0.8)
    ax.set_xlabel("1997")
    ax.xaxis.set_major_formatter(DateFormatter("%b"))
    grid_along_x(ax)
    headline(ax, "The same silence. Who is still a customer?", "strokes: purchase days; yellow: silence", "CDNOW")
    return ax


def band_customers(x: pd.Series) -> pd.Series:
    """Put customers into bands of their number of repeat purchases, in order."""
    bands = pd.Series(pd.NA, index=x.index, dtype="str")
    for name, (low, high) in BANDS.items():
        bands = bands.mask(x.between(low, high), name)
    return bands.astype(pd.CategoricalDtype(list(BANDS), ordered=True))


def draw_alive(x: pd.Series, alive: pd.Series, said: Mapping[str, pd.Series], title: str) -> Axes:
    """Draw, by the number of repeat purchases, what models say about being alive, and the truth.

    Parameters
    ----------
    x : Series
        Repeat purchases of each customer.
    alive : Series of bool
        Whether he is truly still a customer.
    said : mapping of str to Series
        Name of a model -> its P(alive), of the same customers.
    title : str
    """
    bands = band_customers(x)
    count = alive.groupby(bands, observed=True).size()
    ax = plt.subplots(figsize=(9, 4.2))[1]
    places = np.arange(len(count))
    width = 0.7 / len(said)
    for number, ((name, p), colour) in enumerate(zip(said.items(), (CONTROL, TREATED), strict=False)):
        heights = p.groupby(bands, observed=True).mean()
        shift = (number - (len(said) - 1) / 2) * width
        ax.bar(places + shift, heights, width * 0.94, color=colour, label=name)
        for place, height in zip(places + shift, heights, strict=True):  # at the foot, where no diamond stands
            ink = "white" if colour == TREATED else INK
            ax.annotate(f"{height:.0%}", (place, 0.03), ha="center", color=ink, fontsize=9)
    truth = alive.groupby(bands, observed=True).mean()
    low, high = interval_of_share(alive.groupby(bands, observed=True).sum().to_numpy(), count.to_numpy())
    ax.vlines(places, low, high, color=INK, linewidth=1.5)
    mark_truth(ax, places, truth, label="truth: still a customer")
    once = (places[0], truth.iloc[0])  # those of whom the title speaks
    ax.annotate(f"{once[1]:.0%}", once, (9, 7), textcoords="offset points", color=INK, fontsize=9, weight="bold")
    ax.set_xticks(places, [f"{name}\n({n:,})" for name, n in count.items()])
    ax.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    ax.set_ylim(0, 1.32)
    ax.set_xlabel("repeat purchases so far (customers)")
    ax.legend(loc="upper left", ncols=len(said) + 1)
    headline(ax, title, "mean probability alive that the model gives, beside the truth", SIMULATED)
    return ax


def draw_tenths(value: pd.Series, truth: pd.Series, weeks: float) -> Axes:
    """Draw the predicted value of each tenth of the customers, and the truth.

    Parameters
    ----------
    value, truth : Series
        Predicted and true value of each customer, in euros.
    weeks : float
        The horizon, for the subtitle.
    """
    tenth = (value.rank(method="first") * 10 / len(value)).apply(np.ceil).astype(int)
    found = value.groupby(tenth).mean()
    real = truth.groupby(tenth).mean()
    ax = plt.subplots(figsize=(9, 4.2))[1]
    ax.bar(found.index, found, 0.72, color=TREATED, label="predicted")
    mark_truth(ax, real.index, real, label="truth")
    ax.set_xticks(found.index, [f"{place}\n{say_euros(one, 0)}" for place, one in found.items()])
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.set_xlabel("tenth of the customers by predicted value (10 = most valuable), and what is predicted for it")
    ax.legend(loc="upper left")
    share = found.iloc[-2:].sum() / found.sum()
    title = f"Two of ten customers hold {share:.0%} of what is predicted"
    headline(ax, title, f"mean margin of the next {weeks:g} weeks, discounted, € a customer", SIMULATED)
    return ax


def draw_letters(value: pd.Series, cost: float) -> Axes:
    """Draw how many customers are worth less, and more, than what their letters cost.

    Parameters
    ----------
    value : Series
        Predicted value of each customer, in euros.
    cost : float
        Of a customer's letters in the same time, in euros.
    """
    edges = [0, cost, 10, 25, 50, 100, 200, np.inf]
    names = [f"under {say_euros(cost, 0)}"]
    names += [f"{say_euros(a, 0)} to {b:.0f}" for a, b in zip(edges[1:-2], edges[2:-1], strict=True)]
    names.append(f"over {say_euros(edges[-2], 0)}")
    group = pd.cut(value, edges, labels=names, right=False)
    count = group.value_counts().reindex(names)
    ax = plt.subplots(figsize=(9, 3.8))[1]
    colours = [HIGHLIGHT] + [GREY] * (len(names) - 2) + [TREATED]
    bars = ax.barh(range(len(names)), count, color=colours)
    money = value.groupby(group, observed=False).sum() / value.sum()
    shares = ["under 1 %" if 0 < share < 0.01 else f"{share:.0%}" for share in money[names]]
    labels = [f"{n:,} customers, {share} of the value" for n, share in zip(count, shares, strict=True)]
    ax.bar_label(bars, labels, padding=5, color=INK)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xticks([])
    ax.set_xlim(0, count.max() * 1.65)
    ax.grid(visible=False)
    ax.set_ylabel("expected value")
    title = f"{count.iloc[0]:,} customers are worth less than their letters"
    headline(ax, title, "customers by the expected margin of the next year", SIMULATED)
    return ax


def draw_holdout(compared: pd.DataFrame, title: str, source: str) -> Axes:
    """Draw actual purchases in the holdout with their interval, and what was expected.

    Parameters
    ----------
    compared : DataFrame
        As `compare_holdout` returns it.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    places = np.arange(len(compared))
    error = np.abs(compared[["low", "high"]].to_numpy().T - compared["actual"].to_numpy())
    ax.errorbar(places, compared["actual"], error, fmt="o", color=INK, linewidth=2.5, markersize=8, label="actual")
    is_off = ~compared["expected"].between(compared["low"], compared["high"])
    for rows, colour, label in ((~is_off, CONTROL, "expected"), (is_off, HIGHLIGHT, "expected, outside the interval")):
        if rows.any():
            ax.plot(places[rows], compared["expected"][rows], "D", color=colour, markersize=8, label=label)
    labels = [f"{x}\n({n:,})" for x, n in zip(compared["x"], compared["customers"], strict=True)]
    ax.set_xticks(places, labels)
    ax.set(xlabel="repeat purchases before the holdout (customers)", ylabel="mean purchases in the holdout")
    ax.set_ylim(0)
    ax.legend(loc="upper left")
    headline(ax, title, "mean purchases, with 95 % interval", source)
    return ax


def draw_projections(groups: Mapping[str, Sequence[float]], known: int, source: str) -> np.ndarray:
    """Draw how a retention curve that has seen the first periods only goes on, and what was seen later.

    Parameters
    ----------
    groups : mapping of str to sequence of float
        Name of a group -> its survivors at the start and after 1, 2, ... periods; of two groups.
    known : int
        Periods that the curve is fitted to.
    source : str
    """
    axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True)[1]
    for ax, (name, survivors) in zip(axes, groups.items(), strict=True):
        periods = len(survivors) - 1
        rows = fit_retention(survivors[: known + 1]).project(periods)
        share = np.array(survivors) / survivors[0]
        ax.fill_between(rows["period"], rows["low"], rows["high"], color=TREATED, alpha=0.2, linewidth=0)
        for part, style, label in ((slice(0, known + 1), "-", "fitted"), (slice(known, None), "--", "extrapolated")):
            ax.plot(rows["period"][part], rows["survival"][part], style, color=TREATED, linewidth=2.5, label=label)
        ax.plot(range(known + 1), share[: known + 1], "o", color=INK, markersize=7, label="seen by the model")
        ax.plot(
            range(known + 1, periods + 1), share[known + 1 :], "o", color=INK, markerfacecolor="white", markersize=7,
            label="came later",
        )  # fmt: skip
        ax.axvline(known, color=HIGHLIGHT, linewidth=1.5)
        ax.set_ylim(0, 1.02)
        ax.set_xlabel(f"years since the start: {name}")
    axes[0].set_ylabel("share still there")
    axes[0].legend(loc="upper right")
    headline(axes[0], "Right in one group, too low in the other", "fitted to three years, 95 % interval", source)
    return axes
