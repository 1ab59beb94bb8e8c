"""A picture that several lessons share: estimates, and in each row the truth about the very same people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import HIGHLIGHT, TREATED, TRUTH, draw_intervals, headline
from loyalty.tasks.checking.triples import HasInterval


def draw_beside_truth(
    found: Mapping[str, HasInterval],
    truths: Sequence[float],
    title: str,
    subtitle: str,
    *,
    wrong: int = 0,
    unit: str = "€",
    xlabel: str = "€ per customer",
    source: str = "",
) -> Axes:
    """Draw estimates with their intervals; the truth is a hollow diamond, always in the middle of its row.

    Parameters
    ----------
    found : mapping of str to estimate
        Label -> effect with its interval (`effect`, `low`, `high`), the first on top.
    truths : sequence of float
        In the same order and unit.
    title, subtitle : str
        The finding; what is plotted.
    wrong : int
        How many rows, from the top, are comparisons that do not hold; they have the warning colour.
    unit, xlabel, source : str
        The sign before each value; the axis; where the data come from.
    """
    rows = [{"effect": one.effect, "low": one.low, "high": one.high} for one in found.values()]
    table = pd.DataFrame(rows, index=list(found))
    table["colour"] = [HIGHLIGHT] * wrong + [TREATED] * (len(rows) - wrong)
    ax = draw_intervals(table, unit=unit)
    look: dict[str, Any] = {"mfc": "white", "mec": TRUTH, "mew": 1.6, "markersize": 9, "linestyle": "none", "zorder": 4}
    ax.plot(list(truths), range(len(rows)), "D", label="truth", **look)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2)
    ax.set_xlabel(xlabel)
    headline(ax, title, subtitle, source)
    return ax
