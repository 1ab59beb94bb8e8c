"""The life cycle: where a customer stands between the first purchase and silence, measured in repurchase gaps."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.prepare.profile import reduce_to_receipts, type_columns
from loyalty.segment.snapshots import read_buyers, read_snapshot
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.ids import find_strangers
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, NotATable, collect, open_table

LIFE_CYCLE = {
    "new": "Welcome them and help with the second purchase; judge nobody yet.",
    "active": "Do not disturb what works: relevant news, no discount.",
    "returned": "Say that you noticed, and make the next visit easy.",
    "cooling": "Remind them now, and leave some out at random, because only they show whether it helps.",
    "gone quiet": "Ask why, then one win-back offer; stop paying for mail after it.",
    "only returned": "Ask what was wrong with the goods; write about nothing else.",
    "never bought": "Ask why they joined; a starter offer, once.",
}


@dataclass(frozen=True, eq=False)
class Gaps:
    """How long customers wait between two purchase days; built by `measure_gaps`.

    `table` has one row a share q and three numbers that this share of the gaps does not exceed: `any_gap` (days; each
    gap counts once, so frequent customers speak loudest), `typical_customer` (days; each customer counts once), and
    `times_own_mean` (multiples of the customer's own mean gap, among customers with at least `own_from` gaps).
    """

    table: pd.DataFrame
    as_of: pd.Timestamp
    n_gaps: int
    n_customers: int
    own_from: int
    warnings: tuple[str, ...] = ()

    def at(self, share: float) -> pd.Series:
        """The row of a share, for example 0.8."""
        row = self.table[np.isclose(self.table["share"], share)]
        if row.empty:
            known = ", ".join(f"{s:g}" for s in self.table["share"])
            raise TableError([f"there is no share {share:g}; measure_gaps was asked for {known}"], "gaps")
        return row.iloc[0]

    def to_frame(self) -> pd.DataFrame:
        """The table of shares."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        title = f"{self.n_gaps:,} gaps of {self.n_customers:,} customers before {self.as_of:%Y-%m-%d}"
        return render_html(self.table, title, self.warnings)


@check_arguments
def measure_gaps(
    receipts: AnyTable,
    as_of: str | pd.Timestamp,
    *,
    shares: tuple[float, ...] = (0.5, 0.8, 0.9, 0.95, 0.99),
    own_from: int = 5,
) -> Gaps:
    """Measure the days between two purchase days of a customer, where the receipts live.

    For a category, pass its lines only: a 30-day rule is wrong where people buy every 45 days. Only *closed* gaps are
    counted: who left for good closes none, and a gap longer than the history cannot be seen, so in a short history
    or with many leavers the long gaps come out too short.

    Parameters
    ----------
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`. Returns are no purchases.
    as_of : str or pandas.Timestamp
        A day; purchases before it count.
    shares : tuple of float
        The shares to report, between 0 and 1.
    own_from : int
        Number of gaps from which on a customer's own mean is used.

    Returns
    -------
    Gaps

    Raises
    ------
    TableError
        The receipts break their contract, or nobody bought on two days.

    Examples
    --------
    >>> receipts = pd.DataFrame({"customer_id": [7, 7, 7, 8, 8], "sales": 1.0, "time": pd.to_datetime(
    ...     ["2017-01-01", "2017-01-03", "2017-01-05", "2017-01-01", "2017-01-31"])})
    >>> measure_gaps(receipts, "2017-07-01", shares=(0.5, 0.9), own_from=2).table
       share  any_gap  typical_customer  times_own_mean
    0    0.5        2                 2             1.0
    1    0.9       30                30             1.0
    """
    if not all(0 < share <= 1 for share in shares) or own_from < 1:
        raise TableError([f"shares lie between 0 and 1, own_from is 1 or more; found {shares} and {own_from}"], "gaps")
    day = read_day(as_of)
    checked = check_receipts(receipts)
    lines = type_columns(checked.table).filter(nw.col("time") < write_moment(day))
    visits = reduce_to_receipts(lines, day)
    if collect(visits.select(nw.col("again").sum()))["again"].fillna(0).iloc[0]:
        visits = reduce_to_receipts(lines, day, split=True)
    bought = visits.filter(nw.col("bought") == 1)
    gaps = _find_gaps(bought.select("customer_id", "day").unique())
    sizes = collect(gaps.select(nw.len().alias("gaps"), nw.col("customer_id").n_unique().alias("customers"))).iloc[0]
    if not sizes["gaps"]:
        raise TableError([f"nobody bought on two days before {day:%Y-%m-%d}: there is no gap to measure"], "receipts")
    each = (1 / nw.col("n")).sum().alias("weight")
    in_days = collect(gaps.group_by("gap").agg(nw.len().cast(nw.Float64).alias("times"), each))
    # Rounded to hundredths, so that only a short table leaves the engine.
    ratio = (nw.col("gap") / nw.col("mean")).round(2).alias("ratio")
    in_means = collect(gaps.filter(nw.col("n") >= own_from).with_columns(ratio).group_by("ratio").agg(each))
    table = pd.DataFrame(
        {
            "share": shares,
            "any_gap": _quantiles(in_days["gap"], in_days["times"], shares),
            "typical_customer": _quantiles(in_days["gap"], in_days["weight"], shares),
            "times_own_mean": _quantiles(in_means["ratio"], in_means["weight"], shares),
        }
    )
    notes = [*checked.warnings]
    if sizes["customers"] < 100:
        notes.append(f"only {sizes['customers']:,} customers bought on two days: the quantiles are rough")
    return Gaps(
        table,
        day,
        int(sizes["gaps"]),
        int(sizes["customers"]),
        own_from,
        tuple(notes),
    )


@check_arguments
def assign_life_cycle(
    profile: AnyTable,
    *,
    gaps: Gaps | tuple[float, float],
    cooling: float = 0.8,
    quiet: float = 0.95,
    before: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give each customer exactly one life-cycle state, by the time of silence against the customer's usual gaps.

    Usual means the customer's own mean gap, times what 80 % (95 %) of gaps stay within, after enough gaps; the typical
    customer's gap otherwise. In this order:

    - only returned: no purchase before the date, but goods brought back (frequency 0, and `monetary` not 0).
    - never bought: no purchase before the date.
    - new: the first purchase is not longer ago than the gap that 95 % of a typical customer's gaps stay within. So
      nobody is called rare, or lost, before there was time to come back.
    - gone quiet: silent for longer than 95 % of gaps. Not "lost": one in twenty gaps is that long and closes.
    - returned: gone quiet in `before`, and has bought since.
    - cooling: silent for longer than 80 % of gaps.
    - active: everyone else.

    Not for seasonal or yearly needs, where a long gap is no sign of leaving.

    Parameters
    ----------
    profile : pandas.DataFrame, duckdb.DuckDBPyRelation, str or pathlib.Path
        The contract `profile` as of one date, with recency_days, frequency, tenure_days, x and gap_days; with monetary
        those who only returned goods are told from those who never bought.
    gaps : Gaps, or (cooling_days, quiet_days)
        From `measure_gaps`; keep the same for all dates that will be compared. Two numbers mean fixed days for all.
    cooling, quiet : float
        The two shares of gaps; unused with fixed days.
    before : pandas.DataFrame, optional
        An earlier result of this function; without it nobody is "returned".

    Returns
    -------
    pandas.DataFrame
        customer_id, as_of, scheme ("life cycle"), version (says the gaps used), segment, cooling_after and quiet_after
        (the customer's two limits in days), sorted by customer_id.

    Raises
    ------
    TableError
        The profile breaks its contract, the limits are not in order, or `before` is not earlier.

    Examples
    --------
    >>> profile = pd.DataFrame({"customer_id": [1, 2, 3, 4], "as_of": pd.Timestamp("2017-07-01"),
    ...     "frequency": [9, 1, 5, 0], "recency_days": [2.0, 5, 170, None], "tenure_days": [180.0, 5, 180, None],
    ...     "x": [8.0, 0, 1, None], "gap_days": [22.0, None, 10, None]})
    >>> assign_life_cycle(profile, gaps=(30, 90))["segment"].tolist()
    ['active', 'new', 'gone quiet', 'never bought']
    """
    table, bought, moved = _read_profile(profile)
    if isinstance(gaps, Gaps):
        first = gaps.at(cooling)
        second = gaps.at(quiet)
        own = (table["x"] >= gaps.own_from) & (first["times_own_mean"] == first["times_own_mean"])
        typical = first["typical_customer"], second["typical_customer"]
        limits = [
            (table["gap_days"] * row["times_own_mean"]).where(own, row["typical_customer"]) for row in (first, second)
        ]
        version = f"{cooling:g}/{quiet:g} of gaps before {gaps.as_of:%Y-%m-%d}"
    else:
        typical = float(gaps[0]), float(gaps[1])
        limits = [pd.Series(days, index=table.index) for days in typical]
        version = f"{typical[0]:g}/{typical[1]:g} days"
    if not 0 < typical[0] <= typical[1]:
        raise TableError([f"cooling should come before quiet, found {typical[0]:g} and {typical[1]:g} days"], "gaps")
    silence = table["recency_days"]
    tests = {
        "only returned": ~bought & moved,
        "never bought": ~bought,
        "new": table["tenure_days"] <= typical[1],
        "gone quiet": silence > limits[1],
        "returned": _find_returned(table, before),
        "cooling": silence > limits[0],
    }
    states = np.select([test.to_numpy(bool) for test in tests.values()], list(tests), "active")
    result = table[["customer_id", "as_of"]].assign(scheme="life cycle", version=version)
    return result.assign(segment=pd.Series(states, dtype="str"), cooling_after=limits[0], quiet_after=limits[1])


def _read_profile(profile: AnyTable) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Read the profile; mark who has bought, and whose money moved at all."""
    names = ["tenure_days", "x", "gap_days"]
    try:
        found = open_table(profile).collect_schema().names()
    except NotATable:
        found = []  # the check says what is wrong
    if "monetary" not in found:
        table, bought = read_buyers(profile, *names)
        return table, bought, pd.Series(False, index=table.index)
    table, bought = read_buyers(profile, *names, "monetary")
    return table, bought, table["monetary"] != 0


def _find_returned(table: pd.DataFrame, before: pd.DataFrame | None) -> pd.Series:
    if before is None:
        return pd.Series(False, index=table.index)
    earlier = read_snapshot(before, "before")
    days = (table["as_of"].iloc[0] - earlier["as_of"].iloc[0]).days
    if days <= 0:
        raise TableError([f"`before` is as of {earlier['as_of'].iloc[0]:%Y-%m-%d}, which is not earlier"], "before")
    if strangers := find_strangers(earlier["customer_id"], table["customer_id"], "`before`", "the profile"):
        raise TableError(strangers, "before")
    silent = earlier.loc[earlier["segment"] == "gone quiet", "customer_id"]
    return table["customer_id"].isin(silent) & (table["recency_days"] <= days)


def _find_gaps(days: nw.LazyFrame) -> nw.LazyFrame:
    """One row a closed gap: its length, and the number and the mean of the customer's gaps."""
    # Days as whole numbers, because not every engine can subtract dates: the days of all years before, and of this one.
    year = nw.col("day").dt.year()
    number = 365 * year + (year - 1) // 4 - (year - 1) // 100 + (year - 1) // 400 + nw.col("day").dt.ordinal_day()
    numbered = days.with_columns(number=number)
    last = nw.col("number").shift(1).over("customer_id", order_by="number")
    gaps = numbered.with_columns(gap=nw.col("number") - last).filter(~nw.col("gap").is_null())
    return gaps.with_columns(n=nw.col("gap").count().over("customer_id"), mean=nw.col("gap").mean().over("customer_id"))


def _quantiles(values: pd.Series, weights: pd.Series, shares: tuple[float, ...]) -> list[float]:
    """The smallest value that the given share of the weight does not exceed."""
    if values.empty:
        return [float("nan")] * len(shares)
    order = values.argsort()
    reached = weights.iloc[order].cumsum() / weights.sum()
    places = np.searchsorted(reached.to_numpy(), np.asarray(shares) - 1e-9)
    return values.iloc[order].iloc[np.minimum(places, len(values) - 1)].tolist()
