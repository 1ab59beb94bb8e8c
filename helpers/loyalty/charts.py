"""The house style: one chart, one message; the same colour for the same role in every lesson.

Colours are from Okabe and Ito's palette, which colour-blind readers can tell apart; they also differ in greyscale.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from numpy.typing import ArrayLike
from PIL import Image

from loyalty.colours import CONTROL, GREY, HIGHLIGHT, INK, TREATED, TRUTH
from loyalty.text import say_money

SHARP = 2  # pixels drawn for each pixel of the page
COLOURS = 64  # of a figure in a notebook
BELOW = 0.3  # rows; the diamond of a truth stands so far below its interval, where it would hide it
ALMOST_WHITE = 250  # a palette is rounded, and white has to stay white
TOLD = "headline: "
ROOMS = {"prepare": "#56B4E9", "segment": "#E69F00", "evaluate": "#0072B2", "learn": "#009E73"}


def house_style() -> None:
    """Set matplotlib and seaborn to the look of the workshop: light, wide, no box; call it once in a notebook.

    Examples
    --------
    >>> house_style()
    >>> plt.rcParams["figure.figsize"]
    [9.0, 4.5]
    """
    sns.set_theme(style="ticks", palette=[TREATED, CONTROL, "#009E73", HIGHLIGHT, "#CC79A7", GREY])
    plt.rcParams.update(
        {
            "figure.figsize": (9.0, 4.5),
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.family": "DejaVu Sans",
            "text.parse_math": False,  # a label such as $50_$100 is a price, no formula
            "font.size": 11,
            "axes.titlesize": 14,
            "axes.labelsize": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "axes.labelcolor": INK,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "grid.color": "#E8EAED",
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "axes.axisbelow": True,
            "legend.frameon": False,
        }
    )
    _draw_sharply_in_notebooks()


def _draw_sharply_in_notebooks() -> None:
    """Let IPython, if it runs, draw figures at twice the pixels, and tell those who do not see them what they show."""
    if "IPython" not in sys.modules:
        return
    shell = sys.modules["IPython"].get_ipython()
    if shell is None:
        return
    plt.close(plt.figure())  # with the first figure the inline backend sets its own way of drawing: let that be over
    shell.display_formatter.formatters["image/png"].for_type(Figure, draw_sharply)


def draw_sharply(figure: Figure) -> tuple[bytes, dict[str, Any]]:
    """Draw a figure as a PNG of twice the pixels, with its alt text and the size at which it is to be shown.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    (png, metadata)
        `metadata` holds `alt`, and `width` and `height` in pixels of a screen.

    Examples
    --------
    >>> fig, ax = plt.subplots(figsize=(4, 2))
    >>> headline(ax, "Sales rose", "euros a week")
    >>> draw_sharply(fig)[1]["alt"]
    'Chart: Sales rose. euros a week.'
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=SHARP * figure.dpi, bbox_inches="tight", facecolor="white")
    png = _take_few_colours(drawn)
    # The size stands at a fixed place of every PNG: width and height, four bytes each
    width, height = (int.from_bytes(png[start : start + 4], "big") // SHARP for start in (16, 20))
    return png, {"alt": describe_figure(figure), "width": width, "height": height}


def _take_few_colours(drawn: io.BytesIO) -> bytes:
    """Write a PNG with a palette: a chart has few colours, and so takes a quarter less space."""
    drawn.seek(0)
    few = Image.open(drawn).convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    colours = few.getpalette() or []
    few.putpalette([255 if value >= ALMOST_WHITE else value for value in colours])
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    return written.getvalue()


def describe_figure(figure: Figure) -> str:
    """Say in words what a figure shows: its title, those of its charts with their subtitles, and the names of the axes.

    A figure of several charts may say more than its title: in a label of its own that begins with `TOLD`.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    str
    """
    own = str(figure.get_label())
    said = [(own.removeprefix(TOLD) if own.startswith(TOLD) else figure.get_suptitle()).rstrip(".")]
    for ax in figure.axes:
        title = ax.get_label() if str(ax.get_label()).startswith(TOLD) else ax.get_title(loc="left") or ax.get_title()
        names = ((name, label) for name, label in (("Across", ax.get_xlabel()), ("Up", ax.get_ylabel())) if label)
        parts = [str(title).removeprefix(TOLD), *(f"{name}: {label}" for name, label in names)]
        said.append(". ".join(" ".join(part.split()).rstrip(".") for part in parts if part.strip()))
    words = ". ".join(part for part in said if part)
    return f"Chart: {words}." if words else "Chart without a title."


def headline(ax: Axes, title: str, subtitle: str, source: str = "") -> None:
    """Give a chart its finding as title, what is plotted (with the unit) as subtitle, and a small source line.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    title : str
        The finding or the question, in one line.
    subtitle : str
        What is plotted, in which unit.
    source : str, optional
        Where the data come from.

    Examples
    --------
    >>> ax = plt.figure().add_subplot()
    >>> headline(ax, "The gap was there first", "sales per 28 days, $")
    >>> ax.get_title(loc="left")
    'The gap was there first'
    """
    lines = subtitle.count("\n") + 1
    ax.set_title(title, loc="left", fontweight="bold", pad=12 + 15 * lines, parse_math=False)
    ax.annotate(
        subtitle,
        (0, 1),
        (0, 8),
        xycoords="axes fraction",
        textcoords="offset points",
        color="#5F6368",
        fontsize=11,
        parse_math=False,
    )
    stop = "" if title.endswith(("?", "!", ".", "…")) else "."
    ax.set_label(f"{TOLD}{title}{stop} {subtitle}")
    if source:
        words = f"Source: {source}"
        ax.figure.supxlabel(words, x=0.01, ha="left", fontsize=8, color="#80868B", parse_math=False)


def _label_estimate(row: Mapping[str, Any], unit: str, decimals: int) -> str:
    """Write an estimate with its interval, as far as there is one."""
    effect, low, high = (say_money(row[name], unit, decimals) for name in ("effect", "low", "high"))
    if row["effect"] != row["effect"]:
        return "no estimate"
    return f"{effect}  ({low} to {high})" if row["low"] == row["low"] else f"{effect}  (no interval)"


def draw_intervals(
    estimates: pd.DataFrame, *, ax: Axes | None = None, truth: float | None = None, unit: str = "", decimals: int = 2
) -> Axes:
    """Draw estimates with their intervals (a forest plot), the first on top; a known truth is a hollow diamond.

    Parameters
    ----------
    estimates : pandas.DataFrame
        One row an estimate: the index is its label; columns `effect`, `low`, `high`, all in one unit.
        A column `colour` is optional.
    ax : matplotlib.axes.Axes, optional
    truth : float, optional
        The true value, in the same unit.
    unit : str
        Written before each value, for example "$".
    decimals : int
        Digits after the point in the labels.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    KeyError
        A column is missing.

    Examples
    --------
    >>> table = pd.DataFrame({"effect": [1.2], "low": [0.7], "high": [1.7]}, index=["mailing"])
    >>> ax = draw_intervals(table, truth=0.8, unit="€")
    >>> [t.get_text() for t in ax.get_yticklabels()]
    ['mailing']
    """
    ax = ax or plt.subplots(figsize=(9, 1.4 + 0.55 * len(estimates)))[1]
    rows = estimates.reset_index(names="label")
    for place, row in enumerate(rows.to_dict("records")):
        colour = row.get("colour", TREATED)
        ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=3, solid_capstyle="round", zorder=2)
        ax.plot(row["effect"], place, "o", color=colour, markersize=8, zorder=3)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2}  # the zero line must not cross a label
        ax.annotate(
            _label_estimate(row, unit, decimals),
            (row["effect"] if row["effect"] == row["effect"] else 0.0, place),
            (0, 9),
            textcoords="offset points",
            ha="center",
            fontsize=9.5,
            color=INK,
            bbox=box,
            parse_math=False,
        )
    ax.axvline(0, color=INK, linewidth=1, zorder=1)
    ax.set_yticks(range(len(rows)), rows["label"], parse_math=False)
    ax.set_ylim(len(rows) - 0.5, -0.65)
    if truth is not None:
        mark_truths(ax, [truth] * len(rows))
    ax.margins(x=0.12)
    grid_along_x(ax)
    sns.despine(ax=ax, left=True)
    return ax


