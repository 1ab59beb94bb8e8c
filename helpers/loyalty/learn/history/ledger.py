"""The file behind a history: its tables, and the two logs kept beside the responses, aliases and decisions."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from loyalty.learn.history.waves import HistoryError, column_types
from loyalty.tables.contracts import DECISIONS
from loyalty.tables.days import read_day

NAMES = ("offer_id", "offer_kind", "segment", "arm", "channel")
TABLES = {
    "responses": ", ".join(f'"{name}" {kind}' for name, kind in column_types().items()),
    "aliases": "of_column VARCHAR, old_name VARCHAR, new_name VARCHAR",
    "corrections": "campaign_id VARCHAR, wave BIGINT, wave_window VARCHAR, noted_on DATE, reason VARCHAR, "
    "rows_before BIGINT, rows_after BIGINT, responses_before BIGINT, responses_after BIGINT",
    "decisions": "decision_id BIGINT, campaign_id VARCHAR, decided_on DATE, metric VARCHAR, expected DOUBLE, "
    "observed DOUBLE, low DOUBLE, high DOUBLE, verdict VARCHAR, do_not_repeat BOOLEAN, note VARCHAR, supersedes BIGINT",
    "about": "kind VARCHAR, format BIGINT",
}


BUSY = re.compile(
    r"set lock on file|[Cc]onflicting lock|another process|different configuration|already (open|attached)"
)
FULL = re.compile(r"[Nn]o space left|[Dd]isk (is )?full|not enough space|[Qq]uota exceeded|No usable space")


def open_file(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file of a history, with its tables; HistoryError if it is busy, damaged, foreign or not there."""
    if read_only and not path.exists():
        raise HistoryError(f"there is no history {path.name} in {path.absolute().parent}")
    if not path.absolute().parent.is_dir():
        raise HistoryError(f"there is no folder {path.absolute().parent} to keep {path.name} in")
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
            raise HistoryError(f"{path.name} is open in another program or notebook: close it there first") from None
        if FULL.search(says):
            raise explain_failure(error, path) from None
        raise HistoryError(f"{path.name} is no history, or it is damaged: {says}") from None
    try:
        _find_tables(db, path, read_only=read_only)
    except duckdb.Error as error:
        db.close()
        raise explain_failure(error, path) from None
    except BaseException:
        db.close()
        raise
    return db


def _find_tables(db: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    """Find the tables of a history in a file, or make them in an empty one; HistoryError if it holds others."""
    tables = {row[0] for row in db.execute("SHOW TABLES").fetchall()}
    if tables and not set(TABLES) <= tables:
        raise HistoryError(f"{path.name} is a database with other tables, no history; nothing was written to it")
    if not tables and read_only:
        raise HistoryError(f"{path.name} is empty, there is nothing to read")
    if not tables:
        db.begin()
        for name, columns in TABLES.items():
            db.execute(f"CREATE TABLE {name} ({columns})")
        db.execute("INSERT INTO about VALUES ('loyalty history', 1)")
        db.commit()


def undo(db: duckdb.DuckDBPyConnection) -> None:
    """Take back what was not committed; where the file has failed, there is nothing left to take back."""
    with suppress(duckdb.Error):
        db.rollback()


def explain_failure(error: duckdb.Error, path: Path) -> Exception:
    """Say why the file could not be read or written; an error of another kind is returned as it is."""
    of_the_file = isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException | duckdb.FatalException)
    if not of_the_file and "Corrupt" not in str(error):
        return error
    says = str(error).strip().splitlines()[0][:160]
    if FULL.search(says):
        return HistoryError(
            f"the disk of {path.name} is full, and nothing was written: make room and try again ({says})"
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return HistoryError(f"there is too little memory, and nothing was written to {path.name} ({says})")
    return HistoryError(f"{path.name} cannot be read or written, and nothing was changed: {says}")


def name_rows(db: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """All responses, with the names that the aliases give them."""
    rows = db.table("responses")
    aliases = db.execute("SELECT of_column, old_name, new_name FROM aliases").fetchall()
    columns = []
    for name in rows.columns:
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
