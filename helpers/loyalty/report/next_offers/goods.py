"""What each product costs and earns: from the list of products, or from what was paid for it on the receipts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.report.output.parts import columns_of
from loyalty.tables.check import check_table
from loyalty.tables.contracts import PRODUCTS
from loyalty.tables.sources import AnyTable, collect, is_empty, open_table

COSTS = ("unit_cost", "margin_rate")


def find_lacking(receipts: AnyTable, products: AnyTable | None, values: Mapping[str, Any]) -> list[str]:
    """Say which columns lack, so that products cannot be told or nobody knows what they earn; nothing if none does."""
    known = set(columns_of(receipts))
    listed = set() if products is None else set(columns_of(products))
    problems = []
    if "product_id" not in known:
        problems.append("the receipts have no `product_id`: what was bought is not known, and nothing can be offered")
    if not listed & set(COSTS) and "margin" not in known and values["margin_rate"] is None:
        says = "nobody knows what a sale earns: give `unit_cost` or `margin_rate` in products, `margin` in receipts"
        problems.append(f"{says}, or set for example margin_rate=0.30")
    if values["keep_in_stock"] and "stock" not in listed:
        problems.append("`keep_in_stock` needs the column `stock` in products")
    return problems


def price_goods(
    receipts: AnyTable, products: AnyTable | None, day: pd.Timestamp, margin_rate: float | None
) -> tuple[pd.DataFrame, list[str]]:
    """Find the price and the cost of each product.

    The price is that of the list, else the mean price paid for a piece. The cost is that of the list, else price less
    margin: by the margin rate of the list, of the receipts, or of the settings, whichever is there first.

    Parameters
    ----------
    receipts : table under RECEIPTS with product_id
    products : table under PRODUCTS, optional
        Only products of this list are offered; without it all that were bought.
    day : pandas.Timestamp
        Receipts from this day on are not read.
    margin_rate : float, optional

    Returns
    -------
    tuple of (pandas.DataFrame, list of str)
        product_id, name, price, unit_cost, and category and stock if they are known; and what a reader should know.
    """
    paid = _sum_paid(receipts, day)
    shelf = paid[["product_id"]] if products is None else collect(check_table(products, PRODUCTS))
    mean = shelf["product_id"].map(paid.set_index("product_id")["paid"])
    earned = shelf["product_id"].map(paid.set_index("product_id")["rate"])
    price = _read_numbers(shelf, "price")
    notes = []
    if price.isna().any() and mean.notna().any():
        notes.append("a product without a price has the mean price paid for a piece")
    price = price.fillna(mean)
    rate = _read_numbers(shelf, "margin_rate").fillna(earned)
    if margin_rate is not None:
        rate = rate.fillna(margin_rate)
    cost = _read_numbers(shelf, "unit_cost").fillna(price * (1 - rate))
    unknown = int((price.isna() | cost.isna()).sum())
    if unknown:
        notes.append(f"of {unknown:,} of {len(shelf):,} products nobody knows what they earn: they are not offered")
    name = shelf["name"] if "name" in shelf else pd.Series(None, shelf.index, dtype="object")
    goods = pd.DataFrame({"product_id": shelf["product_id"], "price": price, "unit_cost": cost})
    goods["name"] = name.astype("object").where(name.notna(), shelf["product_id"].astype("str"))
    if "category" in shelf:
        goods["category"] = shelf["category"]
    if "stock" in shelf:
        goods["stock"] = _read_numbers(shelf, "stock")
    return goods.sort_values("product_id", ignore_index=True), notes


def _read_numbers(shelf: pd.DataFrame, name: str) -> pd.Series:
    """A column as decimal numbers; empty where it is not there."""
    if name not in shelf:
        return pd.Series(np.nan, shelf.index)
    return pd.to_numeric(shelf[name]).astype("float64")


def _sum_paid(receipts: AnyTable, day: pd.Timestamp) -> pd.DataFrame:
    """One row a product that was bought: the mean price paid for a piece, and the margin rate if it is known."""
    lines = open_table(receipts)
    schema = lines.collect_schema()
    lines = lines.filter(
        nw.col("sales") > 0, nw.col("time") < day.to_pydatetime(), ~is_empty("product_id", schema["product_id"])
    )
    pieces = nw.lit(1.0)
    if "quantity" in schema.names() and schema["quantity"].is_numeric():
        known = nw.col("quantity").cast(nw.Float64)
        pieces = nw.when(known > 0).then(known).otherwise(1.0)
    margin = (nw.col("margin") if "margin" in schema.names() else nw.lit(None)).cast(nw.Float64)
    sales = nw.col("sales").cast(nw.Float64)
    lines = lines.select(
        nw.col("product_id"),
        sales.alias("sales"),
        pieces.alias("pieces"),
        margin.alias("margin"),
        nw.when(~margin.is_null()).then(sales).otherwise(0.0).alias("known"),
    )
    names = ("sales", "pieces", "margin", "known")
    sums = collect(lines.group_by("product_id").agg(*(nw.col(name).sum() for name in names)))
    sums = sums.sort_values("product_id", ignore_index=True)
    rate = (sums["margin"] / sums["known"].where(sums["known"] > 0)).clip(upper=1).astype("float64")
    return pd.DataFrame({"product_id": sums["product_id"], "paid": sums["sales"] / sums["pieces"], "rate": rate})
