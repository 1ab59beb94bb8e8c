"""The pictures of lesson 03: receipts with mean and median, points and percent, wide and narrow bars, shuffles, intervals."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TOLD, TREATED, TRUTH, headline, mark_truth
from loyalty.tasks.t03.scene import BLUE, GREEN, find_gap

SOURCE = "simulated chain, seed 3"
COLOURS = {BLUE: TREATED, GREEN: "#009E73"}
LONGEST = 100  # euros; the few larger receipts stand beyond the right end
TINT = "#BFD9EA"
MEAN = "black bar: mean of the dots"
HOLDS, MISSES = "interval that holds the truth", "interval that misses the truth"
WIDE = 0.15  # of all letters: such a bar has room for its name


def draw_receipts(sales: pd.Series, title: str) -> Axes:
    """Draw how many receipts there are of each size, with their median and their mean.

    Parameters
    ----------
    sales : Series
        Euros of each receipt; those over €100 are not drawn, and counted in the subtitle.
    title : str

    Examples
    --------
    >>> ax = draw_receipts(pd.Series([5.0, 10.0, 30.0]), "title")
    >>> [text.get_text() for text in ax.texts][:2]
    ['median €10.00', 'mean €15.00']
    """
    ax = plt.subplots(figsize=(9, 3.8))[1]
    heights = ax.hist(sales[sales <= LONGEST], bins=np.arange(0, LONGEST + 1, 2.5).tolist(), color=GREY, alpha=0.6)[0]
    top = float(np.max(heights))
    marks = (("median", sales.median(), TREATED, 1.02), ("mean", sales.mean(), HIGHLIGHT, 0.86))
    for name, value, colour, height in marks:
        ax.plot([value, value], [0, height * top], color=colour, linewidth=2.5)
        place = (value, height * top)
        ax.annotate(
            f"{name} €{value:,.2f}", place, (6, -4), textcoords="offset points", color=colour, weight="bold", va="top"
        )
    over = (sales > LONGEST).mean()
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set(xlabel="€ of a receipt", ylabel="receipts", xlim=(0, LONGEST), ylim=(0, 1.1 * top))
    headline(ax, title, f"receipts by size ({over * 100:.1f} % are over €{LONGEST} and are not drawn)", SOURCE)
    return ax


def draw_rates(before: float, after: float, names: tuple[str, str], title: str) -> Axes:
    """Draw two rates, and the rise from the first to the second in points and in percent.

    Parameters
    ----------
    before, after : float
        Fractions.
    names : (str, str)
    title : str

    Examples
    --------
    >>> ax = draw_rates(0.04, 0.05, ("spring", "autumn"), "title")
    >>> [text.get_text() for text in ax.texts][2:4]
    ['+1.0 percentage point', '= 25 % of the old rate']
    """
    ax = plt.subplots(figsize=(9, 3.6))[1]
    rates = np.array([before, after]) * 100
    drawn = ax.bar([0, 1], [rates[0], rates[0]], color=[GREY, GREY], width=0.6)
    ax.bar([1], [rates[1] - rates[0]], bottom=rates[0], color=HIGHLIGHT, width=0.6)
    for place, rate in zip((0, 1), rates, strict=True):
        ax.annotate(f"{rate:.1f} %", (place, rate), (0, 4), textcoords="offset points", ha="center", weight="bold")
    ax.plot([0.3, 1.3], [rates[0], rates[0]], color=INK, linewidth=1, linestyle=":")
    middle = rates.mean()
    points = f"{rates[1] - rates[0]:.1f}"
    says = (
        f"+{points} percentage point{'' if points == '1.0' else 's'}",
        f"= {(after / before - 1) * 100:.0f} % of the old rate",
    )
    for text, lift in zip(says, (8, -8), strict=True):
        ax.annotate(
            text, (1.36, middle), (0, lift), textcoords="offset points", va="center", color=HIGHLIGHT, weight="bold"
        )
    ax.set_xticks([bar.get_x() + 0.3 for bar in drawn], list(names))
    ax.set(xlim=(-0.6, 2.6), ylim=(0, rates.max() * 1.15), yticks=[])
    ax.spines["left"].set_visible(False)
    headline(ax, title, "answered letters, of 100 letters sent")
    return ax


def draw_weights(letters: pd.DataFrame, title: str) -> Axes:
    """Draw the rate of each region as a bar that is as wide as its letters, with both means.

    Parameters
    ----------
    letters : DataFrame
        region, letters, responses.
    title : str

    Examples
    --------
    >>> table = pd.DataFrame({"region": ["a", "b"], "letters": [900, 100], "responses": [36, 10]})
    >>> [text.get_text() for text in draw_weights(table, "title").texts][-3:-1]
    ['mean of the rates 7.00 %', 'all letters 4.60 %']
    """
    ax = plt.subplots(figsize=(9, 4))[1]
    rates = letters["responses"] / letters["letters"] * 100
    ends = letters["letters"].cumsum()
    ax.bar(
        ends - letters["letters"],
        rates,
        width=letters["letters"],
        align="edge",
        color=TINT,
        edgecolor="white",
        linewidth=2,
    )
    middles = ends - letters["letters"] / 2
    total = float(letters["letters"].sum())
    whole = float(letters["responses"].sum() / total * 100)
    for middle, name, width, rate in zip(middles, letters["region"], letters["letters"], rates, strict=True):
        words = f"{name}\n{rate:.0f} %"
        if width > WIDE * total:  # in the lower half of a wide bar no line crosses the name
            ax.annotate(words, (middle, rate * 0.4), ha="center", va="center", fontsize=10)
        else:
            ax.annotate(words, (middle + width / 2, rate), (-2, 4), textcoords="offset points", ha="right", fontsize=10)
    means = (
        ("mean of the rates", float(rates.mean()), HIGHLIGHT),
        ("all letters", whole, TREATED),
    )
    for name, value, colour in means:
        ax.plot([0, total], [value, value], color=colour, linewidth=2)
        ax.annotate(
            f"{name} {value:.2f} %", (total, value), (6, 0), textcoords="offset points", color=colour, weight="bold",
            va="center", annotation_clip=False,
        )  # fmt: skip
    ax.set(xlim=(0, total), ylim=(0, rates.max() * 1.25), xlabel="letters sent (a bar is as wide as its letters)")
    ax.set_ylabel("answered, %")
    ax.xaxis.set_major_locator(MultipleLocator(5_000))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    headline(ax, title, "answered letters by region, %")
    return ax


def draw_shuffles(people: pd.DataFrame, orders: Sequence[pd.Series], title: str) -> Figure:
    """Draw the same people under several draws of their colours: dots, the two means, and the gap.

    Parameters
    ----------
    people : DataFrame
        With `sales`.
    orders : sequence of Series
        Colours of the envelopes; the first ones are those that were sent.
    title : str
    """
    figure, axes = plt.subplots(1, len(orders), figsize=(9, 4.3), sharey=True)
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    names = ["as sent", *(f"shuffle {number}" for number in range(1, len(orders)))]
    beside = np.random.default_rng(0).uniform(-0.22, 0.22, len(people))
    most = float(people["sales"].max())
    for ax, name, colours in zip(np.atleast_1d(axes), names, orders, strict=True):
        for place, colour in enumerate((BLUE, GREEN)):
            mine = (colours == colour).to_numpy()
            sales = people["sales"][mine]
            ax.scatter(place + beside[mine], sales, s=14, color=COLOURS[colour], alpha=0.55, linewidth=0)
            mean = ax.plot([place - 0.35, place + 0.35], [sales.mean()] * 2, color=INK, linewidth=2.5, label=MEAN)
        gap = find_gap(people.assign(envelope=colours.to_numpy()))
        ax.set_xticks([0, 1], [BLUE, GREEN])
        ax.set(xlim=(-0.6, 1.6), ylim=(0, most * 1.05))
        headline(ax, name, f"gap {'+' if gap >= 0 else '−'}€{abs(gap):.2f}")
    np.atleast_1d(axes)[0].set_ylabel("€ of a customer")
    figure.legend(handles=mean, loc="outside lower center")
    figure.set_label(f"{TOLD}{title}")
    return figure


def draw_gaps(gaps: pd.Series, observed: float, title: str) -> Axes:
    """Draw the gaps that shuffling makes; those as large as the one observed stand out, on both sides.

    Parameters
    ----------
    gaps : Series
        Euros, one a shuffle.
    observed : float
        The gap of the letters that were sent.
    title : str

    Examples
    --------
    >>> ax = draw_gaps(pd.Series([-3.0, 0.0, 1.0, 2.5]), 2.0, "title")
    >>> ax.texts[-2].get_text()
    '2 of 4 shuffles\\nare as far from zero,\\non both sides together'
    """
    ax = plt.subplots(figsize=(9, 3.8))[1]
    edge = abs(observed)
    most = max(float(gaps.abs().max()), edge) * 1.02
    step = edge / 6  # so that a bar ends at the observed gap
    count = int(np.ceil(most / step))
    edges = (np.arange(-count, count + 1) * step).tolist()
    far = gaps.abs() >= edge
    ax.hist(gaps[~far], bins=edges, color=GREY, alpha=0.6)
    ax.hist(gaps[far], bins=edges, color=HIGHLIGHT)
    ax.axvline(observed, color=INK, linewidth=2)
    top = ax.get_ylim()[1]
    ax.annotate(
        f"as sent: €{observed:.2f}", (observed, top * 0.97), (6, 0), textcoords="offset points", va="top", weight="bold"
    )
    ax.annotate(
        f"{far.sum()} of {len(gaps):,} shuffles\nare as far from zero,\non both sides together",
        (observed, top * 0.82),
        (6, 0),
        textcoords="offset points",
        color=HIGHLIGHT,
        weight="bold",
        va="top",
    )
    ax.set(xlabel="blue minus green, €", ylabel="shuffles", xlim=(-count * step * 1.02, count * step * 1.25))
    headline(ax, title, "gaps of the means when only chance decides the colour", SOURCE)
    return ax


def draw_hundred(intervals: pd.DataFrame, truth: float, title: str, subtitle: str) -> Axes:
    """Draw many intervals side by side, with the truth; those that miss it stand out.

    Parameters
    ----------
    intervals : DataFrame
        mean, low, high in euros, one row a sample.
    truth : float
    title, subtitle : str

    Examples
    --------
    >>> found = pd.DataFrame({"mean": [1.0, 5.0], "low": [0.0, 4.0], "high": [2.0, 6.0]})
    >>> ax = draw_hundred(found, 1.5, "title", "subtitle")
    >>> [len(drawn.get_segments()) for drawn in ax.collections if hasattr(drawn, "get_segments")]
    [1, 1]
    """
    ax = plt.subplots(figsize=(9, 4.3))[1]
    place = np.arange(1, len(intervals) + 1)
    holds = ((intervals["low"] <= truth) & (truth <= intervals["high"])).to_numpy()
    for colour, mine, name in ((TREATED, holds, HOLDS), (HIGHLIGHT, ~holds, MISSES)):
        if mine.any():
            ends = intervals["low"][mine], intervals["high"][mine]
            ax.vlines(place[mine], *ends, color=colour, linewidth=2.2, label=name)
            ax.plot(place[mine], intervals["mean"][mine], "o", color=colour, markersize=3.5)
    ax.axhline(truth, color=TRUTH, linewidth=1.2)
    end = len(intervals) + 4
    mark_truth(ax, end, truth)
    ax.annotate(
        f"truth\n€{truth:.2f}", (end + 3, truth), (4, 0), textcoords="offset points", va="center", annotation_clip=False
    )
    ax.set(xlim=(-1, end + 3), xlabel="samples", ylabel="€ of a receipt")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3)
    headline(ax, title, subtitle, SOURCE)
    return ax


def draw_widths(widths: pd.Series, title: str) -> Axes:
    """Draw how wide the interval is for samples of several sizes.

    Parameters
    ----------
    widths : Series
        Size of the sample -> width of its interval in euros.
    title : str
    """
    ax = plt.subplots(figsize=(9, 2.8))[1]
    places = np.arange(len(widths))
    ax.hlines(places, -widths / 2, widths / 2, color=CONTROL, linewidth=6)
    for place, (size, width) in enumerate(widths.items()):
        ax.annotate(
            f"{size:,} receipts: €{width:.2f} wide",
            (widths.max() / 2, place),
            (14, 0),
            textcoords="offset points",
            va="center",
        )
    ax.set(ylim=(len(widths) - 0.5, -0.5), yticks=[], xlim=(-widths.max() * 0.55, widths.max() * 1.1))
    ends = int(widths.max() / 2)
    ax.set_xticks([-ends, 0, ends])
    ax.set_xlabel("€ from the mean")
    ax.spines["left"].set_visible(False)
    ax.grid(axis="y", visible=False)
    headline(ax, title, "mean width of 95 % intervals", SOURCE)
    return ax
