"""Receipt lines as the rooms read them: under their contract, those without a customer left out and counted."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import pandas as pd

from loyalty.tables.check import TableError, find_breaches
from loyalty.tables.contracts import RECEIPTS
from loyalty.tables.ids import MASKED, is_blank, say_masked
from loyalty.tables.sources import AnyTable, NotATable, collect, is_empty, open_table

BACK = ("return", "cancel")  # kinds of lines that are no purchase
NOBODY = "`customer_id` is empty in "  # how the contract's check begins to say it


@dataclass(frozen=True)
class CheckedReceipts:
    """Receipt lines with a customer, not yet read, and what was left out or looks odd; made by `check_receipts`."""

    table: nw.LazyFrame
    warnings: tuple[str, ...] = ()


def check_receipts(source: AnyTable) -> CheckedReceipts:
    """Check receipts against their contract; lines without a customer are left out, and this is said.

    Who pays without a card is nobody's profile: in most chains that is a good part of the lines. Not for contacts,
    where everybody has an id: there an empty one is refused.

    Parameters
    ----------
    source : table under RECEIPTS; any source of `loyalty.tables.sources.open_table`

    Returns
    -------
    CheckedReceipts

    Raises
    ------
    TableError
        With all other problems; or if no line has a customer.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [7, None], "time": pd.Timestamp("2024-01-05"), "sales": [5.0, 3.0]})
    >>> check_receipts(lines).warnings
    ('1 of 2 rows has no customer and is left out: sales 3.00',)
    """
    index = list(source.index.names) if isinstance(source, pd.DataFrame) else []
    notes = []
    try:
        table = open_table(source)
        problems = find_breaches(table, RECEIPTS, index)
        if any(text.startswith(NOBODY) for text in problems):
            rows, table = _leave_out(table)
            notes.append(rows)
            problems = find_breaches(table, RECEIPTS, index)
        if not problems and table.collect_schema()["customer_id"] == nw.String:
            masked = nw.col("customer_id").str.contains(MASKED).cast(nw.Int64).sum().alias("n")
            count = int(collect(table.select(masked))["n"].fillna(0).iloc[0])
            notes += [say_masked(count)] if count else []
    except NotATable as error:
        problems = [str(error)]
    if problems:
        raise TableError(problems, "receipts")
    return CheckedReceipts(table, tuple(notes))


def find_bought(schema: nw.Schema) -> nw.Expr:
    """True for lines that are a purchase: money was paid, and `kind`, where there is one, does not call them a return.

    Examples
    --------
    >>> lines = pd.DataFrame({"sales": [5.0, -5.0, 3.0], "kind": ["sale", "return", "cancel"]})
    >>> table = open_table(lines)
    >>> collect(table.filter(find_bought(table.collect_schema())))["sales"].tolist()
    [5.0]
    """
    bought = nw.col("sales") > 0
    if "kind" in schema.names() and schema["kind"] == nw.String:  # a column without a value may have any type
        bought = bought & ~nw.col("kind").is_in(list(BACK)).fill_null(False)
    return bought.fill_null(False)


def count_pieces(schema: nw.Schema) -> nw.Expr:
    """The pieces of each line; a line whose quantity is not known, or not above zero, is one piece.

    Examples
    --------
    >>> table = open_table(pd.DataFrame({"quantity": [3.0, None, 0.0]}))
    >>> collect(table.select(n=count_pieces(table.collect_schema())))["n"].tolist()
    [3.0, 1.0, 1.0]
    """
    if "quantity" not in schema.names() or not schema["quantity"].is_numeric():
        return nw.lit(1.0)
    known = ~is_empty("quantity", schema["quantity"]) & (nw.col("quantity") > 0)
    return nw.when(known.fill_null(False)).then(nw.col("quantity").cast(nw.Float64)).otherwise(1.0)


def _leave_out(table: nw.LazyFrame) -> tuple[str, nw.LazyFrame]:
    """Leave out the lines without a customer; say how many there are, and what was paid."""
    schema = table.collect_schema()
    nobody = is_empty("customer_id", schema["customer_id"])
    if schema["customer_id"] == nw.String:
        nobody = nobody | is_blank("customer_id").fill_null(False)
    counts = [nw.len().alias("rows"), nobody.cast(nw.Int64).sum().alias("lost")]
    if "sales" in schema and schema["sales"].is_numeric():
        paid = nw.when(nobody & ~is_empty("sales", schema["sales"])).then(nw.col("sales")).otherwise(0)
        counts.append(paid.cast(nw.Float64).sum().alias("paid"))
    found = collect(table.select(*counts)).iloc[0]
    lost = int(found["lost"])
    if lost == int(found["rows"]):
        raise TableError([f"{NOBODY}all {lost:,} rows: take the column that holds the card"], "receipts")
    says = "has no customer and is" if lost == 1 else "have no customer and are"
    paid_by_nobody = f": sales {found['paid']:,.2f}" if "paid" in found else ""
    return f"{lost:,} of {int(found['rows']):,} rows {says} left out{paid_by_nobody}", table.filter(~nobody)
