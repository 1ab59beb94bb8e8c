"""The pictures of lesson 02: page and memory, dates read in two ways, merge, groupby, and a wide table made long."""

from __future__ import annotations

from calendar import month_abbr
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from loyalty.charts import GREY, HIGHLIGHT, INK, TOLD, TREATED, draw_bars, headline

TINTS = ("#CFE3F1", "#FBE3B3", "#CDEBDF", "#E9D5E2", "#F3D2C4")  # one a key
WHITE = "#FFFFFF"
QUIET = "#5F6368"
NARROW = 7.2  # a page with little on it
WIDTH, HEIGHT = 9.0, 0.36  # of a figure and of a row, in inches
CELL = 1.05  # width of a column, in inches
ARROW: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 14, "color": GREY, "linewidth": 1.4}


def _open_page(rows: int, title: str, subtitle: str, wide: float = WIDTH) -> Axes:
    """Open an empty page, counted from the upper left corner, for so many rows and so many inches of cells."""
    height = (rows + 2) * HEIGHT
    figure, ax = plt.subplots(figsize=(min(wide, WIDTH), height + 0.7))
    ax.set(xlim=(0, wide), ylim=(height, 0))
    ax.axis("off")
    headline(ax, title, subtitle)
    figure.set_label(f"{TOLD}{title}")
    ax.set_label(f"{TOLD}{subtitle}")
    return ax


def _write_cell(value: Any) -> str:
    if isinstance(value, float) and np.isnan(value):
        return "NaN"
    return f"{value:,.0f}" if isinstance(value, float) else str(value)


def _draw_table(ax: Axes, table: pd.DataFrame, left: float, name: str, colours: Sequence[str]) -> list[float]:
    """Draw a small table with its name and its columns, one colour a row; return how far down each row stands."""
    ax.text(left, 0.5 * HEIGHT, name, weight="bold", color=INK, va="center")
    centred: dict[str, Any] = {"ha": "center", "va": "center"}
    for column, title in enumerate(table.columns):
        ax.text(left + (column + 0.5) * CELL, 1.5 * HEIGHT, str(title), color=QUIET, fontsize=9.5, **centred)
    middles = []
    for row, (values, colour) in enumerate(zip(table.itertuples(index=False), colours, strict=True)):
        top = (row + 2) * HEIGHT
        for column, value in enumerate(values):
            place = (left + column * CELL, top)
            ax.add_patch(Rectangle(place, CELL, HEIGHT, facecolor=colour, edgecolor="white", linewidth=2))
            written = _write_cell(value)
            colour_of_text, weight = (HIGHLIGHT, "bold") if written == "NaN" else (INK, "normal")
            middle = (left + (column + 0.5) * CELL, top + HEIGHT / 2)
            ax.text(*middle, written, color=colour_of_text, weight=weight, fontsize=10.5, **centred)
        middles.append(top + HEIGHT / 2)
    return middles


def _colour_keys(keys: Sequence[Hashable]) -> dict[Hashable, str]:
    """Give each key a colour, in the order in which they come."""
    return {key: TINTS[place % len(TINTS)] for place, key in enumerate(dict.fromkeys(keys))}


def draw_memory(steps: Sequence[tuple[str, str, float]]) -> Figure:
    """Draw cells in the order in which they were run, and what the memory holds after each.

    Parameters
    ----------
    steps : sequence of (number, code, value)
        The number in the brackets, the cell, what `price` is afterwards.

    Examples
    --------
    >>> figure = draw_memory([("1", "price = 100", 100), ("2", "price = price * 0.9", 90)])
    >>> [text.get_text() for text in figure.axes[0].texts][-1]
    'price is 90'
    """
    title = "The page shows two cells, the memory went three steps"
    ax = _open_page(len(steps) - 1, title, "the order in which cells were run", NARROW)
    for row, (number, code, value) in enumerate(steps):
        middle = (row + 0.6) * HEIGHT * 1.3
        box = {"boxstyle": "round,pad=0.35", "facecolor": "#F1F3F4", "edgecolor": "none"}
        ax.text(0.1, middle, f"[{number}]", color=QUIET, va="center", family="DejaVu Sans Mono")
        ax.text(0.75, middle, code, va="center", family="DejaVu Sans Mono", bbox=box)
        ax.add_patch(FancyArrowPatch((4.2, middle), (5.2, middle), **ARROW))
        colour = TREATED if row < 2 else HIGHLIGHT
        ax.text(5.4, middle, f"price is {value:,.0f}", va="center", color=colour, weight="bold")
    return _figure_of(ax)


