"""What customers buy: the share of each department in their spend, one row a customer, ready for clustering."""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.prepare.profile import type_columns
from loyalty.segment.clusters.members import KEYS
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.columns import Column, Table
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.ids import find_strangers
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, collect

OTHER = "(other)"


@check_arguments
def share_spend(
    receipts: AnyTable,
    products: AnyTable,
    as_of: str | dt.date | pd.Timestamp,
    *,
    by: str = "department",
    most: int = 12,
) -> pd.DataFrame:
    """Share the spend of each customer among departments: what somebody buys, not how much.

    Shares of one whole have one unit, so scale them with `how="root"`. With few receipts they jump: three receipts
    show three accidents. Not for customers who bought nothing, who have no shares.

    Parameters
    ----------
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`, with product_id.
    products : the same kinds of source
        product_id and the column `by`.
    as_of : str, datetime.date or pandas.Timestamp
        Lines before this day count.
    by : str
        A text column of the products: department or category.
    most : int
        The departments with the most money; the rest, and lines whose product is not known, become "(other)".

    Returns
    -------
    pandas.DataFrame
        customer_id, as_of, and one column a department with fractions that add up to 1; sorted by customer_id. What was
        returned is taken off, to 0 at the least; who then has nothing has empty shares. `.attrs["warnings"]` counts
        what was left out.

    Raises
    ------
    TableError
        A table breaks its contract, has no product_id, or no line is before the day.

    Examples
    --------
    >>> day = pd.Timestamp("2017-01-02")
    >>> receipts = pd.DataFrame({"customer_id": 7, "time": day, "sales": [9.0, 1.0], "product_id": [1, 2]})
    >>> products = pd.DataFrame({"product_id": [1, 2], "department": ["bread", "soap"]})
    >>> share_spend(receipts, products, "2017-02-01")[["bread", "soap"]].to_dict("records")
    [{'bread': 0.9, 'soap': 0.1}]
    """
    if most < 1:
        raise TableError([f"most should be 1 or more, found {most}"], "share_spend")
    day = read_day(as_of)
    checked = check_receipts(receipts)
    lines = type_columns(checked.table)
    if "product_id" not in lines.collect_schema().names():
        raise TableError(["there is no column `product_id`: what was bought is not known"], "receipts")
    names = Table("products", "a product", ("product_id",), (Column("product_id", "id", "which product"), _name(by)))
    known = read_checked(products, names, ["product_id", by], "products")
    if taken := sorted(set(KEYS) & set(known[by].dropna())):
        says = f"`{by}` holds {' and '.join(map(repr, taken))}, which the result needs for columns of its own"
        raise TableError([f"{says}: rename it"], "products")
    before = lines.filter(nw.col("time") < write_moment(day))
    sums = collect(before.group_by("customer_id", "product_id").agg(nw.col("sales").sum()))
    if sums.empty:
        raise TableError([f"no line is before {day:%Y-%m-%d}"], "receipts")
    strangers = find_strangers(sums["product_id"].dropna(), known["product_id"], "the receipts", "the products")
    if strangers:
        raise TableError([text.replace("customer", "product") for text in strangers], "products")
    homes = sums["product_id"].map(known.set_index("product_id")[by])
    homes = homes.astype(object).where(homes.notna(), OTHER).astype(str)
    totals = sums.groupby(homes)["sales"].sum().drop(OTHER, errors="ignore")
    kept = totals.sort_values(ascending=False, kind="stable").index[:most]
    homes = homes.where(homes.isin(kept), OTHER)
    wide = sums.assign(home=homes).pivot_table(
        index="customer_id", columns="home", values="sales", aggfunc="sum", fill_value=0.0
    )
    order = [*kept, *(name for name in wide.columns if name not in kept)]
    spend = wide[order].clip(lower=0)
    total = spend.sum(axis=1)
    shares = spend.div(total.where(total > 0, np.nan), axis=0).sort_index().rename_axis(columns=None).reset_index()
    shares.insert(1, "as_of", day)
    notes = list(checked.warnings)
    if nothing := int((total <= 0).sum()):
        notes.append(f"{nothing:,} customers kept nothing of what they bought, and have no shares")
    shares.attrs["warnings"] = tuple(notes)
    return shares


def _name(by: str) -> Column:
    return Column(by, "text", "the part of the shop", nullable=True)
