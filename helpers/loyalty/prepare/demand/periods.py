"""What was sold in each day, week or month: receipt lines, reduced where they live."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import read_day
from loyalty.tables.receipts import check_receipts, count_pieces, find_bought
from loyalty.tables.sources import AnyTable, NotATable, collect, is_empty, open_table

Every: TypeAlias = Literal["day", "week", "month"]
Day: TypeAlias = str | dt.date | pd.Timestamp
OTHER = "(not listed)"
STARTS = {"day": "D", "week": "W-MON", "month": "MS"}


@dataclass(frozen=True, eq=False, repr=False)
class Demand:
    """What was sold in each period, item by item; made by `sum_demand`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row an item and period, also where nothing was sold: item, period (its first day), pieces, sales, squares
        (sum of the squared pieces of its lines: what chance alone would make of their variance).
    by, every : str
    days : int
        Days in [start, end) of the whole periods.
    warnings : tuple of str
    """

    table: pd.DataFrame = field(repr=False)
    by: str
    every: str
    days: int
    warnings: tuple[str, ...] = ()

    def wide(self, value: Literal["pieces", "sales", "squares"] = "pieces") -> pd.DataFrame:
        """One row a period, one column an item: what `backtest_demand` takes."""
        if value not in ("pieces", "sales", "squares"):
            raise TableError([f"value should be 'pieces' or 'sales', found {value!r}"], "the demand")
        return self.table.pivot(index="period", columns="item", values=value).astype(float).rename_axis(columns=None)

    def series(self, item: object, value: Literal["pieces", "sales"] = "pieces") -> pd.Series:
        """One item: what `forecast_demand` and `season_of` take."""
        wide = self.wide(value)
        if item not in wide:
            shown = ", ".join(map(str, wide.columns[:6]))
            raise TableError([f"there is no item {item!r}; there are {wide.shape[1]:,}, such as {shown}"], "the demand")
        return wide[item]

    def __repr__(self) -> str:
        periods = self.table["period"].nunique()
        return f"Demand of {self.table['item'].nunique():,} items ({self.by}) in {periods:,} {self.every}s"

    def _repr_html_(self) -> str:
        top = self.table.groupby("item", as_index=False)[["pieces", "sales"]].sum()
        return render_html(top.sort_values("sales", ascending=False).head(8), repr(self), self.warnings)


@check_arguments
def sum_demand(
    receipts: AnyTable,
    *,
    by: str = "category",
    products: AnyTable | None = None,
    every: Every = "week",
    start: Day | None = None,
    end: Day | None = None,
) -> Demand:
    """Sum what was sold, item by item and day by day, week by week or month by month; empty periods are zeros.

    Not yet demand: on days without stock nothing can be sold, and a promotion sells more than people want at the usual
    price. Flag these days (`flag_periods`).

    Parameters
    ----------
    receipts : table under RECEIPTS, from any source of `loyalty.open_table`
        Lines with money paid count; returns, gifts and cancelled lines do not. Without `quantity` a line is a piece.
    by : str
        What an item is: a column of the receipts (`product_id`), or of `products`.
    products : table with product_id and the column `by`, optional
    every : {"day", "week", "month"}
        Weeks go from Monday to Sunday. Weeks and months at the ends that are not whole are left out, and this is said.
    start, end : day, optional
        The window [start, end); the first and the day after the last day of the receipts, if left out.

    Returns
    -------
    Demand

    Raises
    ------
    TableError
        The receipts break their contract, there is no column `by`, no whole period, or no purchase in the window.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": 1, "time": pd.to_datetime(["2024-01-01", "2024-01-09", "2024-01-14"]),
    ...                       "sales": [2.0, 4.0, 3.0], "product_id": [5, 5, 6]})
    >>> sum_demand(lines, by="product_id").wide().astype(int).to_numpy().tolist()
    [[1, 0], [1, 1]]
    """
    first, last = (None if day is None else read_day(day, name) for day, name in ((start, "start"), (end, "end")))
    if first is not None and last is not None and first >= last:
        raise TableError([f"start should lie before end, found {first:%Y-%m-%d} and {last:%Y-%m-%d}"], "the window")
    try:
        checked = check_receipts(receipts)
        days, lost, stranger = _reduce(checked.table, by, products)
    except NotATable as error:
        raise TableError([str(error)], "receipts") from None
    if days.empty:
        raise TableError(["no line is a purchase: `sales` should be above 0, and the item filled"], "receipts")
    notes = list(checked.warnings)
    if lost:
        notes.append(f"{lost:,} lines without `{'product_id' if products is not None else by}` are left out")
    if stranger:
        notes.append(f"{stranger:,} lines are of products without `{by}` in `products`: they are {OTHER!r}")
    seen = (days["day"].min(), days["day"].max() + pd.Timedelta(days=1))
    window = (first or seen[0], last or seen[1])
    table, left = _lay_on_periods(days, every, window, seen)
    return Demand(table, by, every, left[0], (*notes, *left[1]))


def _reduce(lines: nw.LazyFrame, by: str, products: AnyTable | None) -> tuple[pd.DataFrame, int, int]:
    """One row an item and day; how many lines have no item, and how many no product that is listed."""
    schema = lines.collect_schema()
    key = "product_id" if products is not None else by
    if key not in schema.names():
        known = ", ".join(schema.names())
        advice = "" if products is not None else ", or give `products`, which has it"
        raise TableError(
            [f"there is no column `{key}` in the receipts ({known}): say in `by` which it is{advice}"], "receipts"
        )
    nothing = is_empty(key, schema[key])
    sold = lines.filter(find_bought(schema))
    lost = int(collect(sold.select(nothing.cast(nw.Int64).sum().alias("n")))["n"].fillna(0).iloc[0])
    typed = sold.filter(~nothing).select(
        item=nw.col(key),
        day=nw.col("time").dt.truncate("1d"),
        sales=nw.col("sales").cast(nw.Float64),
        pieces=count_pieces(schema),
    )
    sums = typed.group_by("item", "day").agg(
        nw.col("sales").sum(),
        nw.col("pieces").sum(),
        squares=(nw.col("pieces") * nw.col("pieces")).sum(),
        lines=nw.len(),
    )
    days = collect(sums)
    days["day"] = pd.to_datetime(days["day"]).astype("datetime64[us]")
    if products is None:
        return days.drop(columns="lines"), lost, 0
    named, stranger = _name_items(days, by, products)
    return named, lost, stranger


def _name_items(days: pd.DataFrame, by: str, products: AnyTable) -> tuple[pd.DataFrame, int]:
    """Put the column of the products in the place of their ids, and add up."""
    table = open_table(products)
    names = table.collect_schema().names()
    missing = [name for name in ("product_id", by) if name not in names]
    if missing:
        raise TableError(
            [f"there is no column `{name}` in the products ({', '.join(names)})" for name in missing], "products"
        )
    refuse_nested(table, ("product_id", by))
    listed = collect(table.select(*dict.fromkeys(["product_id", by])))
    twice = listed["product_id"][listed["product_id"].duplicated()].unique()
    if len(twice):
        raise TableError(
            [f"{len(twice):,} products stand more than once, such as {twice[0]}: keep one row each"], "products"
        )
    label = (
        listed.set_index("product_id")[by]
        if by != "product_id"
        else listed["product_id"].set_axis(listed["product_id"])
    )
    found = days["item"].map(label)
    strange = int(days.loc[found.isna(), "lines"].sum())
    if strange == days["lines"].sum():
        raise TableError(["no product of the receipts is in `products`: are the ids of one type?"], "products")
    named = days.assign(item=found.astype("object").where(found.notna(), OTHER) if strange else found)
    return named.groupby(["item", "day"], as_index=False)[["sales", "pieces", "squares"]].sum(), strange


def refuse_nested(products: nw.LazyFrame, names: Sequence[str]) -> None:
    """Refuse columns of lists, which name no product and no category."""
    schema = products.collect_schema()
    wrong = [name for name in names if schema[name].is_nested()]
    if wrong:
        raise TableError([f"`{name}` holds lists, one value a product is needed" for name in wrong], "products")


def _lay_on_periods(
    days: pd.DataFrame, every: Every, window: tuple[pd.Timestamp, pd.Timestamp], seen: tuple[pd.Timestamp, pd.Timestamp]
) -> tuple[pd.DataFrame, tuple[int, list[str]]]:
    """Sum days into whole periods, zeros included; say which days were left out."""
    first, end = window
    known = f"the receipts go from {seen[0]:%Y-%m-%d} to {seen[1] - pd.Timedelta(days=1):%Y-%m-%d}"
    if first >= end:
        raise TableError([f"no purchase lies between start and end, {known}"], "the window")
    starts = pd.date_range(find_start(first, every), end, freq=STARTS[every], unit="us")
    ends = starts[1:].append(pd.DatetimeIndex([next_start(starts[-1], every)]))
    whole = (starts >= first) & (ends <= end)
    if not whole.any():
        says = f"there is no whole {every} from {first:%Y-%m-%d} to {end - pd.Timedelta(days=1):%Y-%m-%d}"
        raise TableError([says], "the window")
    kept = starts[whole]
    last = ends[whole][-1]
    inside = days[(days["day"] >= kept[0]) & (days["day"] < last)]
    if inside.empty:
        says = (
            f"no purchase lies in the whole {every}s from {kept[0]:%Y-%m-%d} to {last - pd.Timedelta(days=1):%Y-%m-%d}"
        )
        raise TableError([f"{says}, {known}"], "the window")
    place = np.searchsorted(kept.to_numpy(), inside["day"].to_numpy(), side="right") - 1
    codes, items = pd.factorize(days["item"], sort=True)
    here = pd.Series(codes, days.index).loc[inside.index].to_numpy()
    size = len(items) * len(kept)
    flat = here * len(kept) + place
    columns = {name: np.bincount(flat, inside[name], size) for name in ("pieces", "sales", "squares")}
    grid = {"item": np.repeat(np.asarray(items), len(kept)), "period": np.tile(kept, len(items))}
    notes = []
    left = (kept[0] - first).days + (end - last).days
    if left:
        notes.append(f"{left} days at the ends are no whole {every}, and are left out")
    if first < seen[0] or end > seen[1]:
        notes.append("the window is wider than the receipts: its days outside them count as days without sales")
    return pd.DataFrame(grid | columns), ((last - kept[0]).days, notes)


def find_start(day: pd.Timestamp, every: str) -> pd.Timestamp:
    """Find the first day of the day's period.

    Examples
    --------
    >>> find_start(pd.Timestamp("2024-01-10"), "week").strftime("%Y-%m-%d")
    '2024-01-08'
    """
    if every == "week":
        return day - pd.Timedelta(days=day.day_of_week)
    return day.replace(day=1) if every == "month" else day


def next_start(start: pd.Timestamp, every: str) -> pd.Timestamp:
    """Find the first day of the next period.

    Examples
    --------
    >>> next_start(pd.Timestamp("2024-01-01"), "month").strftime("%Y-%m-%d")
    '2024-02-01'
    """
    if every == "month":
        return start + pd.DateOffset(months=1)
    return start + pd.Timedelta(days=7 if every == "week" else 1)


@check_arguments
def flag_periods(
    flags: pd.DataFrame,
    demand: Demand,
    *,
    item: str = "category",
    what: tuple[str, ...] = ("out_of_stock", "promotion"),
) -> pd.DataFrame:
    """Say which periods of which items hold a flagged day: true and false, on the periods and items of a demand.

    Parameters
    ----------
    flags : table with `item`, date and the columns of `what` (true or false)
        One row an item and day that was flagged.
    demand : Demand
    item : str
        The column of `flags` that names the item.
    what : tuple of str
        Which flags count.

    Returns
    -------
    DataFrame
        Index period, one column an item: for `flags=` of `forecast_demand` and `backtest_demand`.

    Raises
    ------
    TableError
        A column is missing, or no item of the flags is in the demand.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": 1, "time": pd.date_range("2024-01-01", periods=14), "sales": 2.0,
    ...                       "category": "tea"})
    >>> flags = pd.DataFrame({"category": ["tea"], "date": pd.to_datetime(["2024-01-10"]), "out_of_stock": [True]})
    >>> flag_periods(flags, sum_demand(lines), what=("out_of_stock",))["tea"].tolist()
    [False, True]
    """
    missing = [name for name in (item, "date", *what) if name not in flags]
    if missing:
        raise TableError(
            [f"there is no column `{name}` in the flags ({', '.join(map(str, flags))})" for name in missing], "flags"
        )
    if not pd.api.types.is_datetime64_any_dtype(flags["date"]):
        raise TableError([f"`date` should be days, found {flags['date'].dtype}: pd.to_datetime makes them"], "flags")
    wrong = [name for name in what if not pd.api.types.is_bool_dtype(flags[name])]
    if wrong:
        raise TableError([f"`{name}` should be true or false, found {flags[name].dtype}" for name in wrong], "flags")
    wide = demand.wide()
    marked = flags[flags[list(what)].any(axis=1)]
    if len(marked) and not marked[item].isin(wide.columns).any():
        raise TableError([f"no `{item}` of the flags is an item of the demand ({demand.by})"], "flags")
    here = marked[marked[item].isin(wide.columns)]
    period = here["date"].map(lambda day: find_start(day.normalize(), demand.every)).astype("datetime64[us]")
    inside = period.isin(wide.index)
    found = pd.DataFrame(False, wide.index, wide.columns)
    rows = found.index.get_indexer(pd.DatetimeIndex(period[inside]))
    columns = found.columns.get_indexer(here.loc[inside, item])
    mask = found.to_numpy().copy()
    mask[rows, columns] = True
    return pd.DataFrame(mask, wide.index, wide.columns)
