"""Charts of `next_offers`."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import TREATED, grid_along_x, headline, house_style
from loyalty.learn.recommend.scores import RecommenderScores
from loyalty.learn.recommend.sending import SendList

LONGEST = 34  # characters of a label


def draw_ways(scores: RecommenderScores, better: list[str]) -> Axes:
    """Draw how many places of each way were bought later, among products that are new to the customer.

    `better` names the ways that are shown to beat the best-sellers.
    """
    house_style()
    title = "Nothing is shown to beat the best-sellers"
    if better:
        title = f"Better than best-sellers: {' and '.join(better)}"
    return scores.plot(metric="hit_rate", among="new", title=title)


def draw_steps(sending: SendList, shown: pd.DataFrame) -> Axes:
    """Draw how many customers are left after each step; `shown` has the steps that are not hidden, as `reason`."""
    house_style()
    steps = sending.steps
    here = (steps["what"] == "customers") & steps["step"].isin(shown["reason"])
    return replace(sending, steps=steps[here].reset_index(drop=True)).plot()


def draw_products(rows: pd.DataFrame, count: int) -> Axes:
    """Draw the products that most messages are about, of so many as there are messages about.

    Parameters
    ----------
    rows : pandas.DataFrame
        product, customers, share of messages; the most first, none hidden.
    count : int
        Products that there are messages about.
    """
    house_style()
    ax = plt.subplots(figsize=(9, 1.7 + 0.42 * len(rows)))[1]
    places = np.arange(len(rows))
    sizes = rows["customers"].astype("float64")
    ax.barh(places, sizes, height=0.6, color=TREATED)
    for place, size in enumerate(sizes):
        ax.annotate(f"{size:,.0f}", (size, place), (5, 0), textcoords="offset points", va="center")
    names = rows["product"].astype("str")
    ax.set_yticks(places, [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names])
    ax.set(xlim=(0, 1.12 * sizes.max()), ylim=(len(rows) - 0.5, -0.5), xlabel="messages")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    grid_along_x(ax)
    first = rows.iloc[0]
    title = f"No product stands in more than {100 * float(first['share of messages']):.1f} % of the messages"
    headline(ax, title, f"the {len(rows)} products with the most messages, of {count:,}")
    return ax
