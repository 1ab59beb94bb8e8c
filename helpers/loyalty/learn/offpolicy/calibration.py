"""Calibration of the logged chances: were the arms drawn as often as the log says they had to be?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from loyalty.charts import GREY, HIGHLIGHT, INK, headline
from loyalty.learn.offpolicy.draws import count_draws, name_worst
from loyalty.learn.offpolicy.log import PolicyLog
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.text import say_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURED = "how often each arm was drawn, against the sum of its logged chances"


@dataclass(frozen=True, eq=False)
class ChanceCheck:
    """Whether the logged chances fit the draws; made by `check_chances`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a cell: grouping (all, segment, campaign_id, wave, chance), group, arm, rows, drawn, expected, p,
        p_adjusted.
    p : float
        The smallest p-value, corrected for all cells (Holm).
    level : float
        Below this p the chances are off: the rate of false alarms of the whole check.
    finding : str
        The cell that stands out most, in words.
    """

    table: pd.DataFrame = field(repr=False)
    p: float
    level: float
    finding: str

    @property
    def fits(self) -> bool:
        """Whether nothing speaks against the logged chances; a small log says little against anything."""
        return not self.p < self.level

    def to_frame(self) -> pd.DataFrame:
        """The table of cells."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw for each cell of arm and group the share that was drawn over the share that was logged.

        The cell that does not fit and lies farthest from the line has its name beside it.
        """
        if ax is None:
            ax = plt.subplots(figsize=(6.4, 4.8))[1]
        cells = self.table[self.table["rows"] > 0]
        logged, drawn = cells["expected"] / cells["rows"], cells["drawn"] / cells["rows"]
        off = cells["p_adjusted"] < self.level
        top = 1.05 * float(np.nanmax([logged.max(), drawn.max()]))
        ax.plot([0, top], [0, top], color=INK, lw=1)
        ax.scatter(logged[~off], drawn[~off], 40, color=GREY, label="fits", zorder=3)
        ax.scatter(logged[off], drawn[off], 50, color=HIGHLIGHT, marker="D", label="does not fit", zorder=3)
        ax.set(xlim=(0, top), ylim=(0, top), xlabel="mean chance in the log", ylabel="share that was drawn")
        if off.any():
            cell = (drawn - logged).abs()[off].idxmax()
            name = f"{cells['arm'][cell].replace('_', ' ')}, {cells['group'][cell]}"
            side, shift = ("right", -8) if logged[cell] > 0.6 * top else ("left", 8)
            where, beside = (logged[cell], drawn[cell]), (shift, 0)
            ax.annotate(
                name, where, beside, textcoords="offset points", ha=side, va="center", fontsize=10, parse_math=False
            )
        ax.grid(True, axis="both")
        ax.legend(loc="lower right")
        title = "The logged chances fit the draws" if self.fits else "The lottery did not use the chances in the log"
        headline(ax, title, "one point for each arm in each group of rows", source)
        return ax

    def _repr_html_(self) -> str:
        worst = self.table.sort_values("p").head(5)
        return render_html(worst.round(4), f"{self.finding} ({say_p(self.p)} after correction)")


@check_arguments
def check_chances(log: PolicyLog, *, level: float = 0.05) -> ChanceCheck:
    """Check logged chances (propensities) against the draws: in all rows, by segment, campaign, wave and chance.

    Measured is how often each arm was drawn against the sum of its chances, by a tail of the binomial distribution,
    corrected for all cells (Holm). It sees 1/n in the place of chances that were not alike. It cannot see chances that
    are wrong for some and right on average in every cell, or a small log. Where the chances of the other arms are not
    known, only what was drawn too often is seen: by the inverse propensities, which sum to the rows on average.

    Parameters
    ----------
    log : PolicyLog
    level : float
        Rate of false alarms of the whole check.

    Returns
    -------
    ChanceCheck

    Examples
    --------
    >>> from loyalty.learn.offpolicy.log import open_log
    >>> table = pd.DataFrame({"customer_id": range(1000), "arm": ["mail"] * 900 + ["control"] * 100, "profit": 1.0})
    >>> check_chances(open_log(table.assign(propensity=0.5))).fits
    False

    Source: Ehm (1991), Statistics and Probability Letters 11, 7-16, for the binomial in the place of unlike chances.
    """
    table = count_draws(log.draws)
    p, finding = name_worst(table)
    return ChanceCheck(table, p, level, finding)
