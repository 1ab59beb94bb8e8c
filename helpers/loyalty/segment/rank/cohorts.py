"""Cohorts: month of the first purchase by months since, with retention, its interval, and the money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from loyalty.charts import INK, TREATED, headline
from loyalty.prepare.profile import is_purchase, type_columns
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_share
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, collect

SMALL = 30  # customers of a cohort, under which its cells say little
VALUES = ("share", "low", "high", "came", "money", "per_head")


@dataclass(frozen=True, eq=False)
class Cohorts:
    """The cohort triangle; built by `build_cohorts`.

    `table` has one row a cell: cohort (month of the first purchase, such as 2017-03), age (months since, 0 is the first
    month), customers (of the cohort), came (with a purchase in that month), share (came / customers) with low and high,
    money (sales of the month, returns taken off), per_head (money / customers) and complete (whether the whole month
    lies before `until`). In a month that is not complete share, low, high and per_head are empty; months later than
    `until` have no row. `only_returns` is the money of customers without any purchase.
    """

    table: pd.DataFrame
    until: pd.Timestamp
    level: float
    only_returns: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def sizes(self) -> pd.Series:
        """Customers of each cohort."""
        return self.table.drop_duplicates("cohort").set_index("cohort")["customers"]

    def to_frame(self, values: str | None = None) -> pd.DataFrame:
        """The long table; with `values` the triangle of that column, cohorts in rows and months since in columns."""
        if values is None:
            return self.table.copy()
        if values not in VALUES:
            raise TableError([f"values should be one of {', '.join(VALUES)}, found {values!r}"], "cohorts")
        return self.table.pivot(index="cohort", columns="age", values=values)

    def pool(self, *, months: int | None = None) -> pd.DataFrame:
        """Put the cohorts together by months since: of all who could have come in that month, how many came.

        Parameters
        ----------
        months : int, optional
            The last month since the first purchase; as far as the cohorts reach otherwise.

        Returns
        -------
        pandas.DataFrame
            age, cohorts, customers, came, share, low, high. Only complete months are in.
        """
        full = self.table[self.table["complete"]]
        if months is not None:
            full = full[full["age"] <= months]
        sums = full.groupby("age", as_index=False).agg(
            cohorts=("cohort", "size"), customers=("customers", "sum"), came=("came", "sum")
        )
        sums["share"] = sums["came"] / sums["customers"]
        sums["low"], sums["high"] = interval_of_share(sums["came"], sums["customers"], level=self.level)
        return sums

    def plot(self, *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw the triangle of retention in percent; months that are not over are blank."""
        share = 100 * self.to_frame("share").dropna(axis=1, how="all")
        share = share.dropna(how="all")
        ax = ax or plt.subplots(figsize=(9.4, 1.9 + 0.34 * len(share)))[1]
        later = share.loc[:, share.columns > 0].to_numpy()
        most = float(np.nanmax(later)) if np.isfinite(later).any() else 0.0  # the first month is always 100
        texts = share.map(lambda cell: "" if cell != cell else f"{cell:.0f}")
        sns.heatmap(
            share,
            annot=texts,
            fmt="",
            ax=ax,
            cmap=sns.light_palette(TREATED, as_cmap=True),
            vmin=0,
            vmax=most or 100,
            cbar=False,
            linewidths=1,
            linecolor="white",
            annot_kws={"fontsize": 9 if share.shape[1] <= 16 else 7},
        )
        sizes = self.sizes
        ax.set_yticklabels([f"{cohort} ({sizes[cohort]:,})" for cohort in share.index], rotation=0, fontsize=9)
        ax.tick_params(length=0, labelcolor=INK)
        ax.grid(False)
        ax.set(xlabel="months since the first purchase", ylabel="first purchase (customers)")
        subtitle = "of 100 who began in that month, so many bought later (colours: from month 1 on)"
        headline(ax, title or "Who came back, month by month", subtitle)
        return ax

    def _repr_html_(self) -> str:
        shown = (100 * self.to_frame("share")).map(lambda cell: "" if cell != cell else f"{cell:.0f}").reset_index()
        shown.columns.name = None
        shown.insert(1, "customers", self.sizes.reindex(shown["cohort"]).to_numpy())
        title = f"Of 100 customers of a cohort, who bought so many months later (before {self.until:%Y-%m-%d})"
        return render_html(shown, title, self.warnings)


