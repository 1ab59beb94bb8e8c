"""What comes next: P(alive), expected purchases with intervals, and how they stood in a holdout."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.prepare.profile import reduce_to_receipts, type_columns
from loyalty.segment.value.fit import PurchaseFit
from loyalty.segment.value.purchases import WEEK, group_alike, read_purchases
from loyalty.segment.value.spend import SpendFit, clean_spend
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_mean
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, collect

BLOCK = 20_000  # customers whose simulated futures are in memory at once
MOST_X = 7  # from here on customers are one group in the comparison with a holdout
CERTAIN = "BG/NBD calls all {n:,} customers without a repeat certainly alive; MBG/NBD or Pareto/NBD do not"
STEADY = "the intervals know luck and doubt about the parameters, not seasons, campaigns or a model that is wrong"


@dataclass(frozen=True, eq=False)
class PurchaseForecast:
    """What customers will do in the next weeks; built by `predict_purchases`.

    `table` has one row a customer: customer_id, x, p_alive, p_quiet (probability of no purchase in these weeks),
    expected (purchases), and low and high, between which the purchases of a customer fall. `expected`, `low` and
    `high` are those of all customers together.
    """

    table: pd.DataFrame = field(repr=False)
    expected: float
    low: float
    high: float
    weeks: float
    model: str
    level: float = 0.95
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a customer."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        title = (
            f"{self.model}: {len(self.table):,} customers, {self.expected:,.0f} purchases in the next {self.weeks:g} "
            f"weeks ({self.low:,.0f} to {self.high:,.0f})"
        )
        return render_html(self.table.head(5), title, self.warnings)


@check_arguments
def predict_purchases(
    fit: PurchaseFit,
    purchases: AnyTable,
    *,
    weeks: float,
    draws: int = 400,
    level: float = 0.95,
    interval: bool = True,
    seed: int = 25,
) -> PurchaseForecast:
    """Predict P(alive) and the purchases of each customer in the next weeks, given what the customer did so far.

    The intervals come from drawn parameters *and* simulated futures: what one customer will do is mostly luck, and an
    interval for the expected value alone would be far too narrow.

    Parameters
    ----------
    fit : PurchaseFit
    purchases : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        As `fit_purchases` takes it.
    weeks : float
        Length of the time ahead.
    draws : int
        Simulated futures, each with parameters of its own.
    level : float
        Coverage of the intervals, a fraction.
    interval : bool
        Without it low and high are empty: a million customers need a few seconds instead of minutes.
    seed : int

    Returns
    -------
    PurchaseForecast
        Its table is sorted by customer_id.

    Raises
    ------
    TableError
        The table breaks its contract, or weeks are not above 0 and finite.

    Examples
    --------
    >>> named = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> fit = PurchaseFit("bg_nbd", named, np.zeros((4, 4)), 0.0, 2357, 946, 39.0)
    >>> purchases = pd.DataFrame({"customer_id": [1], "x": [2], "t_x": [30.43], "T": [38.86]})
    >>> predict_purchases(fit, purchases, weeks=39).table["expected"].round(3).tolist()
    [1.226]

    Source: Fader, Hardie and Lee (2005), Marketing Science 24, 275-284, equation 10.
    """
    if not 0 < weeks < np.inf:
        raise TableError([f"weeks should be above 0 and finite, found {weeks!r}"], "predict_purchases")
    table = read_purchases(purchases).sort_values("customer_id", ignore_index=True)
    p_alive, expected = expect_purchases(fit, table, weeks)
    if_alive = fit.law.quiet_if_alive(fit.theta, table["x"].to_numpy(float), table["T"].to_numpy(), weeks)
    result = table[["customer_id", "x"]].assign(p_alive=p_alive, p_quiet=1 - p_alive * (1 - if_alive))
    result = result.assign(expected=expected, low=np.nan, high=np.nan)
    ends = np.nan, np.nan
    if interval:
        sums = np.zeros(draws)
        for rows, futures in simulate_purchases(fit, table, weeks, draws, seed):
            sums += futures.sum(axis=1)
            cuts = np.quantile(futures, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
            result.loc[rows, ["low", "high"]] = cuts.T
        ends = find_ends(sums, level)
    notes = (*say_doubts(fit, table), *say_horizon(fit, weeks))
    return PurchaseForecast(result, float(expected.sum()), *ends, float(weeks), fit.law.name, level, notes)


def find_ends(sums: np.ndarray, level: float) -> tuple[float, float]:
    """The two quantiles between which a share `level` of the simulated sums lies."""
    low, high = np.quantile(sums, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def say_doubts(fit: PurchaseFit, table: pd.DataFrame) -> tuple[str, ...]:
    """Say what the prediction cannot know."""
    notes = [*fit.warnings]
    single = int((table["x"] == 0).sum())
    if fit.model == "bg_nbd" and single:
        notes.append(CERTAIN.format(n=single))
    return (*notes, STEADY)


def say_horizon(fit: PurchaseFit, weeks: float) -> tuple[str, ...]:
    """Say where the time ahead is much longer than the history."""
    if weeks <= 1.5 * fit.weeks:
        return ()
    return (f"{weeks:g} weeks ahead from {fit.weeks:.0f} weeks of history: an extrapolation",)


def expect_purchases(
    fit: PurchaseFit, table: pd.DataFrame, weeks: float, discount: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """P(alive) and expected purchases of each customer; customers with the same history are counted once."""
    values, _, key = group_alike(table)
    x, t_x, T = (values[name].astype(float) for name in ("x", "t_x", "T"))
    alive = fit.law.p_alive(fit.theta, x, t_x, T)
    ahead = fit.law.expect_if_alive(fit.theta, x, T, np.full(len(x), float(weeks)), discount)
    return alive[key], (alive * ahead)[key]


def simulate_purchases(
    fit: PurchaseFit, table: pd.DataFrame, weeks: float, draws: int, seed: int
) -> Iterator[tuple[pd.Index, np.ndarray]]:
    """Yield blocks of customers with their simulated purchases, draws × customers."""
    thetas = fit.draw_parameters(draws, seed)
    for number, start in enumerate(range(0, len(table), BLOCK)):
        part = table.iloc[start : start + BLOCK]
        x, t_x, T = (part[name].to_numpy(float) for name in ("x", "t_x", "T"))
        draw = np.random.default_rng([seed, 2, number])
        futures = np.zeros((draws, len(part)))
        for row, theta in enumerate(thetas):
            alive = draw.random(len(part)) < fit.law.p_alive(theta, x, t_x, T)
            futures[row] = alive * fit.law.simulate_if_alive(theta, x, T, weeks, draw)
        yield part.index, futures


def simulate_money(
    spend: SpendFit, table: pd.DataFrame, futures: np.ndarray, thetas: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    """Draw the money of simulated purchases, draws × customers: each customer's ν from its posterior, then the sums."""
    mean, days = clean_spend(table)
    money = np.zeros_like(futures)
    for row, (p, q, v) in enumerate(thetas):
        rate = draw.gamma(p * days + q) / (v + days * mean)
        money[row] = draw.gamma(p * futures[row]) / np.maximum(rate, 1e-300)
    return money


