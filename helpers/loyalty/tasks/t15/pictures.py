"""The pictures of lesson 15: months of two products, the year of all departments, a shelf that runs out."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, TRUTH, headline, put_legend_above
from loyalty.prepare.demand import Season
from loyalty.tasks.t15.scene import SEED, ShelfSeries

SOURCE = f"simulated chain, seed {SEED}"


def draw_months(months: pd.DataFrame, title: str) -> Axes:
    """Draw the months of a few products, each in a panel of its own, with its mean.

    Parameters
    ----------
    months : DataFrame
        Index month, one column a product.
    title : str
    """
    fig, panels = plt.subplots(1, months.shape[1], figsize=(9, 3.0), sharex=True)
    for ax, name, colour in zip(np.atleast_1d(panels), months, (TREATED, HIGHLIGHT), strict=False):
        values = months[name]
        ax.bar(values.index, values, width=25, color=colour, alpha=0.75)
        ax.axhline(values.mean(), color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        headline(ax, str(name), f"pieces a month; dashed: mean {values.mean():.0f}")
        ax.set_xticks(pd.to_datetime(["2023-01-01", "2024-01-01", "2025-01-01"]), ["2023", "2024", "2025"])
    fig.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=14)
    fig.supxlabel(f"Source: {SOURCE}", x=0.01, ha="left", fontsize=8, color="#80868B")
    return np.atleast_1d(panels)[0]


def draw_true_evenness(table: pd.DataFrame, truth: pd.Series, cut: float, title: str) -> Axes:
    """Draw for the products of a class what was measured, and what is true.

    Parameters
    ----------
    table : DataFrame
        item, cv; the products of the class.
    truth : Series
        True coefficient of variation of each item.
    cut : float
        The border of the class.
    title : str
    """
    rows = table.assign(truth=truth.reindex(table["item"]).to_numpy()).sort_values("cv", ignore_index=True)
    ax = plt.subplots(figsize=(9, 4.2))[1]
    ax.plot(rows.index, rows["cv"], "o", color=TREATED, markersize=4.5, label="measured")
    ax.plot(
        rows.index, rows["truth"], "D", color=TRUTH, markerfacecolor="white", markersize=4.5, linestyle="", label="truth"
    )  # fmt: skip
    ax.axhline(cut, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    ax.annotate(
        "Y above", (1, cut), (6, -3), xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=10,
        color=INK, annotation_clip=False,
    )  # fmt: skip
    ax.set(xlabel="products of class Y, by what was measured", ylabel="coefficient of variation", ylim=(0, None))
    put_legend_above(ax, columns=2)
    headline(ax, title, "each product of class Y: measured, and of its true demand\n\n", SOURCE)
    return ax


def draw_year(seasons: Mapping[str, Season], title: str) -> Axes:
    """Draw the index of each month of all departments as a map of colours, the index written where it is far from 1.

    Parameters
    ----------
    seasons : mapping of department to Season
    title : str
    """
    table = pd.DataFrame({name: season.table["index"] for name, season in seasons.items()}).T
    table = table.loc[table.idxmax(axis=1).map(list(table).index).sort_values(kind="stable").index]
    ax = plt.subplots(figsize=(9, 0.8 + 0.34 * len(table)))[1]
    shades = TwoSlopeNorm(1.0, vmin=0.4, vmax=1.8)
    ax.imshow(table, cmap="PuOr_r", norm=shades, aspect="auto")
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        if abs(value - 1) >= 0.25:
            colour = "white" if abs(value - 1) >= 0.6 else INK
            ax.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=9.5, color=colour)
    ax.set_xticks(range(12), list(table))
    ax.set_yticks(range(len(table)), list(table.index))
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    headline(ax, title, "pieces a day, 1 is the department's mean; written where 0.25 or more away from it", SOURCE)
    return ax


def draw_shelf(series: ShelfSeries, title: str, since: str = "2024-07-01", until: str = "2025-12-31") -> Axes:
    """Draw what was sold in each week, what was wanted, and the weeks that were sold out or promoted.

    Parameters
    ----------
    series : ShelfSeries
    title : str
    since, until : str
        Days between which weeks are drawn.
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    sold = series.sold[since:until]
    truth, out, promoted = (one.reindex(sold.index) for one in (series.truth, series.out, series.promoted))
    ax.plot(sold.index, truth, color=TRUTH, linewidth=1.8, linestyle=(0, (5, 2)), label="wanted (truth)")
    ax.plot(sold.index, sold, color=GREY, linewidth=1.6, label="sold")
    for mask, colour, marker, label in (
        (promoted, CONTROL, "^", "promotion week"),
        (out, HIGHLIGHT, "v", "sold out on some days"),
    ):
        ax.plot(
            sold.index[mask], sold[mask], marker, color=colour, markersize=8, linestyle="", label=label, clip_on=False,
            zorder=5,
        )  # fmt: skip
    ax.set(ylabel="pieces a week", ylim=(0, None))
    put_legend_above(ax, columns=4)
    headline(ax, title, f"{series.sold.name}, week by week\n\n", SOURCE)
    return ax


def draw_errors(errors: pd.Series, title: str, source: str = SOURCE) -> Axes:
    """Draw the mean error of some ways to judge a forecast, the honest one in colour.

    Parameters
    ----------
    errors : Series
        Index the way; the last is the honest one.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 1.5 + 0.55 * len(errors)))[1]
    place = np.arange(len(errors))[::-1]
    ax.barh(place, errors, 0.55, color=[GREY] * (len(errors) - 1) + [TREATED])
    for y, value in zip(place, errors, strict=True):
        ax.text(value, y, f" {value:.0f}", va="center", fontsize=10.5)
    ax.set_yticks(place, list(errors.index))
    ax.set(xlabel="mean absolute error, pieces a week", xlim=(0, 1.15 * errors.max()))
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    headline(ax, title, "the same method on the same series", source)
    return ax
