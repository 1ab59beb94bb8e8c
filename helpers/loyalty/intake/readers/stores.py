"""Tables that have types already: Parquet, DuckDB files, frames; and the answer of a query to the user's database."""

from __future__ import annotations

import glob
import itertools
import os
import re
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import narwhals as nw
import pandas as pd

from loyalty.intake.space import Raw, Space
from loyalty.tables.sources import AnyTable, NotATable, open_table

VARIABLE = "LOYALTY_SQL"
FORM = "postgresql://name:password@server/base"
WRITES = "insert|update|delete|merge|into|drop|alter|create|truncate|grant|revoke|attach|pragma"


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
        raise NotATable(f"{path.name} cannot be read as Parquet: {_first_line(error)}") from None


def read_database(
    space: Space, path: Path, options: Mapping[str, Any], wanted: Sequence[str], limit: int | None = None
) -> Raw:
    """Read one table or view of a DuckDB file, which is opened for reading only."""
    with path.open("rb") as file:
        if file.read(15) == b"SQLite format 3":
            mend = f"put SELECT … into a .sql file and set {VARIABLE}=sqlite:///{path.name}"
            raise NotATable(f"{path.name} is an SQLite file: {mend}")
    try:
        with duckdb.connect(str(path), read_only=True) as other:
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
            return _lay_out(space, found, path.name, wanted, limit, foreign=True)
    except duckdb.Error as error:
        raise NotATable(f"{path.name} cannot be read as a DuckDB file: {_first_line(error)}") from None


def read_frame(space: Space, source: AnyTable, wanted: Sequence[str], limit: int | None = None) -> Raw:
    """Read a pandas frame, a DuckDB relation or whatever else `open_table` takes."""
    if isinstance(source, pd.DataFrame):
        table = open_table(source, beside=nw.from_native(space.connection.sql("SELECT 1 AS one"))).to_native()
        return _lay_out(space, table, "the table", wanted, limit)
    native = open_table(source).to_native()
    if not isinstance(native, duckdb.DuckDBPyRelation):
        native = duckdb.from_df(native.toPandas())
    return _lay_out(space, native, "the table", wanted, limit, foreign=True)


def read_query(
    space: Space, path: Path, options: Mapping[str, Any], wanted: Sequence[str], limit: int | None = None
) -> Raw:
    """Run the one SELECT of a .sql file on the user's database; nothing can be written, and all is rolled back."""
    import sqlalchemy as sa

    query = _read_select(path)
    address = os.environ.get(VARIABLE)
    if not address:
        mend = f"set {VARIABLE}, for example to {FORM}"
        raise NotATable(f"{path.name} asks a database, and no connection is named: {mend}")
    secrets = [address]
    try:
        url = sa.engine.make_url(address)
        if url.password:
            secrets += [url.password, quote(url.password)]
        with _connect(sa, url) as connection, connection.begin() as transaction:
            try:
                options = {"no_parameters": True, "stream_results": True}
                result = connection.execution_options(**options).exec_driver_sql(query)
                headers = [str(key) for key in result.keys()]  # noqa: SIM118
                rows = itertools.islice(result, limit)
                table = space.write(map(tuple, rows), len(headers))
            finally:
                transaction.rollback()
    except sa.exc.ArgumentError:
        raise NotATable(f"{path.name}: {VARIABLE} is no address of a database: write it as {FORM}") from None
    except ImportError as error:
        name = error.name or "of that database"
        mend = f'install it with `"{sys.executable}" -m pip install {name}`'
        raise NotATable(f"{path.name}: this kind of database needs the Python package {name}: {mend}") from None
    except (sa.exc.SQLAlchemyError, sqlite3.Error, ValueError, OSError) as error:
        words = _first_line(getattr(error, "orig", None) or error)
        for secret in secrets:
            words = words.replace(secret, "***")
        raise NotATable(f"{path.name}: the database answers: {words}") from None
    return Raw(path.name, table, headers, 1, [f"query of {path.name}, read only"], "row", True)


def _connect(sa: Any, url: Any) -> Any:
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if not file.is_file():
            raise ValueError(f"there is no SQLite file {file.name or '(no name)'}")
        address = f"file:{quote(str(file.absolute()))}?mode=ro"
        return sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True)).connect()
    connection = sa.create_engine(url).connect()
    if url.get_backend_name() == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
    return connection


def _read_select(path: Path) -> str:
    query = path.read_text(encoding="utf-8-sig").strip()
    # Comments and texts in quotes may hold any word
    bare = re.sub(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", " ", query, flags=re.S)
    bare = bare.strip().rstrip("; \n")
    if not re.match(r"(select|with)\b", bare, re.I) or ";" in bare:
        raise NotATable(f"{path.name} should hold one query that begins with SELECT or WITH, and nothing else")
    found = re.search(rf"\b({WRITES})\b", bare, re.I)
    if found:
        raise NotATable(f"{path.name} holds the word {found[0].upper()}: only queries that read are run")
    return query.rstrip("; \n")


def _lay_out(
    space: Space, table: Any, label: str, wanted: Sequence[str], limit: int | None, *, foreign: bool = False
) -> Raw:
    """Keep the wanted columns, or all if none of them is there, under the names c0, c1, …"""
    names = [name for name in table.columns if name in set(wanted)] or table.columns
    chosen = table.select(*(duckdb.ColumnExpression(name).alias(f"c{i}") for i, name in enumerate(names)))
    if limit:
        chosen = chosen.limit(limit)
    if foreign:  # a relation belongs to one connection: rows of another one are copied, one batch at a time
        chosen = space.connection.from_arrow(chosen.to_arrow_reader(100_000))
    others = [name for name in table.columns if name not in names]
    return Raw(label, space.keep(chosen), list(names), unread=others)


def _first_line(error: Any) -> str:
    with suppress(IndexError):
        return str(error).strip().splitlines()[0]
    return type(error).__name__
