"""Any source, by what it is: the reader for it, or what to do instead."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loyalty.intake.readers import queries, stores, texts, workbooks
from loyalty.intake.space import Raw, Space
from loyalty.tables.sources import AnyTable, NotATable

REFUSED = dict.fromkeys((".zip", ".gz", ".rar", ".7z"), "unpack it and give the file inside")
REFUSED |= dict.fromkeys((".xls", ".xlsb", ".dbf"), "open it in Excel and save it as .xlsx")
REFUSED |= dict.fromkeys((".ods", ".numbers", ".docx", ".html"), "save its table as .xlsx")
REFUSED |= {".pdf": "ask for the table behind it, as .xlsx or .csv", ".json": "save the table as .csv or .parquet"}
READERS = {
    ".xlsx": workbooks.read_workbook,
    ".xlsm": workbooks.read_workbook,
    ".csv": texts.read_text,
    ".txt": texts.read_text,
    ".tsv": texts.read_text,
    ".parquet": stores.read_parquet,
    ".duckdb": stores.read_database,
    ".db": stores.read_database,
    ".sql": queries.read_query,
}


def read_source(
    space: Space,
    source: AnyTable,
    options: Mapping[str, Any],
    wanted: Sequence[str] = (),
    limit: int | None = None,
    *,
    is_whole: bool = False,
) -> Raw:
    """Read a source as it is: text stays text, types stay types; nothing is repaired.

    Parameters
    ----------
    space : Space
        Where the table is laid out.
    source : str, pathlib.Path, pandas.DataFrame or DuckDB relation
        The table: see `loyalty.intake.loading.load_tables`.
    options : mapping
        What columns.yml says about it: sheet, header_row, separator, encoding, table.
    wanted : sequence of str
        Names that its header should hold; empty if not known.
    limit : int, optional
        Read so many rows at most.
    is_whole : bool
        Whether a store gives all its columns; else only those that are wanted, if it has any of them.

    Returns
    -------
    Raw

    Raises
    ------
    NotATable
        It cannot be read; the message says why and what to do.

    Examples
    --------
    >>> import pandas as pd
    >>> read_source(Space(), pd.DataFrame({"sales": [1.5]}), {}).headers
    ['sales']
    """
    if not isinstance(source, str | Path):
        return stores.read_frame(space, source, () if is_whole else wanted, limit)
    path = Path(os.path.expanduser(source))
    if not path.exists():
        raise NotATable(f"there is no file {path.name[:80] or '(no name)'} in {path.absolute().parent}")
    if not (path.is_file() or path.is_dir()):
        says = f"{path.name[:80]} is a pipe or a device, and a table is read twice"
        raise NotATable(f"{says}: write what comes out of it into a file, and give that")
    kind = ".parquet" if path.is_dir() else path.suffix.lower()
    if kind in REFUSED:
        raise NotATable(f"{path.name} is not read: {REFUSED[kind]}")
    if kind not in READERS:
        known = ", ".join(READERS)
        raise NotATable(f"{path.name} is not read, because its name ends with none of {known}: rename it or save it so")
    if path.is_file() and not path.stat().st_size:
        raise NotATable(f"the file {path.name} is empty (0 bytes): export it again")
    is_store = READERS[kind] in (stores.read_parquet, stores.read_database)
    return READERS[kind](space, path, options, () if is_whole and is_store else wanted, limit)
