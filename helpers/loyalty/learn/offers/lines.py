"""What was bought on which day: receipt lines reduced to one row a customer, day and product, sorted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.tables.check import TableError
from loyalty.tables.receipts import check_receipts, count_pieces, find_bought
from loyalty.tables.sources import AnyTable, NotATable, collect, is_empty

EPOCH = pd.Timestamp("1900-01-01")  # days are counted from here


@dataclass(frozen=True, eq=False)
class DayLines:
    """Purchases, one row a customer, day and product, sorted by these three; made by `read_day_lines`.

    Attributes
    ----------
    customer, product : array of int32
        Places in `customers` and `products`.
    day : array of int32
        Days since EPOCH.
    sales, pieces : array of float
        Money paid and quantity of that day.
    customers, products : array
        The ids, sorted.
    warnings : tuple of str
        What was left out.
    """

    customer: np.ndarray
    day: np.ndarray
    product: np.ndarray
    sales: np.ndarray
    pieces: np.ndarray
    customers: np.ndarray
    products: np.ndarray
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.day)

    def take(self, here: np.ndarray) -> DayLines:
        """Take the rows that a mask marks; customers and products keep their places."""
        names = ("customer", "day", "product", "sales", "pieces")
        return replace(self, **{name: getattr(self, name)[here] for name in names})

    def keep_days(self, start: int | None, end: int | None) -> DayLines:
        """Keep the rows of [start, end); None is no limit."""
        here = np.ones(len(self), bool)
        if start is not None:
            here &= self.day >= start
        if end is not None:
            here &= self.day < end
        return self if here.all() else self.take(here)


def read_day_lines(receipts: AnyTable) -> DayLines:
    """Reduce receipts, where they live, to what each customer bought on each day.

    A line counts as a purchase if money was paid for it; returns keep out, and so do gifts and lines without a product,
    which are counted. Two lines of one product on one day are one purchase.

    Parameters
    ----------
    receipts : table under RECEIPTS with product_id

    Returns
    -------
    DayLines

    Raises
    ------
    TableError
        The receipts break their contract, have no `product_id`, or hold no purchase.
    """
    try:
        checked = check_receipts(receipts)
        found, lost = _reduce(checked.table)
    except NotATable as error:
        raise TableError([str(error)], "receipts") from None
    if found.empty:
        raise TableError(["no line is a purchase: `sales` should be above 0, and `product_id` filled"], "receipts")
    notes = list(checked.warnings)
    if lost:
        notes.append(f"{lost:,} lines without a product are left out")
    customer, customers = pd.factorize(found.pop("customer_id"), sort=True)
    product, products = pd.factorize(found.pop("product_id"), sort=True)
    day = (pd.to_datetime(found.pop("day")) - EPOCH).dt.days.to_numpy(np.int32)
    first = int(day.min())
    key = (customer * (int(day.max()) - first + 1) + (day - first)) * len(products) + product
    order = np.argsort(key, kind="stable")
    return DayLines(
        customer.astype(np.int32)[order],
        day[order],
        product.astype(np.int32)[order],
        found.pop("sales").to_numpy(float)[order],
        found.pop("pieces").to_numpy(float)[order],
        np.asarray(customers),
        np.asarray(products),
        tuple(notes),
    )


def _reduce(lines: nw.LazyFrame) -> tuple[pd.DataFrame, int]:
    """One row a customer, day and product; and how many lines have no product."""
    schema = lines.collect_schema()
    if "product_id" not in schema.names():
        raise TableError(["there is no column `product_id`: what was bought is not known"], "receipts")
    nothing = is_empty("product_id", schema["product_id"])
    sales = lines.filter(find_bought(schema))
    lost = collect(sales.select(nothing.cast(nw.Int64).sum().alias("n")))["n"].fillna(0).iloc[0]
    typed = sales.filter(~nothing).select(
        "customer_id",
        "product_id",
        day=nw.col("time").dt.truncate("1d"),
        sales=nw.col("sales").cast(nw.Float64),
        pieces=count_pieces(schema),
    )
    sums = typed.group_by("customer_id", "product_id", "day").agg(nw.col("sales").sum(), nw.col("pieces").sum())
    return collect(sums), int(lost)


def number_day(day: pd.Timestamp) -> int:
    """Count the days from EPOCH to a day.

    Examples
    --------
    >>> number_day(pd.Timestamp("1900-01-03"))
    2
    """
    return int((day - EPOCH).days)


def write_day(number: int) -> str:
    """Write the day of a number as text.

    Examples
    --------
    >>> write_day(2)
    '1900-01-03'
    """
    return f"{EPOCH + pd.Timedelta(days=int(number)):%Y-%m-%d}"