def draw_months(readings: Mapping[str, pd.Series], title: str) -> Figure:
    """Draw how many receipts fall into each month, one chart for each way of reading the dates.

    Receipts that stand in another month than in the last reading have the warning colour.

    Parameters
    ----------
    readings : mapping of str to Series of datetime
        What the reading is called -> the dates; the last one is right.
    title : str

    Examples
    --------
    >>> guessed, told = (pd.Series(pd.to_datetime([day])) for day in ("2024-03-04", "2024-04-03"))
    >>> draw_months({"guessed": guessed, "told": told}, "A guess").axes[0].texts[-1].get_text()
    'receipts by month; red: 1 in a wrong month'
    """
    figure, axes = plt.subplots(1, len(readings), figsize=(WIDTH, 3.7), sharey=True)
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    right = list(readings.values())[-1].dt.month.to_numpy()
    months = pd.Index(range(1, 13))
    most = max(int(dates.dt.month.value_counts().max()) for dates in readings.values())
    for ax, (name, dates) in zip(np.atleast_1d(axes), readings.items(), strict=True):
        is_right = dates.dt.month.to_numpy() == right
        kept, moved = (
            dates[mine].dt.month.value_counts().reindex(months, fill_value=0) for mine in (is_right, ~is_right)
        )
        ax.bar(range(12), kept, color=TREATED, width=0.75)
        top = ax.bar(range(12), moved, bottom=kept, color=HIGHLIGHT, width=0.75)
        ax.bar_label(top, [f"{count}" if count else "" for count in kept + moved], padding=2, fontsize=9)
        ax.set_xticks(range(12), [month_abbr[month] for month in months], fontsize=8)
        ax.set(yticks=[], ylim=(0, most * 1.15))
        ax.spines["left"].set_visible(False)
        wrong = f"; red: {moved.sum()} in a wrong month" if moved.sum() else ""
        headline(ax, name, f"receipts by month{wrong}")
    figure.set_label(f"{TOLD}{title}")
    return figure


def draw_merge(
    left: pd.DataFrame, right: pd.DataFrame, on: str, names: tuple[str, str], title: str, how: str = "left"
) -> Figure:
    """Draw what a merge does: each row of the left table looks for its partners in the right one.

    Parameters
    ----------
    left, right : DataFrame
        Small tables, at most three columns each.
    on : str
        The column that both have.
    names : (str, str)
        Of the two tables.
    title : str
        The finding.
    how : str
        "left" or "inner".

    Examples
    --------
    >>> receipts = pd.DataFrame({"store": [1, 9], "sales": [5, 7]})
    >>> stores = pd.DataFrame({"store": [1], "region": ["north"]})
    >>> figure = draw_merge(receipts, stores, "store", ("receipts", "stores"), "A store that nobody knows")
    >>> figure.axes[0].texts[-1].get_text()
    'NaN'
    """
    joined = left.merge(right, on=on, how=how)
    says = f'{names[0]}.merge({names[1]}, on="{on}", how="{how}")'
    columns = len(left.columns) + len(right.columns) + len(joined.columns)
    ax = _open_page(max(len(left), len(right), len(joined)), title, says, max(columns * CELL + 1.8, WIDTH))
    colours = _colour_keys([*left[on], *right[on]])
    starts = (0.0, len(left.columns) * CELL + 0.9)
    ends = (starts[0] + len(left.columns) * CELL, starts[1] + len(right.columns) * CELL)
    places = [
        _draw_table(ax, table, start, name, [colours[key] for key in table[on]])
        for table, start, name in zip((left, right), starts, names, strict=True)
    ]
    for row, key in enumerate(left[on]):
        for other in np.flatnonzero(right[on] == key):
            ax.plot([ends[0] + 0.05, starts[1] - 0.05], [places[0][row], places[1][other]], color=GREY, linewidth=1.4)
    middle = 3.5 * HEIGHT
    ax.add_patch(FancyArrowPatch((ends[1] + 0.15, middle), (ends[1] + 0.75, middle), **ARROW))
    _draw_table(ax, joined, ends[1] + 0.9, f"result: {len(joined)} rows", [colours[key] for key in joined[on]])
    return _figure_of(ax)


