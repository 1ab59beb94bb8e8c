"""What a lifetime model reads of each customer: x, t_x and T, from receipts of any engine or from a profile."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Literal

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.prepare.profile import reduce_to_receipts, type_columns
from loyalty.segment.snapshots import read_profile
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.columns import Column, Table
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, NotATable, collect, open_table

WEEK = 7  # days
PURCHASES = Table(
    "purchases",
    "a customer's purchase history, in weeks",
    ("customer_id",),
    (
        Column("customer_id", "id", "the card, person or household; one id a customer"),
        Column("x", "whole", "repeat purchase days: days with a purchase, less the first one", low=0),
        Column("t_x", "number", "weeks from the first to the last purchase (a lifetime model's recency)", low=0),
        Column("T", "number", "weeks from the first purchase to the last day seen", low=0),
        Column("spend", "money", "mean money of a purchase day; empty without one that counts", True, True),
        Column("spend_days", "whole", "purchase days that `spend` is the mean of", True, True, low=0),
    ),
)
HISTORY = ["x", "t_x", "T"]
LONG_SILENCE = 91  # days without any receipt, from which on the day is doubted
MONEY = {"spend": "float64", "spend_days": "int64"}


@check_arguments
def summarise_purchases(
    receipts: AnyTable,
    as_of: str | dt.date | pd.Timestamp,
    *,
    until: str | dt.date | pd.Timestamp | None = None,
    of: Literal["sales", "margin"] = "sales",
) -> pd.DataFrame:
    """Reduce receipts to recency, frequency and customer age (x, t_x, T), in weeks: the input of BG/NBD and its kin.

    The lifetime model's recency t_x is *not* the recency of RFM: it is counted from the first purchase to the last, so
    a large t_x is good. Several receipts of one day are one purchase, as in the published figures.

    Parameters
    ----------
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`. Receipts that hold returns only are no purchases, and their money is left out.
    as_of : str, datetime.date or pandas.Timestamp
        A day: purchases before it are the history.
    until : str, datetime.date or pandas.Timestamp, optional
        A later day: adds what the same customers did in the holdout [as_of, until).
    of : {"sales", "margin"}
        The money that `spend` is the mean of; margin only if the receipts have it.

    Returns
    -------
    pandas.DataFrame
        One row a customer who bought before `as_of`, sorted by customer_id: x (repeat purchase days), t_x and T
        (weeks), spend (mean money of the repeat purchase days; empty without one), spend_days (their number). With
        `until` also x_later (purchase days in the holdout) and money_later (their money).
        `.attrs["warnings"]` says what was left out.

    Raises
    ------
    TableError
        The receipts break their contract, nobody bought before `as_of`, there is no margin, or `until` is not later.

    Examples
    --------
    >>> receipts = pd.DataFrame({"customer_id": [7, 7, 8], "sales": [12.5, 7.5, 3.0],
    ...     "time": pd.to_datetime(["2017-01-02 10:00", "2017-01-09 18:30", "2017-01-05 09:00"])})
    >>> summarise_purchases(receipts, "2017-01-24")[["customer_id", "x", "t_x", "T", "spend"]]
       customer_id  x  t_x         T  spend
    0            7  1  1.0  3.000000    7.5
    1            8  0  0.0  2.571429    NaN

    Source: Fader, Hardie and Lee (2005), Marketing Science 24, 275-284.
    """
    start = read_day(as_of)
    end = start if until is None else read_day(until, "until")
    if until is not None and end <= start:
        raise TableError([f"until ({end:%Y-%m-%d}) should be later than as_of ({start:%Y-%m-%d})"], "until")
    try:
        checked = check_receipts(receipts)
        lines = type_columns(checked.table)
        if of == "margin" and "margin" not in lines.collect_schema().names():
            raise TableError(
                ["there is no column `margin`; sum sales, and give customer_value a margin_rate"], "receipts"
            )
        found, returned = _reduce(lines.filter(nw.col("time") < write_moment(end)), start, of)
    except NotATable as error:
        raise TableError([str(error)], "receipts") from None
    late = found["early"] == 0
    late_customers = int(late.sum())
    found = found[~late].sort_values("customer_id", ignore_index=True)
    if found.empty:
        raise TableError([f"nobody bought before {start:%Y-%m-%d}"], "receipts")
    table = _finish(found, start, is_split=until is not None)
    notes = [*checked.warnings]
    newest = pd.to_datetime(found["last"]).max()
    if (start - newest).days > LONG_SILENCE:
        notes.append(
            f"the last receipt is of {newest:%Y-%m-%d}, {(start - newest).days:,} days before {start:%Y-%m-%d}: if the "
            "data end there, take the day after it, or everybody looks as if he had left"
        )
    if late_customers:
        notes.append(f"{late_customers:,} customers bought for the first time in the holdout, and are left out")
    total = found[["repeat_money", "first_money", "later_money"]].to_numpy().sum()
    if returned < 0 < total:
        share = -returned / total
        notes.append(f"receipts that hold returns only are no purchases: {share:.1%} of the money, not taken off")
    table.attrs["warnings"] = tuple(notes)
    return table


def _reduce(lines: nw.LazyFrame, start: pd.Timestamp, of: str) -> tuple[pd.DataFrame, float]:
    """One row a customer, still in the engine; and the money of receipts without a purchase."""
    visits = reduce_to_receipts(lines, start)
    if collect(visits.select(nw.col("again").sum()))["again"].fillna(0).iloc[0]:
        visits = reduce_to_receipts(lines, start, split=True)
    money = nw.col("monetary" if of == "sales" else "margin")
    returned = collect(visits.filter(nw.col("bought") == 0).select(money.sum().alias("money")))["money"].fillna(0)
    bought = visits.filter(nw.col("bought") == 1)
    days = bought.group_by("customer_id", "day").agg(money.sum().alias("money"))
    days = days.with_columns(first=nw.col("day").min().over("customer_id"))
    is_early = nw.col("day") < write_moment(start)
    is_first = nw.col("day") == nw.col("first")
    amount = nw.col("money")
    marked = days.with_columns(
        early=is_early.cast(nw.Int64),
        early_day=nw.when(is_early).then(nw.col("day")),
        first_money=nw.when(is_early & is_first).then(amount).otherwise(0.0),
        repeat_money=nw.when(is_early & ~is_first).then(amount).otherwise(0.0),
        later_money=nw.when(~is_early).then(amount).otherwise(0.0),
    )
    sums = nw.col("early", "first_money", "repeat_money", "later_money").sum()
    first = nw.col("day").min().alias("first")
    last = nw.col("early_day").max().alias("last")
    reduced = marked.group_by("customer_id").agg(sums, first, last, nw.len().cast(nw.Int64).alias("days"))
    return collect(reduced), float(returned.sum())


def _finish(found: pd.DataFrame, start: pd.Timestamp, *, is_split: bool) -> pd.DataFrame:
    first, last = (pd.to_datetime(found[name]) for name in ("first", "last"))
    x = found["early"].astype("int64") - 1
    table = pd.DataFrame({"customer_id": found["customer_id"], "x": x})
    table["t_x"] = (last - first).dt.days / WEEK
    table["T"] = ((start - first).dt.days - 1) / WEEK
    table["spend"] = (found["repeat_money"] / x.where(x > 0)).round(6)
    table["spend_days"] = x
    if is_split:
        table["x_later"] = found["days"].astype("int64") - found["early"].astype("int64")
        table["money_later"] = found["later_money"].astype("float64").round(6)
    return table


@check_arguments
def summarise_profile(profile: AnyTable) -> pd.DataFrame:
    """Turn a customer profile into the input of BG/NBD and its kin: x, t_x and T in weeks instead of days.

    A profile does not tell the first purchase's money from the others', so `spend` is the mean of *all* purchase days,
    returns taken off. The published figures use the repeat days only: take `summarise_purchases` for these.

    Parameters
    ----------
    profile : pandas.DataFrame, duckdb.DuckDBPyRelation, str or pathlib.Path
        The contract `profile` as of one date, with x, t_x, T and monetary; customers who never bought are left out.

    Returns
    -------
    pandas.DataFrame
        As `summarise_purchases`, with spend_days = x + 1.

    Raises
    ------
    TableError
        The profile breaks its contract, or nobody in it has bought.

    Examples
    --------
    >>> profile = pd.DataFrame({"customer_id": [1], "as_of": pd.Timestamp("2017-07-01"), "x": [2.0], "t_x": [21.0],
    ...     "T": [70.0], "monetary": [30.0]})
    >>> summarise_profile(profile)[["x", "t_x", "T", "spend", "spend_days"]]
       x  t_x     T  spend  spend_days
    0  2  3.0  10.0   10.0           3
    """
    table = read_profile(profile, *HISTORY, "monetary")
    bought = table[table["x"].notna()].reset_index(drop=True)
    if bought.empty:
        raise TableError(["nobody in it has bought: `x` is empty in each row"], "profile")
    empty = [name for name in ("t_x", "T") if bought[name].isna().any()]
    if empty:
        says = "is empty for customers who have bought: build the profile anew"
        raise TableError([f"`{name}` {says}" for name in empty], "profile")
    days = bought["x"].astype("int64") + 1
    result = bought[["customer_id"]].assign(x=days - 1, t_x=bought["t_x"] / WEEK, T=bought["T"] / WEEK)
    result = result.assign(spend=bought["monetary"] / days, spend_days=days)
    left = len(table) - len(bought)
    result.attrs["warnings"] = (f"{left:,} customers never bought, and are left out",) if left else ()
    return result


def read_purchases(purchases: AnyTable, *, money: bool = False) -> pd.DataFrame:
    """Check a purchase history and return customer_id, x, t_x, T as numbers; with `money` also spend and spend_days."""
    names = ["customer_id", *HISTORY]
    contract = PURCHASES
    if money:
        names += list(MONEY)
        columns = tuple(replace(c, optional=False) if c.name in MONEY else c for c in contract.columns)
        contract = replace(contract, columns=columns)
    _refuse_profile(purchases)
    table = read_checked(purchases, contract, names).reset_index(drop=True)
    kinds = {"x": "int64", "t_x": "float64", "T": "float64"}
    table = table.astype(kinds | ({"spend": "float64"} if money else {}))
    problems = [] if len(table) else ["the table holds no customer"]
    slack = 1e-9 * (1 + table["T"].to_numpy())
    no_repeat = (table["x"] == 0) & (table["t_x"] != 0)
    if no_repeat.any():
        mend = "t_x is counted from the first purchase to the last; is this the recency of RFM, days since the last?"
        problems.append(f"{_count(table, no_repeat)}: x is 0, but t_x is not. {mend}")
    tests = {
        "x is above 0, but t_x is 0: several purchases of one day are one": (table["x"] > 0) & (table["t_x"] == 0),
        "t_x is above T: the last purchase lies after the last day seen": table["t_x"] > table["T"] + slack,
        "x, t_x or T is infinite": ~np.isfinite(table[HISTORY].to_numpy(float)).all(axis=1),
    }
    problems += [f"{_count(table, rows)}: {words}" for words, rows in tests.items() if rows.any()]
    if problems:
        raise TableError(problems, "purchases")
    return table


def _refuse_profile(purchases: AnyTable) -> None:
    """A profile has the same names in days: tell it, before weeks and days are mixed."""
    try:
        found = open_table(purchases).collect_schema().names() if not isinstance(purchases, pd.DataFrame) else purchases
    except NotATable:
        return  # the check says what is wrong
    if "recency_days" in found and "t_x" in found:
        raise TableError(
            ["this is a profile, whose x, t_x and T are in days: use summarise_profile first"], "purchases"
        )


def _count(table: pd.DataFrame, rows: pd.Series) -> str:
    names = ", ".join(str(i) for i in table.loc[rows, "customer_id"].head(3))
    return f"{rows.sum():,} of {len(table):,} customers (customer_id {names})"


def group_alike(table: pd.DataFrame) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Group customers with equal x, t_x and T: the values of each group, its size, and each customer's group."""
    columns = [table[name].to_numpy() for name in HISTORY]
    codes = [pd.factorize(column, sort=False) for column in columns]
    key = np.zeros(len(table), np.int64)
    for code, levels in codes:
        key = pd.factorize(key * len(levels) + code, sort=False)[0]
    first = np.full(int(key.max()) + 1, -1, np.int64)
    first[key[::-1]] = np.arange(len(table))[::-1]
    values = {name: column[first] for name, column in zip(HISTORY, columns, strict=True)}
    return values, np.bincount(key), key
