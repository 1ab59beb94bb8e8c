"""Columns of a contact list that no contract names, kept because a setting of a report may: the store, the region."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import duckdb

from loyalty.intake.mapping.columns_file import EXTRAS, KEEPERS
from loyalty.intake.parsing.readings import hide_example
from loyalty.intake.parsing.values import read_column
from loyalty.intake.space import C, F, Raw
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTRACTS
from loyalty.text import count_of

MOST_DISTINCT = 0.9  # of the rows: a column with more values names single people, and nobody asks for groups of it
OWN_NAMES = {"row", "r", "n"}  # what the reading itself calls its columns
Relation = duckdb.DuckDBPyRelation


class Others(NamedTuple):
    """The text of each further column by its header, and of each that was not kept the reason."""

    kept: dict[str, duckdb.Expression]
    left: dict[str, str]


def read_others(raw: Raw, contract: Table, refs: Mapping[str, str]) -> Others:
    """Read the columns that nobody named as texts, under their own headers.

    Left out are columns without a header of their own, those whose header is a name of a contract (what they hold is
    not known to be that), those that hold one value in all rows or nearly as many values as rows (names, telephone
    numbers), and lists or records.

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
    Others

    Examples
    --------
    >>> from loyalty.intake.space import Space
    >>> rows = [["7", "S1"], ["8", "S1"], ["9", "S2"]]
    >>> raw = Raw("a.csv", Space().write(rows, 2), ["customer_id", "store"])
    >>> list(read_others(raw, CONTRACTS["contacts"], {"customer_id": "c0"}).kept)
    ['store']
    """
    if contract.name not in KEEPERS:
        return Others({}, {})
    heads = [header.casefold() for header in raw.headers]
    taken = OWN_NAMES.union(*(one.names for one in CONTRACTS.values()), *EXTRAS.values(), map(str.casefold, refs))
    ours = {ref: name for name, ref in refs.items()}
    found = {}
    left = {}
    for i, header in enumerate(raw.headers):
        ref = f"c{i}"
        if not header or ours.get(ref) == header:
            continue
        if ref in ours:
            left[header] = f"it is read as `{ours[ref]}`: write that name"
        elif heads.count(heads[i]) > 1:
            left[header] = "several columns bear this name, so it was not read: rename all but one"
        elif heads[i] in taken:
            mend = f"rename it, or write `{header}: {header}` under columns"
            left[header] = f"it bears a name of the contracts, so it was not read: {mend}"
        elif not _is_flat(raw.get_type(ref)):
            left[header] = "it holds lists or records, so it was not read"
        else:
            column = Column(header, "text", "", optional=True)
            found[header] = read_column(raw, ref, column, header, {}).value
    return _keep_groups(raw, found, left)


def _is_flat(kind: str) -> bool:
    return not ("[" in kind or "(" in kind and not kind.startswith("DECIMAL") or kind == "BLOB")


def _keep_groups(raw: Raw, found: Mapping[str, duckdb.Expression], left: dict[str, str]) -> Others:
    """Keep the columns that divide the rows into groups; one value beside empty cells divides them too."""
    kept = {}
    for header, text in found.items():
        values = raw.table.select(text.alias("v"))
        rows, filled, kinds = values.aggregate("count(*), count(v), count(DISTINCT v)").fetchall()[0]
        if not filled:
            left[header] = "it is empty in all rows"
        elif kinds == 1 and filled == rows:
            left[header] = "it holds the same in all rows, so it divides nobody from anybody"
        elif kinds > 1 and kinds > MOST_DISTINCT * filled:
            what = "so it names single people, as names and telephone numbers do"
            left[header] = f"it holds {kinds:,} different values in {filled:,} filled rows, {what}"
        else:
            kept[header] = text
    return Others(kept, left)


def add_others(
    table: Relation, kept: Relation, contract: Table, names: Collection[str]
) -> tuple[Relation, dict[str, str]]:
    """Put the other columns back beside the rows of the contract.

    Customers with several rows are counted once; where these differ in another column, it is left empty, and told.

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
        The table, and for each column that was left empty somewhere the reason.
    """
    if not names:
        return table, {}
    settled = table.set_alias("settled")
    if "row" in table.columns:
        others = kept.select(C("row"), *map(C, names)).set_alias("others")
        return settled.join(others, "row", "left"), {}
    key = [name for name in contract.key if name in table.columns]
    ends = [F(end, C(name)).alias(f"{end} {name}") for name in names for end in ("min", "max")]
    groups = kept.aggregate([*map(C, key), *ends])
    differs = {name: C(f"min {name}") != C(f"max {name}") for name in names}
    alike = [duckdb.CaseExpression(~differs[name], C(f"min {name}")).alias(name) for name in names]
    unlike = {}
    for name in names:
        hits = groups.filter(differs[name])
        if count := len(hits):
            people = [row[0] for row in hits.select("customer_id").distinct().order("customer_id").limit(3).fetchall()]
            shown = ", ".join(hide_example(str(one)) for one in people)
            who = f"{count_of(count, 'customer')} with several rows, such as {shown}"
            unlike[name] = f"`{name}` differs in the rows of {who}: left empty there"
    others = groups.select(*map(C, key), *alike).set_alias("others")
    return settled.join(others, ", ".join(key), "left"), unlike
