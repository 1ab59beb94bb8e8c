"""The pictures of lesson 21: curves, shares beside the famous number, who came later, and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, TRUTH, grid_along_x, headline
from loyalty.segment.rank import Concentration, FolkVerdict
from loyalty.segment.rank.folk import COLOURS
from loyalty.tasks.t21.scene import LESS

SOURCES = "Complete Journey, CDNOW, simulated chain (seed 21)"
PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}  # behind a label: no grid runs through it
CLAIM = "the famous 80 %,\n± 5 points"


def draw_ten(spend: pd.Series, top: int = 2) -> Axes:
    """Draw a few customers from the largest on, the first ones in colour.

    Parameters
    ----------
    spend : Series
        Money of each, the largest first; the index names them.
    top : int
        How many are coloured.
    """
    ax = plt.subplots(figsize=(9, 3.2))[1]
    colours = [HIGHLIGHT if place < top else GREY for place in range(len(spend))]
    drawn = ax.bar([str(name) for name in spend.index], spend, color=colours, width=0.7)
    ax.bar_label(drawn, [f"{value:,.0f}" for value in spend], padding=3, color=INK, fontsize=9.5)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.margins(y=0.12)
    ax.set_xlabel("household")
    share = spend.iloc[:top].sum() / spend.sum()
    title = f"Two of ten households bring {share:.0%} of the money"
    headline(ax, title, "what each of them spent in 2017, $", "Complete Journey")
    return ax


def draw_shares(found: Mapping[str, Concentration], title: str, *, source: str = SOURCES) -> Axes:
    """Draw the share of the best fifth with its interval, one row a data set, beside the famous 80 percent.

    Parameters
    ----------
    found : mapping of str to Concentration
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 1.6 + 0.55 * len(found)))[1]
    ax.axvspan(0.75, 0.85, color=TRUTH, alpha=0.12, linewidth=0)
    ax.axvline(0.8, color=TRUTH, linewidth=1.2, linestyle="--")
    for place, one in enumerate(found.values()):
        share = one.share(0.2)
        ax.plot([share.low, share.high], [place, place], color=TREATED, linewidth=3, solid_capstyle="round")
        ax.plot(share.value, place, "o", color=TREATED, markersize=8)
        says = f"{share.value:.0%}  ({share.low:.0%} to {share.high:.0%})"
        ax.annotate(
            says,
            (share.value, place),
            (0, 9),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontsize=9.5,
            bbox=PLAIN,
        )
    ax.annotate(CLAIM, (0.857, len(found) - 0.62), color=TRUTH, fontsize=9.5)
    ax.set_yticks(range(len(found)), [f"{name} ({one.customers:,})" for name, one in found.items()])
    ax.set(xlim=(0.4, 1.0), ylim=(len(found) - 0.5, -0.7), xlabel="share of all sales")
    ax.xaxis.set_major_formatter("{x:.0%}")
    grid_along_x(ax)
    ax.spines["left"].set_visible(False)
    headline(
        ax,
        title,
        "sales of the best fifth of the buyers, with the 95 % interval (in brackets: how many buyers)",
        source,
    )
    return ax


def draw_two_curves(buyers: Concentration, members: Concentration, what: str) -> Axes:
    """Draw the Lorenz curves of the same sales among buyers and among all members.

    Parameters
    ----------
    buyers, members : Concentration
    what : str
        What was bought, for the title.
    """
    ax = plt.subplots(figsize=(8, 4.6))[1]
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1.2, linestyle="--")
    rows = ((members, HIGHLIGHT, "all households", (0.27, 0.66)), (buyers, TREATED, "buyers only", (0.27, 0.57)))
    for found, colour, name, place in rows:
        ax.plot(found.curve["top"], found.curve["share"], color=colour, linewidth=2.4)
        share = found.share(0.2).value
        ax.plot(0.2, share, "o", color=colour, markersize=8, zorder=3)
        says = f"{name}: {share:.0%}"
        ax.annotate(says, place, color=colour, weight="bold", va="center")
    ax.axvline(0.2, color=GREY, linewidth=1, linestyle=":")
    ax.set(xlim=(0, 1), ylim=(0, 1.04), xlabel="share of the customers, the largest first", ylabel="share of the sales")
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    subtitle = f"Lorenz curves of {what}; the dots are the best fifth"
    headline(ax, "The same sales, another crowd, another number", subtitle, "Complete Journey")
    return ax


def draw_later(counts: Mapping[str, int], title: str) -> Axes:
    """Draw a crowd in parts, from left to right, as one bar.

    Parameters
    ----------
    counts : mapping of str to int
        Names of the parts and how many are in each.
    title : str
    """
    ax = plt.subplots(figsize=(9, 2.3))[1]
    total = sum(counts.values())
    left = 0.0
    looks = ((TREATED, "white"), (HIGHLIGHT, "white"), ("#DADCE0", INK))
    for (name, n), (colour, ink) in zip(counts.items(), looks, strict=False):
        share = 100 * n / total
        ax.barh(0, share, left=left, color=colour, height=0.6, edgecolor="white")
        ax.annotate(
            f"{share:.0f}", (left + share / 2, 0), ha="center", va="center", weight="bold", color=ink, fontsize=13
        )
        ax.annotate(name, (left + share / 2, -0.42), ha="center", va="bottom", color=INK, fontsize=9.5)
        left += share
    ax.set(xlim=(0, 100), ylim=(0.4, -0.75))
    ax.axis("off")
    headline(ax, title, f"of 100 customers ({total:,} in all)", "CDNOW, January 1997 to June 1998")
    return ax


