"""The file behind a history: its tables, and the two logs kept beside the responses, aliases and decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from loyalty.learn.history.waves import HistoryError, column_types
from loyalty.tables.contracts import DECISIONS, HISTORY
from loyalty.tables.database import open_database
from loyalty.tables.days import read_day

NAMES = ("offer_id", "offer_kind", "segment", "arm", "channel")
FORMAT = 2  # in the first one, `responses` held all columns of the contract from the start
NEEDED = tuple(column.name for column in HISTORY.columns if not column.optional)
TABLES = {
    # The others come with the first wave that holds them: a column without any value costs as much as one of numbers.
    "responses": ", ".join(f'"{name}" {kind}' for name, kind in column_types().items() if name in NEEDED),
    "aliases": "of_column VARCHAR, old_name VARCHAR, new_name VARCHAR",
    "corrections": "campaign_id VARCHAR, wave BIGINT, wave_window VARCHAR, noted_on DATE, reason VARCHAR, "
    "rows_before BIGINT, rows_after BIGINT, responses_before BIGINT, responses_after BIGINT",
    "decisions": "decision_id BIGINT, campaign_id VARCHAR, decided_on DATE, metric VARCHAR, expected DOUBLE, "
    "observed DOUBLE, low DOUBLE, high DOUBLE, verdict VARCHAR, do_not_repeat BOOLEAN, note VARCHAR, supersedes BIGINT",
}


def open_file(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file of a history, with its tables; HistoryError if it is busy, damaged, foreign or not there."""
    return open_database(path, "history", TABLES, read_only=read_only, refuse=HistoryError, newest=FORMAT)


def name_rows(db: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """All responses under the whole contract, with the names that the aliases give them."""
    rows = db.table("responses")
    aliases = db.execute("SELECT of_column, old_name, new_name FROM aliases").fetchall()
    columns = []
    for name, kind in column_types().items():
        if name not in rows.columns:
            columns.append(duckdb.ConstantExpression(None).cast(duckdb.sqltype(kind)).alias(name))
            continue
        column = value = duckdb.ColumnExpression(name)
        for old, new in ((old, new) for of, old, new in aliases if of == name):
            test = column == duckdb.ConstantExpression(old)
            then = duckdb.ConstantExpression(new)
            value = duckdb.CaseExpression(test, then).otherwise(value)
        columns.append(value.alias(name))
    return rows.select(*columns)


def add_alias(db: duckdb.DuckDBPyConnection, old: str, new: str, column: str) -> None:
    """Do the work of `History.alias`; see there."""
    if column not in NAMES or not old or not new:
        raise HistoryError(f"of should be one of {', '.join(NAMES)}, and a name should have letters")
    known = dict(db.execute("SELECT old_name, new_name FROM aliases WHERE of_column = ?", [column]).fetchall())
    if old == new:
        db.execute("DELETE FROM aliases WHERE of_column = ? AND old_name = ?", [column, old])
        return
    target = known.get(new, new)
    if target == old or known.get(old, target) != target:
        said = f"{new!r} stands for {old!r}" if target == old else f"{old!r} stands for {known[old]!r}"
        raise HistoryError(f"{said} already; alias(name, name) takes an alias back")
    if old not in known:
        # What stood for `old` now stands for its new name, so that one look-up always ends at the last name.
        db.execute("UPDATE aliases SET new_name = ? WHERE of_column = ? AND new_name = ?", [target, column, old])
        db.execute("INSERT INTO aliases VALUES (?, ?, ?)", [column, old, target])


def add_decision(db: duckdb.DuckDBPyConnection, entry: dict[str, Any], supersedes: int | None) -> int:
    """Do the work of `History.decide`; see there."""
    choices = next(column.choices for column in DECISIONS.columns if column.name == "verdict")
    if entry["verdict"] not in choices:
        raise HistoryError(f"verdict should be one of {', '.join(choices)}, found {entry['verdict']!r}")
    numbers = {n: None if entry[n] is None else float(entry[n]) for n in ("expected", "observed", "low", "high")}
    given = [numbers[n] for n in ("low", "observed", "high")]
    ends = [number for number in given if number is not None]
    if ends != sorted(ends):
        raise HistoryError(f"low, observed, high should rise, found {', '.join(map(str, ends))}")
    campaign = str(entry["campaign_id"])
    query = "SELECT 1 FROM responses WHERE CAST(campaign_id AS VARCHAR) = ? LIMIT 1"
    if not db.execute(query, [campaign]).fetchall():
        raise HistoryError(f"the history has no campaign {campaign}; campaigns() lists those it has")
    day = read_day(entry["decided_on"], "decided_on").date()
    typed = {"campaign_id": campaign, "decided_on": day, "do_not_repeat": bool(entry["do_not_repeat"])}
    entry = entry | numbers | typed
    names = [name for name in DECISIONS.names if name in entry]
    said = tuple(entry[name] for name in names)
    rows = db.execute(
        f"SELECT decision_id, supersedes, {', '.join(names)} FROM (SELECT * REPLACE (CAST(campaign_id AS VARCHAR)"
        " AS campaign_id) FROM decisions) WHERE campaign_id = ? ORDER BY decision_id",
        [campaign],
    ).fetchall()
    gone = {row[1] for row in rows}
    standing = next((row for row in rows if row[0] not in gone), None)
    valid = None  # the entry that stands about this campaign
    if standing:
        valid = standing[0]
        if standing[2:] == said:
            return int(valid)
    if valid != supersedes:
        stands = f"entry {valid}, {standing[2 + names.index('verdict')]!r}" if standing else "no entry"
        raise HistoryError(f"about campaign {campaign} stands {stands}: say supersedes={valid}")
    (number,) = db.execute("SELECT coalesce(max(decision_id), 0) + 1 FROM decisions").fetchall()[0]
    columns = ["decision_id", *names, "supersedes"]
    places = ", ".join("?" for _ in columns)
    db.execute(f"INSERT INTO decisions ({', '.join(columns)}) VALUES ({places})", [number, *said, supersedes])
    return int(number)
