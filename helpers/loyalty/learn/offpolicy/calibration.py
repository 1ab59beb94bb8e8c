"""Calibration of the logged chances: were the arms drawn as often as the log says they had to be?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import special

from loyalty.charts import GREY, HIGHLIGHT, INK, headline
from loyalty.learn.offpolicy.log import PolicyLog
from loyalty.stats.estimate import render_html
from loyalty.stats.multiplicity import correct_for_many
from loyalty.tables.arguments import check_arguments
from loyalty.text import say_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 5  # of the logged chance of an arm
LEAST_ROWS = 20  # a cell with fewer says nothing
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
        """Draw for each cell of arm and group the share that was drawn over the share that was logged."""
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
        ax.grid(True, axis="both")
        ax.legend(loc="upper left")
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
    cells = list(_list_cells(log))
    table = pd.DataFrame(cells, columns=["grouping", "group", "arm", "rows", "drawn", "expected", "p"])
    if not len(table):
        empty = table.assign(p_adjusted=pd.Series(dtype=float))
        return ChanceCheck(empty, 1.0, level, f"fewer than {LEAST_ROWS} rows: nothing can be said of the chances")
    table["p_adjusted"] = 1.0
    if table["p"].min() * len(table) < 1:  # else Holm makes 1 of all
        table["p_adjusted"] = correct_for_many(table["p"])
    worst = table.loc[table["p"].idxmin()]
    where = "all rows" if worst["grouping"] == "all" else f"{worst['grouping']} {worst['group']}"
    finding = (
        f"{worst['arm']!r} was drawn {worst['drawn']:,.0f} times in {worst['rows']:,.0f} rows ({where}); by the logged "
        f"chances {worst['expected']:,.0f} times were expected"
    )
    return ChanceCheck(table, float(worst["p_adjusted"]), level, finding)


def _list_cells(log: PolicyLog) -> Iterator[tuple[str, str, str, int, int, float, float]]:
    """One cell for each grouping, group and arm, with its p-value; with two arms one of them says all."""
    repeated = log.customers < len(log)
    arms = range(1, 2) if len(log.arms) == 2 else range(len(log.arms))
    for arm in arms:
        drawn = log.arm == arm
        for grouping, codes, names in _list_groupings(log, arm):
            counts = np.bincount(codes, minlength=len(names))
            for group in np.flatnonzero(counts >= LEAST_ROWS):
                here = codes == group if len(names) > 1 else np.ones(len(log), bool)
                customer = log.customer[here] if repeated else None
                expected, p = _test_cell(log, arm, drawn[here], here, customer)
                if np.isfinite(p):
                    size = int(counts[group])
                    yield grouping, str(names[group]), log.arms[arm], size, int(drawn[here].sum()), expected, p


def _list_groupings(log: PolicyLog, arm: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The ways in which the rows are grouped for an arm."""
    yield "all", np.zeros(len(log), int), np.array(["all rows"])
    for name in ("segment", "campaign_id", "wave"):
        codes, names = pd.factorize(log.rows[name], sort=True)
        if len(names) > 1:
            yield name, codes, np.asarray(names)
    if log.chances is None:
        return
    chance = log.chances[:, arm]
    edges = np.unique(np.quantile(chance, np.arange(1, BINS) / BINS))
    codes = np.searchsorted(edges, chance, side="left")
    if len(np.unique(codes)) > 1:
        names = np.array([f"bin {place + 1} of the logged chance" for place in range(len(edges) + 1)])
        yield "chance", codes, names


def _test_cell(
    log: PolicyLog, arm: int, drawn: np.ndarray, here: np.ndarray, customer: np.ndarray | None
) -> tuple[float, float]:
    """Expected draws of an arm among some rows, and the p-value of what was drawn."""
    count = int(drawn.sum())
    if log.chances is None:
        if not count:
            return np.nan, np.nan
        return _test_propensities(log.propensity[here], drawn, customer)
    chance = log.chances[here, arm]
    expected = float(chance.sum())
    spread = float((chance * (1 - chance)).sum())
    scaled = float(count)
    if customer is not None and spread > 0:
        sums = np.bincount(customer, drawn - chance)
        more = max(1.0, float((sums**2).sum()) / spread)  # who drew once for several waves drew less
        scaled = expected + (count - expected) / np.sqrt(more)
    return expected, find_tail(scaled, expected, spread)


def _test_propensities(propensity: np.ndarray, drawn: np.ndarray, customer: np.ndarray | None) -> tuple[float, float]:
    """Expected draws of an arm, and the p-value of more, from the propensities of those who got it alone.

    Their inverses sum to the rows on average, with the variance Σ(1 − p)/p over all rows, here estimated from those who
    got the arm. Brought to the scale of a binomial count with that variance; exact where all propensities are alike.
    """
    size = len(drawn)
    mine = propensity[drawn]
    inverse = 1 / mine
    total = float(inverse.sum())
    spread = size * float(((1 - mine) * inverse**2).sum()) / total
    expected = len(mine) * size / total
    if customer is not None:
        apart = np.where(drawn, 1 / propensity, 0.0) - 1
        sums = np.bincount(customer, apart)
        more = max(1.0, float((sums**2).sum() / (apart**2).sum()))  # who drew once for several waves drew less
        total = size + (total - size) / np.sqrt(more)
    share = min(size / (spread + size), 1.0)
    return expected, find_tail(share * total, size * share, size * share * (1 - share), two_sided=False)


def find_tail(count: float, expected: float, variance: float, *, two_sided: bool = True) -> float:
    """Find the p-value of a count of independent draws: by the binomial distribution with the same mean and variance.

    Exact where all chances are alike. Where the variance is above that of independent draws, the count's distance from
    its mean is brought to their scale first.

    Parameters
    ----------
    count, expected, variance : float
        Count; its mean and variance under the hypothesis.
    two_sided : bool
        Else only too many are asked about.

    Examples
    --------
    >>> round(find_tail(13, 5.0, 5.0, two_sided=False), 4)  # Poisson
    0.002
    >>> round(find_tail(7, 5.0, 2.5), 4)  # 10 draws by 1/2
    0.3438
    """
    if variance <= 0:
        return 1.0 if abs(count - expected) < 0.5 or (not two_sided and count < expected) else 0.0
    share = 1 - variance / expected
    above = _find_more(count, expected, share)
    if not two_sided:
        return above
    return float(min(1.0, 2 * min(above, 1 - _find_more(count + 1, expected, share))))


def _find_more(count: float, expected: float, share: float) -> float:
    """Chance of `count` or more, for draws that each succeed by the chance `share`; Poisson where it is near 0."""
    if count <= 0:
        return 1.0
    if share < 1e-9:
        return float(special.gammainc(count, expected))
    size = expected / share
    rest = size - count + 1
    return float(special.betainc(count, rest, share)) if rest > 0 else 0.0