def mark_truth(ax: Axes, x: ArrayLike, y: ArrayLike, *, label: str = "truth", size: float = 9.0) -> Line2D:
    """Mark what is known to be true with hollow diamonds, which look alike in every chart.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : float or sequence of float
        Where they stand, in the units of the axes.
    label : str
        Their name in the legend.
    size : float
        Of a diamond in points; smaller only where many stand side by side.

    Returns
    -------
    matplotlib.lines.Line2D

    Examples
    --------
    >>> drawn = mark_truth(plt.figure().add_subplot(), 0.8, 0)
    >>> drawn.get_marker(), drawn.get_label()
    ('D', 'truth')
    """
    drawn: Line2D = ax.plot(
        np.atleast_1d(x),
        np.atleast_1d(y),
        "D",
        markerfacecolor="white",
        markeredgecolor=TRUTH,
        markeredgewidth=1.6,
        markersize=size,
        linestyle="none",
        zorder=4,
        label=label,
    )[0]
    return drawn


def mark_truths(ax: Axes, truths: Sequence[float], *, label: str = "truth") -> None:
    """Mark the truth of each row of `draw_intervals` below its interval, the first on top, and name it in a legend.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    truths : sequence of float
        One a row, in the unit of the rows.
    label : str
        Their name in the legend.

    Examples
    --------
    >>> ax = plt.figure().add_subplot()
    >>> mark_truths(ax, [0.8, 0.4])
    >>> ax.lines[0].get_ydata().tolist()
    [0.3, 1.3]
    """
    mark_truth(ax, truths, np.arange(len(truths)) + BELOW, label=label)
    ax.set_ylim(len(truths) - 0.4, -0.75)
    put_legend_above(ax)