@check_arguments
def compare_holdout(forecast: PurchaseForecast, purchases: pd.DataFrame) -> pd.DataFrame:
    """Compare predicted with actual purchases in the holdout, by the number of repeat purchases before it.

    Parameters
    ----------
    forecast : PurchaseForecast
        For as many weeks as the holdout lasts.
    purchases : pandas.DataFrame
        customer_id and x_later, as `summarise_purchases` gives it with `until`.

    Returns
    -------
    pandas.DataFrame
        x ("0" to "6", "7 +"), customers, actual and its 95 % interval (mean purchases in the holdout; empty where a
        group has one customer or no spread), expected.

    Raises
    ------
    TableError
        There is no x_later, a customer of the forecast is missing or stands there twice, or ids are text in one table
        and numbers in the other.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": [1, 2], "x": [0, 9], "p_alive": 1.0, "expected": [0.5, 4.0]})
    >>> forecast = PurchaseForecast(table, 4.5, 1.0, 9.0, 39.0, "BG/NBD")
    >>> compare_holdout(forecast, pd.DataFrame({"customer_id": [1, 2], "x_later": [0, 5]}))[["x", "actual", "expected"]]
         x  actual  expected
    0    0     0.0       0.5
    1  7 +     5.0       4.0
    """
    missing = [name for name in ("customer_id", "x_later") if name not in purchases]
    if missing:
        mend = "summarise_purchases gives it with `until`"
        raise TableError([f"there is no column `{name}`: {mend}" for name in missing], "purchases")
    later = pd.to_numeric(purchases["x_later"], errors="coerce")
    if wrong := int((later.isna() & purchases["x_later"].notna()).sum()):
        raise TableError([f"`x_later` should hold numbers of purchases; {wrong:,} rows do not"], "purchases")
    purchases = purchases.assign(x_later=later)
    ids = forecast.table["customer_id"], purchases["customer_id"]
    if pd.api.types.is_numeric_dtype(ids[0]) != pd.api.types.is_numeric_dtype(ids[1]):
        kinds = ["numbers" if pd.api.types.is_numeric_dtype(one) else "text" for one in ids]
        says = f"customer_id is {kinds[1]} here and {kinds[0]} in the forecast: give both the same kind"
        raise TableError([says], "purchases")
    if purchases["customer_id"].duplicated().any():
        raise TableError(["a customer_id stands in it twice: one row a customer"], "purchases")
    both = forecast.table.merge(purchases[["customer_id", "x_later"]], on="customer_id", how="left")
    if both["x_later"].isna().any():
        raise TableError([f"{both['x_later'].isna().sum():,} customers of the forecast are not in it"], "purchases")
    groups = both.groupby(both["x"].clip(upper=MOST_X))
    actual = groups["x_later"].agg(["size", "mean", "std"])
    low, high = interval_of_mean(actual["mean"], actual["std"], actual["size"])
    names = [f"{MOST_X} +" if x == MOST_X else str(x) for x in actual.index]
    result = pd.DataFrame({"x": names, "customers": actual["size"].to_numpy(), "actual": actual["mean"].to_numpy()})
    result["low"], result["high"] = low, high
    result["expected"] = groups["expected"].mean().to_numpy()
    return result