def draw_groups(table: pd.DataFrame, by: str, value: str, title: str) -> Figure:
    """Draw what groupby does: rows of one key go onto one pile, and each pile becomes one row.

    Parameters
    ----------
    table : DataFrame
        A small table.
    by, value : str
        Its columns: the key, and what is added up.
    title : str
        The finding.

    Examples
    --------
    >>> receipts = pd.DataFrame({"region": ["north", "south", "north"], "sales": [5, 7, 6]})
    >>> figure = draw_groups(receipts, "region", "sales", "Three rows become two")
    >>> figure.axes[0].texts[-1].get_text()
    '7'
    """
    piles = table.sort_values(by, kind="stable")
    sums = table.groupby(by, as_index=False)[value].sum()
    ax = _open_page(len(table), title, f'receipts.groupby("{by}").{value}.sum()')
    colours = _colour_keys(list(table[by]))
    width = len(table.columns) * CELL
    starts = (0.0, width + 1.2, 2 * width + 2.4)
    first = _draw_table(ax, table, starts[0], "as it comes", [colours[key] for key in table[by]])
    second = _draw_table(ax, piles, starts[1], "one pile for each region", [colours[key] for key in piles[by]])
    last = _draw_table(ax, sums, starts[2], f"{len(sums)} rows", [colours[key] for key in sums[by]])
    target = dict(zip(piles.index, second, strict=True))
    for place, row in zip(first, table.index, strict=True):
        ax.plot([width + 0.08, starts[1] - 0.08], [place, target[row]], color=GREY, linewidth=1.4)
    for place, key in zip(second, piles[by], strict=True):
        row = int(np.flatnonzero(sums[by] == key)[0])
        ax.plot([starts[1] + width + 0.08, starts[2] - 0.08], [place, last[row]], color=GREY, linewidth=1.4)
    return _figure_of(ax)


def draw_melt(wide: pd.DataFrame, key: str, names: tuple[str, str], title: str, name: str = "wide") -> Figure:
    """Draw a wide table and the long one that `melt` makes of it; a cell keeps the colour of its row.

    Parameters
    ----------
    wide : DataFrame
        A small table: the key and one column a month.
    key : str
        The column that stays.
    names : (str, str)
        Of the new columns: what the old column was called, and what stood in it.
    title : str
        The finding.
    name : str
        Of the wide table.

    Examples
    --------
    >>> wide = pd.DataFrame({"region": ["north"], "Apr": [5], "May": [6]})
    >>> draw_melt(wide, "region", ("month", "sales"), "One row becomes two").axes[0].texts[-1].get_text()
    '6'
    """
    long = wide.melt(id_vars=key, var_name=names[0], value_name=names[1])
    colours = _colour_keys(list(wide[key]))
    width = len(wide.columns) * CELL
    says = f'{name}.melt(id_vars="{key}", var_name="{names[0]}", value_name="{names[1]}")'
    ax = _open_page(len(long), title, says, max(NARROW, width + len(long.columns) * CELL + 1.2))
    _draw_table(ax, wide, 0.0, f"wide: {len(wide)} rows", [colours[one] for one in wide[key]])
    ax.add_patch(FancyArrowPatch((width + 0.2, 3 * HEIGHT), (width + 0.9, 3 * HEIGHT), **ARROW))
    _draw_table(ax, long, width + 1.1, f"long: {len(long)} rows", [colours[one] for one in long[key]])
    return _figure_of(ax)


def draw_regions(sums: pd.Series, title: str, subtitle: str) -> Axes:
    """Draw the sales of each region, the largest first.

    Parameters
    ----------
    sums : Series
        Region -> euros.
    title, subtitle : str
    """
    ax = draw_bars(sums.sort_values(ascending=False), write="€{:,.0f}".format)
    headline(ax, title, subtitle, "simulated chain, seed 2")
    return ax


def _figure_of(ax: Axes) -> Figure:
    figure = ax.figure
    assert isinstance(figure, Figure)
    return figure
