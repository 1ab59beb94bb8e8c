"""How waves enter the history: contacts with their outcomes are staged, judged, and merged with what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa

from loyalty.tables.check import TableError
from loyalty.tables.contracts import CONTACTS, HISTORY, OUTCOMES
from loyalty.tables.database import StoreError
from loyalty.tables.wave.arms import fold_arm

KEY = CONTACTS.key
WAVE = ("campaign_id", "wave", "window")
FACTS = ("scheme", "version", "segment_as_of", "start", "end")
MEASURES = OUTCOMES.names[OUTCOMES.names.index("responded") :]
MANY = 20  # so many contacts that all respond are more likely the responders of a list than the whole list

# What a contact list may carry into the history beyond its own contract.
_GUESTS = tuple(column for column in HISTORY.columns if column.name not in CONTACTS.names + OUTCOMES.names)
PEOPLE = replace(CONTACTS, columns=CONTACTS.columns + _GUESTS)
_TYPES = {"time": "TIMESTAMP", "date": "DATE", "whole": "BIGINT", "flag": "BOOLEAN", "text": "VARCHAR", "id": "VARCHAR"}

_WORDS = {"BIGINT": "whole numbers", "VARCHAR": "texts"}


class HistoryError(StoreError):
    """The history refuses: its file is busy or none of ours, or an entry contradicts an earlier one."""


def stage_wave(
    db: duckdb.DuckDBPyConnection, schema: pa.Schema, types: dict[str, str], facts: dict[str, Any], *, fill: bool
) -> None:
    """Show the registered table `joined` as `staged`, under the names and types of the history.

    `staged` is only a view where no value can fail to fit its type: a copy would cost as much as all checks.

    Parameters
    ----------
    db : duckdb.DuckDBPyConnection
    schema : pyarrow.Schema
        What `joined` holds.
    types : dict of str to str
        The engine's type of each column of the history.
    facts : dict
        FACTS for rows that do not say them.
    fill : bool
        Whether contacts without outcomes did nothing: what was measured is 0, and the window is that of the others.

    Raises
    ------
    TableError
        A value does not fit its type.
    """
    chosen = []
    for name in FACTS:
        db.execute(f"SET VARIABLE {_name_fact(name)} = CAST(? AS {types[name]})", [facts[name]])
    for name, kind in types.items():
        sources = [f'"{name}"'] if name in schema.names else []
        if name in ("start", "end") and sources and fill:
            sources.append(f'max("{name}") OVER (PARTITION BY {quote(WAVE)})')
        if name in MEASURES and sources:
            sources.append("0")  # reached only by contacts without a row, and only where the caller said so
        if name in FACTS:
            sources.append(f"getvariable('{_name_fact(name)}')")
        chosen.append(f'CAST(coalesce({", ".join(sources or ["NULL"])}, NULL) AS {kind}) AS "{name}"')
    query = f"SELECT {', '.join(chosen)} FROM joined"
    if not fill and all(_surely_fits(schema.field(name).type, types[name]) for name in schema.names if name in types):
        db.execute(f"CREATE OR REPLACE TEMP VIEW staged AS {query}")
        return
    try:
        db.execute(f"CREATE OR REPLACE TEMP TABLE copied AS {query}")
    except duckdb.ConversionException as error:
        raise TableError([f"a value does not fit: {str(error).splitlines()[0]}"], "the wave") from None
    db.execute("CREATE OR REPLACE TEMP VIEW staged AS FROM copied")


def _name_fact(name: str) -> str:
    return f"loyalty_{name}"


def _surely_fits(dtype: pa.DataType, kind: str) -> bool:
    """Whether every value of an Arrow type has its place in a type of the engine."""
    kinds = pa.types
    if kind == "VARCHAR":
        return bool(kinds.is_string(dtype) or kinds.is_large_string(dtype))
    if kind == "BIGINT":
        return bool(kinds.is_signed_integer(dtype))
    if kind == "DOUBLE":
        return bool(kinds.is_floating(dtype) or kinds.is_signed_integer(dtype))
    if kind == "DATE":
        return bool(kinds.is_date32(dtype) or kinds.is_timestamp(dtype))
    if kind == "BOOLEAN":
        return bool(kinds.is_boolean(dtype))
    return bool(kind == "TIMESTAMP" and kinds.is_timestamp(dtype))


def settle_spelling(db: duckdb.DuckDBPyConnection) -> list[str]:
    """Give the arms of `staged` the spelling that the history holds, where only capital letters and blanks differ.

    Within one wave the join has done so; here two waves meet, which came as two lists.

    Parameters
    ----------
    db : duckdb.DuckDBPyConnection

    Returns
    -------
    list of str
        One warning that names what was renamed, or none.
    """
    found = [row[0] for row in db.execute("SELECT DISTINCT arm FROM staged ORDER BY arm").fetchall()]
    first = "SELECT 1 FROM responses WHERE arm = ? LIMIT 1"  # stops at the first row, where a count reads them all
    if all(db.execute(first, [arm]).fetchall() for arm in found):
        return []
    held = [row[0] for row in db.execute("SELECT arm FROM responses GROUP BY arm ORDER BY count(*), arm").fetchall()]
    spelled = {fold_arm(arm): arm for arm in held}  # of several spellings the most frequent, which comes last
    renamed = {arm: spelled.get(fold_arm(arm), arm) for arm in found if arm not in held}
    renamed = {arm: name for arm, name in renamed.items() if arm != name}
    if not renamed:
        return []
    db.execute("CREATE OR REPLACE TEMP TABLE spelled AS FROM staged")
    for arm, name in renamed.items():
        db.execute("UPDATE spelled SET arm = ? WHERE arm = ?", [name, arm])
    db.execute("CREATE OR REPLACE TEMP VIEW staged AS FROM spelled")
    shown = ", ".join(f"{arm!r} as {name!r}" for arm, name in renamed.items())
    return [f"arms are spelled as in the history, where only capital letters and blanks differ: {shown}"]


def judge_wave(db: duckdb.DuckDBPyConnection) -> list[str]:
    """Refuse `staged` where its facts contradict each other; return what is only suspicious.

    One pass over the rows leaves the table `waves`, one row a wave and window with what was counted.
    """
    wave = quote(WAVE)
    treated = '"arm" <> \'control\' AND "responded" IS NOT NULL'
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE waves AS SELECT {wave},"
        ' count(*) FILTER ("segment" IS NOT NULL AND ("scheme" IS NULL OR "version" IS NULL)) AS loose,'
        ' count(*) FILTER ("segment_as_of" > "start" AND "window" <> \'pre\' AND "segment" IS NOT NULL) AS late,'
        ' count(*) FILTER ("end" <= "start") AS backwards,'
        ' count(*) FILTER ("segment" IS NOT NULL AND "segment_as_of" IS NULL) AS undated,'
        ' coalesce(min("start") < max("start"), false) OR coalesce(min("end") < max("end"), false) AS split,'
        f' count(*) FILTER ({treated}) AS treated, min("responded") FILTER ({treated}) AS least'
        f" FROM staged GROUP BY {wave}"
    )
    loose, late, backwards, undated, split = db.execute(
        "SELECT CAST(sum(loose) AS BIGINT), CAST(sum(late) AS BIGINT), CAST(sum(backwards) AS BIGINT),"
        " CAST(sum(undated) AS BIGINT), count(*) FILTER (split) FROM waves"
    ).fetchall()[0]
    everyone = db.execute(
        f"SELECT {wave}, treated FROM waves WHERE least = 1 AND treated >= ? ORDER BY ALL LIMIT 3", [MANY]
    ).fetchall()
    found = (
        (loose, "rows have a segment, but not which scheme and version made it: say scheme=… and version=…"),
        (
            late,
            "rows have a segment that was known only after the start of their wave (today's segment for the segment "
            "then): build it as of the start",
        ),
        (backwards, "rows have a window that ends before it begins: the window is [start, end), end is the day after"),
        (split, "waves have more than one start or more than one end"),
    )
    if problems := [f"{count:,} {says}" for count, says in found if count]:
        raise TableError(problems, "the wave")
    warnings = [
        f"all {count:,} contacts of campaign {campaign} wave {number} responded: were those who did not left out?"
        for campaign, number, _, count in everyone
    ]
    if undated:
        warnings.append(
            "nothing says as of which day the segments are: segment_as_of=… shows that they are of that time"
        )
    return warnings


# --- Merging -------------------------------------------------------------------------------------


def settle_ids(db: duckdb.DuckDBPyConnection, people: Any) -> dict[str, str]:
    """Give the ids of an empty history the type of the first wave; refuse another type later."""
    held = {row[0]: str(row[1]) for row in db.execute("DESCRIBE responses").fetchall()}
    empty, problems = not db.execute("SELECT 1 FROM responses LIMIT 1").fetchall(), []
    for name in KEY[::2]:
        kind = say_id(people.schema.field(name).type)
        if _WORDS[held[name]] == kind:
            continue
        if not empty:
            problems.append(f"`{name}` holds {kind}, but the history holds {_WORDS[held[name]]}: convert it")
            continue
        held[name] = next(code for code, words in _WORDS.items() if words == kind)
        for table in ("responses", "corrections", "decisions") if name == "campaign_id" else ("responses",):
            db.execute(f'ALTER TABLE {table} ALTER "{name}" TYPE {held[name]}')
    if problems:
        raise TableError(problems, "the wave")
    return column_types(held["campaign_id"], held["customer_id"])


def add_columns(db: duckdb.DuckDBPyConnection, names: Iterable[str], types: dict[str, str]) -> None:
    """Give the history the columns that a wave is the first to hold; for earlier waves they are empty."""
    held = {row[0] for row in db.execute("DESCRIBE responses").fetchall()}
    for name in types:
        if name in names and name not in held:
            db.execute(f'ALTER TABLE responses ADD COLUMN "{name}" {types[name]}')


def merge_wave(
    db: duckdb.DuckDBPyConnection, *, replace: bool, log: tuple[Any, str | None]
) -> tuple[int, int, int, int]:
    """Insert those of `waves` that are new, leave those that are the same, replace or refuse those that differ."""
    wave = quote(WAVE)
    every = quote([row[0] for row in db.execute("DESCRIBE responses").fetchall()])
    db.execute(f"CREATE OR REPLACE TEMP TABLE held AS FROM responses SEMI JOIN waves USING ({wave})")
    db.execute(f"CREATE OR REPLACE TEMP TABLE known AS SELECT DISTINCT {wave} FROM held")
    total, known = (db.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in ("waves", "known"))
    if not known:
        return total, 0, 0, _insert(db, every, f"SELECT {every} FROM staged")
    again = f"SELECT {every} FROM staged SEMI JOIN known USING ({wave})"
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE changed AS SELECT DISTINCT {wave} FROM"
        f" (({again} EXCEPT FROM held) UNION ALL (FROM held EXCEPT {again}))"
    )
    changed = db.execute("FROM changed ORDER BY ALL").fetchall()
    if changed and not replace:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise HistoryError(
            f"campaign {changed[0][0]} wave {changed[0][1]} ({changed[0][2]}){more} is in the history with other "
            "content: nothing was written. If the history is wrong, say replace=True with reason='…' and noted_on='…'"
        )
    if changed:
        sums = f'SELECT {wave}, count(*) AS n, sum("responded") AS s FROM'
        db.execute(
            f"INSERT INTO corrections SELECT {wave}, CAST(? AS DATE), ?, b.n, a.n, b.s, a.s FROM changed JOIN"
            f" ({sums} held GROUP BY ALL) b USING ({wave}) JOIN ({sums} staged GROUP BY ALL) a USING ({wave})",
            log,
        )
        same = " AND ".join(f'responses."{n}" = changed."{n}"' for n in WAVE)
        db.execute(f"DELETE FROM responses USING changed WHERE {same}")
    kept = f"SELECT {wave} FROM known ANTI JOIN changed USING ({wave})"
    rows = _insert(db, every, f"SELECT {every} FROM staged ANTI JOIN ({kept}) USING ({wave})")
    return total - known, len(changed), known - len(changed), rows


def _insert(db: duckdb.DuckDBPyConnection, every: str, query: str) -> int:
    """Insert, then see that all windows of a wave hold one draw: the same customers in the same arms."""
    wave, pair = quote(WAVE), quote(WAVE[:2])
    touched = f"responses SEMI JOIN waves USING ({pair})"
    windows = f"SELECT {wave} FROM waves UNION SELECT {wave} FROM {touched}"
    several = db.execute(f"SELECT 1 FROM ({windows}) GROUP BY {pair} HAVING count(*) > 1 LIMIT 1").fetchall()
    rows = int(db.execute(f"INSERT INTO responses ({every}) {query}").fetchall()[0][0])
    if not several:
        return rows
    odd = db.execute(
        f'SELECT {pair} FROM {touched} GROUP BY {pair} HAVING count(*) <> count(DISTINCT "window") *'
        ' count(DISTINCT ("customer_id", "arm")) ORDER BY ALL LIMIT 1'
    ).fetchall()
    if odd:
        raise HistoryError(
            f"the windows of campaign {odd[0][0]} wave {odd[0][1]} would not hold the same contacts in the same arms; "
            "nothing was written. Give all its windows in one call"
        )
    return rows


# --- Types and names -----------------------------------------------------------------------------


def column_types(campaign: str = "VARCHAR", customer: str = "VARCHAR") -> dict[str, str]:
    """Name the engine's type of each column; the ids of campaigns and customers keep the type that they came in."""
    types = {column.name: _TYPES.get(column.kind, "DOUBLE") for column in HISTORY.columns}
    return types | {"campaign_id": campaign, "customer_id": customer}


def quote(names: Sequence[str]) -> str:
    """List columns of a contract for a query; `end` and `window` are words of the language too."""
    return ", ".join(f'"{name}"' for name in names)


def say_id(dtype: pa.DataType) -> str:
    """Say which of the two kinds of id a column holds."""
    return "whole numbers" if pa.types.is_integer(dtype) else "texts"
