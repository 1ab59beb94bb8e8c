"""The pictures of lesson 14: a till that was late, spells in segments, and who moved where."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import num2date

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline, put_legend_above

SOURCE = "Complete Journey; the late till is made up"
COLOURS = {"active": TREATED, "cooling": HIGHLIGHT, "quiet": GREY}


def _say_day(place: float, _: float = 0) -> str:
    """Write a place on the axis of days, such as "1 Apr"; the C library's own way differs between systems."""
    day = num2date(place)
    return f"{day.day} {day:%b}"


def draw_late_till(first: pd.DataFrame, second: pd.DataFrame, store: int) -> Axes:
    """Draw the lines of one store by day, in the first file and in the second.

    Parameters
    ----------
    first, second : DataFrame
        Receipt lines of the same month: time, store_id.
    store : int
    """
    days = pd.date_range(second["time"].min().normalize(), second["time"].max().normalize())
    counts = [
        lines.loc[lines["store_id"] == store, "time"].dt.normalize().value_counts().reindex(days, fill_value=0)
        for lines in (first, second)
    ]
    ax = plt.subplots(figsize=(9, 3.2))[1]
    ax.bar(days, counts[1], color=HIGHLIGHT, width=0.8, label="only in the file of 20 April")
    ax.bar(days, counts[0], color=GREY, width=0.8, label="in the file of 1 April")
    ax.xaxis.set_major_formatter(_say_day)
    ax.set(ylabel="lines a day", xlabel="March 2017")
    put_legend_above(ax, columns=2)
    headline(ax, f"The till of store {store} was silent, and nobody saw it", "receipt lines of this store", SOURCE)
    return ax


def draw_spells(spells: pd.DataFrame, households: Sequence[int], until: pd.Timestamp) -> Axes:
    """Draw the spells of a few households in their segments as bars along the calendar.

    Parameters
    ----------
    spells : DataFrame
        Under the contract `segments`; an open spell has no valid_to.
    households : sequence of int
    until : Timestamp
        Where open spells stop in the picture.
    """
    ax = plt.subplots(figsize=(9, 0.9 + 0.45 * len(households)))[1]
    for place, household in enumerate(households):
        for spell in spells[spells["customer_id"] == household].itertuples():
            end = until if pd.isna(spell.valid_to) else spell.valid_to
            ax.barh(place, end - spell.valid_from, 0.55, spell.valid_from, color=COLOURS[spell.segment], ec="white")
    ax.set_yticks(range(len(households)), [f"household {household}" for household in households])
    ax.set_ylim(len(households) - 0.4, -0.8)
    ax.xaxis.set_major_formatter(_say_day)
    ax.set_xlabel("2017")
    grid_along_x(ax)
    for name, colour in COLOURS.items():
        ax.barh(0, pd.Timedelta(0), 0.55, until, color=colour, label=name)  # for the legend alone
    put_legend_above(ax, columns=3)
    headline(ax, "A label with dates: what was true on which day", "spells of households in a segment", SOURCE)
    return ax


def draw_moves(moves: pd.DataFrame, title: str) -> Axes:
    """Draw how many households moved from which segment to which, the most frequent first; to cooling in colour.

    Parameters
    ----------
    moves : DataFrame
        segment_before, segment_after (empty where a household was in none), households.
    title : str
    """
    table = moves.sort_values("households", ascending=False)
    names = table["segment_before"].fillna("not yet there") + " → " + table["segment_after"].fillna("gone")
    ax = plt.subplots(figsize=(9, 1.2 + 0.4 * len(table)))[1]
    colours = [HIGHLIGHT if after == "cooling" else GREY for after in table["segment_after"]]
    drawn = ax.barh(list(names), table["households"], color=colours, height=0.6)
    ax.bar_label(drawn, padding=4, color=INK)
    ax.invert_yaxis()
    ax.set_xticks([])
    ax.set_xlabel("households")
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False)
    ax.tick_params(axis="y", length=0)
    headline(ax, title, "households in another segment than a month before; in colour: now cooling", SOURCE)
    return ax
