"""Migration: who moved from which segment to which, with intervals, and whether as many moved back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from scipy import stats

from loyalty.charts import INK, TREATED, headline
from loyalty.segment.rules.life_cycle import LIFE_CYCLE
from loyalty.segment.rules.rfm import RFM_SEGMENTS
from loyalty.segment.snapshots import read_snapshot
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_share
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.ids import find_strangers

APPEARED = "(not in the table before)"
LEFT = "(no longer in the table)"
SMALL = 6  # up to so many columns the figures in the cells may be large


@dataclass(frozen=True, eq=False)
class Migration:
    """Moves between two dates; built by `measure_migration`.

    `table` has one row a pair of segments: before, after, customers, share (of the row's customers), low, high.
    """

    table: pd.DataFrame
    days: tuple[pd.Timestamp, pd.Timestamp]
    level: float
    warnings: tuple[str, ...] = ()

    def to_frame(self, values: str | None = None) -> pd.DataFrame:
        """The long table; with `values` the transition matrix of that column, before in rows and after in columns."""
        if values is None:
            return self.table.copy()
        rows, columns = self.table["before"].unique(), self.table["after"].unique()
        return self.table.pivot(index="before", columns="after", values=values).loc[rows, columns]

    def compare_flows(self) -> pd.DataFrame:
        """Compare each flow with the flow back (test of symmetry): without a change as many move up as down.

        Not for snapshots that share a part of their past (cumulative profiles) or have fewer days in one window than
        in the other: there the flows differ without any change in customers.

        Returns
        -------
        pandas.DataFrame
            One row a pair of segments with any move: higher, lower (as in the matrix's order), fell, rose, fell_share
            (of those who moved between the two; a half when nothing changed) with low and high (Wilson), p (exact
            sign test), p_corrected (Benjamini and Hochberg over the pairs).

        Source: Bowker (1948), Journal of the American Statistical Association 43, 572-574, pair by pair.
        """
        counts = self.to_frame("customers").drop(index=APPEARED, columns=LEFT, errors="ignore")
        names = list(dict.fromkeys([*counts.index, *counts.columns]))
        n = counts.reindex(index=names, columns=names, fill_value=0).fillna(0).to_numpy(int)
        pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names)) if n[i, j] + n[j, i]]
        flows = pd.DataFrame(
            [(names[i], names[j], n[i, j], n[j, i]) for i, j in pairs], columns=["higher", "lower", "fell", "rose"]
        )
        moved = flows["fell"] + flows["rose"]
        flows["fell_share"] = flows["fell"] / moved
        flows["low"], flows["high"] = interval_of_share(flows["fell"], moved, level=self.level)
        flows["p"] = [stats.binomtest(k, m).pvalue for k, m in zip(flows["fell"], moved, strict=True)]
        flows["p_corrected"] = stats.false_discovery_control(flows["p"]) if len(flows) else []
        return flows

    def plot(self, *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw the matrix: each row adds up to 100 %; the small figures are the interval of the share."""
        share = self.to_frame("share").dropna(how="all")
        parts = {name: self.to_frame(name).loc[share.index, share.columns] for name in ("low", "high", "customers")}
        text = share.map(lambda s: f"{100 * s:.0f}\n(") + parts["low"].map(lambda s: f"{100 * s:.0f}–")
        text = (text + parts["high"].map(lambda s: f"{100 * s:.0f})")).where(parts["customers"] > 0, "")
        ax = ax or plt.subplots(figsize=(max(9.0, 3 + 0.72 * share.shape[1]), 2.8 + 0.5 * share.shape[0]))[1]
        colours = sns.light_palette(TREATED, as_cmap=True)
        sns.heatmap(
            100 * share,
            annot=text,
            fmt="",
            ax=ax,
            cmap=colours,
            vmin=0,
            vmax=100,
            cbar=False,
            linewidths=1,
            linecolor="white",
            annot_kws={"fontsize": 10 if share.shape[1] <= SMALL else 8},
        )
        sizes = parts["customers"].sum(axis=1)
        ax.set_yticklabels([f"{name} ({n:,.0f})" for name, n in sizes.items()], rotation=0)
        ax.set_xticklabels([str(name).replace(" ", "\n", 1) for name in share.columns], rotation=0, fontsize=9)
        ax.tick_params(length=0, labelcolor=INK)
        ax.grid(False)
        before, after = (f"{day:%Y-%m-%d}" for day in self.days)
        ax.set(xlabel=f"segment on {after}", ylabel=f"segment on {before}")
        stayed = self.table[self.table["before"] == self.table["after"]]["customers"].sum()
        both = self.table[(self.table["before"] != APPEARED) & (self.table["after"] != LEFT)]["customers"].sum()
        found = f"{100 * stayed / both:.0f} % are in the same segment as before" if both else "Nobody is in both tables"
        subtitle = f"% of each row (number of customers); in brackets the {100 * self.level:g} % interval"
        headline(ax, title or found, subtitle)
        return ax

    def _repr_html_(self) -> str:
        shown = self.to_frame("share").map(lambda share: f"{100 * share:.0f}" if share > 0 else "").reset_index()
        shown.columns.name = None
        shown.insert(1, "customers", self.to_frame("customers").sum(axis=1).to_numpy())
        before, after = (f"{day:%Y-%m-%d}" for day in self.days)
        return render_html(shown, f"From {before} (rows) to {after} (columns), % of the row", self.warnings)


@check_arguments
def measure_migration(before: Any, after: Any, *, order: Sequence[str] | None = None, level: float = 0.95) -> Migration:
    """Count who moved from which segment to which between two dates, with an interval for each share.

    This does not measure what a campaign did: the top always "falls" and the bottom always "wakes up", because being
    in the top is partly luck (regression to the mean). Use `compare_flows` and `expose_regression` before you praise or
    blame anybody.

    Parameters
    ----------
    before, after : pandas.DataFrame, duckdb.DuckDBPyRelation, str or pathlib.Path
        Two snapshots of one scheme: customer_id, as_of, scheme, version, segment.
    order : sequence of str, optional
        Segments from best to worst; without it the order of `RFM_SEGMENTS` or `LIFE_CYCLE` if it fits, else by name.
    level : float
        Coverage of each interval, a fraction.

    Returns
    -------
    Migration
        Customers who are in one snapshot only have a row or a column of their own. Shares of a row add up to 1; a row
        without customers has empty shares.

    Raises
    ------
    TableError
        The tables are no snapshots, of different schemes, or `before` is not earlier.

    Examples
    --------
    >>> july = pd.DataFrame({"customer_id": [1, 2], "as_of": pd.Timestamp("2017-07-01"), "scheme": "rfm",
    ...                      "version": "1", "segment": ["loyal", "loyal"]})
    >>> october = july.assign(as_of=pd.Timestamp("2017-10-01"), segment=["loyal", "lost"])
    >>> measure_migration(july, october).to_frame("customers").loc["loyal"].to_dict()
    {'loyal': 1, 'lost': 1}
    """
    first = read_snapshot(before, "before")
    second = read_snapshot(after, "after")
    days = first["as_of"].iloc[0], second["as_of"].iloc[0]
    schemes = first["scheme"].iloc[0], second["scheme"].iloc[0]
    problems = [] if days[0] < days[1] else [f"`before` ({days[0]:%Y-%m-%d}) is not earlier than `after`"]
    if schemes[0] != schemes[1]:
        problems.append(f"two segmentations cannot be compared: {schemes[0]!r} before, {schemes[1]!r} after")
    problems += find_strangers(first["customer_id"], second["customer_id"], "`before`", "`after`", alike=True)
    if problems:
        raise TableError(problems, "migration")
    pairs = first[["customer_id", "segment"]].merge(
        second[["customer_id", "segment"]], on="customer_id", how="outer", suffixes=("_before", "_after")
    )
    pairs = pairs.fillna({"segment_before": APPEARED, "segment_after": LEFT})
    names = _sort({*first["segment"].unique(), *second["segment"].unique()}, order)
    rows = [*names, APPEARED] if (pairs["segment_before"] == APPEARED).any() else names
    columns = [*names, LEFT] if (pairs["segment_after"] == LEFT).any() else names
    counts = pd.crosstab(pairs["segment_before"], pairs["segment_after"])
    counts = counts.reindex(index=rows, columns=columns, fill_value=0)
    table = counts.rename_axis(index="before", columns="after").stack().rename("customers").reset_index()
    total = table.groupby("before")["customers"].transform("sum")
    table["share"] = (table["customers"] / total.where(total > 0)).astype(float)
    table["low"], table["high"] = interval_of_share(table["customers"], total, level=level)
    cells = int((total > 0).sum())
    notes = [
        f"{cells} intervals at {100 * level:g} % each: expect about {cells * (1 - level):.0f} to miss; for one "
        f"statement about all of them ask for level={1 - (1 - level) / cells:.4f}",
        "the top falls and the bottom rises without any change in customers: compare with expose_regression",
    ]
    if set(first["version"].unique()) != set(second["version"].unique()):
        notes.insert(0, "the version of the rule changed: some moved because the rule did, not the customers")
    if find_strangers(first["customer_id"], second["customer_id"], "`before`", "`after`"):
        notes.insert(0, "no customer is in both tables: are both of the same customers?")
    return Migration(table, days, level, tuple(notes))


def _sort(names: set[str], order: Sequence[str] | None) -> list[str]:
    """Sort segments from best to worst: in the order given, in that of a scheme that knows all of them, or by name."""
    if order is None:
        schemes = (list(RFM_SEGMENTS.actions), list(LIFE_CYCLE))
        order = next((known for known in schemes if names <= set(known)), sorted(names))
    lacking = names - set(order)
    if lacking:
        raise TableError([f"`order` leaves out {', '.join(sorted(lacking))}"], "migration")
    return [name for name in order if name in names]
