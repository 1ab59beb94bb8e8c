"""Marks of origin: every file of a report says which template made it, so that nothing else is ever replaced."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

MAKER = "loyalty-analytics-workshop"
KEY = b"made_by"
IN_PAGE = re.compile(rf'<meta name="generator" content="({MAKER} \w+)">')
IN_WORKBOOK = re.compile(rf"<dc:creator>({MAKER} \w+)</dc:creator>")
UNMARKED = (".csv", ".duckdb")


def make_mark(template: str) -> str:
    """Make the mark of a template's files.

    Examples
    --------
    >>> make_mark("campaign_report")
    'loyalty-analytics-workshop campaign_report'
    """
    return f"{MAKER} {template}"


def read_mark(path: Path) -> str:
    """Read the mark of a page, a workbook or a Parquet file; empty where there is none, or the file is no such file."""
    try:
        if path.suffix == ".html":
            with path.open(encoding="utf-8", errors="replace") as file:
                found = IN_PAGE.search(file.read(4096))
            return found[1] if found else ""
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found = IN_WORKBOOK.search(book.read("docProps/core.xml").decode("utf-8", "replace"))
            return found[1] if found else ""
        if path.suffix == ".parquet" and path.is_file():
            return ((pq.read_schema(path).metadata or {}).get(KEY) or b"").decode("utf-8", "replace")
    except (OSError, KeyError, zipfile.BadZipFile, pa.ArrowInvalid):
        pass
    return ""


def write_parquet(frame: pd.DataFrame, target: object, template: str) -> None:
    """Write a table as Parquet with the template's mark; `target` is a path or a binary file."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = dict(table.schema.metadata or {}) | {KEY: make_mark(template).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), target)


def find_foreign(targets: Iterable[Path], template: str, inputs: Iterable[Path] = ()) -> list[str]:
    """Say which files may not be replaced: an input of this run, and whatever this template has not made.

    A CSV file and a history bear no mark: they count as the template's own where the page or the table beside does.

    Parameters
    ----------
    targets : iterable of Path
        Files that are to be written; the page first.
    template : str
        Name of the template that writes them.
    inputs : iterable of Path
        Files and folders that are read.

    Returns
    -------
    list of str
        One problem a file, with what to do.
    """
    targets = list(targets)
    sources = [path.resolve() for path in inputs]
    own = make_mark(template)
    is_own_set = any(read_mark(path) == own for path in targets)
    other = f"{targets[0].stem}_2{targets[0].suffix}" if targets else ""
    problems = []
    for path in targets:
        if not path.is_file():
            continue
        place = path.resolve()
        is_input = any(place == source or source in place.parents for source in sources)
        if is_input:
            problems.append(f"{path.name} is an input of this run and is never replaced: choose another name with -o")
        elif not is_own_set if path.suffix in UNMARKED else read_mark(path) != own:
            says = f"{path.name} is there already, and {template} has not made it"
            problems.append(f"{says}: choose another name, such as {other}, or move the file away")
    return problems
