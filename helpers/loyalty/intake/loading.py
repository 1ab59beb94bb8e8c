"""Foreign tables under the contracts: read, checked, and counted; or one message with all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import narwhals as nw

from loyalty.intake.mapping.columns_file import EXTRAS, FILLED, list_headers, read_mapping, suggest
from loyalty.intake.mapping.proposal import UNNAMED, propose_table
from loyalty.intake.parsing.labels import map_values
from loyalty.intake.parsing.times import check_times, join_clock
from loyalty.intake.parsing.values import read_column
from loyalty.intake.people import refuse_strangers, settle_rows
from loyalty.intake.readers.source import read_source
from loyalty.intake.rows import set_aside
from loyalty.intake.space import C, F, K, Raw, Space
from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTRACTS
from loyalty.tables.sources import NotATable


@dataclass(frozen=True)
class Loaded:
    """A table that keeps its contract: lazy, with what was found, what is missing and what was done to it."""

    name: str
    table: nw.LazyFrame = field(repr=False)
    rows: int
    found: tuple[str, ...]
    missing: dict[str, str]
    notes: tuple[str, ...]


def load_tables(sources: Mapping[str, Any], columns: str | Path | Mapping[str, Any] | None = None) -> dict[str, Loaded]:
    """Bring the files that people have under the contracts, or refuse them in one message.

    Not for cleaning: nothing is dropped or changed in silence. What was left out (empty rows, totals below the table,
    receipts without a customer) is counted in `notes`; what has two meanings stops until columns.yml says which.

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
        money as decimal numbers, only columns of the contract (and others if the mapping names them).

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
    is_lost = bool(problems) and not mapping  # what the headers lack then is no news
    problems += [f"there is no table `{name}`{suggest(name, CONTRACTS)}" for name in sources if name not in CONTRACTS]
    space = Space()
    loaded = {}
    for name, source in sources.items():
        if name in CONTRACTS:
            table, wrong = _load_table(space, CONTRACTS[name], source, mapping.get(name, {}))
            problems += [f"{name}: {text}" for text in wrong if not (is_lost and UNNAMED in text)]
            loaded[name] = table
    if not problems:
        problems += refuse_strangers({name: table.table.to_native() for name, table in loaded.items()})
    if problems:
        space.close()
        unclear = [i for i, text in enumerate(problems) if UNNAMED in text]
        files = [f"{name}={source}" for name, source in sources.items() if isinstance(source, str | Path)]
        if unclear and files:
            verb = " ".join(f'"{file}"' if " " in file else file for file in files)
            write = f"Write them down with `python3 workshop.py columns {verb} -o columns.yml`"
            problems[unclear[-1]] += f". {write}, check that file, and name it with --columns"
        raise TableError(problems, "your tables")
    return loaded


