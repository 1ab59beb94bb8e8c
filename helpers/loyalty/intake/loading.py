"""Loads an analyst's tables under the contracts: read, checked and counted, or refused in one message."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import narwhals as nw

from loyalty.intake.mapping.columns_file import EXTRAS, FILLED, KEEPERS, list_headers, read_mapping, suggest
from loyalty.intake.mapping.proposal import UNNAMED, propose_table
from loyalty.intake.others import add_others, read_others
from loyalty.intake.parsing.constants import read_constant
from loyalty.intake.parsing.labels import map_values, rename_values
from loyalty.intake.parsing.readings import Reading
from loyalty.intake.parsing.times import check_times, join_clock
from loyalty.intake.parsing.values import read_column
from loyalty.intake.people import refuse_strangers, settle_rows
from loyalty.intake.readers.source import read_source
from loyalty.intake.rows import set_aside
from loyalty.intake.space import C, F, K, Raw, Space
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTRACTS
from loyalty.tables.problems import gather
from loyalty.tables.sources import AnyTable, NotATable
from loyalty.text import list_few

Relation = duckdb.DuckDBPyRelation
NAMED = 8  # columns that a note names


@dataclass(frozen=True)
class Loaded:
    """A table under its contract; made by `load_tables`.

    Parameters
    ----------
    name : str
        The contract.
    table : narwhals.LazyFrame
        The rows, not yet read. A list of contacts keeps its other columns as texts, behind those of the contract.
    rows : int
        How many there are.
    found : tuple of str
        Columns of the contract that the file has.
    missing : dict of str to str
        Optional columns that it lacks, with their meaning.
    notes : tuple of str
        What was read in a special way or left out.
    left : dict of str to str
        Columns of a list of contacts that it does not keep: header -> reason.
    unlike : dict of str to str
        Further columns that are empty for customers whose rows differ: name -> which ones.
    """

    name: str
    table: nw.LazyFrame = field(repr=False)
    rows: int
    found: tuple[str, ...]
    missing: dict[str, str]
    notes: tuple[str, ...]
    left: dict[str, str] = field(default_factory=dict, repr=False)
    unlike: dict[str, str] = field(default_factory=dict, repr=False)


def take_tables(tables: Mapping[str, Any], needed: Mapping[str, bool]) -> dict[str, Any]:
    """Take the tables out of what `load_tables` gave to a report.

    Parameters
    ----------
    tables : mapping of str to Loaded
    needed : mapping of str to bool
        The tables that the report reads, and whether it cannot do without.

    Returns
    -------
    dict of str to narwhals.LazyFrame

    Raises
    ------
    TableError
        A table is missing, or was not loaded.
    """
    problems = [f"there is no table `{name}`" for name, must in needed.items() if must and name not in tables]
    problems += [
        f"`{name}` should come from load_tables, found a {type(one).__name__}"
        for name, one in tables.items()
        if not isinstance(one, Loaded)
    ]
    if problems:
        raise TableError(problems, "the tables")
    return {name: loaded.table for name, loaded in tables.items()}


@check_arguments
def load_tables(sources: Mapping[str, Any], columns: str | Path | Mapping[str, Any] | None = None) -> dict[str, Loaded]:
    """Load tables of any form under the contracts, or refuse them in one message.

    This is no cleaning: nothing is dropped or changed silently. What was left out (empty rows, totals below the table,
    receipts without a customer) is counted in `notes`. Values with two meanings are an error until columns.yml says
    which meaning is right.

    Parameters
    ----------
    sources : mapping
        A source by the name of its contract, such as receipts or contacts: the path of an .xlsx, .csv, .txt, .tsv,
        .parquet, .duckdb or .sql file or of a folder of .parquet files, a pandas frame or a DuckDB relation. A .sql
        file holds one SELECT; its database is named by the environment variable LOYALTY_SQL.
    columns : str, pathlib.Path or mapping, optional
        The mapping as `propose_columns` writes it. Without it the headers must be the names of the contract.

    Returns
    -------
    dict of Loaded
        By name: `table` is a Narwhals frame on DuckDB, one connection for all, ids as text, times as timestamps,
        money as decimal numbers, only columns of the contract (and others if the mapping names them). Contacts keep
        their other columns as texts, where these divide the rows into groups, because a setting may name them.

    Raises
    ------
    TableError
        With the problems of all tables.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": [7], "time": pd.to_datetime(["2025-01-31"]), "sales": [12.5]})
    >>> load_tables({"receipts": frame})["receipts"].found
    ('customer_id', 'time', 'sales')
    """
    mapping, problems = read_mapping(columns)
    is_lost = bool(problems) and not mapping  # without a mapping the headers lack columns: that is no second problem
    problems += [f"there is no table `{name}`{suggest(name, CONTRACTS)}" for name in sources if name not in CONTRACTS]
    space = Space()
    loaded = {}
    for name, source in sources.items():
        if name not in CONTRACTS:
            continue
        table, wrong = load_table(space, CONTRACTS[name], source, mapping.get(name, {}))
        problems += [f"{name}: {text}" for text in wrong]
        if table is not None:
            loaded[name] = table
    if not problems:
        problems += refuse_strangers({name: table.table.to_native() for name, table in loaded.items()})
    if not problems:
        space.forget_raw()
    if problems:
        space.close()
        raise TableError(explain_unnamed(problems, sources, is_lost=is_lost), "your tables")
    return loaded


def explain_unnamed(problems: Sequence[str], sources: Mapping[str, Any], *, is_lost: bool = False) -> list[str]:
    """Add to the last problem about unnamed columns the command that proposes their names.

    Parameters
    ----------
    problems : sequence of str
    sources : mapping
        What was loaded, by name; only files are named in the command.
    is_lost : bool
        Whether there is no mapping because it could not be read: then such problems are left out.
    """
    told = [text for text in problems if not (is_lost and UNNAMED in text)]
    unclear = [place for place, text in enumerate(told) if UNNAMED in text]
    files = [f"{name}={source}" for name, source in sources.items() if isinstance(source, str | Path)]
    if not unclear or not files:
        return told
    verb = " ".join(f'"{file}"' if " " in file else file for file in files)
    write = f"Write them down with `python3 workshop.py columns {verb} -o columns.yml`"
    told[unclear[-1]] += f". {write}, check that file, and name it with --columns"
    return told


# Key of columns.yml -> the column whose words it gives
WORDS = {"arms": "arm", "kinds": "kind", "segments": "segment", "offers": "offer_id"}


RENAMED = {ours: key for key, ours in WORDS.items() if key in ("segments", "offers")}  # words that may be left out


class Chosen(NamedTuple):
    """The column of the raw table, such as "c0", that was chosen for one of the contract, and its header."""

    ref: str
    header: str


class ReadTable(NamedTuple):
    """A raw table with its columns read by the contract, before its rows are settled."""

    table: Relation
    readings: dict[str, Reading]
    notes: list[str]
    late: list[str]  # problems with dates


def load_table(
    space: Space,
    contract: Table,
    source: AnyTable,
    options: Mapping[str, Any],
    section: str = "",
    usual: Mapping[str, Any] | None = None,
) -> tuple[Loaded | None, list[str]]:
    """Load one table; return it with its problems, or None where they leave nothing to load.

    Parameters
    ----------
    space : Space
        Where it is laid out.
    contract : Table
    source : path or table
    options : mapping
        What columns.yml says about it.
    section : str
        The part of columns.yml that says it; the contract's name if left out.
    usual : mapping, optional
        What a column of the contract holds everywhere, where neither the file nor `options` say it.
    """
    named = options.get("columns") or {}
    filled, problems = _read_constants(contract, options, usual)
    if problems:
        return None, problems
    try:
        headers = [header for value in named.values() for header in list_headers(value)]
        raw = read_source(space, source, options, headers or contract.names, is_whole=contract.name in KEEPERS)
    except NotATable as error:
        return None, [str(error)]
    named = {name: join_clock(raw, value) for name, value in named.items()}
    chosen, problems = _choose_columns(raw, contract, named, filled)
    if problems:
        return None, problems
    refs = {ours: choice.ref for ours, choice in chosen.items()}
    key = next(name for name in ("customer_id", *contract.key) if name in contract.names)
    keys = {name: refs[name] for name in (key, "time") if name in refs}
    everything = raw.table
    totals, notes, problems = set_aside(raw, keys)
    readings, unread = _read_columns(raw, contract, chosen, options, section or contract.name)
    notes = [*notes, *(note for reading in readings.values() for note in reading.notes)]
    problems = [*problems, *unread]
    if unread:
        return None, problems
    others, left = read_others(raw, contract, refs)
    read, kept = _keep_readings(space, raw, contract, readings, others, filled)
    table, more, wrong = settle_rows(contract, raw, read.table, totals, read.readings, everything)
    table, unlike = add_others(table, kept, contract, others)
    order = [name for name in contract.names if name in table.columns]
    order += [name for name in table.columns if name not in order and name != "row"]
    table = table.select(*map(C, order))
    problems = [*problems, *read.late, *wrong]
    if not wrong:
        problems += _check_contract(table, contract, read.late)
    missing = {c.name: c.meaning for c in contract.columns if c.optional and c.name not in read.readings}
    used = {*refs.values(), *(f"c{i}" for i, header in enumerate(raw.headers) if header in (*headers, *others))}
    notes = [
        *raw.notes,
        *_count_empty(raw),
        *notes,
        *read.notes,
        *more,
        *unlike.values(),
        *_name_others(others),
        *_name_unused(raw, used),
    ]
    found = tuple(name for name in order if name in read.readings)
    left |= {ours: "it is empty in all rows" for ours in refs if ours not in read.readings}
    return (
        Loaded(contract.name, nw.from_native(table), len(table), found, missing, tuple(notes), left, unlike),
        problems,
    )


def _read_constants(
    contract: Table, options: Mapping[str, Any], usual: Mapping[str, Any] | None
) -> tuple[dict[str, Any], list[str]]:
    """Read what all rows of a table have, and no column says; return it by name, and what is wrong with it."""
    filled = FILLED.get(contract.name, {}) | dict(usual or {})
    columns = {column.name: column for column in contract.columns}
    problems: list[str] = []
    for ours, value in (options.get("everywhere") or {}).items():
        for found in gather(problems, read_constant, columns[ours], value) if ours in columns else ():
            filled[ours] = found
    return filled, problems


def _read_columns(
    raw: Raw, contract: Table, chosen: Mapping[str, Chosen], options: Mapping[str, Any], section: str
) -> tuple[dict[str, Reading], list[str]]:
    """Find out how each chosen column is read; return the readings by name, and their problems."""
    columns = {column.name: column for column in contract.columns}
    readings = {}
    for ours, (ref, header) in chosen.items():
        column = columns.get(ours, Column(ours, "text", "", optional=True))
        if column.name in ("arm", "kind") and contract.name in ("contacts", "receipts", "history"):
            said = options.get("arms" if column.name == "arm" else "kinds")
            readings[ours] = map_values(raw, ref, column, header, said, section)
        elif column.name in RENAMED and options.get(RENAMED[column.name]):
            readings[ours] = rename_values(raw, ref, column, header, options[RENAMED[column.name]])
        else:
            readings[ours] = read_column(raw, ref, column, header, options)
    problems = [problem for reading in readings.values() for problem in reading.problems]
    problems += [
        f"columns.yml gives words under `{key}`, but no column is read as `{ours}`: name it under columns, `{ours}: …`"
        for key, ours in WORDS.items()
        if options.get(key) and ours not in chosen
    ]
    return readings, problems


def _keep_readings(
    space: Space,
    raw: Raw,
    contract: Table,
    readings: Mapping[str, Reading],
    others: Mapping[str, duckdb.Expression],
    filled: Mapping[str, Any],
) -> tuple[ReadTable, Relation]:
    """Read the columns into a table of the space; leave empty ones out, and add what the contract fills in.

    The second is the same table with the `others`, which no contract names.
    """
    values = [reading.value.alias(ours) for ours, reading in readings.items()]
    values += [text.alias(header) for header, text in others.items()]
    table = space.keep(raw.table.select(C("r").alias("row"), *values), contract.name)
    dates = [column.name for column in contract.columns if column.kind in ("time", "date")]
    late = check_times(raw, table, {name: readings[name] for name in dates if name in readings})
    empty = _find_empty(table, contract, readings)
    notes = [f"{readings[ours].says} is empty and left out" for ours in empty]
    kept = {ours: reading for ours, reading in readings.items() if ours not in empty}
    added = {ours: value for ours, value in filled.items() if ours not in kept}
    notes += [f"no column `{ours}`: {_say_constant(value)} everywhere" for ours, value in added.items()]
    constants = [K(value).alias(ours) for ours, value in added.items()]
    settled = table.select(*(C(name) for name in ("row", *kept)), *constants)
    return ReadTable(settled, kept, notes, late), table.select(duckdb.StarExpression(), *constants)


def _say_constant(value: Any) -> str:
    """Write what a column holds everywhere."""
    return str(value) if isinstance(value, dt.date) else repr(value)


def _check_contract(table: Relation, contract: Table, late: list[str]) -> list[str]:
    """Check a table against its contract; a column whose dates are a problem already is not named twice."""
    try:
        check_table(table, contract)
    except TableError as error:
        told = tuple(f"`{text.split('`')[1]}`" for text in late)
        return [text for text in error.problems if not text.startswith(told)]
    return []


def _name_others(others: Iterable[str]) -> list[str]:
    """Name the columns that only a setting may ask for."""
    names = list(others)
    return [f"columns kept for the settings to name: {list_few(names, NAMED)}"] if names else []


def _name_unused(raw: Raw, used: Collection[str]) -> list[str]:
    """Name the columns of the file that are not used: neither read nor named in the mapping."""
    unused = [header for i, header in enumerate(raw.headers) if header and f"c{i}" not in used] + raw.unread
    return [f"columns not used: {list_few(unused, NAMED)}"] if unused else []


def _choose_columns(
    raw: Raw, contract: Table, named: Mapping[str, str], filled: Mapping[str, Any]
) -> tuple[dict[str, Chosen], list[str]]:
    """Find the raw column of each column of the contract: by the mapping, or by exactly the same name."""
    required = [c for c in contract.columns if not c.optional and c.name not in filled]
    wanted = named or {name: name for name in (*contract.names, *EXTRAS.get(contract.name, ())) if name in raw.headers}
    places: dict[str, list[int]] = {}
    for i, header in enumerate(raw.headers):
        places.setdefault(header, []).append(i)
    chosen = {}
    problems = []
    for ours, theirs in wanted.items():
        found = places.get(theirs, [])
        if len(found) == 1:
            chosen[ours] = Chosen(f"c{found[0]}", theirs)
        elif found:
            where = " and ".join(str(i + 1) for i in found)
            says = f"{raw.label}: {len(found)} columns are named {theirs!r} (columns {where})"
            problems.append(f"{says}: rename all but one")
        else:
            known = [header for header in (*raw.headers, *raw.unread) if header]
            problems.append(f"{raw.label} has no column {theirs!r} (for `{ours}`){suggest(theirs, known)}")
    lacking = [column for column in required if column.name not in wanted]
    if lacking and not named:
        problems.append(propose_table(raw, contract).explain(lacking))
    for column in lacking if named else ():
        mend = "add its line under `columns:` in columns.yml"
        if column.name == "arm":
            word = "under `everywhere:`" if contract.name == "history" else "to the file a column with"
            mend += f", or {word} one word, if all were treated"
        problems.append(f"no column is named for `{column.name}` ({column.meaning}): {mend}")
    return chosen, problems


def _find_empty(table: Any, contract: Table, readings: Mapping[str, Any]) -> list[str]:
    """Name the optional columns without a single value."""
    required = {column.name for column in contract.columns if not column.optional}
    names = [name for name in readings if name not in required]
    counts = table.aggregate([F("count"), *(F("count", C(name)) for name in names)]).fetchall()[0]
    return [name for name, n in zip(names, counts[1:], strict=True) if counts[0] and not n]


def _count_empty(raw: Raw) -> list[str]:
    empty = sum(not header for header in raw.headers)
    return [f"{empty} column{'s' if empty > 1 else ''} without a name left out"] if empty else []
