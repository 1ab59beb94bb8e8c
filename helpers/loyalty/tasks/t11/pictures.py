"""The pictures of lesson 11: the top ten, hours and days of a wrong clock, cards, money on its way to the clean table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.ticker import FuncFormatter, PercentFormatter

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline, mark_truth, put_legend_above
from loyalty.text import shorten

SOURCE = "a till system's export, simulated chain"
REAL = "Complete Journey"
DAY = 24


def count_top(lines: pd.DataFrame, many: int = 10) -> pd.Series:
    """Sum the sales of each card, the largest first.

    Parameters
    ----------
    lines : pandas.DataFrame
        customer_id, sales.
    many : int
    """
    return lines.groupby("customer_id")["sales"].sum().nlargest(many)


def draw_top(top: pd.Series, title: str, odd: Sequence[str] = ()) -> Axes:
    """Draw the best cards and what was paid with each.

    Parameters
    ----------
    top : pandas.Series
        As `count_top` returns it.
    title : str
    odd : sequence of str
        Cards to draw in colour.
    """
    ax = plt.subplots(figsize=(9, 4.0))[1]
    names = [str(card) for card in top.index]
    ax.barh(names, top, color=[HIGHLIGHT if name in odd else TREATED for name in names], height=0.7)
    for place, money in enumerate(top):
        ax.annotate(f"€{money:,.0f}", (money, place), (4, 0), textcoords="offset points", va="center", fontsize=10)
    ax.invert_yaxis()
    ax.set(xlabel="sales in four months, €", xlim=(0, top.max() * 1.12))
    grid_along_x(ax)
    headline(ax, title, "sales on each of the ten best cards, euros", SOURCE)
    return ax


def draw_copies(counts: pd.Series) -> Axes:
    """Draw how many lines each way of finding copies would remove.

    Parameters
    ----------
    counts : pandas.Series
        Lines; the index names the way. The first is right.
    """
    ax = plt.subplots(figsize=(9, 2.7))[1]
    colours = [TREATED, *[HIGHLIGHT] * (len(counts) - 1)]
    ax.barh([str(name) for name in counts.index], counts, color=colours, height=0.6)
    for place, number in enumerate(counts):
        ax.annotate(f"{number:,}", (number, place), (4, 0), textcoords="offset points", va="center", fontsize=10)
    ax.invert_yaxis()
    ax.set(xlabel="lines that would go", xlim=(0, counts.max() * 1.12))
    grid_along_x(ax)
    headline(ax, "Too coarse a look takes true purchases for copies", "lines that are called copies, by the columns that are compared", SOURCE)  # fmt: skip
    return ax


def draw_hours(lines: pd.DataFrame, odd: str) -> Axes:
    """Draw at which hours a shop sold, one line a file; one file in colour.

    Parameters
    ----------
    lines : pandas.DataFrame
        time, file.
    odd : str
        The file that is drawn in colour.
    """
    ax = plt.subplots(figsize=(9, 3.6))[1]
    hours = lines.groupby(["file", lines["time"].dt.hour]).size().unstack(fill_value=0)
    hours = hours.reindex(columns=range(DAY), fill_value=0)
    shares = hours.div(hours.sum(axis=1), axis=0)
    for name, row in shares.iterrows():
        is_odd = name == odd
        ax.plot(
            row.index, row, color=HIGHLIGHT if is_odd else GREY, linewidth=2.6 if is_odd else 1.6, zorder=2 + is_odd
        )
    month = pd.Period(odd.removeprefix("receipts_").removesuffix(".csv")).strftime("%B")
    night = shares.loc[odd, :5].idxmax()
    style: dict[str, Any] = {"textcoords": "offset points", "weight": "bold", "ha": "center"}
    ax.annotate(month, (night, shares.loc[odd, night]), (0, 6), color=HIGHLIGHT, **style)
    usual = shares.drop(index=odd).max()
    alone = usual[shares.loc[odd] < 0.01].idxmax()
    ax.annotate("the other months", (alone, usual[alone]), (0, 7), color="#5F6368", **style)
    ax.set(xlabel="hour of the stamp", xlim=(0, DAY - 1), ylim=(0, shares.to_numpy().max() * 1.22))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xticks(range(0, DAY, 3))
    headline(
        ax, f"In {month} the web shop's customers seem to buy at night", "share of the web shop's lines by hour", SOURCE
    )
    return ax


def describe_cards(lines: pd.DataFrame) -> pd.DataFrame:
    """Describe each card by its receipts, the share of them at its most frequent cashier, and its discounts.

    Parameters
    ----------
    lines : pandas.DataFrame
        customer_id, store_id, till_id, basket_id, cashier, time, sales, discount.

    Returns
    -------
    pandas.DataFrame
        Index customer_id: receipts, one_cashier (share), staff_share (share of lines with exactly 15 % off), lines.
    """
    key = ["customer_id", "store_id", "till_id", "basket_id", "cashier"]
    receipts = lines.assign(day=lines["time"].dt.normalize()).drop_duplicates([*key, "day"])
    at = receipts.groupby(["customer_id", "store_id", "cashier"]).size()
    cards = receipts.groupby("customer_id").size().to_frame("receipts")
    cards["one_cashier"] = at.groupby("customer_id").max() / cards["receipts"]
    shelf = lines["sales"] + lines["discount"]
    exact = (lines["discount"] - 0.15 * shelf).abs() <= 0.015
    cards["staff_share"] = (exact & (lines["discount"] > 0)).groupby(lines["customer_id"]).mean()
    cards["lines"] = lines.groupby("customer_id").size()
    return cards


def draw_cards(cards: pd.DataFrame) -> Axes:
    """Draw each card with ten receipts or more: how many receipts, and how many of them at one cashier.

    Parameters
    ----------
    cards : pandas.DataFrame
        As `describe_cards` returns it.
    """
    ax = plt.subplots(figsize=(9, 3.8))[1]
    shown = cards[cards["receipts"] >= 10]
    top = shown["receipts"].idxmax()
    others = shown.drop(index=top)
    ax.scatter(others["receipts"], others["one_cashier"], s=18, color=TREATED, alpha=0.5)
    ax.scatter(shown.loc[top, "receipts"], shown.loc[top, "one_cashier"], s=90, color=HIGHLIGHT)
    ax.annotate(f"card {top}", (shown.loc[top, "receipts"], shown.loc[top, "one_cashier"]), (-9, -4), textcoords="offset points", ha="right", va="top", color=HIGHLIGHT, weight="bold")  # fmt: skip
    ax.set(xlabel="receipts in four months", ylabel="share of them at one cashier", ylim=(0, 1.08))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    headline(ax, "One card always meets the same cashier", "each dot is a card with ten receipts or more", SOURCE)
    return ax


def draw_way(summary: pd.DataFrame, truth: float | None = None) -> Axes:
    """Draw the way from the file's sum to the clean one, step by step.

    Parameters
    ----------
    summary : pandas.DataFrame
        As `clean_receipts` returns it.
    truth : float, optional
        True net sales.
    """
    steps = summary[summary["money"].abs() >= 0.005].reset_index(drop=True)
    ax = plt.subplots(figsize=(9, 1.4 + 0.36 * len(steps)))[1]
    last = len(steps) - 1
    level = 0.0
    for place, row in enumerate(steps.itertuples()):
        if place in (0, last):
            ax.barh(place, row.money, color=INK if place == 0 else TREATED, height=0.66)
            level = row.money
        else:
            ax.barh(place, row.money, left=level, color=HIGHLIGHT if row.money < 0 else CONTROL, height=0.66)
            level += row.money
        sign = "" if place in (0, last) else ("+" if row.money > 0 else "−")
        away = 12 if place == last and truth is not None else 5
        ax.annotate(f"{sign}€{abs(row.money):,.0f}", (max(level, level - row.money), place), (away, 0), textcoords="offset points", va="center", fontsize=9.5)  # fmt: skip
    if truth is not None:
        mark_truth(ax, truth, last)
        put_legend_above(ax)
    names = ["in the files", *steps["what"].iloc[1:-1], "clean"]
    ax.set_yticks(range(len(steps)), names)
    ax.invert_yaxis()
    low = 0.88 * steps["money"].iloc[[0, -1]].min()
    ax.set(xlim=(low, steps["money"].max() * 1.05), xlabel="€ (the axis does not begin at zero)")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: shorten(value)))
    grid_along_x(ax)
    headline(ax, "Every euro between the files and the clean table has a name", "sales, euros", SOURCE)
    return ax


def draw_prices(ratios: pd.DataFrame) -> Axes:
    """Draw the price of one piece over the chain's usual price, one dot a store and month.

    Parameters
    ----------
    ratios : pandas.DataFrame
        store_id, file, ratio.
    """
    ax = plt.subplots(figsize=(9, 3.2))[1]
    files = sorted(ratios["file"].unique())
    odd = ratios["ratio"] < 0.95
    place = ratios["file"].map(files.index) + (ratios["store_id"] - ratios["store_id"].mean()) * 0.1
    ax.scatter(place[~odd], ratios.loc[~odd, "ratio"], color=TREATED, s=45)
    ax.scatter(place[odd], ratios.loc[odd, "ratio"], color=HIGHLIGHT, s=90)
    for row, x in zip(ratios[odd].itertuples(), place[odd], strict=True):
        ax.annotate(f"store {row.store_id}: {row.ratio:.3f}", (x, row.ratio), (0, 10), textcoords="offset points", color=HIGHLIGHT, weight="bold", ha="center")  # fmt: skip
    ax.axhline(1 / 1.2, color=GREY, linestyle=":", zorder=1)
    ax.annotate("1 / 1.20", (-0.4, 1 / 1.2), (0, 4), textcoords="offset points", color="#5F6368")
    months = [pd.Period(name.removeprefix("receipts_").removesuffix(".csv")).strftime("%B") for name in files]
    ax.set_xticks(range(len(files)), months)
    ax.set(ylim=(0.75, 1.05), xlim=(-0.45, len(files) - 0.4), ylabel="median ratio")
    headline(ax, "One store sends a month of prices without tax", "price of one piece over the chain's usual price, each store and month", SOURCE)  # fmt: skip
    return ax


def draw_days(lines: pd.DataFrame) -> Axes:
    """Draw the lines of each stamped day of one store, in and outside the export's months.

    Parameters
    ----------
    lines : pandas.DataFrame
        time, file_month: one file of one store.
    """
    ax = plt.subplots(figsize=(9, 3.2))[1]
    days = lines["time"].dt.normalize().value_counts().sort_index()
    month = lines["file_month"].iloc[0]
    inside = (days.index.month == month.month) & (days.index.year == month.year)
    ax.bar(days.index[inside], days[inside], color=TREATED, width=1.0)
    ax.bar(days.index[~inside], days[~inside], color=HIGHLIGHT, width=2.0)
    ax.set(ylabel="lines", ylim=(0, days.max() * 1.2))
    ax.annotate("the month of the file", (month, days.max() * 1.08), color=TREATED, weight="bold")
    far = days.index[~inside][-1]
    ax.annotate("stamped in other months", (far, days.max() * 1.08), color=HIGHLIGHT, weight="bold", ha="right")
    ax.xaxis.set_major_formatter(DateFormatter("%b"))
    ax.set_xlabel(f"{month.year}")
    ax.grid(axis="x", visible=False)
    headline(ax, "A file of one month holds days of the whole year", "lines of one store in one file, by the day of their stamp", SOURCE)  # fmt: skip
    return ax


def draw_two_clocks(stamped: pd.Series, local: pd.Series) -> Axes:
    """Draw the hours of one chain in two clocks.

    Parameters
    ----------
    stamped, local : pandas.Series
        Times of the lines.
    """
    ax = plt.subplots(figsize=(9, 3.4))[1]
    for times, name, colour in ((stamped, "as stamped", HIGHLIGHT), (local, "in the shops' time", TREATED)):
        share = times.dt.hour.value_counts(normalize=True).reindex(range(DAY), fill_value=0.0)
        ax.plot(share.index, share, color=colour, linewidth=2.4)
        ax.annotate(name, (share.idxmax(), share.max()), (12, 6), textcoords="offset points", color=colour, weight="bold", ha="right")  # fmt: skip
    ax.axvspan(0, 5, color=GREY, alpha=0.18, linewidth=0)
    ax.annotate("night", (0.3, 0.104), color=INK)
    ax.set(xlabel="hour of the day", xlim=(0, DAY - 1), ylim=(0, 0.115))
    ax.set_xticks(range(0, DAY, 3))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    headline(ax, "A grocer who sells at one in the morning?", "share of the receipt lines by hour, two clocks", REAL)
    return ax


def draw_matches(clocks: pd.DataFrame) -> Axes:
    """Draw how many redemptions have a purchase on their day, in each clock.

    Parameters
    ----------
    clocks : pandas.DataFrame
        As `compare_clocks` returns it.
    """
    ax = plt.subplots(figsize=(9, 2.2))[1]
    of = clocks["of"].iloc[0]
    ax.barh(clocks.index, clocks["of"], color=GREY, alpha=0.35, height=0.6)
    ax.barh(clocks.index, clocks["matched"], color=[HIGHLIGHT, TREATED], height=0.6)
    for place, matched in enumerate(clocks["matched"]):
        ax.annotate(f"{matched:,} of {of:,}", (matched, place), (-6, 0), textcoords="offset points", va="center", ha="right", color="white", weight="bold")  # fmt: skip
    ax.invert_yaxis()
    ax.set(xlabel="coupons redeemed on a day on which their household bought", xlim=(0, of))
    grid_along_x(ax)
    headline(ax, "In the shops' time every coupon finds its purchase", "redemptions with a purchase of the household on that day", REAL)  # fmt: skip
    return ax


def draw_judgements(shares: pd.DataFrame) -> Axes:
    """Draw for each judgement how often it is wrong.

    Parameters
    ----------
    shares : pandas.DataFrame
        Index: the judgement; `wrong` (a fraction), `of` (how many it was passed on), `says` (who they really are).
    """
    ax = plt.subplots(figsize=(9, 1.3 + 0.7 * len(shares)))[1]
    places = np.arange(len(shares))
    ax.barh(places, 1.0, color=GREY, alpha=0.3, height=0.55)
    ax.barh(places, shares["wrong"], color=HIGHLIGHT, height=0.55)
    for place, row in zip(places, shares.itertuples(), strict=True):
        inside = row.wrong > 0.6
        text = f"{row.wrong:.0%} of {row.of:,}: {row.says}"
        ax.annotate(text, (0.0 if inside else row.wrong, place), (6, 0), textcoords="offset points", va="center", color="white" if inside else INK, weight="bold", fontsize=10.5)  # fmt: skip
    ax.set_yticks(places, [str(name) for name in shares.index])
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xlabel="share of those whom the judgement calls so")
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    grid_along_x(ax)
    headline(
        ax,
        "Three judgements, and how often each is wrong",
        "the truth is known in the simulated chain",
        "simulated chain, seed 12",
    )
    return ax
