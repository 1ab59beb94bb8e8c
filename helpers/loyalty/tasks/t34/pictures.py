"""The pictures of lesson 34: a slide that shines, whom the voucher paid, a clock, a point's prices, two pilots."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import (
    CONTROL,
    GREY,
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
from loyalty.evaluate.money.profit import Money
from loyalty.text import say_money

SOURCE = "loyalty.world, seed 34"


def draw_slide(users: float, control: float) -> Axes:
    """Draw Marta's slide: what a user of the voucher spent, and what a customer of the control group did, in euros."""
    ax = plt.subplots(figsize=(9, 2.6))[1]
    bars = ax.barh(["used the voucher", "control group"], [users, control], color=[TREATED, CONTROL], height=0.6)
    ax.bar_label(bars, labels=[say_money(value, "€", 2) for value in (users, control)], padding=6)
    ax.invert_yaxis()
    ax.set_xlim(0, users * 1.15)
    ax.set_xlabel("€ a customer")
    grid_along_x(ax)
    headline(ax, "Marta's slide: the voucher brings a fortune", "sales in the four weeks of the campaign", SOURCE)
    return ax


def draw_hundred(anyway: float, title: str) -> Axes:
    """Draw a hundred customers who came, and how many of them would have come without the voucher.

    Parameters
    ----------
    anyway : float
        Part of those who came, a fraction.
    title : str
        The message.

    Returns
    -------
    Axes
    """
    ax = plt.subplots(figsize=(9, 3.2))[1]
    natural = round(100 * anyway)
    for kind, colour, people in (
        ("would have come anyway", GREY, range(natural)),
        ("came because of the voucher", TREATED, range(natural, 100)),
    ):
        x = [one // 5 for one in people]
        y = [one % 5 for one in people]
        ax.plot(x, y, "o", color=colour, markersize=13, linestyle="none", label=f"{kind}: {len(people)}")
    ax.set(xlim=(-0.7, 19.7), ylim=(4.6, -0.6), xticks=[], yticks=[])
    ax.grid(visible=False)
    for side in ax.spines.values():
        side.set_visible(False)
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.02), ncols=2, handletextpad=0.2)
    headline(ax, title, "of 100 customers who came while the voucher was valid", SOURCE)
    return ax


def draw_end(slide: float, money: Money, truth: float) -> Axes:
    """Draw what the slide promised, what the campaign earned, and the truth, in euros a customer."""
    ax = plt.subplots(figsize=(9, 3.2))[1]
    found = money.profit
    rows = {"effect": [slide, found.effect], "low": [slide, found.low], "high": [slide, found.high]}
    names = ["the slide", "profit and loss"]
    draw_intervals(pd.DataFrame(rows, index=names).assign(colour=[GREY, HIGHLIGHT]), ax=ax, unit="€")
    ax.texts[0].set_text(say_money(slide, "€", 2))
    mark_truth(ax, truth, 2)
    ax.annotate(
        say_money(truth, "€", 2),
        (truth, 2),
        (-12, 0),
        textcoords="offset points",
        va="center",
        ha="right",
        fontsize=9.5,
    )
    ax.set_yticks(range(3), [*names, "the truth"])
    ax.set_ylim(2.5, -0.75)
    ax.set_xlim(-8, slide * 1.12)
    ax.set_xlabel("€ a customer")
    headline(ax, "The slide shone, the campaign lost", "per customer; profit with its 95 % interval", SOURCE)
    return ax


def draw_clock(clock: pd.DataFrame, days: int) -> Axes:
    """Draw the profit per customer by the day on which one stops counting, beside the truth.

    Parameters
    ----------
    clock : DataFrame
        Index: days since the sending; columns `effect`, `low`, `high`, `truth`.
    days : int
        How long the offer was valid.

    Returns
    -------
    Axes
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    ax.axvspan(0, days, color=GREY, alpha=0.15, linewidth=0)
    ax.axhline(0, color=INK, linewidth=1)
    ax.vlines(clock.index, clock["low"], clock["high"], color=TREATED, linewidth=3)
    ax.plot(clock.index, clock["effect"], "o", color=TREATED, markersize=8, label="estimate")
    mark_truth(ax, clock.index + 1.3, clock["truth"])
    ax.set(xlim=(0, 60), xticks=clock.index, xlabel="days since the sending", ylabel="€ per customer")
    ax.annotate("the discount is valid", (0.5, clock["low"].min()), color="#5F6368")
    put_legend_above(ax, columns=2)
    title = f"A count that stops on day {days} sees the gain and not the price"
    headline(ax, title, "profit per customer until that day, 95 % intervals", SOURCE)
    return ax


def draw_prices(prices: pd.DataFrame) -> Axes:
    """Draw the profit at several prices of a point, and the truth at each.

    Parameters
    ----------
    prices : DataFrame
        As `price_points` returns it.

    Returns
    -------
    Axes
    """
    table = prices.rename(columns={"profit": "effect"})
    colours = [TREATED if "expected" in name else HIGHLIGHT for name in table.index]
    ax = plt.subplots(figsize=(9, 3.4))[1]
    draw_intervals(table.assign(colour=colours), ax=ax, unit="€")
    mark_truths(ax, list(table["truth"]), label="truth at that price")
    ax.set_xlabel("€ per customer")
    headline(ax, "One campaign, three prices of a point, three decisions", "profit per customer, 95 % interval", SOURCE)
    return ax


def draw_pilots(pilots: pd.DataFrame, truth: float, title: str) -> Axes:
    """Draw the profit of two pilots and of both together, and the truth.

    Parameters
    ----------
    pilots : DataFrame
        One row a pilot: `effect`, `low`, `high`, euros per customer.
    truth : float
        Euros per customer.
    title : str
        The message.

    Returns
    -------
    Axes
    """
    ax = plt.subplots(figsize=(9, 3.4))[1]
    draw_intervals(pilots, ax=ax, unit="€")
    mark_truths(ax, [truth] * len(pilots))
    ax.set_xlabel("€ per customer")
    headline(ax, title, "profit per customer, 95 % interval", SOURCE)
    return ax
