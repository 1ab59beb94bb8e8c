"""How lines, segments and profiles enter the store: staged, compared with what is there, and written."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa

from loyalty.prepare.store.forgetting import leave_out_forgotten
from loyalty.tables.check import TableError
from loyalty.tables.columns import Table
from loyalty.tables.contracts import PROFILE, RECEIPTS
from loyalty.tables.database import StoreError
from loyalty.tables.sources import AnyTable, NotATable, collect, is_empty, open_table

_TYPES = {"time": "TIMESTAMP", "date": "DATE", "whole": "BIGINT", "flag": "BOOLEAN", "text": "VARCHAR", "id": "VARCHAR"}
_WORDS = {"BIGINT": "whole numbers", "VARCHAR": "texts"}
IDS = tuple(column.name for column in RECEIPTS.columns if column.kind == "id")
WITH_CUSTOMERS = ("lines", "members", "profiles")


def _list_columns(contract: Table) -> str:
    return ", ".join(f'"{column.name}" {_TYPES.get(column.kind, "DOUBLE")}' for column in contract.columns)


TABLES = {
    "lines": f"load_id BIGINT, {_list_columns(RECEIPTS)}",
    "loads": "load_id BIGINT, month DATE, recorded_at DATE, reason VARCHAR, rows BIGINT, customers BIGINT,"
    " sales DOUBLE",
    "used": "name VARCHAR",
    "snapshots": "snapshot_id BIGINT, scheme VARCHAR, version VARCHAR, as_of DATE, recorded_at DATE, customers BIGINT,"
    " known_load BIGINT",
    "members": "snapshot_id BIGINT, customer_id VARCHAR, segment VARCHAR",
    "profiles": f"snapshot_id BIGINT, {_list_columns(PROFILE)}",
    "forgotten": "customer_hash VARCHAR, forgotten_on DATE, rows BIGINT",
    "key_proofs": "proof VARCHAR",
}
LATER = {"rules": "scheme VARCHAR, version VARCHAR, recorded_at DATE, rule VARCHAR"}


def read_month(month: str) -> tuple[dt.date, dt.date]:
    """Read a month; return its first day and the day after its last. StoreError if it is none.

    Examples
    --------
    >>> read_month("2017-12")
    (datetime.date(2017, 12, 1), datetime.date(2018, 1, 1))
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", str(month)):
        raise StoreError(f"month should be written like '2017-03', found {month!r}")
    first = pd.Period(str(month), freq="M")
    return first.start_time.date(), (first + 1).start_time.date()


def settle_id_types(db: duckdb.DuckDBPyConnection, schema: pa.Schema, table_name: str = "receipts") -> dict[str, str]:
    """Give each id of the store the type in which it first comes; refuse another type later.

    Parameters
    ----------
    db : duckdb.DuckDBPyConnection
    schema : pyarrow.Schema
        Of what comes in.
    table_name : str
        What comes in, for the message.

    Returns
    -------
    dict of str to str
        The engine's type of each column of the lines.
    """
    held = {row[0]: str(row[1]) for row in db.execute("DESCRIBE lines").fetchall()}
    problems = []
    for name in IDS:
        if name not in schema.names or pa.types.is_null(schema.field(name).type):
            continue
        code = "BIGINT" if pa.types.is_integer(schema.field(name).type) else "VARCHAR"
        if held[name] == code:
            continue
        places = WITH_CUSTOMERS if name == "customer_id" else ("lines",)
        if any(_holds(db, table, name) for table in places):
            problems.append(f"`{name}` holds {_WORDS[code]}, but the store holds {_WORDS[held[name]]}: convert it")
            continue
        for table in places:
            db.execute(f'ALTER TABLE {table} ALTER "{name}" TYPE {code}')
        held[name] = code
    if problems:
        raise TableError(problems, table_name)
    return {name: kind for name, kind in held.items() if name != "load_id"}


def _holds(db: duckdb.DuckDBPyConnection, table: str, name: str) -> bool:
    return bool(db.execute(f'SELECT 1 FROM {table} WHERE "{name}" IS NOT NULL LIMIT 1').fetchall())


