"""Pictures of lesson 45: hits of one household, gains on best-sellers in three shops, and a month of page views."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline, put_legend_above
from loyalty.learn.recommend.ways import WORDS

SIMULATED = "simulated chain, seed 45"
REAL = "Complete Journey, real receipts; our chain is simulated, seed 45"
COLOURS = {"better": TREATED, "worse": HIGHLIGHT, "not clear": GREY}


def draw_slide(rates: pd.Series, engine: str, title: str, source: str) -> Axes:
    """Draw the share of customers with a hit for the agency's engine and for simple ways.

    Parameters
    ----------
    rates : Series
        Name -> share.
    engine : str
        The name that is the agency's.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 1.6 + 0.5 * len(rates)))[1]
    places = np.arange(len(rates))
    ax.barh(places, rates.to_numpy(), height=0.6, color=[TREATED if name == engine else GREY for name in rates.index])
    for place, (name, value) in enumerate(rates.items()):
        label = ax.annotate(f"{100 * value:.0f} of 100", (value, place), (-8, 0), textcoords="offset points")
        label.set(ha="right", va="center", color="white" if name == engine else INK)
    ax.set_yticks(places, list(rates.index))
    ax.set(xlim=(0, 1), ylim=(len(rates) - 0.5, -0.5), xlabel="share of households with a hit")
    ax.xaxis.set_major_formatter("{x:.0%}")
    grid_along_x(ax)
    headline(ax, title, "five places a household; a hit: bought in the next three months", source)
    return ax


def draw_gains(gains: pd.DataFrame, title: str, source: str = REAL, *, what: str = "bought later") -> Axes:
    """Draw what each way gains on best-sellers, shop by shop, with intervals.

    Parameters
    ----------
    gains : DataFrame
        shop, gain, low, high; way and verdict if there are several ways.
    title, source : str
    what : str
        What a hit is.
    """
    rows = gains.iloc[::-1].reset_index(drop=True)
    ax = plt.subplots(figsize=(9, 1.8 + 0.38 * len(rows)))[1]
    places = np.arange(len(rows), dtype=float)
    if "way" in rows:
        places += 0.7 * (rows["shop"] != rows["shop"].shift()).cumsum()
    clear = np.where(rows["low"] > 0, "better", np.where(rows["high"] < 0, "worse", "not clear"))
    verdicts = rows["verdict"] if "verdict" in rows else pd.Series(clear)
    colours = [COLOURS[verdict] for verdict in verdicts]
    ax.hlines(places, 100 * rows["low"], 100 * rows["high"], color=colours, linewidth=3)
    ax.scatter(100 * rows["gain"], places, color=colours, s=55, zorder=3)
    ax.axvline(0, color=INK, linewidth=1)
    names = rows["way"].map(WORDS) if "way" in rows else rows["shop"]
    ax.set_yticks(places, list(names))
    if "way" in rows:
        tops = pd.Series(places).groupby(rows["shop"]).max()
        left = min(100 * rows["low"].min(), 0) - 0.3
        for shop, top in tops.items():
            ax.annotate(shop, (left, top + 0.62), va="center", fontsize=9.5, fontweight="bold", color=INK)
    ax.set_ylim(-0.1 if "way" in rows else -0.6, places.max() + 1.1)
    ax.set_xlabel(f"more of 100 places {what} than with best-sellers")
    grid_along_x(ax)
    headline(ax, title, "line: 95 % interval; blue: better, red: worse, grey: not clear", source)
    return ax


def draw_place_values(hits: list[int], title: str) -> Axes:
    """Draw what each place of a list is worth in NDCG, and which of them were hits."""
    size = len(hits)
    worth = 1 / np.log2(np.arange(size) + 2)
    ax = plt.subplots(figsize=(9, 3.2))[1]
    ax.bar(np.arange(size) + 1, worth, color=[TREATED if hit else GREY for hit in hits], width=0.6)
    for place, value in enumerate(worth, 1):
        ax.annotate(f"{value:.2f}", (place, value), (0, 4), textcoords="offset points", ha="center")
    ax.set(xlabel="place on the list", ylabel="worth of a hit", ylim=(0, 1.15), xticks=np.arange(size) + 1)
    headline(ax, title, "blue: bought later, grey: not", "made-up list")
    return ax


def draw_leak(rates: pd.DataFrame, title: str, source: str = SIMULATED) -> Axes:
    """Draw hit rates on later months and on the months that the lists were made of.

    Parameters
    ----------
    rates : DataFrame
        Index: way; honest, leaky.
    title, source : str
    """
    ax = plt.subplots(figsize=(9, 1.9 + 0.5 * len(rates)))[1]
    places = np.arange(len(rates))
    ax.hlines(places, rates["honest"], rates["leaky"], color=GREY, linewidth=2)
    ax.scatter(rates["honest"], places, color=TREATED, s=60, zorder=3, label="scored on later months")
    ax.scatter(rates["leaky"], places, color=CONTROL, s=60, zorder=3, label="the later months were known")
    ax.set_yticks(places, [WORDS[way] for way in rates.index])
    ax.set(xlim=(0, 1.12 * rates.to_numpy().max()), ylim=(len(rates) - 0.5, -0.5), xlabel="hit rate, new products")
    ax.xaxis.set_major_formatter("{x:.0%}")
    grid_along_x(ax)
    put_legend_above(ax, 2)
    headline(ax, title, "", source)
    return ax


def draw_views(worth: pd.DataFrame, title: str) -> Axes:
    """Draw how many months a test needs, by how much of the rise in page views comes through to orders."""
    rows = worth[np.isfinite(worth["months"])]
    ax = plt.subplots(figsize=(9, 1.8 + 0.45 * len(rows)))[1]
    places = np.arange(len(rows))
    ax.scatter(rows["months"], places, color=TREATED, s=70, zorder=3)  # on a logarithmic axis a length says nothing
    for place, row in enumerate(rows.itertuples()):
        text = f"{row.months:,.1f} months, for €{row.margin:,.0f} a month"
        ax.annotate(text, (row.months, place), (9, 0), textcoords="offset points", va="center")
    ax.set_yticks(places, [f"{part:.0%} comes through" for part in rows["passes"]])
    ax.set(xscale="log", xlabel="months that the test takes, half of the visitors without the box (logarithmic)")
    ax.set(xlim=(0.3, 40 * rows["months"].max()), ylim=(len(rows) - 0.5, -0.5))
    ax.xaxis.set_major_formatter("{x:g}")
    grid_along_x(ax)
    headline(ax, title, "how long a test needs to see the rise in orders four times out of five", "made-up shop")
    return ax
