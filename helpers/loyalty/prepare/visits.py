"""Visits: which receipt lines belong to one purchase, also where a till starts its receipt numbers anew.

A receipt is a customer, a store, a till and a number, as far as the table knows them. Its sale lines up to 12 hours
apart are one visit (night shops pass midnight). A sale line that comes later under the same number is a new visit: the
till has started its numbers anew. A return keeps its own day, and is no visit.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pandas as pd

from loyalty.tables.sources import collect

RECEIPT = ("customer_id", "store_id", "till_id", "basket_id")
APART = "12h"


def find_receipt_key(names: Sequence[str]) -> list[str]:
    """Columns that tell one receipt from another; empty where the table has no receipt numbers.

    Examples
    --------
    >>> find_receipt_key(["customer_id", "time", "sales", "basket_id", "store_id"])
    ['customer_id', 'store_id', 'basket_id']
    >>> find_receipt_key(["customer_id", "time", "sales"])
    []
    """
    if "basket_id" not in names:
        return []
    return [name for name in RECEIPT if name in names]


def group_visits(
    rows: nw.LazyFrame, key: Sequence[str], sums: Sequence[str], marks: Sequence[str], *, split: bool = False
) -> nw.LazyFrame:
    """Reduce lines to one row a receipt, or to one row a visit; lazily, where the table lives.

    To split every receipt costs a sort of all lines. So reduce without it first, add up the column `again`, and split
    only where it is not 0.

    Parameters
    ----------
    rows : narwhals.LazyFrame
        Lines with the columns `key`, `time`, `bought` (1 for a sale line, 0 for a return), `sums` and `marks`.
    key : sequence of str
        Columns of a receipt, see `find_receipt_key`, and of whatever else the result keeps apart.
    sums, marks : sequence of str
        Numbers to add up, and 0/1 columns of which the largest counts.
    split : bool
        Whether a receipt number that comes again later is a visit of its own.

    Returns
    -------
    narwhals.LazyFrame
        `key`, `sums`, `marks`, `bought`, `day` (time of the first sale line; of the first line where there is none),
        `again` (1 where sale lines under one number are more than 12 hours apart, else 0).

    Examples
    --------
    >>> from loyalty.tables.sources import open_table
    >>> lines = pd.DataFrame({"customer_id": 1, "basket_id": 17, "bought": 1, "sales": [5.0, 3.0],
    ...                       "time": pd.to_datetime(["2024-01-05 10:00", "2024-02-05 10:00"])})
    >>> visits = group_visits(open_table(lines), ["customer_id", "basket_id"], ["sales"], [], split=True)
    >>> collect(visits.sort("day"))["sales"].tolist()
    [5.0, 3.0]
    """
    columns = list(key)
    largest = [*marks, "bought"]
    if split:
        rows = _number_visits(rows, key, sums, marks)
        columns += ["bought", "visit"]
        largest = list(marks)
    bought_at = nw.when(nw.col("bought") == 1).then(nw.col("time"))
    grouped = (
        rows.with_columns(bought_at=bought_at)
        .group_by(*columns)
        .agg(
            *(nw.col(name).sum() for name in sums),
            *(nw.col(name).max() for name in largest),
            start=nw.col("time").min(),
            first=nw.col("bought_at").min(),
            last=nw.col("bought_at").max(),
        )
    )
    day = nw.when(nw.col("first").is_null()).then(nw.col("start")).otherwise(nw.col("first"))
    again = (nw.col("last") > nw.col("first").dt.offset_by(APART)).fill_null(False).cast(nw.Int64)
    if split:
        again = nw.lit(0, nw.Int64())
    return grouped.select(*key, *sums, *marks, "bought", day=day, again=again)


def say_repeats(repeats: int) -> str:
    """Say that receipt numbers came again, and what was made of it.

    Examples
    --------
    >>> say_repeats(1)
    '1 receipt number comes again more than 12 hours later: each time counts as a visit of its own'
    """
    who = "1 receipt number comes" if repeats == 1 else f"{repeats:,} receipt numbers come"
    return f"{who} again more than 12 hours later: each time counts as a visit of its own"


def refuse_repeats(repeats: int) -> str:
    """Say that receipt numbers come again, and how to make them different.

    Examples
    --------
    >>> refuse_repeats(2)[:58]
    '2 receipt numbers come again more than 12 hours later: giv'
    """
    who = "1 receipt number comes" if repeats == 1 else f"{repeats:,} receipt numbers come"
    mend = "give the columns `store_id` and `till_id`, make the numbers different, or leave out strict=True"
    return f"{who} again more than 12 hours later: {mend}"


def say_newcomers(lines: nw.LazyFrame, ids: pd.Series, starts: pd.Series) -> list[str]:
    """Say how many customers have their first receipt only after the start: before it they count as 0.

    A zero of somebody who was no customer yet is not a zero of somebody who stayed away.

    Parameters
    ----------
    lines : narwhals.LazyFrame
        All receipts, with customer_id and time.
    ids, starts : pandas.Series
        A row a customer: the id, and the start.

    Returns
    -------
    list of str
        One sentence, or none.

    Examples
    --------
    >>> from loyalty.tables.sources import open_table
    >>> lines = pd.DataFrame({"customer_id": [1, 2], "time": pd.to_datetime(["2024-01-05", "2024-03-05"])})
    >>> say_newcomers(open_table(lines), pd.Series([1, 2, 3]), pd.Series(pd.Timestamp("2024-03-01"), range(3)))[0][:66]
    '1 of 3 customers is first seen after the start: the time before co'
    """
    first = collect(lines.group_by("customer_id").agg(first=nw.col("time").min()))
    seen = pd.to_datetime(ids.map(first.set_index("customer_id")["first"]))
    late = int((seen >= starts.to_numpy()).sum())
    if not late:
        return []
    who = "1 of {:,} customers is" if late == 1 else f"{late:,} of {{:,}} customers are"
    return [f"{who.format(len(ids))} first seen after the start: the time before counts as 0"]


def _number_visits(rows: nw.LazyFrame, key: Sequence[str], sums: Sequence[str], marks: Sequence[str]) -> nw.LazyFrame:
    """Number the visits under each receipt number; lines of one moment are put together first, so that none tie."""
    part = [*key, "bought"]
    moments = rows.group_by(*part, "time").agg(
        *(nw.col(name).sum() for name in sums), *(nw.col(name).max() for name in marks)
    )
    before = nw.col("time").shift(1).over(*part, order_by="time")
    moments = moments.with_columns(before=before)
    far = nw.col("before").is_null() | (nw.col("time") > nw.col("before").dt.offset_by(APART))
    moments = moments.with_columns(far=far.cast(nw.Int64))
    visit = nw.col("far").cum_sum().over(*part, order_by="time")
    return moments.with_columns(visit=nw.when(nw.col("bought") == 1).then(visit).otherwise(nw.lit(0)))
