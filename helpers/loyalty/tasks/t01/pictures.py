"""The pictures of lesson 01: two years of a chain, how like a real one it is, a promise counted, and who lives there."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, TRUTH, grid_along_x, headline, mark_truth
from loyalty.text import say_euros
from loyalty.world import World

SOURCE = "loyalty.world, seed 1"
YEAR = pd.Timedelta(days=364)
LOOKS = ((GREY, 5), (TREATED, 2), ("#009E73", 2))  # colour and width of the first, second, third chain


def take_year(receipts: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """Take the receipt lines of 364 days, which are 13 periods of 28 days.

    Parameters
    ----------
    receipts : DataFrame
        Lines with `time`.
    start : Timestamp
        First day of the year.
    """
    return receipts[(receipts["time"] >= start) & (receipts["time"] < start + YEAR)]


def describe_year(receipts: pd.DataFrame, start: pd.Timestamp) -> dict[str, float]:
    """Describe a year of receipts by six numbers, money in the chain's own currency.

    Parameters
    ----------
    receipts : DataFrame
        Lines: customer_id, time, basket_id, sales.
    start : Timestamp
        First day of the year.
    """
    lines = take_year(receipts, start)
    baskets = lines.groupby("basket_id")["sales"].agg(["sum", "size"])
    period = (lines["time"] - start).dt.days // 28
    spend = lines.groupby(["customer_id", period])["sales"].sum().unstack(fill_value=0).to_numpy()
    yearly = np.sort(spend.sum(axis=1))
    return {
        "receipts per customer": len(baskets) / len(spend),
        "median receipt, $ or €": float(baskets["sum"].median()),
        "lines per receipt": float(baskets["size"].mean()),
        "share of sales of the top fifth": float(yearly[-len(yearly) // 5 :].sum() / yearly.sum()),
        "28-day periods without purchase": float((spend == 0).mean()),
        "correlation of neighbouring periods": float(np.corrcoef(spend[:, :-1].ravel(), spend[:, 1:].ravel())[0, 1]),
    }


def draw_two_years(world: World) -> Axes:
    """Draw the sales of each full week, with the launch of the card and the chain's own mailings.

    Parameters
    ----------
    world : World
        A chain of 24 months.
    """
    receipts = world.receipts
    start = receipts["time"].min().normalize()
    week = (receipts["time"] - start).dt.days // 7
    sales = receipts.groupby(week)["sales"].sum().loc[: (world.end - start).days // 7 - 1] / 1000
    ax = plt.subplots(figsize=(9, 3.8))[1]
    ax.plot(start + pd.to_timedelta(sales.index * 7, unit="D"), sales, color=TREATED, linewidth=2)
    launch = start + pd.DateOffset(months=12)
    ax.axvline(launch, color=INK, linewidth=1, linestyle=":")
    ax.annotate("the card", (launch, 2), (5, 0), textcoords="offset points")
    for sent_at in world.contacts["sent_at"].unique():
        ax.plot(sent_at, 8, "^", color=GREY, markersize=8)
        ax.annotate("mailing", (sent_at, 8), (8, 0), textcoords="offset points", va="center", color="#5F6368")
    ax.set(ylim=(0, None), ylabel="€ thousand a week")
    headline(ax, "Christmas is easy to see, the card is not", "sales of 5,000 customers, € thousand a week", SOURCE)
    return ax


def draw_likeness(chains: Mapping[str, tuple[pd.DataFrame, pd.Timestamp]]) -> Figure:
    """Draw how large receipts are, and how long customers stay away, in three chains.

    Parameters
    ----------
    chains : mapping of str to (receipts, start)
        As for `describe_year`, by the name of the chain.
    """
    figure, (left, right) = plt.subplots(1, 2)
    edges = np.geomspace(0.5, 300, 40)
    days = np.arange(61)
    for (name, (receipts, start)), (colour, width) in zip(chains.items(), LOOKS, strict=True):
        lines = take_year(receipts, start)
        values = lines.groupby("basket_id")["sales"].sum()
        share = np.histogram(values, edges)[0] / len(values) * 100
        left.plot(edges[:-1], share, color=colour, linewidth=width)
        over = [(_find_gaps(lines) <= day).mean() * 100 for day in days]
        right.plot(days, over, color=colour, linewidth=width, label=name)
    left.set(xscale="log", xticks=[1, 10, 100], xticklabels=["1", "10", "100"], xlabel="$ or €", ylim=(0, None))
    right.set(ylim=(0, 103), xlabel="days between two visits")
    right.legend(loc="lower right")
    headline(left, "How large is a receipt", "receipts by value, % of all", f"Complete Journey; {SOURCE}")
    headline(right, "and how long until the next?", "gaps that are over by that day, %")
    return figure


def _find_gaps(lines: pd.DataFrame) -> pd.Series:
    """Days between two days with a purchase of the same customer."""
    visits = lines.assign(day=lines["time"].dt.normalize())[["customer_id", "day"]].drop_duplicates()
    return visits.sort_values(["customer_id", "day"]).groupby("customer_id")["day"].diff().dt.days.dropna()


def draw_promise(lotteries: pd.DataFrame, truth: float) -> Axes:
    """Draw many intervals, sorted by their estimate; those that miss the truth stand out.

    Parameters
    ----------
    lotteries : DataFrame
        One row a lottery: effect, low, high in euros a customer.
    truth : float
        The true effect.
    """
    ax = plt.subplots()[1]
    place = lotteries["effect"].rank(method="first")
    holds = (lotteries["low"] <= truth) & (truth <= lotteries["high"])
    for colour, mine, width in ((TREATED, holds, 0.6), (HIGHLIGHT, ~holds, 1.2)):
        ax.vlines(place[mine], lotteries["low"][mine], lotteries["high"][mine], color=colour, linewidth=width)
    ax.axhline(truth, color=TRUTH, linewidth=1)
    end = 1.03 * len(lotteries)
    mark_truth(ax, end, truth)
    ax.annotate("truth", (end, truth), (0, 10), textcoords="offset points", ha="center")
    low = lotteries["low"].min()
    ax.annotate("these miss it", (0.03 * len(lotteries), low), color=HIGHLIGHT, weight="bold")
    ax.axhline(0, color=INK, linewidth=1)
    ax.set(xlim=(-10, 1.06 * len(lotteries)), xlabel="lotteries, sorted by estimate", ylabel="€ per customer")
    title = f"{holds.sum():,} of {len(holds):,} intervals hold the truth"
    headline(ax, title, "effect on sales, € in 28 days, 95 % intervals: the same customers, new lots", SOURCE)
    return ax


def draw_types(types: pd.DataFrame) -> Axes:
    """Draw the true effect of an offer for each hidden type.

    Parameters
    ----------
    types : DataFrame
        Index: the type. Columns: customers, effect (euros a customer), in the order in which they are drawn.
    """
    ax = plt.subplots(figsize=(9, 4.2))[1]
    places = range(len(types))
    ax.hlines(places, 0, types["effect"], color=GREY, linewidth=2)
    mark_truth(ax, types["effect"], places)
    for place, effect in zip(places, types["effect"], strict=True):
        ax.annotate(say_euros(effect), (max(effect, 0), place), (12, 0), textcoords="offset points", va="center")
    ax.set_yticks(places, [f"{str(name).replace('_', ' ')} ({n})" for name, n in types["customers"].items()])
    ax.axvline(0, color=INK, linewidth=1)
    ax.margins(x=0.12)
    grid_along_x(ax)
    ax.set_xlabel("€ per customer in 28 days")
    headline(ax, "The same discount: much, little, nothing, harm", "true effect on sales (number of customers)", SOURCE)
    return ax