def stage_lines(
    db: duckdb.DuckDBPyConnection, columns: Sequence[str], types: dict[str, str], first: dt.date, after: dt.date
) -> list[str]:
    """Write the registered table `incoming` into `staged`; refuse lines of other months, leave out who is forgotten.

    Returns
    -------
    list of str
        What was left out, in words.
    """
    problems = _find_other_months(db, first, after)
    if problems:
        raise TableError(problems, "receipts")
    chosen = [
        f'CAST("{name}" AS {kind}) AS "{name}"' if name in columns else f'CAST(NULL AS {kind}) AS "{name}"'
        for name, kind in types.items()
    ]
    try:
        db.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {', '.join(chosen)} FROM incoming")
    except duckdb.ConversionException as error:
        raise TableError([f"a value does not fit: {str(error).splitlines()[0]}"], "receipts") from None
    db.execute("CREATE OR REPLACE TEMP TABLE came (name VARCHAR)")
    db.executemany("INSERT INTO came VALUES (?)", [[name] for name in types if name in columns])
    gone = leave_out_forgotten(db, "staged")
    return [f"{say_lines(gone)} of customers who asked to be forgotten left out"] if gone else []


def say_lines(rows: int) -> str:
    """Write a number of lines.

    Examples
    --------
    >>> say_lines(1), say_lines(1_155)
    ('1 line', '1,155 lines')
    """
    return f"{rows:,} line{'' if rows == 1 else 's'}"


def _find_other_months(db: duckdb.DuckDBPyConnection, first: dt.date, after: dt.date) -> list[str]:
    rows, earliest, latest = db.execute(
        'SELECT count(*), min("time"), max("time") FROM incoming WHERE "time" < $first OR "time" >= $after',
        {"first": first, "after": after},
    ).fetchall()[0]
    if not rows:
        return []
    are = "row is" if rows == 1 else "rows are"
    span = f"from {earliest:%Y-%m-%d} to {latest:%Y-%m-%d}"
    return [f"{rows:,} {are} not of {first:%Y-%m}, but {span}. Give each month in a call of its own, whole"]


def count_difference(db: duckdb.DuckDBPyConnection, load: int) -> tuple[int, int]:
    """Count the lines of a load that `staged` does not hold, and the reverse; equal lines count each time they come."""
    names = ", ".join(f'"{column.name}"' for column in RECEIPTS.columns)
    held = f"SELECT {names} FROM lines WHERE load_id = $number"
    staged = f"SELECT {names} FROM staged"
    return _count_both_ways(db, held, staged, load)


def insert_load(db: duckdb.DuckDBPyConnection, month: dt.date, day: dt.date, reason: str | None) -> None:
    """Write `staged` as a new load of a month; from now on it is the one that counts."""
    (number,) = db.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0]
    names = ", ".join(f'"{column.name}"' for column in RECEIPTS.columns)
    db.execute(f"INSERT INTO lines (load_id, {names}) SELECT $number, {names} FROM staged", {"number": number})
    db.execute(
        "INSERT INTO loads SELECT $number, $month, $day, $reason, count(*), count(DISTINCT customer_id),"
        " coalesce(round(fsum(sales), 4), 0) FROM staged",
        {"number": number, "month": month, "day": day, "reason": reason},
    )
    db.execute("INSERT INTO used SELECT name FROM came ANTI JOIN used USING (name)")


def stage_members(members: AnyTable) -> pd.DataFrame:
    """Read who is in which segment: one row a customer; TableError with all problems."""
    problems = []
    try:
        table = open_table(members)
        schema = table.collect_schema()
        there = ", ".join(schema.names())
        problems = [
            f"there is no column `{name}`; found: {there}" for name in ("customer_id", "segment") if name not in schema
        ]
        if problems:
            raise TableError(problems, "members")
        for name in ("customer_id", "segment"):
            empty = is_empty(name, schema[name])
            if schema[name] == nw.String:
                empty = empty | (nw.col(name).str.strip_chars() == "").fill_null(False)
            rows = len(collect(table.filter(empty).select(name)))
            problems += [f"`{name}` is empty in {rows:,} rows: everybody is in exactly one segment"] if rows else []
        frame = collect(table.select("customer_id", "segment"))
    except NotATable as error:
        raise TableError([str(error)], "members") from None
    twice = frame["customer_id"].duplicated()
    if twice.any():
        problems.append(f"{int(twice.sum()):,} customers come more than once: everybody is in exactly one segment")
    if not problems and frame.empty:
        problems.append("there is no customer in it: all memberships would end")
    if problems:
        raise TableError(problems, "members")
    return frame.assign(segment=frame["segment"].astype("str"))


