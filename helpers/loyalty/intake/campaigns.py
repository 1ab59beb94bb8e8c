"""Loads the lists of several campaigns as people have them: a folder, one file each, and other columns in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pyarrow.parquet as pq

from loyalty.intake.folder import FLAG, LISTED, RECORD, WAVES, find_lists
from loyalty.intake.loading import Loaded, explain_unnamed, load_table
from loyalty.intake.mapping.columns_file import read_mapping, suggest
from loyalty.intake.space import C, Space
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.contracts import CAMPAIGNS, CONTRACTS, HISTORY
from loyalty.tables.sources import AnyTable

STORE = "history"  # the file of an earlier history, which no reader of tables opens
MEASURED = ("orders", "sales", "margin", "discount", "redeemed")
MAIN = {name: f"{name}_main" for name in MEASURED}  # what campaign_report calls them, one row a customer


@check_arguments
def load_campaigns(
    sources: Mapping[str, Any], columns: str | Path | Mapping[str, Any] | None = None
) -> dict[str, Loaded]:
    """Load the lists of several campaigns, each with its own columns, or refuse them in one message.

    Not for one campaign with its receipts: that is `load_tables`. A list of a campaign holds everybody who was assigned
    and what each did: responded, orders or sales. What is no list is left out and said: send lists (they hold no
    control), pages and pictures. Records that campaign_plan wrote beside its lists are read as `campaigns`.

    Parameters
    ----------
    sources : mapping
        Under `waves` a folder, a file, or a list of files or tables by name; other names are those of the contracts,
        such as receipts, offers or campaigns. `history`, the file of an earlier history, is not read here.
    columns : str, pathlib.Path or mapping, optional
        columns.yml: a section for each file, under its name without the ending, and one `waves` for all that have none.
        `everywhere` says what no column holds, such as the first and the last day.

    Returns
    -------
    dict of Loaded
        By name, lists under the name of their file: contract `history`; see `load_tables`.

    Raises
    ------
    TableError
        With the problems of all files.

    Examples
    --------
    >>> import pandas as pd
    >>> may = pd.DataFrame({"Карта": ["7", "8"], "Группа": ["тест", "КГ"], "Купил": [1, 0]})
    >>> names = {"customer_id": "Карта", "arm": "Группа", "responded": "Купил"}
    >>> told = {"may": {"columns": names, "arms": {"КГ": "control", "тест": "sms"}}}
    >>> load_campaigns({"waves": {"may": may}}, told)["may"].table.to_native().df()["arm"].tolist()
    ['sms', 'control']
    """
    problems: list[str] = []
    found, notes = find_lists(sources.get(WAVES), problems)
    others = {name: source for name, source in sources.items() if name not in (WAVES, STORE)}
    problems += [f"there is no table `{name}`{suggest(name, CONTRACTS)}" for name in others if name not in CONTRACTS]
    sections = CONTRACTS | {WAVES: LISTED} | dict.fromkeys(found, LISTED)
    mapping, wrong = read_mapping(columns, sections)
    is_lost = bool(wrong) and not mapping
    space = Space()
    loaded = {}
    wanted = [(name, CONTRACTS[name], source) for name, source in others.items() if name in CONTRACTS]
    wanted += [(name, CAMPAIGNS if str(source).endswith(RECORD) else LISTED, source) for name, source in found.items()]
    unread = []
    for name, contract, source in wanted:
        said = mapping.get(name, {})
        if contract is LISTED:
            said = _know_reports(source, mapping.get(WAVES, {}) | said)
        table, more = load_table(space, contract, source, said, name, {"campaign_id": name})
        unread += [f"{name}: {text}" for text in more]
        if table is not None:
            loaded[name] = _count_flags(table)
    problems = [*problems, *wrong, *explain_unnamed(unread, _name_sources(sources), is_lost=is_lost)]
    if problems:
        space.close()
        raise TableError(problems, "your campaigns")
    space.forget_raw()
    return _join_records(_say_notes(loaded, found, notes))


def _know_reports(source: AnyTable, said: dict[str, Any]) -> dict[str, Any]:
    """Name the columns of a table that campaign_report saved, which has one row a customer and all windows in it."""
    if said.get("columns") or not isinstance(source, Path) or source.suffix != ".parquet":
        return said
    try:
        there = pq.read_schema(source).names
    except (OSError, ValueError):
        return said
    if not {"customer_id", "arm", "orders_main"} <= set(there):
        return said
    own = {name: name for name in HISTORY.names if name in there}
    return {**said, "columns": own | {ours: theirs for ours, theirs in MAIN.items() if theirs in there}}


def _count_flags(loaded: Loaded) -> Loaded:
    """Write whether a customer responded as 1 and 0."""
    if loaded.name != HISTORY.name or FLAG not in loaded.found:
        return loaded
    table = loaded.table.to_native()
    values = [C(name).cast("BIGINT").alias(name) if name == FLAG else C(name) for name in table.columns]
    return replace(loaded, table=nw.from_native(table.select(*values)))


def _name_sources(sources: Mapping[str, Any]) -> dict[str, Any]:
    """What the command that proposes columns is given; the files of a list of files stand behind one another."""
    return {name: source for name, source in sources.items() if isinstance(source, str | Path) and name != STORE}


def _say_notes(loaded: dict[str, Loaded], found: Mapping[str, Any], notes: Sequence[str]) -> dict[str, Loaded]:
    """Put what was not read beside the notes of the first list."""
    first = next((name for name in found if name in loaded and loaded[name].name == HISTORY.name), None)
    if first is None or not notes:
        return loaded
    return loaded | {first: replace(loaded[first], notes=(*loaded[first].notes, *notes))}


def _join_records(loaded: dict[str, Loaded]) -> dict[str, Loaded]:
    """Join the records of plans to one table of campaigns, with the columns that all contracts know."""
    records = [name for name, one in loaded.items() if one.name == CAMPAIGNS.name and name != CAMPAIGNS.name]
    parts = [loaded[name] for name in (CAMPAIGNS.name, *records) if name in loaded]
    if not records:
        return loaded
    tables = []
    for part in parts:
        table = part.table.to_native()
        names = {str(name): str(kind) for name, kind in zip(table.columns, table.types, strict=True)}
        values = [C(c.name) if c.name in names else _empty(c.kind) for c in CAMPAIGNS.columns]
        tables.append(table.select(*(v.alias(c.name) for v, c in zip(values, CAMPAIGNS.columns, strict=True))))
    whole = tables[0]
    for table in tables[1:]:
        whole = whole.union(table)
    filled = tuple(name for name in CAMPAIGNS.names if any(name in part.found for part in parts))
    whole = whole.select(*map(C, filled)).distinct()
    notes = tuple(note for part in parts for note in part.notes)
    joined = Loaded(CAMPAIGNS.name, nw.from_native(whole), len(whole), filled, {}, notes)
    return {name: one for name, one in loaded.items() if name not in records} | {CAMPAIGNS.name: joined}


def _empty(kind: str) -> duckdb.Expression:
    """An empty column of a kind."""
    types = {"date": "DATE", "whole": "BIGINT", "id": "VARCHAR", "text": "VARCHAR"}
    return duckdb.ConstantExpression(None).cast(types.get(kind, "DOUBLE"))
