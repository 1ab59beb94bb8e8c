"""Pictures that several lessons share: estimates beside the truth, means of groups, and who came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import (
    BELOW,
    HIGHLIGHT,
    INK,
    TREATED,
    draw_intervals,
    grid_along_x,
    headline,
    mark_truth,
    mark_truths,
    put_legend_above,
)
from loyalty.stats.intervals import interval_of_share
from loyalty.tasks.checking.triples import HasInterval
from loyalty.text import say_euros

SURE = 1.96


def draw_beside_truth(
    found: Mapping[str, HasInterval],
    truths: Sequence[float],
    title: str,
    subtitle: str,
    *,
    wrong: int = 0,
    unit: str = "€",
    xlabel: str = "€ per customer",
    source: str = "",
) -> Axes:
    """Draw estimates with their intervals; the truth is a hollow diamond, always in the middle of its row.

    Parameters
    ----------
    found : mapping of str to estimate
        Label -> effect with its interval (`effect`, `low`, `high`), the first on top.
    truths : sequence of float
        In the same order and unit.
    title, subtitle : str
        The finding; what is plotted.
    wrong : int
        How many rows, from the top, are comparisons that do not hold; they have the warning colour.
    unit, xlabel, source : str
        The sign before each value; the axis; where the data come from.
    """
    rows = [{"effect": one.effect, "low": one.low, "high": one.high} for one in found.values()]
    table = pd.DataFrame(rows, index=list(found))
    table["colour"] = [HIGHLIGHT] * wrong + [TREATED] * (len(rows) - wrong)
    ax = draw_intervals(table, unit=unit)
    mark_truths(ax, truths)
    ax.set_xlabel(xlabel)
    headline(ax, title, subtitle, source)
    return ax


def draw_means(groups: Mapping[str, np.ndarray | pd.Series], colours: Sequence[str], xlabel: str) -> Axes:
    """Draw the mean of each group as a bar, the first on top, with its 95 % interval and its amount in euros.

    Parameters
    ----------
    groups : mapping of str to array
        Name -> euros of each customer.
    colours : sequence of str
        In the same order.
    xlabel : str
        Per whom and for which time.

    Examples
    --------
    >>> ax = draw_means({"sent": np.array([2, 4]), "control": np.array([1, 2])}, [TREATED, HIGHLIGHT], "€")
    >>> [text.get_text() for text in ax.texts]
    ['€3.00', '€1.50']
    """
    ax = plt.subplots(figsize=(9, 3.2))[1]
    for place, (values, colour) in enumerate(zip(groups.values(), colours, strict=True)):
        mean = float(np.mean(values))
        ax.barh(place, mean, color=colour, height=0.55)
        end = draw_half(ax, values, place)
        ax.annotate(say_euros(mean), (end, place), (8, 0), textcoords="offset points", va="center")
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set(ylim=(len(groups) - 0.4, -0.6), xlabel=xlabel)
    ax.margins(x=0.14)
    grid_along_x(ax)
    return ax


def draw_half(ax: Axes, values: np.ndarray | pd.Series, place: float) -> float:
    """Draw the 95 % interval of a mean along its bar, and return the upper end.

    Parameters
    ----------
    ax : Axes
    values : array
        One a customer.
    place : float
        Where the bar lies.

    Examples
    --------
    >>> round(draw_half(plt.figure().add_subplot(), np.array([1, 3]), 0), 2)
    3.96
    """
    mean = float(np.mean(values))
    half = SURE * float(stats.sem(values))
    ax.hlines(place, mean - half, mean + half, color=INK, linewidth=2)
    return mean + half


def count_back(came: pd.Series, group: pd.Series, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Count for each group the customers and the share that came, with its 95 % interval (Wilson).

    Parameters
    ----------
    came : Series of bool
        Whether this customer came.
    group : Series
        The customer's group, with the same index; groups of an ordered category keep their order.
    names : sequence of str, optional
        The groups that are wanted, in their order; by default all.

    Returns
    -------
    DataFrame
        Index: the group. Columns: customers, came, low, high (fractions).

    Examples
    --------
    >>> count_back(pd.Series([True, False, True]), pd.Series(["new", "old", "old"]))["came"].to_dict()
    {'new': 1.0, 'old': 0.5}
    """
    of_group = came.groupby(group, observed=True)
    table = pd.DataFrame({"customers": of_group.size(), "came": of_group.mean()})
    table["low"], table["high"] = interval_of_share(of_group.sum(), of_group.size())
    return table if names is None else table.loc[list(names)]


def draw_back(
    shares: pd.DataFrame, names: Sequence[str], *, height: float, colours: str | Sequence[str] = TREATED
) -> Axes:
    """Draw the share of each row that came, with its interval, and the truth where it is known.

    Parameters
    ----------
    shares : DataFrame
        As `count_back` returns it, and `alive` (a fraction) where it is known.
    names : sequence of str
        Of the rows, the first on top.
    height : float
        Inches.
    colours : str or sequence of str
        One for all rows, or one a row.

    Examples
    --------
    >>> shares = count_back(pd.Series([True, False, True]), pd.Series(["new", "old", "old"]))
    >>> [text.get_text() for text in draw_back(shares, ["new", "old"], height=3).texts]
    ['100  (21 to 100)', '50  (9 to 91)']
    """
    ax = plt.subplots(figsize=(9, height))[1]
    places = np.arange(len(shares))
    percent = shares[["came", "low", "high"]].to_numpy() * 100
    ax.hlines(places, percent[:, 1], percent[:, 2], color=colours, linewidth=3)
    ax.scatter(percent[:, 0], places, s=81, color=colours, zorder=3)
    for place, (came, low, high) in enumerate(percent):
        words = f"{came:.0f}  ({low:.0f} to {high:.0f})"
        ax.annotate(words, (came, place), (0, 9), textcoords="offset points", ha="center", fontsize=10, color=INK)
    if "alive" in shares:
        mark_truth(ax, shares["alive"] * 100, places + BELOW, label="truth: still a customer")
        put_legend_above(ax)
    ax.set_yticks(places, [f"{name} ({n:,})" for name, n in zip(names, shares["customers"], strict=True)])
    ax.set(ylim=(len(shares) - 0.5, -0.75), xlim=(0, 101), xlabel="of 100 customers (in brackets: how many there are)")
    grid_along_x(ax)
    return ax
