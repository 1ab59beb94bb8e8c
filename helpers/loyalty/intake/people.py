"""What the rows of receipts and contacts say about customers: nobody named, named twice, in two arms, unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from loyalty.intake.parsing.readings import Reading, say_rows
from loyalty.intake.space import C, F, K, Raw
from loyalty.tables.columns import Table

Relation = duckdb.DuckDBPyRelation


def settle_rows(
    contract: Table, raw: Raw, table: Relation, totals: list[int], readings: Mapping[str, Reading], allrows: Relation
) -> tuple[Relation, list[str], list[str]]:
    """Leave out what is no row of the contract, and say so."""
    notes = []
    problems = []
    if totals:
        notes.append(_describe_totals(raw, table, totals, readings, allrows))
    if contract.name == "receipts":
        table, more, problems = _settle_receipts(raw, table)
        notes += more
    if contract.name == "contacts":
        table, more, problems = _settle_contacts(table)
        notes += more
    return table, notes, problems


def refuse_strangers(tables: Mapping[str, Relation]) -> list[str]:
    """Refuse contacts of whom nobody bought anything at all: their ids are then of another kind."""
    if not {"receipts", "contacts"} <= set(tables):
        return []
    people, buyers = (tables[name].select("customer_id").distinct() for name in ("contacts", "receipts"))
    if people.join(buyers, "customer_id", "semi").limit(1).fetchall():
        return []
    left, right = (
        ", ".join(repr(row[0]) for row in t.order("customer_id").limit(2).fetchall()) for t in (people, buyers)
    )
    if not left or not right:
        return []
    mend = "take the same kind of id in both"
    return [f"none of the customers of contacts ({left}, …) is among those of receipts ({right}, …): {mend}"]


def _describe_totals(
    raw: Raw, table: Relation, totals: list[int], readings: Mapping[str, Reading], allrows: Relation
) -> str:
    where = ", ".join(filter(None, map(raw.locate, totals[:3])))
    said = f"{say_rows(len(totals))} of totals{f' at {where}' if where else ''} left out"
    if "sales" not in readings:
        return said
    sums = allrows.filter(C("r").isin(*map(K, totals))).aggregate([F("max", readings["sales"].value)]).fetchall()[0][0]
    above = table.aggregate([F("sum", C("sales"))]).fetchall()[0][0] or 0.0
    if sums is None:
        return said
    same = "the sum of" if abs(sums - above) < 0.01 + 1e-9 * abs(above) else f"not the sum ({above:,.2f}) of"
    return f"{said}: sales {sums:,.2f}, {same} the rest"


def _settle_receipts(raw: Raw, table: Relation) -> tuple[Relation, list[str], list[str]]:
    notes = []
    nobody = C("customer_id").isnull()
    loose = table.filter(nobody & C("time").isnull() & C("sales").isnotnull()).select("row, sales").limit(2).fetchall()
    if len(loose) == 1:
        row, money = loose[0]
        rest = table.filter(C("row") != K(row)).aggregate([F("sum", C("sales")), F("max", C("row"))]).fetchall()[0]
        if rest[1] is not None and row > rest[1] and abs(money - rest[0]) < 0.01 + 1e-9 * abs(money):
            table = table.filter(C("row") != K(row))
            where = raw.locate(row)
            at = f" at {where}" if where else ""
            notes.append(f"1 row of totals{at} left out: sales {money:,.2f}, the sum of the rest")
    money = F("round", F("sum", C("sales")), K(2))
    total = table.aggregate([F("count")]).fetchall()[0][0]
    n, lost = table.filter(nobody).aggregate([F("count"), money]).fetchall()[0]
    if n and n == total:
        return table, notes, ["`customer_id` is empty in all rows: take the column that holds the card"]
    if n:
        table = table.filter(~nobody)
        notes.append(f"{say_rows(n)} without a customer left out ({n / total:.1%} of rows): sales {lost or 0:,.2f}")
    n, back = table.filter(C("sales") < K(0)).aggregate([F("count"), money]).fetchall()[0]
    if n:
        notes.append(f"{say_rows(n)} of returns (negative sales) kept: sales {back:,.2f}")
    return table, notes, []


def _settle_contacts(table: Relation) -> tuple[Relation, list[str], list[str]]:
    notes = []
    problems = []
    names = [name for name in table.columns if name != "row"]
    key = [name for name in ("campaign_id", "wave", "customer_id") if name in names]
    known = table.filter(C("customer_id").isnotnull())
    groups = known.aggregate([*map(C, key), F("count").alias("n")]).filter(C("n") > K(1))
    if groups.limit(1).fetchall():
        before = len(table)
        table = table.select(*map(C, names)).distinct()
        if len(table) < before:
            notes.append(f"{say_rows(before - len(table))} said twice, the same in every column, counted once")
        arms = F("len", F("list_sort", F("list_distinct", F("list", C("arm"))))).alias("arms")
        seen = F("list_sort", F("list_distinct", F("list", C("arm")))).alias("seen")
        twins = table.filter(C("customer_id").isnotnull()).aggregate([*map(C, key), F("count").alias("n"), arms, seen])
        for two, what, mend in (
            (C("arms") > K(1), "in two arms", "each customer belongs to one; ask which list was sent"),
            (
                (C("arms") == K(1)) & (C("n") > K(1)),
                "in rows that differ",
                "keep one row of each, or name the campaign",
            ),
        ):
            hits = twins.filter(two)
            n = len(hits)
            if n:
                shown = [
                    (row[0], row[1])
                    for row in hits.order("customer_id").select("customer_id, seen").limit(3).fetchall()
                ]
                words = ", ".join(f"{who} ({' and '.join(arms)})" if len(arms) > 1 else str(who) for who, arms in shown)
                problems.append(f"{n:,} customer{'' if n == 1 else 's'} {what}, such as {words}: {mend}")
    arms: list[Any] = table.select("arm").distinct().fetchall()
    if ("control",) not in arms and not problems:
        notes.append("no customer is in the control group")
    return table, notes, problems
