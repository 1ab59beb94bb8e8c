"""How often to segment again: the cost of refreshing against the cost of stale labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import CONTROL, GREY, TREATED, headline
from loyalty.segment.drift.label_life import CHANGED, LabelLife
from loyalty.segment.drift.months import name_step
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import count_of, say_money


@dataclass(frozen=True, eq=False)
class RefreshPlan:
    """What each period of refreshing costs; built by `plan_refresh`.

    `table` has one row a period, in snapshots: stale (mean share of today's customers without the right label, over the
    ages at which the labels are used), refreshing and staleness (money a snapshot), cost (their sum) with low and high,
    more (cost above that of the cheapest period) with more_low and more_high (held together by Bonferroni), and alike:
    no clear difference from the cheapest.
    """

    table: pd.DataFrame
    best: int
    alike: tuple[int, ...]
    step_days: float
    currency: str
    level: float
    warnings: tuple[str, ...] = ()

    def reads(self) -> str:
        """Say in one sentence what was found."""
        row = self.table.set_index("period").loc[self.best]
        money = [say_money(row[name], self.currency) for name in ("cost", "low", "high")]
        said = f"Cheapest: a refresh {self._say_often()}, {money[0]} a snapshot ({money[1]} to {money[2]})"
        if not self.alike:
            return f"{said}; every other period costs more."
        return f"{said}; no clear difference from it: {', '.join(map(str, self.alike))}."

    def _say_often(self) -> str:
        return f"every {count_of(self.best, 'snapshot')}" if self.best > 1 else "each time"

    def to_frame(self) -> pd.DataFrame:
        """One row a period."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw both costs of each period, with the interval of their sum."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 4.2))[1]
        ax.bar(rows["period"], rows["refreshing"], color=GREY, width=0.65, label="refreshing")
        ax.bar(
            rows["period"],
            rows["staleness"],
            bottom=rows["refreshing"],
            color=CONTROL,
            width=0.65,
            label="stale labels",
        )
        ax.vlines(rows["period"], rows["low"], rows["high"], color="#333333", linewidth=2)
        best = rows.set_index("period").loc[self.best]
        ax.annotate(
            "cheapest", (self.best, best["high"]), (0, 6), textcoords="offset points", ha="center", color=TREATED
        )
        for period in self.alike:
            top = rows.set_index("period").loc[period, "high"]
            ax.annotate("alike", (period, top), (0, 6), textcoords="offset points", ha="center", fontsize=9)
        ax.set(xticks=rows["period"], ylim=(0, 1.3 * rows["high"].max()))
        step = name_step(self.step_days)
        ax.set_xlabel(f"refresh every … {step}s")
        ax.set_ylabel(f"cost per {step}, {self.currency}", parse_math=False)
        ax.legend(loc="upper right", ncols=2)
        found = f"A refresh {self._say_often()} is the cheapest"
        headline(
            ax,
            title or found,
            f"line: {100 * self.level:g} % interval; a snapshot every {count_of(round(self.step_days), 'day')}",
            source,
        )
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.table.round(3), self.reads(), self.warnings)