def draw_verdicts(verdicts: Sequence[FolkVerdict], title: str) -> Axes:
    """Draw verdicts as a table: famous numbers in rows, data sets in columns.

    Parameters
    ----------
    verdicts : sequence of FolkVerdict
    title : str
    """
    claims = list(dict.fromkeys(one.claim for one in verdicts))
    names = list(dict.fromkeys(one.data for one in verdicts))
    ax = plt.subplots(figsize=(9.6, 1.3 + 0.72 * len(claims)))[1]
    for one in verdicts:
        row, column = claims.index(one.claim), names.index(one.data)
        colour = COLOURS[one.verdict]
        ax.add_patch(plt.Rectangle((column - 0.47, row - 0.42), 0.94, 0.84, color=colour, alpha=0.16, linewidth=0))
        known = bool(np.isfinite(one.estimate))
        above = 0.13 if known or one.span else 0.0
        ax.text(column, row - above, one.verdict, ha="center", va="center", color=INK, weight="bold", fontsize=9.5)
        if known:
            says = _write_numbers(one)
            ax.text(column, row + 0.2, says, ha="center", va="center", color=INK, fontsize=9)
        elif one.span:
            ax.text(column, row + 0.2, one.span, ha="center", va="center", color=INK, fontsize=9)
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(claims)), [_fold(claim) for claim in claims])
    ax.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(claims) - 0.5, -0.5))
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelcolor=INK)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_title(title, loc="left", fontweight="bold", pad=26)
    return ax


def _write_numbers(verdict: FolkVerdict) -> str:
    """Write an estimate with its interval in its own unit, and its span."""
    numbers = verdict.estimate, verdict.low, verdict.high
    if verdict.unit == "times":
        seen, low, high = (f"{value:.1f} ×" for value in numbers)
    else:
        decimals = 1 if verdict.high - verdict.low < 0.01 else 0
        seen, low, high = (f"{100 * value:.{decimals}f} %" for value in numbers)
    return f"{seen} ({low} to {high}) {verdict.span}".rstrip()


def _fold(claim: str) -> str:
    """Break a long claim into two lines, after a comma or in the middle."""
    if ", " in claim:
        return claim.replace(", ", ",\n", 1)
    words = claim.split()
    half = (len(words) + 1) // 2
    return " ".join(words[:half]) + "\n" + " ".join(words[half:]) if len(claim) > 24 else claim


def draw_lost(lost: pd.DataFrame, first_year: float) -> Axes:
    """Draw who has truly left by year, beside what the first year promised and beside the famous half.

    Parameters
    ----------
    lost : DataFrame
        years, share, low, high.
    first_year : float
        Share that was lost in the first year.
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    years = np.arange(0, lost["years"].max() + 1)
    ax.plot(years, 1 - (1 - first_year) ** years, color=GREY, linewidth=2, linestyle="--")
    ax.annotate("if each year were like the first", (3.1, 0.62), color="#5F6368", ha="right", fontsize=10)
    ax.errorbar(
        lost["years"],
        lost["share"],
        yerr=[lost["share"] - lost["low"], lost["high"] - lost["share"]],
        fmt="o-",
        color=TREATED,
        linewidth=2.2,
        markersize=7,
        capsize=3,
    )
    ax.annotate("truly left", (2.3, 0.37), color=TREATED, weight="bold", ha="left", va="top")
    ax.plot(5, 0.5, "D", markerfacecolor="white", markeredgecolor=TRUTH, markeredgewidth=1.6, markersize=9)
    ax.annotate("the famous half", (5, 0.5), (-10, -4), textcoords="offset points", color=TRUTH, ha="right", va="top")
    ax.set(xlim=(0, 5.3), ylim=(0, 0.85), xlabel="years since the first purchase", ylabel="share who left")
    ax.yaxis.set_major_formatter("{x:.0%}")
    title = "The first year takes more than any other, and the famous half comes early"
    headline(
        ax,
        title,
        f"newcomers of 2023 who have truly left, with the 95 % interval ({lost.customers.iloc[0]:,} customers)",
        "simulated chain, seed 21",
    )
    return ax


def draw_gains(gains: pd.DataFrame, claim: float = 0.25) -> Axes:
    """Draw how much more margin less churn brings by two readings, beside the famous 25 percent.

    Parameters
    ----------
    gains : DataFrame
        Index: the readings; columns effect, low, high, as fractions.
    claim : float
    """
    ax = plt.subplots(figsize=(9, 1.8 + 0.55 * len(gains)))[1]
    ax.barh(list(gains.index), 100 * gains["effect"], color=TREATED, height=0.5)
    ends = 100 * np.array([gains["effect"] - gains["low"], gains["high"] - gains["effect"]])
    ax.errorbar(100 * gains["effect"], range(len(gains)), xerr=ends, fmt="none", ecolor=INK, elinewidth=1.4, capsize=3)
    for place, (effect, high) in enumerate(zip(gains["effect"], gains["high"], strict=True)):
        ax.annotate(
            f"{100 * effect:.1f} %",
            (100 * high, place),
            (9, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            bbox=PLAIN,
        )
    ax.axvline(100 * claim, color=TRUTH, linewidth=1.4, linestyle="--")
    ax.annotate(
        f"the famous {100 * claim:g} %",
        (100 * claim, -0.55),
        (7, 0),
        textcoords="offset points",
        va="center",
        color=TRUTH,
        bbox=PLAIN,
    )
    ax.set(xlim=(0, 34), ylim=(len(gains) - 0.5, -0.8), xlabel="more margin, %")
    grid_along_x(ax)
    ax.spines["left"].set_visible(False)
    title = f"{100 * LESS:g} % less churn: of what, and in how many years?"
    subtitle = "margin in two worlds that differ in leaving only (95 % interval)"
    headline(ax, title, subtitle, "simulated chain, seed 21")
    return ax
