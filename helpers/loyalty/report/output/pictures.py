"""Charts that several reports share."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, TREATED, headline, house_style
from loyalty.report.output.html import say_value


def draw_shares(shown: pd.DataFrame, warn: str = "") -> Axes:
    """Draw for each segment its share of customers and of sales; rows that are hidden are left out.

    Parameters
    ----------
    shown : pandas.DataFrame
        segment, customers, share of customers, share of sales; one row a segment.
    warn : str
        A segment whose sales are drawn in the colour of warnings.
    """
    house_style()
    rows = shown[pd.to_numeric(shown["customers"], errors="coerce").notna()].reset_index(drop=True)
    ax = plt.subplots(figsize=(9, 1.5 + 0.62 * len(rows)))[1]
    for place, row in enumerate(rows.to_dict("records")):
        for shift, name, colour in ((-0.19, "share of customers", GREY), (0.19, "share of sales", TREATED)):
            value = float(row[name])
            is_warning = row["segment"] == warn and name == "share of sales"
            ax.barh(place + shift, value, 0.36, color=HIGHLIGHT if is_warning else colour)
            ax.annotate(
                say_value(value, "percent"),
                (max(value, 0), place + shift),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9.5,
            )
    ax.set_yticks(range(len(rows)), rows["segment"])
    ax.set(ylim=(len(rows) - 0.4, -0.6), xticks=[])
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    best = rows.iloc[rows["share of sales"].astype("float64").to_numpy().argmax()]
    sizes = f"{best['share of customers']:.0%} of customers bring {best['share of sales']:.0%} of sales"
    title = f"“{best['segment']}”: {sizes.replace('%', ' %')}"
    headline(ax, title, "upper bar: share of customers; lower, coloured bar: share of sales")
    return ax
