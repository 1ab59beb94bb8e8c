"""Tables that have types already: Parquet files, DuckDB files and frames."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd

from loyalty.intake.space import Raw, Space, refuse_wide
from loyalty.tables.sources import AnyTable, NotATable, open_table

# A database of another person: its views may name files of this computer, and its functions may need extensions
SEALED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "lock_configuration": True,
}
MOST_ROWS = 1_000_000_000  # a view may make more rows than any disk holds: `range(1e12)` is one line


def read_parquet(
    space: Space, path: Path, options: Mapping[str, Any], wanted: Sequence[str], limit: int | None = None
) -> Raw:
    """Read a Parquet file, or all Parquet files of a folder."""
    parts = [path]
    if path.is_dir():
        files = (p for p in path.rglob("*") if p.suffix.lower() == ".parquet" and p.is_file())
        parts = sorted(p for p in files if not p.name.startswith((".", "_")))
    if not parts:
        raise NotATable(f"the folder {path.name} holds no .parquet file")
    try:
        table = space.connection.read_parquet([glob.escape(str(part)) for part in parts], union_by_name=True)
        return _lay_out(space, table, path.name, wanted, limit)
    except duckdb.Error as error:
        raise NotATable(f"{path.name} cannot be read as Parquet: {say_first_line(error)}") from None


def read_database(
    space: Space, path: Path, options: Mapping[str, Any], wanted: Sequence[str], limit: int | None = None
) -> Raw:
    """Read one table or view of a DuckDB file, which is opened for reading only.

    A view that reads a file is refused: the file is one of this computer, and the view somebody else's.
    """
    with path.open("rb") as file:
        if file.read(15) == b"SQLite format 3":
            mend = f"put SELECT … into a .sql file and set LOYALTY_SQL=sqlite:///{path.name}"
            raise NotATable(f"{path.name} is an SQLite file: {mend}")
    try:
        with duckdb.connect(str(path), read_only=True, config=SEALED) as other:
            names = [
                row[0] for row in other.sql("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
            ]
            said = options.get("table")
            if said is not None and said not in names or not names:
                raise NotATable(f"{path.name} has no table {said or ''!r}: it holds {', '.join(names) or 'none'}")
            if said is None and len(names) > 1:
                says = f"{path.name} holds {len(names)} tables ({', '.join(names)})"
                raise NotATable(f"{says}: say `table:` in columns.yml")
            found = other.table('"' + (said or names[0]).replace('"', '""') + '"')
            _refuse_endless(found, f"{said or names[0]} in {path.name}")
            return _lay_out(space, found, path.name, wanted, limit, foreign=True)
    except duckdb.PermissionException:
        mend = "ask for a table in its place"
        raise NotATable(
            f"{path.name} holds a view that reads files of this computer, which is not allowed: {mend}"
        ) from None
    except duckdb.Error as error:
        if re.search("set lock on file|different configuration", str(error)):
            raise NotATable(f"{path.name} is open in another program or notebook: close it there first") from None
        raise NotATable(f"{path.name} cannot be read as a DuckDB file: {say_first_line(error)}") from None


def _refuse_endless(table: Any, label: str) -> None:
    """Refuse a table or view with more rows than can be copied; it is counted no further than to there."""
    counted = table.limit(MOST_ROWS + 1).count("*").fetchall()[0][0]
    if counted > MOST_ROWS:
        says = f"{label} holds more than {MOST_ROWS:,} rows"
        raise NotATable(f"{says}: is it a view without an end? Give a table, or a view of the days that are needed")


def read_frame(space: Space, source: AnyTable, wanted: Sequence[str], limit: int | None = None) -> Raw:
    """Read a pandas frame, a DuckDB relation or whatever else `open_table` takes."""
    if isinstance(source, pd.DataFrame):
        table = open_table(source, beside=nw.from_native(space.connection.sql("SELECT 1 AS one"))).to_native()
        return _lay_out(space, table, "the table", wanted, limit)
    native = open_table(source).to_native()
    if not isinstance(native, duckdb.DuckDBPyRelation):
        native = duckdb.from_df(native.toPandas())
    return _lay_out(space, native, "the table", wanted, limit, foreign=True)


def _lay_out(
    space: Space, table: Any, label: str, wanted: Sequence[str], limit: int | None, *, foreign: bool = False
) -> Raw:
    """Keep the wanted columns, or all if none of them is there, under the names c0, c1, …"""
    names = [name for name in table.columns if name in set(wanted)] or table.columns
    refuse_wide(len(names), label)
    chosen = table.select(*(duckdb.ColumnExpression(name).alias(f"c{i}") for i, name in enumerate(names)))
    if limit:
        chosen = chosen.limit(limit)
    if foreign:  # a relation belongs to one connection: rows of another one are copied, one batch at a time
        chosen = space.connection.from_arrow(chosen.to_arrow_reader(100_000))
    others = [name for name in table.columns if name not in names]
    return Raw(label, space.keep(chosen), list(names), unread=others)


def say_first_line(error: Any) -> str:
    """Return the first line of an error's message, or its type where it says nothing."""
    with suppress(IndexError):
        return str(error).strip().splitlines()[0]
    return type(error).__name__
