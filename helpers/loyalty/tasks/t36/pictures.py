"""The pictures of lesson 36: what a report claims with its interval, and at last the truth as a hollow diamond."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import BELOW, GREY, HIGHLIGHT, INK, TREATED, draw_intervals, headline, mark_truth
from loyalty.stats.estimate import Estimate
from loyalty.tasks.t36.cases import NAMES, Case
from loyalty.text import say_money

SOURCE = "loyalty.world, seeds 36 and 39"
MANY = 6  # rows; a picture of more has no numbers in it


def _tabulate(found: Mapping[str, Estimate]) -> pd.DataFrame:
    numbers = {name: (one.effect, one.low, one.high) for name, one in found.items()}
    return pd.DataFrame(numbers, index=["effect", "low", "high"]).T


def _leave_out_numbers(ax: Axes) -> None:
    """In a picture of many rows the lines are looked at, not the numbers."""
    for text in list(ax.texts):
        text.remove()


def draw_report(case: Case, title: str, found: Mapping[str, Estimate], truth: float | None = None) -> Axes:
    """Draw what a report claims, with its interval, and below it the truth.

    Parameters
    ----------
    case : Case
        The report: it says of what its numbers speak.
    title : str
        The message.
    found : mapping of str to Estimate
        Label of the row -> number, from the top. A row that is called "the report" is drawn in the colour of doubt
        where the report is broken.
    truth : float, optional
        In the unit of the report; its row is always the last.

    Returns
    -------
    Axes
    """
    money = case.claim.outcome in ("sales", "margin")
    unit, decimals = ("€", 2) if money else ("", 3)
    table = _tabulate(found)
    doubt = HIGHLIGHT if case.defect else TREATED
    table["colour"] = [doubt if name == "the report" else GREY for name in table.index]
    rows = len(table) + (truth is not None)
    ax = plt.subplots(figsize=(9, 1.5 + 0.55 * rows))[1]
    draw_intervals(table, ax=ax, unit=unit, decimals=decimals)
    labels = list(table.index)
    if truth is not None:
        mark_truth(ax, truth, len(table))
        ax.annotate(
            say_money(truth, unit, decimals),
            (truth, len(table)),
            (12, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )
        labels.append("the truth")
    ax.set_yticks(range(rows), labels)
    ax.set_ylim(rows - 0.5, -0.75)
    ax.set_xlabel(f"{'€' if money else case.claim.outcome} a customer")
    headline(ax, title, f"{NAMES[case.claim.outcome]}, treated less control, 95 % interval")
    return ax


def draw_claims(claims: pd.DataFrame, title: str, *, show_truth: bool = False) -> Axes:
    """Draw the claims of several reports in percent of control, grey while they are not judged.

    Parameters
    ----------
    claims : DataFrame
        As `list_claims` returns it.
    title : str
        The message.
    show_truth : bool
        Add the truth below each interval, and colour what is sound and what is broken.

    Returns
    -------
    Axes
    """
    table = claims[["effect", "low", "high"]].copy()
    table["colour"] = GREY
    if show_truth:
        table["colour"] = np.where(claims["sound"], TREATED, HIGHLIGHT)
    many = len(table) > MANY
    height = 0.42 if many else 0.62 if show_truth else 0.5
    ax = plt.subplots(figsize=(9, 1.6 + height * len(table)))[1]
    draw_intervals(table, ax=ax, decimals=1)
    if many:
        _leave_out_numbers(ax)
    subtitle = "effect claimed, with its 95 % interval"
    if show_truth:
        mark_truth(ax, claims["truth"], np.arange(len(claims)) + BELOW)
        subtitle = "effect claimed, 95 % interval (blue: sound, orange: broken); diamond: the truth"
    ax.set_ylim(len(table) - 0.4, -0.8)
    ax.set_xlabel("% of what a customer of the control group does")
    headline(ax, title, subtitle, SOURCE)
    return ax


def draw_lotteries(counts: np.ndarray, found: int, title: str) -> Axes:
    """Draw how many customers fair lotteries give to control, and how many are on the list.

    Parameters
    ----------
    counts : ndarray
        Size of control in each fair lottery.
    found : int
        Size of control on the list.
    title : str
        The message.

    Returns
    -------
    Axes
    """
    ax = plt.subplots(figsize=(9, 3.4))[1]
    ax.hist(counts, bins=30, color=GREY)
    ax.axvline(found, color=HIGHLIGHT, linewidth=3)
    top = ax.get_ylim()[1]
    words: dict[str, Any] = {"textcoords": "offset points", "fontsize": 10.5, "va": "center"}
    ax.annotate(f"on the list: {found:,}", (found, 0.8 * top), (-8, 0), ha="right", color=HIGHLIGHT, **words)
    ax.annotate(
        "fair lotteries", (float(np.quantile(counts, 0.93)), 0.45 * top), (8, 0), ha="left", color="#5F6368", **words
    )
    ax.set(xlabel="customers in control", ylabel="lotteries")
    headline(ax, title, f"{len(counts):,} lotteries that leave out every fifth customer", SOURCE)
    return ax


def draw_segments(segments: pd.DataFrame, title: str) -> Axes:
    """Draw the effect in each segment, the best one first and in the colour of doubt.

    Parameters
    ----------
    segments : DataFrame
        Columns `effect`, `low`, `high`, the best segment first; in euros a customer.
    title : str
        The message.

    Returns
    -------
    Axes
    """
    colours = [HIGHLIGHT] + [GREY] * (len(segments) - 1)
    ax = plt.subplots(figsize=(9, 1.5 + 0.32 * len(segments)))[1]
    draw_intervals(segments.assign(colour=colours), ax=ax, unit="€")
    _leave_out_numbers(ax)
    ax.set_xlabel("€ a customer")
    headline(ax, title, "sales per customer, treated less control, 95 % interval", SOURCE)
    return ax


def draw_alarms(alarms: pd.Series, title: str) -> Axes:
    """Draw how many useless campaigns look significant at one of the looks so far.

    Parameters
    ----------
    alarms : Series
        Number of looks -> part of the campaigns, a fraction.
    title : str
        The message.

    Returns
    -------
    Axes
    """
    ax = plt.subplots(figsize=(9, 3.2))[1]
    bars = ax.bar(alarms.index.astype(str), 100 * alarms.to_numpy(), color=GREY, width=0.6)
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # the dashed line must not cross a label
    ax.bar_label(bars, fmt="%.0f %%", padding=3, fontsize=10, bbox=ground, zorder=3)
    ax.axhline(5, color=HIGHLIGHT, linewidth=1.5, linestyle="--")
    end = ("axes fraction", "data")  # where the dashed line stops
    words: dict[str, Any] = {"va": "center", "fontsize": 10, "color": HIGHLIGHT}
    ax.annotate("promised: 5 %", (1, 5), (6, 0), xycoords=end, textcoords="offset points", **words)
    ax.set(xlabel="looks", ylabel="% of campaigns")
    ax.margins(y=0.15)
    headline(ax, title, "useless campaigns that are “significant” at a look, up or down", "10,000 simulated teams")
    return ax
