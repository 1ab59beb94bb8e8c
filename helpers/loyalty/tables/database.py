"""A file that keeps tables for months: opened with plain messages, begun when it is new, refused when it is not ours.

The response history and the analytic store are such files, and may be one and the same file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import duckdb

ABOUT = "kind VARCHAR, format BIGINT"
FORMAT = 1  # of the tables that this version writes, where their module names no other
OURS = "loyalty "  # how each kind in `about` begins

BUSY = re.compile(
    r"set lock on file|[Cc]onflicting lock|another process|different configuration|already (open|attached)"
)
FULL = re.compile(r"[Nn]o space left|[Dd]isk (is )?full|not enough space|[Qq]uota exceeded|No usable space")


class StoreError(ValueError):
    """The file refuses: it is busy, damaged or none of ours, or what is to be written contradicts what is there."""

    def _render_traceback_(self) -> list[str]:
        return [f"❌ {self}"]


def open_database(
    path: Path,
    kind: str,
    tables: Mapping[str, str],
    *,
    read_only: bool,
    refuse: type[StoreError] = StoreError,
    later: Mapping[str, str] = MappingProxyType({}),
    newest: int = FORMAT,
) -> duckdb.DuckDBPyConnection:
    """Open a file with its tables, or begin one.

    Parameters
    ----------
    path : pathlib.Path
    kind : str
        What the file is, such as "history"; for messages, and written into the file.
    tables : mapping of str to str
        Name of each table -> its columns, as SQL.
    read_only : bool
        Open an existing file, and write nothing.
    refuse : type
        The error to raise, a `StoreError`.
    later : mapping of str to str
        Tables that files of earlier versions lack: they are made when such a file is opened for writing.
    newest : int
        The format of the files that are begun; a file of a later one is refused.

    Returns
    -------
    duckdb.DuckDBPyConnection

    Raises
    ------
    StoreError
        The file is busy, damaged, of another program, or not there.
    """
    if problem := _find_problem(path, kind, read_only=read_only):
        raise refuse(problem)
    try:
        db = duckdb.connect(str(path), read_only=read_only)
        # DuckDB 2.0.0 packs the sorted sums of a LEFT JOIN too small when no row on the right can match: 250 comes out
        # as -6. This turns the packing off.
        db.execute("SET disabled_optimizers = 'compressed_materialization'")
        with suppress(duckdb.Error):  # in a notebook without ipywidgets there is no bar, and no setting for it
            db.execute("SET enable_progress_bar = false")
    except duckdb.Error as error:
        says = str(error).splitlines()[0][:160]
        if BUSY.search(says):
            raise refuse(f"{path.name} is open in another program or notebook: close it there first") from None
        if FULL.search(says):
            raise explain_failure(error, path, refuse) from None
        raise refuse(f"{path.name} is no {kind}, or it is damaged: {says}") from None
    try:
        _find_tables(db, path, kind, tables, newest, read_only=read_only, refuse=refuse)
        if not read_only:
            for name, columns in later.items():
                db.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
    except duckdb.Error as error:
        db.close()
        raise explain_failure(error, path, refuse) from None
    except BaseException:
        db.close()
        raise
    return db


def _find_problem(path: Path, kind: str, *, read_only: bool) -> str:
    """Say why this path is no place for such a file; empty if it is one."""
    if path.name == ":memory:":
        return f"a {kind} is a file: what is kept in memory only is gone tomorrow"
    if path.is_dir():
        return f"{path.name} is a folder; a {kind} is a file, such as {kind}.duckdb"
    if read_only and not path.exists():
        return f"there is no {kind} {path.name} in {path.absolute().parent}"
    if not path.absolute().parent.is_dir():
        return f"there is no folder {path.absolute().parent} to keep {path.name} in"
    if path.exists() and not _is_database(path):  # the engine would open a CSV file, and lose what is written
        return f"{path.name} is no {kind}, or it is damaged: it does not begin as a DuckDB file does"
    return ""


def _is_database(path: Path) -> bool:
    """Say whether a file is empty or begins as DuckDB's files do; one that cannot be read is left to the engine."""
    try:
        with path.open("rb") as file:
            begin = file.read(12)
    except OSError:
        return True
    return not begin or begin[8:] == b"DUCK"


def _find_tables(
    db: duckdb.DuckDBPyConnection,
    path: Path,
    kind: str,
    tables: Mapping[str, str],
    newest: int,
    *,
    read_only: bool,
    refuse: type[StoreError],
) -> None:
    """Find the tables in a file, or make them in an empty one and in one of ours; refuse a file that holds others."""
    there = {row[0] for row in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    about = db.execute("SELECT kind, format FROM about").fetchall() if "about" in there else []
    kinds = {str(name): int(number) for name, number in about}
    if kinds.get(f"{OURS}{kind}", newest) > newest:
        raise refuse(f"{path.name} was made by a newer version of the workshop: update it, then open the file again")
    if set(tables) <= there:
        return
    if half := sorted(set(tables) & there):
        raise refuse(f"{path.name} is damaged: of the {kind} only some tables are there ({', '.join(half)})")
    if there and not any(name.startswith(OURS) for name in kinds):
        raise refuse(f"{path.name} is a database with other tables, no {kind}; nothing was written to it")
    if read_only:
        says = f"is a file of the workshop, but holds no {kind}" if there else "is empty, there is nothing to read"
        raise refuse(f"{path.name} {says}")
    db.begin()
    db.execute(f"CREATE TABLE IF NOT EXISTS about ({ABOUT})")
    for name, columns in tables.items():
        db.execute(f"CREATE TABLE {name} ({columns})")
    db.execute("INSERT INTO about VALUES (?, ?)", [f"{OURS}{kind}", newest])
    db.commit()


def undo(db: duckdb.DuckDBPyConnection) -> None:
    """Take back what was not committed; where the file has failed, there is nothing left to take back."""
    with suppress(duckdb.Error):
        db.rollback()


def explain_failure(error: duckdb.Error, path: Path, refuse: type[StoreError] = StoreError) -> Exception:
    """Say why the file could not be read or written; an error of another kind is returned as it is."""
    of_the_file = isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException | duckdb.FatalException)
    if not of_the_file and "Corrupt" not in str(error):
        return error
    says = str(error).strip().splitlines()[0][:160]
    if FULL.search(says):
        return refuse(f"the disk of {path.name} is full, and nothing was written: make room and try again ({says})")
    if isinstance(error, duckdb.OutOfMemoryException):
        return refuse(f"there is too little memory, and nothing was written to {path.name} ({says})")
    return refuse(f"{path.name} cannot be read or written, and nothing was changed: {says}")