@check_arguments
def build_cohorts(receipts: AnyTable, *, until: Any = None, level: float = 0.95) -> Cohorts:
    """Build the cohort triangle: month of the first purchase by months since, with retention and money.

    Every customer is in exactly one cohort. Retention here is *came in that month*: who stayed away in May and came in
    June is not lost in May. Not for customers who came before the receipts begin: they look new in the first months.

    Parameters
    ----------
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`; returns lower the money and are no purchases.
    until : str or pandas.Timestamp, optional
        A day; receipts before it count, and a month that is not over on it is not complete. The day after the last
        receipt otherwise.
    level : float
        Coverage of each cell's interval (Wilson), a fraction.

    Returns
    -------
    Cohorts
        The money of all cells and of `only_returns` adds up to the sales of the receipts.

    Raises
    ------
    TableError
        The receipts break their contract, or nobody bought before `until`.

    Examples
    --------
    >>> receipts = pd.DataFrame({"customer_id": [1, 1, 2], "sales": [5.0, 3.0, 4.0],
    ...                          "time": pd.to_datetime(["2017-01-02", "2017-03-09", "2017-02-28"])})
    >>> build_cohorts(receipts, until="2017-04-01").to_frame("came").loc["2017-02"].tolist()
    [1.0, 0.0, nan]
    """
    checked = check_receipts(receipts)
    lines = type_columns(checked.table)
    if until is None:
        last = collect(lines.select(last=nw.col("time").max()))["last"].iloc[0]
        if last is None or last != last:
            raise TableError(["the table holds no receipt"], "receipts")
        day = (pd.Timestamp(last).normalize() + pd.Timedelta(days=1)).as_unit("us")
    else:
        day = read_day(until, "until")
    cells = _count(lines.filter(nw.col("time") < write_moment(day)))
    only_returns = float(cells.loc[cells["start"].isna(), "money"].sum())
    cells = cells[cells["start"].notna()].astype({"start": "int64"})
    if cells.empty:
        raise TableError([f"nobody bought anything before {day:%Y-%m-%d}"], "receipts")
    table = _fill(cells, day, level)
    notes = list(checked.warnings)
    if only_returns:
        notes.append(f"customers who only returned goods are in no cohort: {only_returns:,.2f}")
    sizes = table.drop_duplicates("cohort").set_index("cohort")["customers"]
    if len(sizes) > 1 and sizes.iloc[0] > 2 * sizes.iloc[1]:
        notes.append(
            f"{sizes.iloc[0]:,} customers begin in {sizes.index[0]} and {sizes.iloc[1]:,} a month later: "
            "the receipts begin there, and most of the first cohort are older customers"
        )
    if small := [str(cohort) for cohort, n in sizes.items() if n < SMALL]:
        notes.append(
            f"{'1 cohort holds' if len(small) == 1 else f'{len(small)} cohorts hold'} fewer than {SMALL} customers: "
            f"{', '.join(small[:3])}{' …' * (len(small) > 3)}"
        )
    if not table["complete"].all():
        notes.append(f"the month of {day - pd.Timedelta(days=1):%Y-%m} is not over: its cells are blank")
    return Cohorts(table, day, level, only_returns, tuple(notes))


def _count(lines: nw.LazyFrame) -> pd.DataFrame:
    """One row a month of the first purchase and a month: who came, and what they paid; where the table lives."""
    bought = is_purchase(lines.collect_schema().names()).cast(nw.Int64)
    month = nw.col("time").dt.year().cast(nw.Int64) * 12 + nw.col("time").dt.month().cast(nw.Int64) - 1
    rows = lines.select("customer_id", "sales", month=month, bought=bought)
    months = rows.group_by("customer_id", "month").agg(bought=nw.col("bought").max(), money=nw.col("sales").sum())
    bought_in = nw.when(nw.col("bought") == 1).then(nw.col("month"))
    months = months.with_columns(start=bought_in.min().over("customer_id"))
    cells = collect(months.group_by("start", "month").agg(came=nw.col("bought").sum(), money=nw.col("money").sum()))
    return cells.sort_values(["start", "month"], ignore_index=True)


def _fill(cells: pd.DataFrame, day: pd.Timestamp, level: float) -> pd.DataFrame:
    """Give every month up to the last a cell, also those in which nobody came; blank what is not over."""
    end = (day - pd.Timedelta(days=1)).year * 12 + (day - pd.Timedelta(days=1)).month - 1
    over = day.year * 12 + day.month - 1  # the first month that is not over
    early = cells["month"] < cells["start"]  # a return before the first purchase belongs to the first month's money
    cells = cells.assign(month=cells["month"].where(~early, cells["start"]))
    cells = cells.groupby(["start", "month"]).agg(came=("came", "max"), money=("money", "sum"))
    starts = cells.index.get_level_values("start").unique()
    places = [(start, month) for start in starts for month in range(start, end + 1)]
    full = cells.reindex(pd.MultiIndex.from_tuples(places, names=["start", "month"])).fillna(0).reset_index()
    sizes = full[full["start"] == full["month"]].set_index("start")["came"]
    table = pd.DataFrame(
        {
            "cohort": [f"{start // 12}-{start % 12 + 1:02d}" for start in full["start"]],
            "age": (full["month"] - full["start"]).astype("int64"),
            "customers": full["start"].map(sizes).astype("int64"),
            "came": full["came"].astype("int64"),
            "money": full["money"].round(6) + 0.0,
            "complete": full["month"] < over,
        }
    )
    low, high = interval_of_share(table["came"], table["customers"], level=level)
    shares = {"share": table["came"] / table["customers"], "low": low, "high": high}
    shares["per_head"] = table["money"] / table["customers"]
    for name, column in shares.items():
        table[name] = np.where(table["complete"], column, np.nan)
    order = ["cohort", "age", "customers", "came", "share", "low", "high", "money", "per_head", "complete"]
    return table[order]
