"""The pictures of lesson 12: two households, recency, who came back, what is known, and the clock of each category."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline
from loyalty.tasks import pictures

REAL = "Complete Journey"
MUCH = 100  # days of silence that stand together at the end of the picture


def draw_two_households(receipts: pd.DataFrame, as_of: pd.Timestamp, households: Sequence[int]) -> Axes:
    """Draw the purchase days of a few households before a date.

    Parameters
    ----------
    receipts : DataFrame
        Lines before the date: customer_id, time.
    as_of : Timestamp
    households : sequence of int
        Their ids.
    """
    ax = plt.subplots(figsize=(9, 2.9))[1]
    for place, household in enumerate(households):
        days = receipts.loc[receipts["customer_id"] == household, "time"].dt.normalize().drop_duplicates()
        ax.barh(place, as_of - days.max(), 0.42, days.max(), color=HIGHLIGHT, alpha=0.35)
        ax.plot(days, [place] * len(days), "|", color=INK, markersize=24, markeredgewidth=1.6)
    ax.axvline(as_of, color=HIGHLIGHT, linewidth=2)
    said: dict[str, Any] = {
        "textcoords": "offset points",
        "ha": "right",
        "va": "center",
        "color": HIGHLIGHT,
        "weight": "bold",
    }
    ax.annotate(f"{as_of.day} {as_of:%B}", (as_of, -0.5), (-6, 0), **said)
    ax.set_yticks(range(len(households)), [f"household {household}" for household in households])
    ax.set(ylim=(len(households) - 0.45, -0.75), xlim=(pd.Timestamp(as_of.year, 1, 1), as_of + pd.Timedelta(days=3)))
    ax.xaxis.set_major_formatter(DateFormatter("%b"))
    ax.set_xlabel(f"{as_of.year}")
    grid_along_x(ax, lines=False)
    headline(
        ax, "Both bought last two weeks ago", "each stroke is a purchase day; the silence since then in colour", REAL
    )
    return ax


def draw_recency(recency_days: pd.Series) -> Axes:
    """Draw how many households bought last how many days ago, with the median and the mean.

    Parameters
    ----------
    recency_days : Series
        NaN for those who never bought.
    """
    ax = plt.subplots(figsize=(9, 3.8))[1]
    heights = ax.hist(recency_days.clip(upper=MUCH), bins=range(1, MUCH + 3, 3), color=TREATED, alpha=0.85)[0]
    marks = (
        (recency_days.median(), "median", HIGHLIGHT, 0.85),
        (recency_days.mean(), "mean", INK, 0.55),
    )
    for value, name, colour, share in marks:
        height = share * float(np.max(heights))
        ax.vlines(value, 0, height * 1.05, color=colour, linewidth=2)
        style: dict[str, Any] = {"textcoords": "offset points", "color": colour, "weight": "bold"}
        ax.annotate(f"{name} {value:.0f} days", (value, height), (6, 0), **style)
    ax.set(xlabel=f"days since the last purchase ({MUCH} = {MUCH} or more)", ylabel="households")
    headline(ax, "Half of the households bought within the last week", "households by recency", REAL)
    return ax


def draw_back(shares: pd.DataFrame, title: str, subtitle: str, source: str = REAL) -> Axes:
    """Draw for each group the share that came, with its interval, and the truth where it is known.

    Parameters
    ----------
    shares : DataFrame
        As `count_back` returns it, and `alive` (a fraction) where it is known.
    title, subtitle, source : str
    """
    ax = pictures.draw_back(shares, [str(name) for name in shares.index], height=3.2)
    headline(ax, title, subtitle, source)
    return ax


def draw_fill_rates(filled: pd.Series, from_receipts: Sequence[str]) -> Axes:
    """Draw for each field the share of customers for whom it holds something.

    Parameters
    ----------
    filled : Series
        Fraction by field, in the order in which they are drawn, from below.
    from_receipts : sequence of str
        The fields that receipts fill; the others were told by customers.
    """
    ax = plt.subplots(figsize=(9, 5.2))[1]
    colours = [TREATED if name in from_receipts else GREY for name in filled.index]
    ax.barh(filled.index, filled * 100, color=colours, height=0.65)
    for place, share in enumerate(filled):
        text = f"{share:.1%}" if 0.995 <= share < 1 else f"{share:.0%}"
        ax.annotate(text, (share * 100, place), (4, 0), textcoords="offset points", va="center", fontsize=10)
    told = len(filled) - len(from_receipts)
    style: dict[str, Any] = {"weight": "bold", "va": "center", "ha": "center"}
    ax.annotate("from receipts", (55, told + len(from_receipts) // 2), color="white", **style)
    ax.annotate("told by the customer", (60, told // 2), color="#5F6368", **style)
    ax.set(xlim=(0, 112), xticks=[])
    ax.grid(visible=False)
    ax.spines["bottom"].set_visible(False)
    headline(ax, "Receipts fill the profile; customers told us little", "share of households with a value, %", REAL)
    return ax


def measure_cycles(receipts: pd.DataFrame, categories: Sequence[str]) -> pd.DataFrame:
    """Measure the days between two purchase days of a category by one household: count and quartiles of all gaps.

    Only gaps that closed are seen: in a short window the long ones are missing.

    Parameters
    ----------
    receipts : DataFrame
        Lines: customer_id, time, category.
    categories : sequence of str

    Returns
    -------
    DataFrame
        One row a category, by its median: count, 25%, 50%, 75% (days).
    """
    owner = ["category", "customer_id"]
    lines = receipts[receipts["category"].isin(categories)]
    days = (
        lines.assign(day=lines["time"].dt.normalize())[[*owner, "day"]].drop_duplicates().sort_values([*owner, "day"])
    )
    gaps = days.groupby(owner)["day"].diff().dt.days.groupby(days["category"])
    table = gaps.describe(percentiles=[0.25, 0.5, 0.75])
    return table[["count", "25%", "50%", "75%"]].astype({"count": int}).sort_values("50%")


def draw_cycles(cycles: pd.DataFrame) -> Axes:
    """Draw the median gap of each category as a point, the middle half of the gaps as a line.

    Parameters
    ----------
    cycles : DataFrame
        As `measure_cycles` returns it.
    """
    ax = plt.subplots(figsize=(9, 4.4))[1]
    places = range(len(cycles))
    ax.hlines(places, cycles["25%"], cycles["75%"], color=GREY, linewidth=5)
    ax.plot(cycles["50%"], places, "o", color=TREATED, markersize=9)
    for place, days in enumerate(cycles["50%"]):
        style: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": 10}
        style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}  # the line must not cross a label
        ax.annotate(f"{days:.0f}", (days, place), (0, 9), **style)
    ax.axvline(30, color=HIGHLIGHT, linewidth=1.5, linestyle=":", zorder=1)
    ax.annotate("30 days", (30, -0.6), (5, 0), textcoords="offset points", color=HIGHLIGHT, va="center")
    ax.set_yticks(places, [str(name).capitalize() for name in cycles.index])
    ax.set(xlabel="days between two purchases", xlim=(0, None), ylim=(len(cycles) - 0.4, -0.9))
    grid_along_x(ax)
    title = "Thirty days of silence are late for milk, early for deodorant"
    headline(ax, title, "days between two purchases by one household: median, and the middle half", REAL)
    return ax
