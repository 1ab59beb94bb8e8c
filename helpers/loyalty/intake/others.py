"""Columns of a contact list that no contract names, kept because a setting of a report may: the store, the region."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import duckdb

from loyalty.intake.mapping.columns_file import EXTRAS, KEEPERS
from loyalty.intake.parsing.values import read_column
from loyalty.intake.space import C, F, Raw
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTRACTS

MOST_DISTINCT = 0.9  # of the rows: a column with more values names single people, and nobody asks for groups of it
OWN_NAMES = {"row", "r", "n"}  # what the reading itself calls its columns
Relation = duckdb.DuckDBPyRelation


def read_others(raw: Raw, contract: Table, refs: Mapping[str, str]) -> dict[str, duckdb.Expression]:
    """Read the columns that nobody named as texts, under their own headers.

    Left out are columns without a header of their own, those whose header is a name of a contract (what they hold is
    not known to be that), those that hold one value or nearly as many values as rows (names, telephone numbers), and
    lists or records.

    Parameters
    ----------
    raw : Raw
        The table as found.
    contract : Table
        Only a list of contacts keeps other columns.
    refs : mapping of str to str
        The columns that are read already: their names, and where they stand, such as "c0".

    Returns
    -------
    dict of str to duckdb.Expression
        The text of each column by its header.

    Examples
    --------
    >>> from loyalty.intake.space import Space
    >>> rows = [["7", "S1"], ["8", "S1"], ["9", "S2"]]
    >>> raw = Raw("a.csv", Space().write(rows, 2), ["customer_id", "store"])
    >>> list(read_others(raw, CONTRACTS["contacts"], {"customer_id": "c0"}))
    ['store']
    """
    if contract.name not in KEEPERS:
        return {}
    heads = [header.casefold() for header in raw.headers]
    taken = OWN_NAMES.union(*(one.names for one in CONTRACTS.values()), *EXTRAS.values(), map(str.casefold, refs))
    found = {}
    for i, header in enumerate(raw.headers):
        is_plain = header and heads.count(heads[i]) == 1 and heads[i] not in taken
        if is_plain and f"c{i}" not in refs.values() and _is_flat(raw.get_type(f"c{i}")):
            column = Column(header, "text", "", optional=True)
            found[header] = read_column(raw, f"c{i}", column, header, {}).value
    return _keep_groups(raw, found)


def _is_flat(kind: str) -> bool:
    return not ("[" in kind or "(" in kind and not kind.startswith("DECIMAL") or kind == "BLOB")


def _keep_groups(raw: Raw, found: Mapping[str, duckdb.Expression]) -> dict[str, duckdb.Expression]:
    """Keep the columns that divide the rows into groups."""
    kept = {}
    for header, text in found.items():
        filled, kinds = raw.table.select(text.alias("v")).aggregate("count(v), count(DISTINCT v)").fetchall()[0]
        if 2 <= kinds <= MOST_DISTINCT * filled:
            kept[header] = text
    return kept


def add_others(table: Relation, kept: Relation, contract: Table, names: Collection[str]) -> tuple[Relation, list[str]]:
    """Put the other columns back beside the rows of the contract.

    Rows that were said twice were counted once; where they differ in another column, it is left empty, and told.

    Parameters
    ----------
    table : duckdb.DuckDBPyRelation
        The settled rows; with the column row, or without it where repeated rows were counted once.
    kept : duckdb.DuckDBPyRelation
        The rows as read, with the column row, the columns of the contract and the others.
    contract : Table
    names : collection of str
        The other columns.

    Returns
    -------
    tuple
        The table, and notes.
    """
    if not names:
        return table, []
    settled = table.set_alias("settled")
    if "row" in table.columns:
        others = kept.select(C("row"), *map(C, names)).set_alias("others")
        return settled.join(others, "row", "left"), []
    key = [name for name in contract.key if name in table.columns]
    ends = [F(end, C(name)).alias(f"{end} {name}") for name in names for end in ("min", "max")]
    groups = kept.aggregate([*map(C, key), *ends])
    differs = {name: C(f"min {name}") != C(f"max {name}") for name in names}
    alike = [duckdb.CaseExpression(~differs[name], C(f"min {name}")).alias(name) for name in names]
    counts = {name: len(groups.filter(differs[name])) for name in names}
    notes = [
        f"`{name}` differs in the rows of {count:,} customer{'s' if count > 1 else ''} said twice: left empty there"
        for name, count in counts.items()
        if count
    ]
    others = groups.select(*map(C, key), *alike).set_alias("others")
    return settled.join(others, ", ".join(key), "left"), notes
