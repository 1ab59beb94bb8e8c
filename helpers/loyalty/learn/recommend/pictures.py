"""How scores of recommenders are drawn: one bar a way with its interval, the simple ways grey."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from loyalty.charts import GREY, INK, TREATED, grid_along_x, headline
from loyalty.learn.recommend.ways import WORDS

LABELS = {
    "hit_rate": "share of the places bought later",
    "any_hit": "share of customers with a hit",
    "ndcg": "NDCG: 1 is the best order that there could be",
    "coverage": "share of the products that 1,000 customers are shown",
    "novelty": "novelty, in bits: one more, and half as many know it",
}
SIMPLE = ("popular", "again")
SMALL = 0.1  # a share below which whole percents at the ticks would repeat


def draw_ways(rows: pd.DataFrame, metric: str, title: str, said: str, source: str, *, ax: Axes | None = None) -> Axes:
    """Draw a metric of each way with its interval, the best on top.

    Parameters
    ----------
    rows : DataFrame
        way, value, low, high.
    metric, title, said, source : str
    ax : Axes, optional
    """
    rows = rows.sort_values("value", kind="stable", ascending=False)
    ax = ax or plt.subplots(figsize=(9, 1.7 + 0.42 * len(rows)))[1]
    places = np.arange(len(rows))
    ax.barh(places, rows["value"], height=0.6, color=[GREY if way in SIMPLE else TREATED for way in rows["way"]])
    ax.hlines(places, rows["low"], rows["high"], color=INK, linewidth=2)
    shares = metric != "novelty" and metric != "ndcg"
    for place, row in enumerate(rows.itertuples()):
        end = row.value if np.isnan(row.high) else row.high
        text = f"{row.value:.1%}" if shares else f"{row.value:.3f}"
        ax.annotate(text, (end, place), (5, 0), textcoords="offset points", va="center")
    ax.set_yticks(places, [WORDS[way] for way in rows["way"]])
    most = max(rows[["value", "high"]].max().max(), 1e-3)
    ax.set(xlim=(0, 1.15 * most), ylim=(len(rows) - 0.5, -0.5), xlabel=LABELS[metric])
    if shares:
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=1 if most < SMALL else 0))
    grid_along_x(ax, lines=False)  # each bar has its number
    headline(ax, title, said, source)
    return ax