@dataclass(frozen=True, eq=False)
class Tracking:
    """Repeat purchases of a cohort, week by week, as they came and as the model says; built by `track_purchases`.

    `table` has one row a week: week_end (the day after its last), actual and expected (repeat purchases since the
    start, of all customers together), is_holdout.
    """

    table: pd.DataFrame = field(repr=False)
    as_of: pd.Timestamp
    model: str
    n_customers: int

    @property
    def gap(self) -> float:
        """Expected against actual purchases in the holdout, as a fraction: -0.1 is a tenth too few; NaN without one."""
        before = self.table[~self.table["is_holdout"]].iloc[-1]
        last = self.table.iloc[-1]
        actual = last["actual"] - before["actual"]
        return float((last["expected"] - before["expected"]) / actual - 1) if actual > 0 else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """One row a week."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw both curves; the holdout, which the model has not seen, begins at the line."""
        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        rows = self.table
        ax.plot(rows["week_end"], rows["actual"], color=INK, linewidth=2.5)
        ax.plot(rows["week_end"], rows["expected"], color=TREATED, linewidth=2.5, linestyle="--")
        ax.axvline(self.as_of, color=HIGHLIGHT, linewidth=1.5)
        last = rows.iloc[-1]
        is_above = last["actual"] >= last["expected"]
        for name, colour, up in (("actual", INK, is_above), (self.model, TREATED, not is_above)):
            value = last["actual" if name == "actual" else "expected"]
            place = (6, 7 if up else -7)
            ax.annotate(name, (last["week_end"], value), place, textcoords="offset points", color=colour, va="center")
        top = ax.get_ylim()[1]
        style: dict[str, Any] = {"textcoords": "offset points", "va": "top"}
        ax.annotate("the model has seen this", (self.as_of, top), (-6, 0), ha="right", color=GREY, **style)
        ax.annotate("and not this", (self.as_of, top), (6, 0), color=HIGHLIGHT, **style)
        ax.set_ylim(0, top)
        ax.margins(x=0.01)
        ax.set_xlim(
            right=last["week_end"] + pd.Timedelta(days=0.12 * (last["week_end"] - rows["week_end"].iloc[0]).days)
        )
        ax.set_ylabel("repeat purchases so far")
        found = title or f"In the holdout the model is {abs(self.gap):.0%} {'below' if self.gap < 0 else 'above'}"
        headline(ax, found, f"repeat purchases of {self.n_customers:,} customers since the start", source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.table.tail(5), f"{self.model}: expected {self.gap:+.1%} in the holdout")


