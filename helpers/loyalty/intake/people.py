"""Checks the customers of receipts and contacts: rows without one, duplicates, customers in two arms, unknown ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from loyalty.intake.parsing.readings import Reading, hide_example, say_rows
from loyalty.intake.space import C, F, K, Raw
from loyalty.tables.columns import Table
from loyalty.tables.ids import MANY, say_strangers

AGAIN = "export both tables again, with the ids as text"
Relation = duckdb.DuckDBPyRelation


def settle_rows(
    contract: Table, raw: Raw, table: Relation, totals: list[int], readings: Mapping[str, Reading], allrows: Relation
) -> tuple[Relation, list[str], list[str]]:
    """Leave out what is no row of the contract, and say so.

    Parameters
    ----------
    contract : Table
        The contract.
    raw : Raw
        The table as found, for the lines of its rows.
    table : duckdb.DuckDBPyRelation
        The table as read; its column row leads back to the raw one.
    totals : list of int
        Rows of totals that were left out.
    readings : mapping of str to Reading
        How its columns were read.
    allrows : duckdb.DuckDBPyRelation
        The raw table with its totals.

    Returns
    -------
    tuple
        The table, notes, problems.
    """
    notes: list[str] = []
    problems: list[str] = []
    if totals:
        notes.append(_describe_totals(raw, table, totals, readings, allrows))
    if contract.name == "receipts":
        table, more, problems = _settle_receipts(raw, table)
        notes += more
    if contract.name in ("contacts", "history"):
        table, more, problems = _settle_contacts(raw, table)
        notes += more
    return table, notes, problems


def refuse_strangers(tables: Mapping[str, Relation]) -> list[str]:
    """Refuse contacts of whom nobody has a receipt: the two tables then use different ids."""
    if not {"receipts", "contacts"} <= set(tables):
        return []
    people = tables["contacts"].select("customer_id").distinct()
    buyers = tables["receipts"].select("customer_id").distinct()
    if people.join(buyers, "customer_id", "semi").limit(1).fetchall():
        return []
    left, right = (_list_ids(table) for table in (people, buyers))
    return [say_strangers(left, right, "the contacts", "the receipts", AGAIN)] if left and right else []


def _list_ids(people: Relation) -> list[str]:
    """The first ids of a table."""
    known = people.filter(C("customer_id").isnotnull())
    return [row[0] for row in known.order("customer_id").limit(MANY).fetchall()]


def _fetch_row(table: Relation) -> tuple[Any, ...]:
    """Fetch the one row of an aggregate."""
    return table.fetchall()[0]


def _describe_totals(
    raw: Raw, table: Relation, totals: list[int], readings: Mapping[str, Reading], allrows: Relation
) -> str:
    where = ", ".join(filter(None, map(raw.locate, totals[:3])))
    said = f"{say_rows(len(totals))} of totals{f' at {where}' if where else ''} left out"
    if "sales" not in readings:
        return said
    rows = allrows.filter(C("r").isin(*map(K, totals)))
    (sums,) = _fetch_row(rows.aggregate([F("max", readings["sales"].value)]))
    (above,) = _fetch_row(table.aggregate([F("sum", C("sales"))]))
    above = above or 0.0
    if sums is None:
        return said
    same = "the sum of" if _is_sum(sums, above) else f"not the sum ({above:,.2f}) of"
    return f"{said}: sales {sums:,.2f}, {same} the rest"


def _is_sum(total: float, above: float) -> bool:
    """Say whether a total is the sum of the rows above it, rounding errors allowed."""
    return abs(total - above) < 0.01 + 1e-9 * abs(above)


def _settle_receipts(raw: Raw, table: Relation) -> tuple[Relation, list[str], list[str]]:
    """Leave out receipts without a customer, count returns; return the table, notes, problems."""
    table, notes = _take_out_total(raw, table)
    nobody = C("customer_id").isnull()
    money = F("round", F("sum", C("sales")), K(2))
    (total,) = _fetch_row(table.aggregate([F("count")]))
    n, lost = _fetch_row(table.filter(nobody).aggregate([F("count"), money]))
    if n and n == total:
        return table, notes, ["`customer_id` is empty in all rows: take the column that holds the card"]
    if n:
        table = table.filter(~nobody)
        notes.append(f"{say_rows(n)} without a customer left out ({n / total:.1%} of rows): sales {lost or 0:,.2f}")
    n, back = _fetch_row(table.filter(C("sales") < K(0)).aggregate([F("count"), money]))
    if n:
        notes.append(f"{say_rows(n)} of returns (negative sales) kept: sales {back:,.2f}")
    return table, notes, []


def _take_out_total(raw: Raw, table: Relation) -> tuple[Relation, list[str]]:
    """Leave out a last row that has sales, neither customer nor time, and is the sum of all others."""
    loose = C("customer_id").isnull() & C("time").isnull() & C("sales").isnotnull()
    candidates = table.filter(loose).select("row, sales").limit(2).fetchall()
    if len(candidates) != 1:
        return table, []
    row, money = candidates[0]
    others = table.filter(C("row") != K(row))
    rest, last = _fetch_row(others.aggregate([F("sum", C("sales")), F("max", C("row"))]))
    if last is None or row <= last or not _is_sum(money, rest):
        return table, []
    where = raw.locate(row)
    at = f" at {where}" if where else ""
    return others, [f"1 row of totals{at} left out: sales {money:,.2f}, the sum of the rest"]


def _settle_contacts(raw: Raw, table: Relation) -> tuple[Relation, list[str], list[str]]:
    """Count repeated contacts once, refuse customers in two arms; return the table, notes, problems."""
    notes: list[str] = []
    problems: list[str] = []
    names = [name for name in table.columns if name != "row"]
    key = [name for name in ("campaign_id", "wave", "customer_id", "window") if name in names]
    known = table.filter(C("customer_id").isnotnull())
    groups = known.aggregate([*map(C, key), F("count").alias("n")]).filter(C("n") > K(1))
    if groups.limit(1).fetchall():
        before = len(table)
        table = table.select(*map(C, names)).distinct()
        if len(table) < before:
            notes.append(f"{say_rows(before - len(table))} said twice, alike in all columns read, counted once")
        problems = _refuse_twins(raw, known, table, key)
    if ("control",) not in table.select("arm").distinct().fetchall() and not problems:
        notes.append("no customer is in the control group")
    return table, notes, problems


def _refuse_twins(raw: Raw, rows: Relation, table: Relation, key: Sequence[str]) -> list[str]:
    """Refuse customers of one wave (`key`) who are in two arms, or in several rows that differ; `rows` are as read."""
    arms = F("list_sort", F("list_distinct", F("list", C("arm"))))
    columns = [*map(C, key), F("count").alias("n"), F("len", arms).alias("arms"), arms.alias("seen")]
    twins = table.filter(C("customer_id").isnotnull()).aggregate(columns)
    in_two_arms = twins.filter(C("arms") > K(1))
    in_two_rows = twins.filter((C("arms") == K(1)) & (C("n") > K(1)))
    found = (
        _say_twins(raw, rows, in_two_arms, "in two arms", "each customer belongs to one; ask which list was sent"),
        _say_twins(raw, rows, in_two_rows, "in rows that differ", "keep one row of each, or name the campaign"),
    )
    return [problem for problem in found if problem]


def _say_twins(raw: Raw, rows: Relation, hits: Relation, what: str, mend: str) -> str:
    """Say how many customers are `what`, with up to three examples and their rows; empty if there are none."""
    n = len(hits)
    if not n:
        return ""
    key = [name for name in hits.columns if name in rows.columns]
    examples = hits.order("customer_id").select(*map(C, [*key, "seen"])).limit(3).fetchall()
    words = ", ".join(_say_twin(raw, rows, dict(zip(key, values, strict=True)), arms) for *values, arms in examples)
    return f"{n:,} customer{'' if n == 1 else 's'} {what}, such as {words}: {mend}"


def _say_twin(raw: Raw, rows: Relation, key: Mapping[str, Any], arms: Sequence[str]) -> str:
    """Name a customer, the arms if they are several, and where the first two of the rows stand."""
    for name, value in key.items():
        rows = rows.filter(C(name) == K(value))
    found = rows.order("row").select("row").limit(2).fetchall()
    told = [" and ".join(arms)] if len(arms) > 1 else []
    places = " and ".join(filter(None, (raw.locate(row) for (row,) in found)))
    told += [places] if places else []
    return hide_example(str(key["customer_id"])) + (f" ({'; '.join(told)})" if told else "")
