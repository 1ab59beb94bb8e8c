"""Charts of the report `segments`."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import TREATED, draw_intervals, grid_along_x, headline, house_style
from loyalty.segment.drift.label_life import LabelLife
from loyalty.text import count_of


def draw_stays(moves: pd.DataFrame, step: int, stayed: float) -> Axes:
    """Draw the share of each segment that stayed in it, with its interval; `stayed` is that of all customers."""
    house_style()
    rows = moves.set_index("segment then")
    columns = {"share that stayed": "effect", "low share": "low", "high share": "high"}
    shown = 100 * rows.rename(columns=columns)[["effect", "low", "high"]].astype("float64")
    ax = draw_intervals(shown, decimals=0)
    ax.set(xlabel="still in the same segment, %", xlim=(0, 100))
    title = f"{100 * stayed:.0f} of 100 customers are in the same segment as before"
    headline(ax, title, f"by segment, after {count_of(step, 'day')}, with the 95 % interval")
    return ax


def draw_life(life: LabelLife) -> Axes:
    """Draw the share of labels that are still right, by their age in days."""
    house_style()
    days = (life.table["age"] * life.step_days).round().astype("int64")
    first = life.at(1)
    title = f"{100 * first['right']:.0f} of 100 labels are still right after {count_of(round(life.step_days), 'day')}"
    ax = life.plot(title=title)
    ax.set_xticks(life.table["age"], [f"{day:,}" for day in days])
    ax.set_xlabel("age of the label, days")
    return ax


def draw_cohorts(pooled: pd.DataFrame) -> Axes:
    """Draw how many of those who could have come came, by months since their first purchase."""
    house_style()
    ax = plt.subplots(figsize=(9, 3.8))[1]
    months = pooled["age"]
    ax.fill_between(months, 100 * pooled["low"], 100 * pooled["high"], color=TREATED, alpha=0.2, linewidth=0)
    ax.plot(months, 100 * pooled["share"], "o-", color=TREATED)
    ax.set(ylim=(0, None), xlabel="months since the first purchase", ylabel="came in that month, %", xticks=months)
    grid_along_x(ax)
    first = pooled.iloc[0]
    title = f"{100 * first['share']:.0f} of 100 came in the month after their first purchase"
    headline(ax, title, "of all customers who could have come; band: 95 % interval")
    return ax