@check_arguments
def plan_refresh(
    life: LabelLife,
    *,
    cost_of_refresh: float,
    cost_of_stale_label: float,
    customers: float | None = None,
    periods: Sequence[int] | None = None,
    currency: str = "€",
    level: float = 0.95,
) -> RefreshPlan:
    """Plan how often to segment again: what a refresh costs against what stale labels cost.

    Labels are used once a snapshot's time (once a month, for monthly snapshots). With a refresh every m snapshots they
    are used at the ages 0, 1 … m − 1, and age 0 is right by definition: that a fresh label is *useful* is another
    question. Newcomers without a label count as stale. Not for a campaign that fixes its own date: refresh before it.

    Parameters
    ----------
    life : LabelLife
        From `measure_label_life`.
    cost_of_refresh : float
        Money for one refresh.
    cost_of_stale_label : float
        Money lost for one customer with a wrong or missing label, for each use. Both costs are taken as known, so
        intervals know nothing of their errors: try others before you decide.
    customers : float, optional
        Customers in the base; the mean of the snapshots otherwise.
    periods : sequence of int, optional
        Periods to compare, in snapshots; all that were seen otherwise.
    currency : str
    level : float
        Coverage of the intervals.

    Returns
    -------
    RefreshPlan

    Raises
    ------
    TableError
        A cost is below 0, or a period is longer than the ages seen allow.

    Examples
    --------
    >>> from loyalty.segment.drift.label_life import measure_label_life
    >>> days = pd.date_range("2025-01-01", periods=3, freq="MS")
    >>> labels = [["a", "a", "b", "b"], ["a", "b", "b", "b"], ["a", "b", "b", "a"]]
    >>> life = measure_label_life([pd.DataFrame({"customer_id": [1, 2, 3, 4], "as_of": day, "scheme": "s",
    ...                            "version": "1", "segment": found}) for day, found in zip(days, labels)])
    >>> plan = plan_refresh(life, cost_of_refresh=10, cost_of_stale_label=2)
    >>> plan.table[["period", "refreshing", "staleness", "cost"]].round(2).to_dict("records")[1]
    {'period': 2, 'refreshing': 5.0, 'staleness': 1.0, 'cost': 6.0}

    Source: the comparison with the best follows Hsu (1984), Annals of Statistics 12, 1136-1144; the bound is
    Bonferroni's.
    """
    oldest = int(life.table["age"].iloc[-1])
    wanted = list(range(1, oldest + 2)) if periods is None else _read_periods(periods)
    customers = life.customers if customers is None else customers
    _refuse(wanted, oldest, cost_of_refresh, cost_of_stale_label, customers)
    wanted = sorted(set(wanted))
    wrong = 1 - life.table["right_today"].to_numpy()
    weights = np.array([np.arange(oldest + 1) < period for period in wanted]) / np.array(wanted)[:, None]
    scale = customers * cost_of_stale_label
    cost = cost_of_refresh / np.array(wanted) + scale * (weights @ wrong)
    covariance = scale**2 * (weights @ life.covariance @ weights.T)
    best = int(np.argmin(cost))
    z = float(stats.norm.ppf(0.5 + level / 2))
    error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    table = pd.DataFrame({"period": wanted, "stale": weights @ wrong})
    table["refreshing"] = cost_of_refresh / np.array(wanted)
    table["staleness"] = scale * (weights @ wrong)
    table["cost"] = cost
    table["low"], table["high"] = np.maximum(cost - z * error, 0.0), cost + z * error
    gap_error = np.sqrt(np.maximum(np.diag(covariance) - 2 * covariance[best] + covariance[best, best], 0.0))
    others = max(1, len(wanted) - 1)
    wide = float(stats.norm.ppf(1 - (1 - level) / 2 / others)) * gap_error
    table["more"] = cost - cost[best]
    table["more_low"], table["more_high"] = table["more"] - wide, table["more"] + wide
    table["alike"] = (table["more_low"] <= 0) & (table["period"] != wanted[best])
    alike = tuple(int(one) for one in table.loc[table["alike"], "period"])
    notes = _warn(wanted, best, life)
    return RefreshPlan(table, wanted[best], alike, life.step_days, currency, level, tuple(notes))


def _read_periods(periods: Sequence[int]) -> list[int]:
    """Whole numbers of snapshots."""
    listed = [periods] if isinstance(periods, str) else list(periods)
    wrong = [one for one in listed if isinstance(one, (bool, str)) or not isinstance(one, Real) or one != int(one)]
    if wrong:
        shown = ", ".join(repr(one) for one in wrong[:3])
        raise TableError([f"periods should be whole numbers of snapshots, found {shown}"], "plan_refresh")
    return [int(one) for one in listed]


def _refuse(periods: list[int], oldest: int, refresh: float, stale: float, customers: float) -> None:
    problems = []
    for name, value in (("cost_of_refresh", refresh), ("cost_of_stale_label", stale), ("customers", customers)):
        if not (np.isfinite(value) and value >= 0):
            problems.append(f"{name} should be 0 or more, found {value:g}")
    if not periods:
        problems.append("there is no period to compare")
    outside = [period for period in periods if not 1 <= period <= oldest + 1]
    if outside:
        shown = ", ".join(map(str, outside[:3]))
        problems.append(
            f"periods should lie between 1 and {oldest + 1} snapshots, found {shown}: older ages were not seen"
        )
    if problems:
        raise TableError(problems, "plan_refresh")


def _warn(periods: list[int], best: int, life: LabelLife) -> list[str]:
    notes = [CHANGED] if life.version_changed else []
    if len(periods) > 1 and best == len(periods) - 1:
        notes.append("the longest period is the cheapest: a still longer one may be cheaper, and was not seen")
    return notes
