"""Changed customers or changed method: last year's rule on this year's base (a two-factor split of the change)."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import CONTROL, INK, TREATED, grid_along_x, headline, put_legend_above
from loyalty.segment.drift.months import ABSENT, code_segments
from loyalty.segment.snapshots import read_snapshot
from loyalty.stats.estimate import render_html
from loyalty.stats.multiplicity import correct_for_many
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable

# What each of the four labels weighs: (base then, old rule), (now, old), (then, new), (now, new)
PARTS = {
    "change": (-1.0, 0.0, 0.0, 1.0),
    "customers": (-0.5, 0.5, -0.5, 0.5),
    "method": (-0.5, -0.5, 0.5, 0.5),
    "customers_first": (-1.0, 1.0, 0.0, 0.0),
    "customers_last": (0.0, 0.0, -1.0, 1.0),
    "order": (1.0, -1.0, -1.0, 1.0),
}
SHOWN = ("change", "customers", "method")
MATTERS = 0.2  # of the larger of the two parts: so far may they hang on the order without a word


@dataclass(frozen=True, eq=False)
class ChangeSplit:
    """A change in shares told apart into customers and method; built by `split_change`.

    `table` has one row a segment: share_then (old rule, then), share_now (new rule, now), and six parts, each with its
    interval `…_low`, `…_high`: change (all of it), customers and method (mean of the two orders; they add up to the
    change), customers_first (by the old rule), customers_last (by the new rule), and order (customers_last −
    customers_first: how much the answer hangs on the order).
    """

    table: pd.DataFrame
    days: tuple[pd.Timestamp, pd.Timestamp]
    n_then: int
    n_now: int
    level: float
    warnings: tuple[str, ...] = ()

    def reads(self) -> str:
        """Say in one sentence what was found, for the segment that changed most."""
        row = self.table.loc[self.table["change"].abs().idxmax()]
        words = f"{row['segment']}: {100 * row['change']:+.1f} points"
        parts = (
            f"{100 * row[name]:+.1f} ({100 * row[f'{name}_low']:+.1f} to {100 * row[f'{name}_high']:+.1f})"
            for name in ("customers", "method")
        )
        customers, method = parts
        return f"The largest change is {words}, of which customers {customers} and method {method}."

    def to_frame(self) -> pd.DataFrame:
        """One row a segment."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw the two parts of each segment's change, with intervals, and the whole change that the report shows."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 1.8 + 0.62 * len(rows)))[1]
        places = np.arange(len(rows))
        for shift, name, colour in ((-0.17, "customers", TREATED), (0.17, "method", CONTROL)):
            ax.barh(places + shift, 100 * rows[name], height=0.32, color=colour, label=name)
            ax.hlines(
                places + shift, 100 * rows[f"{name}_low"], 100 * rows[f"{name}_high"], color="#333333", linewidth=1.5
            )
        ax.axvline(0, color=INK, linewidth=1)
        ax.hlines(places, 100 * rows["change_low"], 100 * rows["change_high"], color=INK, linewidth=1.5, zorder=3)
        ax.plot(100 * rows["change"], places, "D", color=INK, markersize=6, zorder=4, label="both")
        ax.set_yticks(places, rows["segment"])
        ax.set(ylim=(len(rows) - 0.5, -0.5), xlabel="change of the share, percentage points")
        grid_along_x(ax)
        put_legend_above(ax, columns=3)
        first, second = (f"{day:%Y-%m-%d}" for day in self.days)
        subtitle = f"{first} to {second}; line: {100 * self.level:g} % interval"
        headline(ax, title or "Customers and method apart", subtitle, source)
        return ax

    def _repr_html_(self) -> str:
        names = [
            "segment",
            "share_then",
            "share_now",
            *(f"{n}{e}" for n in SHOWN for e in ("", "_low", "_high")),
            "order",
        ]
        return render_html(self.table[names].round(3), self.reads(), self.warnings)


@check_arguments
def split_change(
    then_old: AnyTable, now_old: AnyTable, then_new: AnyTable, now_new: AnyTable, *, level: float = 0.95
) -> ChangeSplit:
    """Split the change of segment shares into changed customers and changed method (Oaxaca-Blinder's two factors).

    Between last year's report and this year's two things changed: the base, and the rule. Label both bases by both
    rules. By the old rule the base changed as much as `customers_first` says, by the new rule as `customers_last`; the
    two differ where rule and base work together, and the mean of both orders (Shapley's value) is shown. Intervals take
    both rules as given: a rule that was learned from the data has luck of its own.

    Parameters
    ----------
    then_old, now_old : pandas.DataFrame, duckdb.DuckDBPyRelation, str or pathlib.Path
        Snapshots of last year's base and of this year's base by last year's rule.
    then_new, now_new : the same kinds of source
        The same bases by this year's rule.
    level : float
        Coverage of the intervals.

    Returns
    -------
    ChangeSplit

    Raises
    ------
    TableError
        The tables are no snapshots, the two bases of one day hold different customers, or days do not fit.

    Examples
    --------
    >>> then, now = (pd.DataFrame({"customer_id": range(4), "as_of": pd.Timestamp(day), "scheme": "s"})
    ...              for day in ("2025-03-01", "2026-03-01"))
    >>> old = [then.assign(version="1", segment=list("aabb")), now.assign(version="1", segment=list("abbb"))]
    >>> new = [then.assign(version="2", segment=list("aaab")), now.assign(version="2", segment=list("aabb"))]
    >>> found = split_change(*old, *new)
    >>> found.table[["segment", "change", "customers", "method"]].to_dict("records")[0]
    {'segment': 'a', 'change': 0.0, 'customers': -0.25, 'method': 0.25}

    Source: Kitagawa (1955), Journal of the American Statistical Association 50, 1168-1194; Shorrocks (2013), Journal of
    Economic Inequality 11, 99-126.
    """
    tables = [
        read_snapshot(table, name)
        for table, name in zip(
            (then_old, now_old, then_new, now_new), ("then_old", "now_old", "then_new", "now_new"), strict=True
        )
    ]
    _refuse(tables)
    table = split_tables(tables, level)
    days = tables[0]["as_of"].iloc[0], tables[1]["as_of"].iloc[0]
    return ChangeSplit(table, days, len(tables[0]), len(tables[1]), level, tuple(_warn(table, tables, level)))


