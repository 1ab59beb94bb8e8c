"""Two windows of equal length, customer by customer: from receipts, or drawn from a population that never changes."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from loyalty.prepare.profile import is_purchase, type_columns
from loyalty.prepare.visits import find_receipt_key, group_visits
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CUSTOMERS
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.ids import find_strangers
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, collect


@check_arguments
def sum_windows(
    receipts: AnyTable, start: Any, middle: Any, end: Any, *, customers: AnyTable = None, of: str = "sales"
) -> pd.DataFrame:
    """Sum sales, or count receipts, of each customer in two windows of equal length: [start, middle), [middle, end).

    Not for windows of different length, and mind the season: the same weeks of two years are the best pair.

    Parameters
    ----------
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`.
    start, middle, end : str or pandas.Timestamp
        Three days, equally far apart.
    customers : the same kinds of source, optional
        Everyone who should have a row; otherwise all who have a receipt in one of the windows.
    of : {"sales", "receipts"}
        What to add up; returns lower the sales and are no receipts.

    Returns
    -------
    pandas.DataFrame
        customer_id, first, second; sorted by customer_id. `.attrs["warnings"]` counts the lines that were left out
        because they have no customer.

    Raises
    ------
    TableError
        A table breaks its contract, or the windows are not of equal length.

    Examples
    --------
    >>> receipts = pd.DataFrame({"customer_id": [7, 7], "time": pd.to_datetime(["2017-01-02", "2017-01-09"]),
    ...                          "sales": [12.5, 7.5]})
    >>> sum_windows(receipts, "2017-01-01", "2017-01-08", "2017-01-15").to_dict("records")
    [{'customer_id': 7, 'first': 12.5, 'second': 7.5}]
    """
    days = [read_day(day, name) for day, name in ((start, "start"), (middle, "middle"), (end, "end"))]
    lengths = [(b - a).days for a, b in zip(days, days[1:], strict=False)]
    if lengths[0] != lengths[1] or lengths[0] < 1:
        raise TableError(
            [f"two windows of equal length are needed, found {lengths[0]} and {lengths[1]} days"], "windows"
        )
    if of not in ("sales", "receipts"):
        raise TableError([f"`of` should be 'sales' or 'receipts', found {of!r}"], "windows")
    checked = check_receipts(receipts)
    lines = type_columns(checked.table)
    names = lines.collect_schema().names()
    limits = [write_moment(day) for day in days]
    inside = lines.filter((nw.col("time") >= limits[0]) & (nw.col("time") < limits[2]))
    amount = nw.col("sales")
    if of == "receipts":
        amount = nw.lit(1.0)
        inside = inside.filter(is_purchase(names))
        inside = _list_visits(inside, find_receipt_key(names))
    early = nw.col("time") < limits[1]
    parts = inside.with_columns(
        first=nw.when(early).then(amount).otherwise(0.0), second=nw.when(early).then(0.0).otherwise(amount)
    )
    sums = collect(parts.group_by("customer_id").agg(nw.col("first", "second").sum()))
    if customers is not None:
        everyone = collect(check_table(customers, CUSTOMERS).select("customer_id"))
        ids = everyone["customer_id"], sums["customer_id"]
        if strangers := find_strangers(*ids, "the list of customers", "the receipts", alike=True):
            raise TableError(strangers, "customers")
        sums = everyone.merge(sums, on="customer_id", how="left").fillna({"first": 0.0, "second": 0.0})
    sums[["first", "second"]] = sums[["first", "second"]].round(6)
    sums = sums.sort_values("customer_id", ignore_index=True)
    sums.attrs["warnings"] = checked.warnings
    return sums


def _list_visits(sold: nw.LazyFrame, key: list[str]) -> nw.LazyFrame:
    """One row a visit, with its customer and the time when it began."""
    if not key:
        return sold.select("customer_id", "time")
    rows = sold.select(*key, "time", bought=nw.lit(1, nw.Int64()))
    receipts = group_visits(rows, key, [], [])
    if collect(receipts.select(nw.col("again").sum()))["again"].fillna(0).iloc[0]:
        receipts = group_visits(rows, key, [], [], split=True)
    return receipts.select("customer_id", time=nw.col("day"))


@check_arguments
def simulate_stable(counts: ArrayLike, *, n: int | None = None, seed: int) -> pd.DataFrame:
    """Draw a population in which nothing ever changes, as mixed as yours: each customer has one rate for ever.

    Rates are Gamma distributed with the mean and the variance that the counts of one window imply, visits are Poisson:
    what falls and wakes up here does so by luck alone. Real customers also have busy and quiet spells, so this shows
    only a part of the regression to the mean. Not for money: a Poisson draw is a count.

    Parameters
    ----------
    counts : array of int
        Visits of each customer in the first window, zeros included.
    n : int, optional
        Customers to draw; as many as there are counts otherwise.
    seed : int

    Returns
    -------
    pandas.DataFrame
        customer_id (from 1), rate (visits a window, the truth), first, second.

    Examples
    --------
    >>> simulate_stable([0, 1, 2, 9], n=100_000, seed=1)[["first", "second"]].mean().round(1).tolist()
    [3.0, 3.0]

    Source: Greenwood and Yule (1920), Journal of the Royal Statistical Society 83, 255-279.
    """
    rng = np.random.default_rng(seed)
    values = np.asarray(counts, float)
    if not len(values) or values.min() < 0 or (n is not None and n < 0):
        raise ValueError("counts should hold visits, 0 or more, of at least one customer; and n customers to draw")
    n = n or len(values)
    mean = values.mean()
    extra = values.var() - values.mean()
    rate = rng.gamma(mean**2 / extra, extra / mean, n) if extra > 0 else np.full(n, mean)
    return pd.DataFrame(
        {"customer_id": range(1, n + 1), "rate": rate, "first": rng.poisson(rate), "second": rng.poisson(rate)}
    )