def _load_table(space: Space, contract: Table, source: Any, options: Mapping[str, Any]) -> tuple[Any, list[str]]:
    named = options.get("columns") or {}
    try:
        headers = [header for value in named.values() for header in list_headers(value)]
        raw = read_source(space, source, options, headers or contract.names)
    except NotATable as error:
        return None, [str(error)]
    named = {name: join_clock(raw, value) for name, value in named.items()}
    chosen, problems = _choose_columns(raw, contract, named)
    if problems:
        return None, problems
    refs = {ours: ref for ours, (ref, _) in chosen.items()}
    key = next(name for name in ("customer_id", *contract.key) if name in contract.names)
    keys = {name: refs[name] for name in (key, "time") if name in refs}
    everything = raw.table
    totals, notes, problems = set_aside(raw, keys)
    readings = {}
    bad = set()
    for ours, (ref, theirs) in chosen.items():
        column = next((c for c in contract.columns if c.name == ours), Column(ours, "text", "", optional=True))
        if column.name in ("arm", "kind") and contract.name in ("contacts", "receipts"):
            reading = map_values(raw, ref, column, theirs, options.get("arms" if column.name == "arm" else "kinds"))
        else:
            reading = read_column(raw, ref, column, theirs, options)
        readings[ours] = reading
        notes = [*notes, *reading.notes]
        problems = [*problems, *reading.problems]
        bad |= {ours} if reading.problems else set()
    if bad:
        return None, problems
    values = [reading.value.alias(ours) for ours, reading in readings.items()]
    table = space.keep(raw.table.select(C("r").alias("row"), *values), contract.name)
    dated = {c.name: readings[c.name] for c in contract.columns if c.kind in ("time", "date") and c.name in readings}
    late = check_times(raw, table, dated)
    empty = _find_empty(table, contract, readings)
    notes += [f"{readings.pop(ours).says} is empty and left out" for ours in empty]
    filled = FILLED.get(contract.name, {})
    for ours in [name for name in filled if name not in refs]:
        notes.append(f"no column `{ours}`: {filled[ours]!r} everywhere")
    rest = [K(value).alias(ours) for ours, value in filled.items() if ours not in refs]
    table = table.select(*(C(name) for name in ("row", *readings)), *rest)
    table, more, wrong = settle_rows(contract, raw, table, totals, readings, everything)
    order = [name for name in contract.names if name in table.columns]
    order += [name for name in table.columns if name not in order and name != "row"]
    table = table.select(*map(C, order))
    problems = [*problems, *late, *wrong]
    if not wrong:
        try:
            check_table(table, contract)
        except TableError as error:
            told = tuple(f"`{text.split('`')[1]}`" for text in late)
            problems += [text for text in error.problems if not (told and text.startswith(told))]
    missing = {c.name: c.meaning for c in contract.columns if c.optional and c.name not in readings}
    used = {*refs.values(), *(f"c{i}" for i, header in enumerate(raw.headers) if header in headers)}
    unused = [h for i, h in enumerate(raw.headers) if h and f"c{i}" not in used] + raw.unread
    notes = [*raw.notes, *_count_empty(raw), *notes, *more]
    notes += (
        [f"columns not used: {', '.join(unused[:8])}{f' and {len(unused) - 8} more' if len(unused) > 8 else ''}"]
        if unused
        else []
    )
    found = tuple(name for name in order if name in readings)
    return Loaded(contract.name, nw.from_native(table), len(table), found, missing, tuple(notes)), problems


def _choose_columns(
    raw: Raw, contract: Table, named: Mapping[str, str]
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Find the raw column of each column of the contract: by the mapping, or by exactly the same name."""
    required = [c for c in contract.columns if not c.optional and c.name not in FILLED.get(contract.name, {})]
    wanted = named or {name: name for name in (*contract.names, *EXTRAS.get(contract.name, ())) if name in raw.headers}
    places: dict[str, list[int]] = {}
    for i, header in enumerate(raw.headers):
        places.setdefault(header, []).append(i)
    chosen = {}
    problems = []
    for ours, theirs in wanted.items():
        found = places.get(theirs, [])
        if len(found) == 1:
            chosen[ours] = (f"c{found[0]}", theirs)
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
        mend += ", or to the file a column with one word, if all were treated" * (column.name == "arm")
        problems.append(f"no column is named for `{column.name}` ({column.meaning}): {mend}")
    return chosen, problems


def _find_empty(table: Any, contract: Table, readings: Mapping[str, Any]) -> list[str]:
    """Name the optional columns without a single value: they unlock nothing."""
    required = {column.name for column in contract.columns if not column.optional}
    names = [name for name in readings if name not in required]
    counts = table.aggregate([F("count"), *(F("count", C(name)) for name in names)]).fetchall()[0]
    return [name for name, n in zip(names, counts[1:], strict=True) if counts[0] and not n]


def _count_empty(raw: Raw) -> list[str]:
    empty = sum(not header for header in raw.headers)
    return [f"{empty} column{'s' if empty > 1 else ''} without a name left out"] if empty else []