def split_tables(tables: list[pd.DataFrame], level: float) -> pd.DataFrame:
    """Split the change between four checked snapshots: then and now by the old rule, then and now by the new one."""
    names, codes = code_segments(tables)
    # The four labels of a customer, each combination once; numpy's unique over rows takes ten times as long
    combined = pd.DataFrame(codes).value_counts(sort=False)
    cells, counts = combined.index.to_frame().to_numpy(), combined.to_numpy()
    sizes = [len(table) for table in tables]
    z = float(stats.norm.ppf(0.5 + level / 2))
    rows = []
    for place, segment in enumerate(names):
        hits = (cells == place).astype(float)
        share = counts @ hits / np.array(sizes)
        influence = np.where(cells != ABSENT, hits - share, 0.0) / np.array(sizes)
        row: dict[str, object] = {"segment": segment, "share_then": share[0], "share_now": share[3]}
        for part, weights in PARTS.items():
            value = float(share @ weights)
            half = z * float(np.sqrt(counts @ (influence @ weights) ** 2))
            row |= {part: value, f"{part}_low": value - half, f"{part}_high": value + half}
        rows.append(row)
    return pd.DataFrame(rows)


def _refuse(tables: list[pd.DataFrame]) -> None:
    """Each base has the same customers and day by both rules, and each rule one version."""
    problems = []
    day = [table["as_of"].iloc[0] for table in tables]
    for one, other, words in ((0, 2, "then"), (1, 3, "now")):
        if day[one] != day[other]:
            problems.append(f"{words}_old is as of {day[one]:%Y-%m-%d}, {words}_new as of {day[other]:%Y-%m-%d}")
        elif strangers := find_strangers(
            tables[one]["customer_id"], tables[other]["customer_id"], f"{words}_old", f"{words}_new", alike=True
        ):
            problems += strangers
        elif not np.array_equal(tables[one]["customer_id"], tables[other]["customer_id"]):
            problems.append(f"{words}_old and {words}_new should hold the same customers: label one base by both rules")
    schemes = sorted({str(table["scheme"].iloc[0]) for table in tables})
    if len(schemes) > 1:
        problems.append(f"one segmentation at a time, found {', '.join(schemes)}")
    if not day[0] < day[1]:
        problems.append(f"the base of then ({day[0]:%Y-%m-%d}) is not earlier than the base of now")
    for one, other, words in ((0, 1, "old"), (2, 3, "new")):
        versions = [sorted(tables[place]["version"].unique()) for place in (one, other)]
        if versions[0] != versions[1]:
            problems.append(
                f"then_{words} and now_{words} should be of one version, found {versions[0]} and {versions[1]}"
            )
    problems += find_strangers(tables[0]["customer_id"], tables[1]["customer_id"], "then", "now", alike=True)
    if problems:
        raise TableError(problems, "split_change")


def find_torn(table: pd.DataFrame, level: float) -> list[str]:
    """Segments whose parts hang on the order: by Holm's steps over all segments, and by a size that matters."""
    error = (table["order_high"] - table["order_low"]) / 2 / stats.norm.ppf(0.5 + level / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = 2 * stats.norm.sf(np.abs(table["order"]) / error)
    p = np.where(error > 0, p, 1.0)
    rejects = correct_for_many(p) <= 1 - level
    matters = table["order"].abs() > MATTERS * table[["customers", "method"]].abs().max(axis=1)
    return list(table.loc[rejects & matters, "segment"])


def _warn(table: pd.DataFrame, tables: list[pd.DataFrame], level: float) -> list[str]:
    notes = []
    if tables[0]["version"].iloc[0] == tables[2]["version"].iloc[0] and table["method"].abs().max() > 0:
        notes.append("both rules bear the same version and give different labels: give the new rule a new version")
    torn = find_torn(table, level)
    if len(torn):
        notes.append(f"the answer hangs on the order for {', '.join(torn)}: rule and base work together there")
    return notes
