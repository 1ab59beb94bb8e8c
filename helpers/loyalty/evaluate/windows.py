"""From receipts to one row a customer: what everybody spent in each of several windows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals as nw
import pandas as pd

from loyalty.frames import collect, open_table
from loyalty.tables import RECEIPTS, TableError, check_table

Window = tuple[pd.Timestamp, pd.Timestamp]


def open_receipts(
    receipts: Any, treated: Iterable[Any], customers: Any, outcome: str, cluster: str | None
) -> tuple[nw.LazyFrame, pd.DataFrame]:
    """Check receipts and customers; give the lines (customer_id, time, sales) and one row a customer with `treated`."""
    lines = open_table(receipts)
    found = lines.collect_schema().names()
    if outcome != "sales" and outcome not in found:
        raise TableError([f"there is no column `{outcome}`; found: {', '.join(found)}"], "receipts")
    if {"customer_id", "time", outcome} <= set(found):
        lines = lines.select("customer_id", "time", nw.col(outcome).alias("sales"))
    lines = check_table(lines, RECEIPTS, name="receipts")
    columns = ["customer_id", *([cluster] if cluster else [])]
    if isinstance(customers, pd.DataFrame):
        frame = customers
    else:
        ids = collect(lines.select("customer_id").unique())["customer_id"] if customers is None else customers
        frame = pd.DataFrame({"customer_id": pd.Series(list(ids)).drop_duplicates().sort_values()})
    if absent := [name for name in columns if name not in frame.columns]:
        raise TableError([f"`customers` needs a column `{name}`" for name in absent], "customers")
    chosen = set(treated)
    people = frame[columns].reset_index(drop=True)
    people["treated"] = people["customer_id"].isin(chosen)
    problems = []
    if repeats := int(people["customer_id"].duplicated().sum()):
        problems.append(f"`customer_id` repeats in {repeats:,} rows: one row a customer, please")
    if strangers := chosen - set(people["customer_id"]):
        shown = ", ".join(map(str, sorted(strangers, key=str)[:3]))
        problems.append(f"{len(strangers):,} of {len(chosen):,} treated ids are no customers, for example {shown}")
    if problems:
        raise TableError(problems, "customers")
    return lines, people


def check_windows(window: Window, span: Window, pre: list[int], false_starts: list[pd.Timestamp]) -> None:
    """Raise a TableError that lists all windows which the receipts, known in [first, after), do not cover."""
    (start, end), (first, after) = window, span
    problems = []
    if end <= start:
        problems.append(f"the campaign ends ({end:%Y-%m-%d}) before it starts ({start:%Y-%m-%d})")
    if not pre or pre[0] < 1:
        problems.append("`pre_days` needs at least one length of a day or more")
    wanted = [(days, start) for days in pre] + [(pre[0], date) for date in false_starts if pre]
    for days, date in wanted:
        if before(date, days)[0] < first:
            problems.append(f"{days} days before {date:%Y-%m-%d} are not covered: receipts begin on {first:%Y-%m-%d}")
    if end > after:
        problems.append(f"the campaign's window runs to {end:%Y-%m-%d}, the receipts only to {after:%Y-%m-%d}")
    for date in false_starts:
        if date + (end - start) > start:
            problems.append(f"the false campaign of {date:%Y-%m-%d} runs into the true one: start it earlier")
    if problems:
        raise TableError(problems, "windows")


def find_span(lines: nw.LazyFrame) -> Window:
    """First day of the receipts, and the day after the last one."""
    time = nw.col("time")
    span = collect(lines.select(time.min().alias("first"), time.max().alias("last"))).iloc[0]
    return pd.Timestamp(span["first"]).normalize(), pd.Timestamp(span["last"]).normalize() + pd.Timedelta(days=1)


def before(date: pd.Timestamp, days: int) -> Window:
    """The window of that many days that ends where `date` begins."""
    return date - pd.Timedelta(days=days), date


def add_up(
    lines: nw.LazyFrame, people: pd.DataFrame, windows: Iterable[Window], per_days: int
) -> dict[Window, pd.Series]:
    """Sales of every customer in every window, per `per_days` days, in one pass over the receipts; nobody drops out."""
    order = sorted(set(windows))
    low, high = order[0][0], max(b for _, b in order)
    time = nw.col("time")
    sums = [
        nw.when((time >= a) & (time < b)).then(nw.col("sales")).otherwise(0.0).sum().alias(f"w{i}")
        for i, (a, b) in enumerate(order)
    ]
    inside = lines.filter((time >= low) & (time < high)).group_by("customer_id").agg(*sums)
    wide = collect(inside).set_index("customer_id").reindex(people["customer_id"], fill_value=0.0).fillna(0.0)
    wide = wide.reset_index(drop=True).astype(float)
    return {(a, b): wide[f"w{i}"] * (per_days / ((b - a) / pd.Timedelta(days=1))) for i, (a, b) in enumerate(order)}
