"""The pictures of lesson 22: ties, the grid of scores, rhythms, who came back, and to whom the letters go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline, put_legend_above
from loyalty.segment.rules.rfm import cut_values, score_values
from loyalty.tasks import pictures

REAL = "Complete Journey"
STAGES = ("active", "cooling", "gone quiet")
STAGE_COLOURS = {"active": TREATED, "cooling": CONTROL, "gone quiet": GREY}
SHOWN_BEFORE = 92  # days of the past, and of the future, on the picture of two rhythms
SHOWN_AFTER = 122


def draw_ties(frequency: pd.Series, score: pd.Series) -> Axes:
    """Draw, for each number of receipts that has two scores, how many customers have the lower and the higher one.

    Parameters
    ----------
    frequency : Series
        Receipts of each customer.
    score : Series
        Score of the same customers, with the same index.
    """
    counts = pd.crosstab(frequency, score.astype(int))
    split = counts[(counts > 0).sum(axis=1) == 2]
    lower = split.apply(lambda row: row[row > 0].iloc[0], axis=1)
    higher = split.apply(lambda row: row[row > 0].iloc[1], axis=1)
    names = split.apply(lambda row: tuple(row.index[row > 0]), axis=1)
    ax = plt.subplots(figsize=(9, 3.6))[1]
    places = np.arange(len(split))
    for shift, values, colour, which in ((-0.2, lower, GREY, 0), (0.2, higher, TREATED, 1)):
        bars = ax.bar(places + shift, values, width=0.38, color=colour)
        labels = [f"{n} get\na {pair[which]}" for pair, n in zip(names, values, strict=True)]
        ax.bar_label(bars, labels, padding=3, color=INK)
    ax.set_xticks(places, [f"{receipts} receipts" for receipts in split.index])
    ax.set_yticks([])
    ax.set_ylabel("customers")
    ax.margins(y=0.2)
    ax.grid(visible=False)
    title = "The same number of receipts, two scores"
    headline(ax, title, "customers at the four edges between scores, by the score that they got", REAL)
    return ax


def draw_grid(scores: pd.DataFrame, money: pd.Series) -> Axes:
    """Draw which share of all money lies in each cell of recency and frequency score.

    Parameters
    ----------
    scores : DataFrame
        Columns r and f, 0 for those who never bought.
    money : Series
        Money of the same customers, with the same index.
    """
    scored = scores.assign(share=money / money.sum() * 100)
    grid = scored[scored["r"] > 0].pivot_table("share", "f", "r", aggfunc="sum").sort_index(ascending=False)
    ax = plt.subplots(figsize=(9, 4.2))[1]
    style: dict[str, Any] = {"cmap": "Blues", "cbar": False, "linewidths": 1, "annot_kws": {"fontsize": 12}}
    sns.heatmap(grid, annot=True, fmt=".0f", ax=ax, **style)
    ax.tick_params(length=0)
    ax.set_yticklabels(ax.get_yticklabels(), rotation=0)
    ax.set(xlabel="recency score (5 = bought lately)", ylabel="frequency score (5 = comes often)")
    headline(ax, "The money sits in one corner", "share of all sales in each cell, %", REAL)
    return ax


def draw_new(tenure: pd.Series, seen: int) -> Axes:
    """Draw since how many days each of the "new" customers has been buying.

    Parameters
    ----------
    tenure : Series
        Days since the first purchase.
    seen : int
        Days that can be seen at all.
    """
    ax = plt.subplots(figsize=(9, 2.8))[1]
    column = tenure // 7  # dots that would cover each other stand one on another
    stacked = column.groupby(column).cumcount()
    ax.plot(column * 7 + 3.5, stacked, "o", color=TREATED, markersize=10)
    ax.axvspan(0, 30, color=CONTROL, alpha=0.25, linewidth=0)
    top = stacked.max() + 1.6
    ax.annotate("the last 30 days", (33, top - 0.9), color="#8A5A00", weight="bold")
    ax.set(xlim=(0, seen + 4), ylim=(-0.6, top), yticks=[], xlabel="days since the first purchase that we see")
    ax.grid(axis="x", visible=True)
    title = f"{(tenure <= 30).sum()} of {len(tenure)} “new” customers started in the last 30 days"
    headline(ax, title, "each dot is a customer whom the map calls new", REAL)
    return ax


def draw_two_rhythms(receipts: pd.DataFrame, stage: pd.DataFrame, households: Sequence[int]) -> Axes:
    """Draw the purchase days of a few households, and when their silence becomes cooling, then gone quiet.

    Parameters
    ----------
    receipts : DataFrame
        Lines: customer_id, time.
    stage : DataFrame
        As `assign_life_cycle` returns it.
    households : sequence of int
        Their ids.
    """
    ax = plt.subplots(figsize=(9, 3.6))[1]
    limits = stage.set_index("customer_id")
    for place, household in enumerate(households):
        limit = limits.loc[household]
        bought = receipts[(receipts["customer_id"] == household) & (receipts["time"] < limit["as_of"])]
        days = (bought["time"].dt.normalize().drop_duplicates() - limit["as_of"]).dt.days
        last = days.max()
        edges = [last, last + limit["cooling_after"], last + limit["quiet_after"], SHOWN_AFTER]
        for name, start, stop in zip(STAGES, edges, [*edges[1:], SHOWN_AFTER], strict=False):
            label = name if not place else None
            ax.barh(place, stop - start, 0.42, start, color=STAGE_COLOURS[name], alpha=0.5, label=label)
        ax.plot(days, [place] * len(days), "|", color=INK, markersize=20, markeredgewidth=1.6)
    ax.axvline(0, color=HIGHLIGHT, linewidth=2)
    ax.annotate("1 October", (0, -0.5), (6, 0), textcoords="offset points", color=HIGHLIGHT, weight="bold", va="center")
    ax.set_yticks(range(len(households)), [f"household {household}" for household in households])
    ax.set(xlim=(-SHOWN_BEFORE, SHOWN_AFTER), ylim=(len(households) - 0.35, -0.75))
    ax.set_xlabel("days before and after 1 October")
    grid_along_x(ax, lines=False)
    put_legend_above(ax, columns=3)
    headline(ax, "The same silence, two rhythms", "strokes: purchase days", REAL)
    return ax


def draw_back(shares: pd.DataFrame, title: str, source: str) -> Axes:
    """Draw rule by rule and stage by stage which share came, with its interval, and the truth where it is known.

    Parameters
    ----------
    shares : DataFrame
        As `count_back` returns it for each rule, with the index rule and stage; and `alive` (a fraction) where it is
        known.
    title : str
    source : str
    """
    colours = {**STAGE_COLOURS, "gone quiet": "#5F6368"}
    names = [f"{rule}: {stage}" for rule, stage in shares.index]
    ax = pictures.draw_back(shares, names, colours=[colours[stage] for _, stage in shares.index], height=5.0)
    ax.axhline(len(STAGES) - 0.5, color=GREY, linewidth=1)
    headline(ax, title, "came within four weeks, with 95 % interval", source)
    return ax


def draw_letters(letters: pd.DataFrame, people: pd.DataFrame) -> Axes:
    """Draw who of those slipping away gets a letter, tenth by tenth of the money.

    Parameters
    ----------
    letters : DataFrame
        The customers with a letter: segment, monetary.
    people : DataFrame
        All customers: segment, monetary.
    """
    cuts = cut_values(people.loc[people["monetary"] > 0, "monetary"], 10)
    slipping = people[people["segment"].isin(STAGES[1:])]
    ax = plt.subplots(figsize=(9, 4.2))[1]
    tenths = np.arange(1, 11)
    everybody = np.bincount(score_values(slipping["monetary"], cuts), minlength=11)[1:]
    ax.bar(tenths, everybody, color="#E8EAED", width=0.75, label="no letter")
    below = np.zeros(10)
    for stage, colour in (("gone quiet", "#5F6368"), ("cooling", CONTROL)):
        mine = letters[letters["segment"] == stage]
        count = np.bincount(score_values(mine["monetary"], cuts), minlength=11)[1:]
        ax.bar(tenths, count, bottom=below, color=colour, width=0.75, label=f"letter, {stage}")
        below += count
    ax.set_xticks(tenths)
    ax.set(xlabel="tenth of all customers by money (10 = spent most)", ylabel="customers who are slipping away")
    ax.legend(loc="upper right")
    title = f"The {len(letters)} letters go where the money is"
    headline(ax, title, "customers who are cooling or have gone quiet, by what they spent", REAL)
    return ax
