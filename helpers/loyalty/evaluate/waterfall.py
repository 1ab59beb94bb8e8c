"""The picture of a campaign's money: from margin to profit, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline, say_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from loyalty.evaluate.money import Money


def draw_waterfall(money: Money, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
    """Draw the summands of profit as steps and the profit with its interval, all per customer assigned.

    Not for several arms: draw `compare_money` with `loyalty.charts.draw_intervals`.

    Parameters
    ----------
    money : Money
    ax : matplotlib.axes.Axes, optional
    unit, source : str
        Written before each amount, and as the source line.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import pandas as pd
    >>> from loyalty.evaluate.money import campaign_money
    >>> wave = pd.DataFrame({"customer_id": range(4), "arm": ["mail", "mail", "control", "control"],
    ...                      "margin": [4.0, 2.0, 1.0, 1.0]})
    >>> ax = draw_waterfall(campaign_money(wave, contact_cost=0.5))
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['margin', 'contact cost', 'profit']
    """
    ax = ax or plt.subplots(figsize=(9, 4.5))[1]
    steps = money.lines[money.lines["adds"] & (money.lines["per_customer"] != 0)]
    values, ends = steps["per_customer"].to_numpy(), steps["per_customer"].cumsum().to_numpy()
    starts, place = ends - values, len(steps)
    colours = np.where(values < 0, HIGHLIGHT, TREATED)
    ax.bar(range(place), values, bottom=starts, color=colours, width=0.62)
    for i in range(place):
        ax.plot([i - 0.31, i + 1.31], [ends[i], ends[i]], color=GREY, linewidth=1, zorder=1)
    profit = money.profit
    colour = {"earned": TREATED, "lost": HIGHLIGHT}.get(money.verdict, GREY)
    ax.bar(place, profit.effect, color=colour, width=0.62)
    ax.plot([place, place], [profit.low, profit.high], color=INK, linewidth=3, solid_capstyle="round", zorder=3)
    tops = [*np.maximum(starts, ends), max(profit.high, 0.0)]
    for i, (top, value) in enumerate(zip(tops, [*values, profit.effect], strict=True)):
        ax.annotate(say_money(value, unit, 2), (i, top), (0, 5), textcoords="offset points", ha="center", color=INK)
    ax.axhline(0, color=INK, linewidth=1, zorder=2)
    ax.set_xticks(range(place + 1), [*steps["line"], "profit"])
    ax.tick_params(axis="x", length=0)
    ax.use_sticky_edges = False  # bars stick to their ends, and the labels above need room
    ax.margins(y=0.12)
    span = f"{say_money(profit.low, unit, 2)} to {say_money(profit.high, unit, 2)}"
    titles = {"earned": "The campaign earned", "lost": "The campaign lost money"}
    what = f"per customer assigned, treated less control; dark bar: {profit.level * 100:g} % interval {span}"
    headline(ax, titles.get(money.verdict, "Whether the campaign earned is open"), what, source)
    return ax