def put_legend_above(ax: Axes, columns: int = 1) -> None:
    """Put the legend above the right end of a chart, where it hides nothing.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    columns : int
        How many of its names stand side by side.

    Examples
    --------
    >>> ax = plt.figure().add_subplot()
    >>> drawn = mark_truth(ax, 0.8, 0)
    >>> put_legend_above(ax)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['truth']
    """
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, ncols=columns)


def grid_along_x(ax: Axes, *, lines: bool = True) -> None:
    """Lay the grid of a chart whose rows have names: lines at the values of x, none at the rows, and no ticks there.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    lines : bool
        False where upright strokes are the message, so that lines do not look like them.

    Examples
    --------
    >>> ax = draw_lines(pd.DataFrame({"a": [1, 2]}))
    >>> grid_along_x(ax)
    >>> ax.xaxis.get_gridlines()[0].get_visible(), ax.yaxis.get_gridlines()[0].get_visible()
    (True, False)
    """
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=lines)
    ax.tick_params(axis="y", length=0)


def draw_lines(
    lines: pd.DataFrame,
    *,
    colours: Iterable[str] = (TREATED, CONTROL),
    shade: tuple[Any, Any] | None = None,
    shaded: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw one line a column, each named beside its highest point on the left; a span of time can be shaded.

    Parameters
    ----------
    lines : pandas.DataFrame
        Index: times or numbers, in order. One column a line; the column's name is its label.
    colours : iterable of str
        One a column, in the same order.
    shade : (start, end), optional
        The span that is shaded, such as a campaign.
    shaded : str
        What the span is called.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = draw_lines(pd.DataFrame({"sent": [1, 2, 3], "control": [1, 1, 1]}), shade=(1, 2), shaded="campaign")
    >>> [text.get_text() for text in ax.texts]
    ['campaign', 'sent', 'control']
    """
    ax = ax or plt.subplots()[1]
    if shade is not None:
        ax.axvspan(*shade, color=GREY, alpha=0.18, linewidth=0)
        ax.annotate(
            shaded, (shade[0], 0.03), (6, 0), xycoords=("data", "axes fraction"), textcoords="offset points", color=INK
        )
    start = lines.index[min(2, len(lines) - 1)]
    for name, colour in zip(lines, colours, strict=False):
        ax.plot(lines.index, lines[name], color=colour, linewidth=2.2)
        place = (start, lines[name].max())
        ax.annotate(str(name), place, (0, 5), textcoords="offset points", color=colour, weight="bold")
    ax.set_ylim(bottom=min(0, lines.min().min()), top=1.12 * lines.max().max())
    return ax


def draw_bars(
    values: pd.Series,
    *,
    colours: str | Iterable[str] = TREATED,
    write: Callable[[float], str] = "{:,.2f}".format,
    ax: Axes | None = None,
) -> Axes:
    """Draw one bar a value, with the value written above it and no axis that would repeat it.

    Parameters
    ----------
    values : pandas.Series
        Index: the bars' labels, in the order in which they are drawn.
    colours : str or iterable of str
        One for all, or one a bar.
    write : callable
        How a value is written.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = draw_bars(pd.Series({"sent": 0.25, "control": 0.2}), write="{:.0%}".format)
    >>> [text.get_text() for text in ax.texts]
    ['25%', '20%']
    """
    ax = ax or plt.subplots(figsize=(9, 3.8))[1]
    drawn = ax.bar([str(name) for name in values.index], values, color=colours, width=0.7)
    ax.bar_label(drawn, [write(value) for value in values], padding=3, color=INK)
    ax.set_yticks([])
    ax.margins(y=0.12)
    sns.despine(ax=ax, left=True)
    return ax


def draw_cycle(highlight: Iterable[str] = ()) -> Figure:
    """Draw the cycle of the curriculum: prepare, segment, evaluate, learn, and back with what was learned.

    Parameters
    ----------
    highlight : iterable of str
        Rooms to fill with their colour; all of them when empty.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> len(draw_cycle().axes[0].patches)
    9
    """
    rooms = {
        "prepare": ("1  Prepare", "Who is this customer,\nas of that day?"),
        "segment": ("2  Segment", "Which customers belong\ntogether, for which task?"),
        "evaluate": ("3  Evaluate", "What did the campaign\nchange, in money?"),
        "learn": ("4  Learn", "What do we offer\nwhom next?"),
    }
    lit = set(highlight) or set(rooms)
    figure, ax = plt.subplots(figsize=(9, 2.9))
    ax.set(xlim=(0, 100), ylim=(0, 32))
    ax.axis("off")
    centred: dict[str, Any] = {"ha": "center", "va": "center"}
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 16, "linewidth": 1.7}
    for place, (room, (name, question)) in enumerate(rooms.items()):
        left = 1 + place * 25.5
        colour = ROOMS[room] if room in lit else "#DADCE0"
        ax.add_patch(
            FancyBboxPatch(
                (left, 13),
                20,
                15,
                boxstyle="round,pad=0,rounding_size=1.6",
                facecolor="white",
                edgecolor=colour,
                linewidth=2.2,
            )
        )
        ax.plot([left + 2.5, left + 17.5], [13, 13], color=colour, linewidth=6, solid_capstyle="round")
        ax.text(left + 10, 24, name, fontsize=13, fontweight="bold", color=INK, **centred)
        ax.text(left + 10, 17.6, question, fontsize=9.5, color="#5F6368", linespacing=1.35, **centred)
        if place < len(rooms) - 1:
            ax.add_patch(FancyArrowPatch((left + 20.6, 20.5), (left + 24.9, 20.5), color=GREY, **arrow))
    way_back = FancyArrowPatch((87.5, 11), (11, 11), connectionstyle="arc3,rad=-0.12", color=ROOMS["learn"], **arrow)
    ax.add_patch(way_back)
    ax.add_patch(FancyBboxPatch((33, 1.6), 34, 6, boxstyle="round,pad=0", facecolor="white", edgecolor="none"))
    ax.text(50, 4.4, "the history of responses joins the profile", fontsize=10, style="italic", color=INK, **centred)
    ax.set_label(f"{TOLD}The cycle: {', '.join(ROOMS)}, and back to the beginning")
    return figure