@check_arguments
def track_purchases(
    fit: PurchaseFit,
    receipts: AnyTable,
    as_of: str | dt.date | pd.Timestamp,
    until: str | dt.date | pd.Timestamp,
) -> Tracking:
    """Track a cohort's repeat purchases week by week: as they came, and as the fitted model expects of new customers.

    The expectation uses only when each customer first bought, so that the curve is a forecast from the first day on.

    Parameters
    ----------
    fit : PurchaseFit
        Fitted to the history before `as_of`.
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`, of the same customers.
    as_of, until : str, datetime.date or pandas.Timestamp
        Days: the history ends before `as_of`, the holdout is [as_of, until).

    Returns
    -------
    Tracking

    Raises
    ------
    TableError
        The receipts break their contract, `until` is not later, or nobody bought before `as_of`.

    Examples
    --------
    >>> named = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    >>> fit = PurchaseFit("bg_nbd", named, np.zeros((4, 4)), 0.0, 2357, 946, 39.0)
    >>> days = pd.to_datetime(["2017-01-02", "2017-01-09"])
    >>> receipts = pd.DataFrame({"customer_id": [7, 7], "sales": 5.0, "time": days})
    >>> track_purchases(fit, receipts, "2017-01-16", "2017-01-30").table["actual"].tolist()
    [0, 0, 1, 1, 1]

    Source: Fader, Hardie and Lee (2005), Marketing Science 24, 275-284.
    """
    start, end = read_day(as_of), read_day(until, "until")
    if end <= start:
        raise TableError([f"until ({end:%Y-%m-%d}) should be later than as_of ({start:%Y-%m-%d})"], "until")
    counts, firsts = _count_days(receipts, start, end)
    if firsts.empty:
        raise TableError([f"nobody bought before {start:%Y-%m-%d}"], "receipts")
    origin = firsts.index.min()
    back = pd.date_range(start, origin, freq=f"-{WEEK}D")[::-1]
    ahead = pd.date_range(start, end, freq=f"{WEEK}D")[1:]
    ends = back.append(ahead)
    age = (np.subtract.outer(ends.to_numpy(), firsts.index.to_numpy()) / np.timedelta64(1, "D") - 1) / WEEK
    seen = np.maximum(age, 0)
    levels, where = np.unique(seen.ravel(), return_inverse=True)
    zero = np.zeros(len(levels))
    each = fit.law.p_alive_new(fit.theta) * fit.law.expect_if_alive(fit.theta, zero, zero, levels)
    expected = each[where].reshape(seen.shape) @ firsts.to_numpy()
    actual = counts.sort_index().cumsum()
    reached = np.searchsorted(actual.index.to_numpy(), ends.to_numpy(), side="left")
    table = pd.DataFrame({"week_end": ends, "actual": np.r_[0, actual.to_numpy()][reached].astype("int64")})
    table = table.assign(expected=expected, is_holdout=ends > start)
    return Tracking(table, start, fit.law.name, int(firsts.sum()))


def _count_days(receipts: AnyTable, start: pd.Timestamp, end: pd.Timestamp) -> tuple[pd.Series, pd.Series]:
    """Repeat purchases on each day, and how many customers bought for the first time on each day before `start`."""
    checked = check_receipts(receipts)
    lines = type_columns(checked.table).filter(nw.col("time") < write_moment(end))
    bought = reduce_to_receipts(lines, start).filter(nw.col("bought") == 1)
    days = bought.select("customer_id", "day").unique()
    days = days.with_columns(first=nw.col("day").min().over("customer_id"))
    cohort = days.filter(nw.col("first") < write_moment(start))
    both = collect(cohort.group_by("first", "day").agg(nw.len().cast(nw.Int64).alias("customers")))
    both = both.assign(first=pd.to_datetime(both["first"]), day=pd.to_datetime(both["day"]))
    is_first = both["first"] == both["day"]
    firsts = both[is_first].groupby("first")["customers"].sum()
    return both[~is_first].groupby("day")["customers"].sum(), firsts
