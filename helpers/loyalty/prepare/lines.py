"""What looks wrong in receipt lines that keep their contract: signs, unit prices taken for sales, exact copies.

Nothing is repaired: what a line means only its owner knows. `find_odd_lines` says what it saw, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator

import narwhals as nw
import numpy as np

from loyalty.tables.receipts import BACK
from loyalty.tables.sources import collect, is_empty

ENOUGH = 10  # lines of products that were sold in several quantities
TOTAL = 0.5  # sales grow with the quantity (power 1) or not at all (power 0); between them is the middle


def find_odd_lines(lines: nw.LazyFrame) -> list[str]:
    """Find what looks wrong in receipt lines, one sentence each with what to do.

    Signs of quantity and sales (or `kind`) that disagree; sales that do not grow with the quantity, as unit prices do;
    exact copies of lines.

    Parameters
    ----------
    lines : narwhals.LazyFrame
        Under the contract `receipts`, with all its columns.

    Returns
    -------
    list of str

    Examples
    --------
    >>> import pandas as pd
    >>> from loyalty.tables.sources import open_table
    >>> rows = pd.DataFrame({"customer_id": [1, 1], "time": pd.to_datetime(["2024-01-05", "2024-02-05"]),
    ...                      "sales": [5.0, 5.0], "quantity": [-1, 1]})
    >>> find_odd_lines(open_table(rows))[0].partition(":")[0]
    '1 line has a negative quantity and positive sales, and counts as a purchase'
    """
    prices = _find_unit_prices(lines)
    return [*prices, *_find_wrong_signs(lines, is_price=bool(prices)), *_find_copies(lines)]


def _find_wrong_signs(lines: nw.LazyFrame, *, is_price: bool) -> Iterator[str]:
    """Say where quantity or kind calls a line a return, and its sales do not, and the other way round."""
    schema = lines.collect_schema()
    names = schema.names()
    paid = nw.col("sales") > 0
    back = nw.col("sales") < 0
    tests = {}
    known = nw.lit(False)
    if "kind" in names and schema["kind"] == nw.String:  # a column without a value may have any type
        known = ~nw.col("kind").is_null()
        tests["kind"] = nw.col("kind").is_in(list(BACK)) & paid
    if "quantity" in names and schema["quantity"].is_numeric():
        tests["negative"] = (nw.col("quantity") < 0) & paid & ~known
        more = (nw.col("quantity") > 0) & (nw.col("quantity").cast(nw.Float64) < float("inf"))  # NaN is no number
        tests["positive"] = more & back & ~known
    if not tests:
        return
    sums = [test.fill_null(False).cast(nw.Int64).sum().alias(name) for name, test in tests.items()]
    counts = collect(lines.select(*sums)).fillna(0).astype("int64").iloc[0].to_dict()
    mend = "if they are returns, make their sales negative, or say kind='return'"
    if is_price:
        mend = "sales = quantity × price makes them negative"
    if n := counts.get("negative"):
        yield f"{_say(n, 'has', 'have')} a negative quantity and positive sales, and {_count(n)}: {mend}"
    if n := counts.get("positive"):
        says = f"{_say(n, 'has', 'have')} a positive quantity and negative sales, and count{'s' * (n == 1)} as a return"
        yield f"{says}: if the quantity is meant, correct the sign of the sales"
    if n := counts.get("kind"):
        says = f"{_say(n, 'is', 'are')} called a return by `kind` and {'has' if n == 1 else 'have'} positive sales"
        yield f"{says}, which are added: the money paid back should be negative"


def _say(n: int, one: str, many: str) -> str:
    return f"1 line {one}" if n == 1 else f"{n:,} lines {many}"


def _count(n: int) -> str:
    return "counts as a purchase" if n == 1 else "count as purchases"


def _find_unit_prices(lines: nw.LazyFrame) -> list[str]:
    """Say that sales look like unit prices: within a product they do not grow with the quantity.

    Least squares of log sales on log quantity within products: money paid has the power 1, less with a discount for
    many; a price of one piece has the power 0.
    """
    schema = lines.collect_schema()
    if not {"product_id", "quantity"} <= set(schema.names()):
        return []
    q = nw.col("quantity").cast(nw.Float64).abs()
    s = nw.col("sales").cast(nw.Float64).abs()
    usable = (q > 0) & (s > 0) & (q < float("inf")) & (s < float("inf")) & ~is_empty("product_id", schema["product_id"])
    pairs = lines.filter(usable.fill_null(False)).select("product_id", q=q.log(), s=s.log())
    sums = pairs.group_by("product_id").agg(
        n=nw.len().cast(nw.Float64),
        q=nw.col("q").sum(),
        s=nw.col("s").sum(),
        qq=(nw.col("q") * nw.col("q")).sum(),
        ss=(nw.col("s") * nw.col("s")).sum(),
        qs=(nw.col("q") * nw.col("s")).sum(),
    )
    n, a, b = (nw.col(name) for name in ("n", "q", "s"))
    inside = sums.select(
        "n", xx=nw.col("qq") - a * a / n, yy=nw.col("ss") - b * b / n, xy=nw.col("qs") - a * b / n
    ).filter(nw.col("xx") > 1e-6)
    total = nw.col("n", "xx", "yy", "xy").sum()
    found = collect(inside.select(total, products=nw.len())).fillna(0).astype("float64").iloc[0]
    free = found["n"] - found["products"] - 1
    if found["n"] < ENOUGH or free < 1:
        return []
    power = found["xy"] / found["xx"]
    error = np.sqrt(max(found["yy"] - power * found["xy"], 0.0) / free / found["xx"])
    if power + 3 * error >= TOTAL:
        return []
    return [
        f"`sales` look like prices of one piece: in {found['n']:,.0f} lines of {found['products']:,.0f} products sold "
        "in several quantities they do not grow with the quantity. Sales are the money paid for the line: "
        "sales = quantity × price"
    ]


def _find_copies(lines: nw.LazyFrame) -> list[str]:
    """Say how many lines are exact copies of others; nothing where receipt and line number tell all lines apart."""
    names = lines.collect_schema().names()
    if {"basket_id", "line_no"} <= set(names):  # the contract's key has been checked
        return []
    groups = lines.group_by(*names).agg(loyalty_times=nw.len()).filter(nw.col("loyalty_times") > 1)
    found = collect(groups.select((nw.col("loyalty_times") - 1).sum().alias("n")))["n"].iloc[0]
    n = 0 if found != found or found is None else int(found)
    if not n:
        return []
    says = f"{_say(n, 'is an exact copy of another', 'are exact copies of others')}, and each counts"
    return [f"{says}: if the export doubled them, take them out (.drop_duplicates()), and count them"]
