"""The analytic store: one file that answers the same next month, and still knows what it said last month.

Receipts come month by month. A month that comes again changes nothing; a corrected month is a new load, and the old
one stays, so that "as known on that day" can be asked. Profiles and segments are kept as snapshots of a day. Each
change is one transaction: a process that is killed in the middle leaves the store as it was before.
"""

from __future__ import annotations

import datetime as dt
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa

from loyalty.prepare.profile import build_profile
from loyalty.prepare.store.forgetting import forget_customer
from loyalty.prepare.store.questions import CURRENT_LOADS, CURRENT_SNAPSHOTS, MEMBERSHIP, WHO_MOVED
from loyalty.prepare.store.staging import (
    LATER,
    TABLES,
    count_difference,
    insert_load,
    keep_rule,
    keep_snapshot,
    read_month,
    refuse_earlier,
    say_lines,
    settle_id_types,
    stage_lines,
    stage_members,
)
from loyalty.tables.arguments import check_arguments
from loyalty.tables.contracts import PROFILE, RECEIPTS
from loyalty.tables.database import StoreError, explain_failure, open_database, undo
from loyalty.tables.days import read_day
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable

Day: TypeAlias = str | dt.date | pd.Timestamp
PROFILE_SCHEME = "profile"  # under which the snapshots of profiles are listed
ALWAYS = dt.date(9999, 12, 31)
LONGEST = 20  # years from a month to the day on which the store learns of it


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did with a month: "added", "corrected" or "unchanged"; its lines and money, and what was odd."""

    month: str
    done: str
    rows: int
    sales: float
    rows_before: int = 0
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = {
            "added": f"{self.month}: {say_lines(self.rows)} added, sales {self.sales:,.2f}",
            "corrected": f"{self.month}: {say_lines(self.rows)} in place of {self.rows_before:,},"
            f" sales {self.sales:,.2f}; the lines before stay readable with known_on",
            "unchanged": f"{self.month}: already there, unchanged ({say_lines(self.rows)})",
        }
        return "\n".join([words[self.done], *(f"  ⚠ {text}" for text in self.warnings)])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


@dataclass(frozen=True)
class Kept:
    """What a snapshot did: the day, the scheme, "added", "renewed" or "unchanged", and how many customers it has."""

    as_of: str
    scheme: str
    done: str
    customers: int
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"{self.scheme} as of {self.as_of}: {self.customers:,} customers, {self.done}"
        return "\n".join([said, *(f"  ⚠ {text}" for text in self.warnings)])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


class _Transaction:
    """A cursor with its own temporary tables; what was done in the `with` block is written whole, or not at all."""

    def __init__(self, db: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._db = db.cursor()
        self._path = path

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        self._db.begin()
        return self._db

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if error is None:
                self._db.commit()
                return
            undo(self._db)  # a stopped notebook cell must not leave half a month either
            if isinstance(error, duckdb.Error):
                raise explain_failure(error, self._path) from None
        except duckdb.Error as failed:
            undo(self._db)
            raise explain_failure(failed, self._path) from None
        finally:
            self._db.close()


@check_arguments
def open_store(path: str | Path, *, read_only: bool = False) -> AnalyticStore:
    """Open an analytic store, or begin one; use it as `with open_store(path) as store:`.

    The response history may live in the same file: `open_history` with the same path. Not for two programs at once:
    while one has it open for writing, the other is refused with a message.

    Parameters
    ----------
    path : str or pathlib.Path
        A file, by custom `store.duckdb`; made if it does not exist.
    read_only : bool
        Open an existing file for questions only.

    Returns
    -------
    AnalyticStore

    Raises
    ------
    StoreError
        The file is open elsewhere, is no store, or does not exist and should be read only.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "store.duckdb") as store:
    ...     len(store.loads())
    0
    """
    path = Path(path)
    return AnalyticStore(
        open_database(path, "store", TABLES, read_only=read_only, later=LATER), path, read_only=read_only
    )


class AnalyticStore:
    """An analytic store in a file; opened by `open_store`, closed by `close` or at the end of a `with` block."""

    def __init__(self, db: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool = False) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = db
        self._read_only = read_only
        self.path = path

    def __enter__(self) -> AnalyticStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was written is in it already."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    # --- Writing ---------------------------------------------------------------------------------

    def refresh(self, receipts: AnyTable, month: str, *, recorded_at: Day, reason: str | None = None) -> Refreshed:
        """Load one month of receipts, whole. The same month again changes nothing; months may come in any order.

        Not for adding to a month: give the month whole, with what came late. A month that is there with other lines is
        refused unless `reason` says why it is corrected; what was known before stays readable.

        Parameters
        ----------
        receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
            Contract `receipts`, the lines of this month only. Lines without a customer are left out and counted.
        month : str
            Such as "2017-03".
        recorded_at : day
            The day on which the store learned of it; not before that of an earlier load.
        reason : str, optional
            Why a month that is there is given anew.

        Returns
        -------
        Refreshed

        Raises
        ------
        TableError
            With all problems of the table; nothing was written.
        StoreError
            The month is there with other lines, or the day lies before that of an earlier load; nothing was written.

        Examples
        --------
        >>> import tempfile
        >>> lines = pd.DataFrame({"customer_id": [7, 8], "time": pd.to_datetime(["2017-03-04", "2017-03-09"])})
        >>> lines["sales"] = [12.5, 3.0]
        >>> with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "store.duckdb") as store:
        ...     print(store.refresh(lines, "2017-03", recorded_at="2017-04-01"))
        ...     print(store.refresh(lines[::-1], "2017-03", recorded_at="2017-04-02"))
        2017-03: 2 lines added, sales 15.50
        2017-03: already there, unchanged (2 lines)
        """
        first, after = read_month(month)
        day = read_day(recorded_at, "recorded_at").date()
        _refuse_odd_day(first, after, day)
        checked = check_receipts(receipts)
        incoming = _to_arrow(checked.table)
        with self._writing() as db:
            db.register("incoming", incoming)
            types = settle_id_types(db, incoming.schema)
            left_out = stage_lines(db, incoming.column_names, types, first, after)
            warnings = (*checked.warnings, *left_out)
            rows, sales = db.execute("SELECT count(*), coalesce(sum(sales), 0) FROM staged").fetchall()[0]
            if not rows and not left_out:
                raise StoreError(f"there is no line of {month}: an empty table is no month; nothing was written")
            reason = (reason or "").strip() or None
            name = f"{first:%Y-%m}"
            there = db.execute(
                "SELECT load_id, recorded_at, (SELECT count(*) FROM lines WHERE lines.load_id = loads.load_id)"
                " FROM loads WHERE month = ? ORDER BY load_id DESC",
                [first],
            ).fetchall()
            if not there:
                refuse_earlier(db, day)
                insert_load(db, first, day, reason)
                return Refreshed(name, "added", rows, sales, 0, warnings)
            current, latest, before = there[0]
            gone, new = count_difference(db, current)
            # A notebook that runs again loads what has been corrected since; a reason on the day of that correction
            # takes the correction back
            takes_back = bool(reason) and latest == day
            same_day = [load for load, recorded, _ in there[1:] if recorded == day and not takes_back]
            if not (gone or new) or any(not any(count_difference(db, load)) for load in same_day):
                return Refreshed(name, "unchanged", rows, sales, before, warnings)
            if not reason:
                raise StoreError(
                    f"{name} is in the store with other lines: {say_lines(new)} new or changed, {say_lines(gone)} no"
                    " longer there; nothing was written. If it is a correction, say reason='…'; the lines before stay"
                    " readable"
                )
            refuse_earlier(db, day)
            insert_load(db, first, day, reason)
            return Refreshed(name, "corrected", rows, sales, before, warnings)

    def snapshot(self, as_of: Day, *, recorded_at: Day, customers: AnyTable = None, products: AnyTable = None) -> Kept:
        """Build the profile of all customers as of a day from the store's own receipts, and keep it.

        Parameters
        ----------
        as_of : day
            The profile knows everything before this day.
        recorded_at : day
            The day on which the store learned of it. The profile is built from what is known now.
        customers, products : the kinds of source of `build_profile`, optional

        Returns
        -------
        Kept

        Raises
        ------
        StoreError
            The store is empty, or a day lies before that of an earlier load, or `as_of` after `recorded_at`.
        TableError
            There are no receipts before `as_of`.
        """
        day = read_day(as_of)
        learned = read_day(recorded_at, "recorded_at").date()
        _refuse_ahead(day.date(), learned)
        if not len(self.loads()):
            raise StoreError("the store holds no receipts yet: refresh comes first")
        profile = build_profile(self.receipts(), day, customers=customers, products=products)
        with self._writing() as db:
            return _keep(db, profile, day.date(), PROFILE_SCHEME, "1", learned)

    def place(
        self,
        members: AnyTable,
        as_of: Day,
        *,
        scheme: str,
        version: str,
        recorded_at: Day,
        rule: Mapping[str, Any] | None = None,
    ) -> Kept:
        """Keep which segment each customer is in on a day. The same again changes nothing.

        Parameters
        ----------
        members : table of any kind
            One row a customer: customer_id, segment. Other columns are not read.
        as_of : day
            From which day on; the segment is made from what was known before it.
        scheme, version : str
            Which segmentation, and which version of its rule.
        recorded_at : day
        rule : mapping, optional
            What is needed to place customers of another day by the same rule, in plain values; `rule` reads it again.

        Returns
        -------
        Kept

        Raises
        ------
        TableError
            A column is missing, a segment is empty, or a customer has two.
        StoreError
            The day lies before that of an earlier load, or the version is in the store with another rule.
        """
        day = read_day(as_of).date()
        learned = read_day(recorded_at, "recorded_at").date()
        _refuse_ahead(day, learned)
        for name, text in (("scheme", scheme), ("version", version)):
            if not isinstance(text, str) or not text.strip():
                raise StoreError(f"{name} should be a text, such as 'silence' or '1', found {text!r}")
        if scheme == PROFILE_SCHEME:
            raise StoreError(f"{PROFILE_SCHEME!r} is the name of the profiles' own snapshots: choose another")
        table = stage_members(members)
        with self._writing() as db:
            if rule is not None:
                keep_rule(db, scheme, version, rule, learned)
            return _keep(db, table, day, scheme, version, learned)

    def forget(self, customer_id: int | str, *, recorded_at: Day) -> int:
        """Delete everything about a customer, in all loads and snapshots; returns how many rows were deleted.

        The customer's id goes into a list of keyed hashes, so that a month that comes again does not bring the
        customer back. A response history in the same file is not touched: it has a door of its own.
        """
        learned = read_day(recorded_at, "recorded_at").date()
        with self._writing() as db:
            return forget_customer(db, customer_id, learned)

    # --- Asking ----------------------------------------------------------------------------------

    def receipts(self, *, known_on: Day | None = None) -> duckdb.DuckDBPyRelation:
        """All receipt lines under the contract, as they are known now or were known at the end of a day.

        A table on the file, of any size; it can go into every function of the package that takes a table.
        """
        ids = [row[1] for row in self._db.execute(CURRENT_LOADS, {"known_on": _until(known_on)}).fetchall()]
        lines = self._db.table("lines")
        used = {row[0] for row in self._db.execute("FROM used").fetchall()} or set(RECEIPTS.names)
        names = [name for name in lines.columns if name in used]
        wanted = [duckdb.ConstantExpression(number) for number in ids or [-1]]
        return lines.filter(duckdb.ColumnExpression("load_id").isin(*wanted)).select(*names)

    def loads(self) -> pd.DataFrame:
        """One row a load: month, when it was recorded, why, its lines, customers and sales, and whether it counts."""
        return self._db.execute(
            "SELECT load_id, month, recorded_at, reason, rows, customers, sales,"
            " load_id = max(load_id) OVER (PARTITION BY month) AS counts FROM loads ORDER BY load_id"
        ).df()

    def profile(self, as_of: Day, *, known_on: Day | None = None) -> pd.DataFrame:
        """The profile that was kept for a day, one row a customer; StoreError if there is none."""
        day = read_day(as_of).date()
        number = self._find_snapshot(PROFILE_SCHEME, day, known_on)
        kept = self._db.table("profiles").filter(
            duckdb.ColumnExpression("snapshot_id") == duckdb.ConstantExpression(number)
        )
        frame = kept.df().drop(columns="snapshot_id")
        unused = [column.name for column in PROFILE.columns if column.optional and frame[column.name].isna().all()]
        return frame.drop(columns=unused).sort_values("customer_id", ignore_index=True)

    def membership(self, scheme: str, *, known_on: Day | None = None) -> pd.DataFrame:
        """Spells in segments under the contract `segments`, half open: [valid_from, valid_to); empty while it lasts."""
        self._find_first(scheme, known_on)
        values = {"scheme": scheme, "known_on": _until(known_on)}
        return self._db.execute(MEMBERSHIP, values).df()

    def rule(self, scheme: str, version: str) -> dict[str, Any] | None:
        """The rule that was kept with a version of a scheme, in plain values; None if none was."""
        if not self._db.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'rules'").fetchall():
            return None  # a file of an earlier version, opened for questions only
        held = self._db.execute("SELECT rule FROM rules WHERE scheme = ? AND version = ?", [scheme, version]).fetchall()
        return dict(json.loads(held[0][0])) if held else None

    def who_moved(self, scheme: str, start: Day, end: Day, *, known_on: Day | None = None) -> pd.DataFrame:
        """Who was in another segment on one day than on another: customer_id, segment_before, segment_after.

        Who was in no segment on one of the days has an empty one there. The SQL is `WHO_MOVED`. StoreError when there
        is no such scheme, or a day lies before its first snapshot: then everybody would seem to have come.
        """
        days = {"start": read_day(start, "start").date(), "end": read_day(end, "end").date()}
        first = self._find_first(scheme, known_on)
        if early := [f"{name} is {day:%Y-%m-%d}" for name, day in days.items() if day < first]:
            raise StoreError(f"{', '.join(early)}, before the first snapshot of {scheme!r}, {first:%Y-%m-%d}")
        values = {"scheme": scheme, "known_on": _until(known_on)} | days
        return self._db.execute(WHO_MOVED, values).df()

    def snapshots(self) -> pd.DataFrame:
        """One row a snapshot: scheme, version, day, when it was recorded, customers, `stale` and `counts`.

        A stale one was made before a load of receipts that lie before its day: make it anew. Of several for one day the
        last counts.
        """
        return self._db.execute(
            "SELECT snapshot_id, scheme, version, as_of, recorded_at, customers,"
            " EXISTS (FROM loads WHERE load_id > known_load AND month < as_of) AS stale,"
            " snapshot_id = max(snapshot_id) OVER (PARTITION BY scheme, as_of) AS counts"
            " FROM snapshots ORDER BY snapshot_id"
        ).df()

    def ask(self, question: str, values: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Put a question in SQL to the store's tables; values are bound by name, such as `$day`. Nothing is written.

        The tables are `lines` (each load's receipt lines), `loads`, `snapshots`, `members`, `profiles`, `forgotten` and
        `rules` (of the versions of a scheme).
        What counts now, or counted on a day, comes simpler from `receipts`, `membership` and `who_moved`.

        Raises
        ------
        StoreError
            It is no single SELECT, or the engine does not understand it.
        """
        try:
            statements = duckdb.extract_statements(question)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise StoreError("a question is one SELECT; what is written goes through refresh, snapshot and place")
            with self._db.cursor() as db:
                return db.execute(question, dict(values or {})).df()
        except duckdb.Error as error:
            tables = f" (tables: {', '.join(TABLES | LATER)})" if isinstance(error, duckdb.CatalogException) else ""
            raise StoreError(f"the question cannot be answered: {str(error).splitlines()[0]}{tables}") from None

    # --- Inside ----------------------------------------------------------------------------------

    @property
    def _db(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise StoreError(f"the store {self.path.name} is closed: open it again with open_store")
        return self._connection

    def _writing(self) -> _Transaction:
        if self._read_only:
            raise StoreError(f"the store {self.path.name} was opened read-only: open it without read_only to write")
        return _Transaction(self._db, self.path)

    def _find_first(self, scheme: str, known_on: Day | None) -> dt.date:
        """Find the day of a scheme's first snapshot that was known; StoreError names the schemes that there are."""
        question = "SELECT scheme, min(as_of) FROM snapshots WHERE recorded_at <= ? AND scheme <> ? GROUP BY scheme"
        first = dict(self._db.execute(question, [_until(known_on), PROFILE_SCHEME]).fetchall())
        if scheme not in first:
            names = ", ".join(repr(name) for name in sorted(first)) or "none yet"
            when = "" if known_on is None else f" known on {_until(known_on):%Y-%m-%d}"
            raise StoreError(f"there is no scheme {scheme!r}{when}; schemes that are there: {names}")
        return first[scheme]

    def _find_snapshot(self, scheme: str, day: dt.date, known_on: Day | None) -> int:
        values = {"scheme": scheme, "known_on": _until(known_on)}
        found = {row[1]: row[2] for row in self._db.execute(CURRENT_SNAPSHOTS, values).fetchall()}
        if day not in found:
            days = ", ".join(f"{one:%Y-%m-%d}" for one in sorted(found)) or "none"
            raise StoreError(f"there is no {scheme} as of {day:%Y-%m-%d}; days that are there: {days}")
        return int(found[day])

    def _repr_html_(self) -> str:
        return f"<b>{html.escape(self.path.name)}</b>{self.loads().to_html(index=False, border=0)}"


def _to_arrow(table: nw.LazyFrame) -> pa.Table:
    """Read the lines of a month under the contract's columns; a month fits into memory."""
    names = [name for name in RECEIPTS.names if name in table.collect_schema().names()]
    found = table.select(*names).collect(backend="pyarrow").to_native()
    assert isinstance(found, pa.Table)
    return found


def _keep(
    db: duckdb.DuckDBPyConnection, table: pd.DataFrame, day: dt.date, scheme: str, version: str, learned: dt.date
) -> Kept:
    done, customers, gone = keep_snapshot(db, table, day, scheme, version, learned)
    says = "customer who asked to be forgotten is" if gone == 1 else "customers who asked to be forgotten are"
    return Kept(f"{day:%Y-%m-%d}", scheme, done, customers, (f"{gone:,} {says} left out",) if gone else ())


def _refuse_ahead(as_of: dt.date, learned: dt.date) -> None:
    """Refuse a snapshot of a day that is still to come."""
    if as_of > learned:
        raise StoreError(
            f"as_of is {as_of:%Y-%m-%d}, after recorded_at ({learned:%Y-%m-%d}): nobody knows that day yet"
        )


def _refuse_odd_day(first: dt.date, after: dt.date, learned: dt.date) -> None:
    """Refuse to learn of a month before it began, or so long afterwards that it must be a slip."""
    if learned < first:
        raise StoreError(f"recorded_at is {learned:%Y-%m-%d}, before {first:%Y-%m} began")
    if learned.year - after.year > LONGEST:
        raise StoreError(
            f"recorded_at is {learned:%Y-%m-%d}, more than {LONGEST} years after {first:%Y-%m}: a slip? After such a"
            " day no earlier one is taken"
        )


def _until(known_on: Day | None) -> dt.date:
    return ALWAYS if known_on is None else read_day(known_on, "known_on").date()
