"""The customer profile: one row a customer, as of a date.

Receipt lines are reduced where they live (DuckDB or Spark), in two steps: lines to receipts, receipts to customers.
Only the result, one row a customer, comes to pandas.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import narwhals as nw
import pandas as pd
from narwhals.dtypes import DType

from loyalty.prepare.lines import find_odd_lines
from loyalty.prepare.visits import RECEIPT, find_receipt_key, group_visits, refuse_repeats, say_repeats
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CUSTOMERS, PRODUCTS, PROFILE
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.ids import find_strangers
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, NotATable, collect, is_empty, open_table

TREND_DAYS = 84


@check_arguments
def build_profile(
    receipts: AnyTable,
    as_of: str | dt.date | pd.Timestamp,
    *,
    customers: AnyTable = None,
    products: AnyTable = None,
    strict: bool = False,
) -> pd.DataFrame:
    """Describe each customer by what the receipts before a day say.

    Not for looking back with today's knowledge: a profile as of 1 December knows nothing of 1 December or later, so
    that what it says about the time after can be tested.

    Parameters
    ----------
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        Lines or whole receipts under the contract `receipts`. With `basket_id` the lines of a receipt count once;
        without it each row is a receipt. A line is a return when `kind` says return or cancel, or, where `kind` is
        empty, when its sales are negative. NaN in a column counts as empty. A receipt is told from another by its
        customer, `store_id`, `till_id` and number; sale lines that come more than 12 hours later under the same number
        are a visit of their own, and the result says so. Lines without a customer are left out and counted.
    as_of : str, datetime.date or pandas.Timestamp
        A day, written 2017-12-01, midnight at its start. Everything before counts, nothing from it on.
    customers : the same kinds of source, optional
        The customers that should have a row even if they bought nothing; their frequency and monetary are 0 and their
        days are empty.
    products : the same kinds of source, optional
        Gives each line its `category` and so unlocks `breadth`. Not read when the receipts have a column `category`.
    strict : bool
        Refuse what otherwise is only said: receipt numbers that come again, signs that disagree, sales that look like
        unit prices, exact copies of lines.

    Returns
    -------
    pandas.DataFrame
        One row a customer, sorted by customer_id (int64 or str, as in the receipts), the columns of the contract
        `profile`: `margin` comes only when the receipts hold margin, `breadth` with category or products,
        `promo_share` with discount, `online_share` with channel (counted where channel is "online"). Days are whole
        days between calendar days; money keeps the data's currency. Receipts without a single row give a profile
        without customers. `.attrs["warnings"]` says what was decided about the receipts, what looks wrong in their
        lines (see `loyalty.prepare.lines`), and what so short a history does not allow to say.

    Raises
    ------
    TableError
        A table breaks its contract, ids are whole numbers in one table and text in another, or there are receipts but
        none before `as_of`.

    Examples
    --------
    >>> receipts = pd.DataFrame({
    ...     "customer_id": [7, 7, 8],
    ...     "time": pd.to_datetime(["2017-01-02 10:00", "2017-01-09 18:30", "2017-01-05 09:00"]),
    ...     "sales": [12.5, 7.5, 3.0],
    ... })
    >>> build_profile(receipts, "2017-02-01")[["customer_id", "recency_days", "frequency", "monetary"]]
       customer_id  recency_days  frequency  monetary
    0            7          23.0          2      20.0
    1            8          27.0          1       3.0

    References
    ----------
    x, t_x and T follow Fader, Hardie and Lee, "Counting Your Customers the Easy Way", Marketing Science 24 (2005),
    counted in days; T ends with the last day seen.
    """
    day = read_day(as_of)
    try:
        checked = check_receipts(receipts)
        odd = find_odd_lines(checked.table)
        if odd and strict:
            raise TableError(odd, "receipts")
        lines = _add_category(type_columns(checked.table), products)
        everyone = None
        if customers is not None:
            everyone = collect(type_columns(check_table(customers, CUSTOMERS).select("customer_id")))
        profile, warnings = _describe(lines, day, everyone, strict)
    except NotATable as error:
        raise TableError([str(error)], "receipts") from None
    order = ["customer_id", *(name for name in PROFILE.names if name in profile and name != "customer_id")]
    profile = profile[order].sort_values("customer_id", ignore_index=True)
    profile.attrs["warnings"] = (*checked.warnings, *warnings, *odd)
    return profile


def _describe(
    lines: nw.LazyFrame, day: pd.Timestamp, everyone: pd.DataFrame | None, strict: bool
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    before = lines.filter(nw.col("time") < write_moment(day))
    reduced = collect(_reduce_to_customers(reduce_to_receipts(before, day)))
    warnings: tuple[str, ...] = ()
    if repeats := int(reduced["again"].sum()):
        if strict:
            raise TableError([refuse_repeats(repeats)], "receipts")
        warnings = (say_repeats(repeats),)
        reduced = collect(_reduce_to_customers(reduce_to_receipts(before, day, split=True)))
    if reduced.empty:
        _refuse_if_too_early(lines, day)
    if everyone is not None:
        ids = everyone["customer_id"], reduced["customer_id"]
        if strangers := find_strangers(*ids, "the list of customers", "the receipts", alike=True):
            raise TableError(strangers, "customers")
        kind = {"customer_id": (everyone if len(everyone) else reduced)["customer_id"].dtype}
        reduced = everyone.astype(kind).merge(reduced.astype(kind), on="customer_id", how="outer")
    warnings += _say_span(reduced)
    profile = _finish(reduced, day)
    breadth = _count_categories(before)
    if breadth is not None:
        counted = profile["customer_id"].map(breadth.set_index("customer_id")["breadth"])
        profile["breadth"] = counted.fillna(0).astype("int64")
    return profile, warnings


def _say_span(reduced: pd.DataFrame) -> tuple[str, ...]:
    """Say what the days between the first and the last purchase do not allow to say; nothing where they suffice."""
    first = pd.to_datetime(reduced["first"]).min()
    last = pd.to_datetime(reduced["last"]).max()
    if first is pd.NaT or last is pd.NaT:
        return ()
    days = (last.normalize() - first.normalize()).days + 1
    if days < TREND_DAYS:
        says = f"nobody can be called gone quiet, and `trend` says nothing ({TREND_DAYS} days are the least)"
        return (f"the receipts cover {days} day{'s' * (days > 1)}: {says}",)
    if days < 2 * TREND_DAYS:
        return (f"the receipts cover {days} days: `trend` compares {TREND_DAYS} days with fewer, and says too much",)
    return ()


def type_columns(lines: nw.LazyFrame) -> nw.LazyFrame:
    """Select what the profile reads, in one type a column whatever the source, with NaN as empty."""
    # None: whole numbers or text, whichever the source has
    targets: dict[str, DType | None] = dict.fromkeys((*RECEIPT, "product_id", "category"))
    targets |= {
        "time": nw.Datetime("us"),
        "sales": nw.Float64(),
        "margin": nw.Float64(),
        "discount": nw.Float64(),
        "kind": nw.String(),
        "channel": nw.String(),
    }
    schema = lines.collect_schema()
    known = {name: target for name, target in targets.items() if name in schema}
    return lines.select(**{name: _cast(name, schema[name], target) for name, target in known.items()})


def _cast(name: str, found: DType, target: DType | None) -> nw.Expr:
    """Cast a column from the type `found` to `target`, NaN to empty; without a target to whole numbers or text."""
    value = nw.col(name)
    if found.is_float():
        value = nw.when(~is_empty(name, found)).then(value)
    if target is None:
        target = nw.Int64() if found.is_integer() else nw.String()
    both_numeric = target.is_numeric() and found.is_numeric()
    both_temporal = target.is_temporal() and found.is_temporal()
    if not both_numeric and not both_temporal:
        value = value.cast(nw.String)  # the check let another type pass only where every value is empty
    return value.cast(target)


def _refuse_mixed_ids(name: str, ours: Any, theirs: Any, table: str) -> None:
    if ("str" in str(ours).lower()) != ("str" in str(theirs).lower()):
        here, there = ("whole numbers", "text") if "str" in str(ours).lower() else ("text", "whole numbers")
        mend = "nothing would match; convert one of them, for example with .astype('str')"
        raise TableError([f"`{name}` holds {here} here and {there} in the receipts: {mend}"], table)


def _add_category(lines: nw.LazyFrame, products: AnyTable) -> nw.LazyFrame:
    schema = lines.collect_schema()
    if products is None or "category" in schema:
        return lines
    if "product_id" not in schema:
        raise TableError(["there is no column `product_id`, and the products cannot be joined without it"], "receipts")
    known = check_table(products, PRODUCTS)
    if "category" not in known.collect_schema():
        raise TableError(["there is no column `category`; it is what breadth counts"], "products")
    small = collect(type_columns(known.select("product_id", "category")))
    some = collect(lines.select(nw.col("product_id").count()))["product_id"].iloc[0]
    if small.empty or not some:  # nothing to match, whatever type an empty column has
        return lines.with_columns(category=nw.lit(None, nw.String()))
    _refuse_mixed_ids("product_id", schema["product_id"], small["product_id"].dtype, "products")
    return lines.join(open_table(small, beside=lines), on="product_id", how="left")


def is_purchase(names: list[str]) -> nw.Expr:
    """Whether a line is no return: by `kind` where it is known, by the sign of its sales otherwise."""
    by_sign = nw.col("sales") >= 0
    if "kind" not in names:
        return by_sign
    return nw.when(nw.col("kind").is_null()).then(by_sign).otherwise(nw.col("kind") == "sale")


def reduce_to_receipts(lines: nw.LazyFrame, day: pd.Timestamp, *, split: bool = False) -> nw.LazyFrame:
    """One row a receipt: its day, its sales with and without returns, and what the optional columns allow.

    With `split` one row a visit, where receipt numbers come again; see `loyalty.prepare.visits.group_visits`.
    """
    names = lines.collect_schema().names()
    late, early = (write_moment(day - pd.Timedelta(days=n)) for n in (TREND_DAYS, 2 * TREND_DAYS))
    bought = is_purchase(names)
    time = nw.col("time")
    paid = nw.col("paid")
    sums = {
        "monetary": nw.col("sales"),
        "paid": paid,
        "late": nw.when(time >= late).then(paid).otherwise(0.0),
        "early": nw.when((time >= early) & (time < late)).then(paid).otherwise(0.0),
    }
    if "margin" in names:
        sums["margin"] = nw.col("margin").fill_null(0.0)
    if "discount" in names:
        sums["promo"] = nw.when(nw.col("discount").fill_null(0.0) > 0).then(paid).otherwise(0.0)
    marks = {}
    if "channel" in names:
        marks["online"] = (bought & (nw.col("channel").fill_null("").str.to_lowercase() == "online")).cast(nw.Int64)
    key = find_receipt_key(names)
    rows = lines.with_columns(paid=nw.when(bought).then(nw.col("sales")).otherwise(0.0)).select(
        *(key or ["customer_id"]), "time", **sums, **marks, bought=bought.cast(nw.Int64)
    )
    if key:
        rows = group_visits(rows, key, list(sums), list(marks), split=split)
    else:
        rows = rows.rename({"time": "day"}).with_columns(again=nw.lit(0, nw.Int64()))
    return rows.with_columns(nw.col("day").dt.truncate("1d"))


def _reduce_to_customers(receipts: nw.LazyFrame) -> nw.LazyFrame:
    """One row a customer."""
    sums = [n for n in receipts.collect_schema().names() if n not in (*RECEIPT, "day")]
    bought = receipts.with_columns(nw.when(nw.col("bought") == 1).then(nw.col("day")).alias("day"))
    day = nw.col("day")
    no_day = day.is_null().cast(nw.Int64).max()  # counted by n_unique as one more day
    return bought.group_by("customer_id").agg(
        *(nw.col(n).sum() for n in sums), first=day.min(), last=day.max(), days=day.n_unique() - no_day
    )


def _finish(frame: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """From sums to the columns of the contract, in pandas, with float noise of the engines rounded away."""
    first, last = (pd.to_datetime(frame[n]) for n in ("first", "last"))
    sums = frame.select_dtypes("number").columns.difference(["customer_id"])
    amounts = frame[sums].astype("float64").fillna(0)
    frame = frame.assign(**amounts.where(amounts.abs() > 1e9, amounts.clip(-1e9, 1e9).round(6)))
    receipts = frame["bought"].where(frame["bought"] > 0)
    paid = frame["paid"].where(frame["paid"] > 0)
    promo = frame.get("promo")
    late, early = (frame[n].where((frame["late"] >= 0) & (frame["early"] >= 0)) for n in ("late", "early"))
    moved = late + early
    profile = pd.DataFrame({"customer_id": frame["customer_id"], "as_of": day})
    profile["recency_days"] = (day - last).dt.days.astype("float64")
    profile["frequency"] = frame["bought"].astype("int64")
    profile["monetary"] = frame["monetary"]
    profile["tenure_days"] = (day - first).dt.days.astype("float64")
    profile["x"] = frame["days"].where(frame["days"] > 0) - 1
    profile["t_x"] = (last - first).dt.days.astype("float64")
    profile["T"] = profile["tenure_days"] - 1
    profile["gap_days"] = profile["t_x"] / profile["x"].where(profile["x"] > 0)
    profile["basket_value"] = frame["paid"] / receipts
    profile["trend"] = (late - early) / moved.where(moved > 0)
    if "margin" in frame:
        profile["margin"] = frame["margin"]
    if promo is not None:
        profile["promo_share"] = promo.where((promo >= 0) & (promo <= paid)) / paid
    if "online" in frame:
        profile["online_share"] = frame["online"] / receipts
    return profile


def _count_categories(lines: nw.LazyFrame) -> pd.DataFrame | None:
    names = lines.collect_schema().names()
    if "category" not in names:
        return None
    pairs = lines.filter(is_purchase(names)).select("customer_id", "category").drop_nulls()
    return collect(pairs.group_by("customer_id").agg(nw.col("category").n_unique().cast(nw.Int64).alias("breadth")))


def _refuse_if_too_early(lines: nw.LazyFrame, day: pd.Timestamp) -> None:
    time = nw.col("time")
    span = collect(lines.select(time.min().alias("first"), time.max().alias("last"), nw.len().alias("rows"))).iloc[0]
    if span["rows"]:
        found = f"they run from {str(span['first'])[:10]} to {str(span['last'])[:10]}"
        rows = f"{span['rows']:,} row{'' if span['rows'] == 1 else 's'}"
        raise TableError([f"0 of {rows} lie before as_of {day:%Y-%m-%d}: {found}. Is the year right?"], "receipts")