def keep_snapshot(
    db: duckdb.DuckDBPyConnection, table: pd.DataFrame, day: dt.date, scheme: str, version: str, learned: dt.date
) -> tuple[str, int, int]:
    """Write a snapshot, unless one of this scheme and day says the same and counts, or was recorded on that very day.

    Returns
    -------
    tuple of (str, int, int)
        "added", "renewed" or "unchanged"; its customers; how many were left out because they asked to be forgotten.
    """
    incoming = pa.Table.from_pandas(table, preserve_index=False)
    db.register("incoming", incoming)
    is_membership = "segment" in table
    settle_id_types(db, pa.schema([incoming.schema.field("customer_id")]), "members" if is_membership else "profile")
    target = "members" if is_membership else "profiles"
    held = [row[0] for row in db.execute(f"DESCRIBE {target}").fetchall() if row[0] != "snapshot_id"]
    names = ", ".join(f'"{name}"' for name in held)
    given = ", ".join(f'"{name}"' if name in table else f'NULL AS "{name}"' for name in held)
    db.execute(f"CREATE OR REPLACE TEMP TABLE placed AS SELECT {given} FROM incoming")
    gone = leave_out_forgotten(db, "placed")
    (customers,) = db.execute("SELECT count(*) FROM placed").fetchall()[0]
    (known,) = db.execute("SELECT coalesce(max(load_id), 0) FROM loads").fetchall()[0]
    there = db.execute(
        "SELECT snapshot_id, version, recorded_at FROM snapshots WHERE scheme = ? AND as_of = ?"
        " ORDER BY snapshot_id DESC",
        [scheme, day],
    ).fetchall()
    for place, (number, version_before, recorded_at) in enumerate(there):
        if place and (recorded_at != learned or there[0][2] == learned):
            continue
        before = f"SELECT {names} FROM {target} WHERE snapshot_id = $number"
        if version_before == version and not any(_count_both_ways(db, before, f"SELECT {names} FROM placed", number)):
            if not place:
                db.execute("UPDATE snapshots SET known_load = ? WHERE snapshot_id = ?", [known, number])
            return "unchanged", customers, gone
    refuse_earlier(db, learned)
    (number,) = db.execute("SELECT coalesce(max(snapshot_id), 0) + 1 FROM snapshots").fetchall()[0]
    db.execute(f"INSERT INTO {target} (snapshot_id, {names}) SELECT $number, {names} FROM placed", {"number": number})
    db.execute(
        "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)", [number, scheme, version, day, learned, customers, known]
    )
    return "renewed" if there else "added", customers, gone


def keep_rule(db: duckdb.DuckDBPyConnection, scheme: str, version: str, rule: Mapping[str, Any], day: dt.date) -> None:
    """Write the rule of a version, as JSON; the same again changes nothing, and another one is refused."""
    text = json.dumps(rule, ensure_ascii=False, sort_keys=True)
    held = db.execute("SELECT rule FROM rules WHERE scheme = ? AND version = ?", [scheme, version]).fetchall()
    if not held:
        db.execute("INSERT INTO rules VALUES (?, ?, ?, ?)", [scheme, version, day, text])
    elif held[0][0] != text:
        raise StoreError(
            f"{scheme!r} is in the store with another rule of version {version!r}: a changed rule needs a new version,"
            " else changed customers and a changed rule cannot be told apart; nothing was written"
        )


def _count_both_ways(db: duckdb.DuckDBPyConnection, one: str, other: str, number: int) -> tuple[int, int]:
    """Count the rows of one question that the other does not hold, and the reverse; `$number` is bound in `one`."""
    first, second = (
        int(db.execute(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})", {"number": number}).fetchall()[0][0])
        for a, b in ((one, other), (other, one))
    )
    return first, second


def refuse_earlier(db: duckdb.DuckDBPyConnection, day: dt.date) -> None:
    """Refuse a day before that of an earlier load: what was known on a day would change afterwards."""
    last = db.execute(
        "SELECT max(recorded_at) FROM (SELECT recorded_at FROM loads UNION ALL SELECT recorded_at FROM snapshots)"
    ).fetchall()[0][0]
    if last is not None and day < last:
        raise StoreError(
            f"recorded_at is {day:%Y-%m-%d}, but the store has learned something on {last:%Y-%m-%d}: what was known on"
            " a day must not change afterwards. Give the day on which you load, not the month's"
        )
