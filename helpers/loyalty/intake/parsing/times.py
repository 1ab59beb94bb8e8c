"""Columns of dates and times: read as what their values prove, refused where they have two meanings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import duckdb

from loyalty.intake.parsing.dates import DayForm, Days, list_days, read_date
from loyalty.intake.parsing.readings import Found, Reading, find_all
from loyalty.intake.space import TYPED, C, F, K, Raw

EARLIEST = 1990
LATEST = 2100
AHEAD_DAYS = 366
DAY = 86_400
SHAPE = "expected a form such as 2025-12-31 or 31.12.2025 18:05"
COUNTED = "such numbers are days as Excel counts them: in Excel give the whole column one date format"
UTC = r"Z|UTC|GMT|[-+]00(:?00)?"


def read_time(raw: Raw, value: duckdb.Expression, says: str, kind: str, day_first: bool | None) -> Reading:
    """Find out how a column of dates is read.

    Parameters
    ----------
    raw : Raw
        The table as found.
    value : duckdb.Expression
        The column, text without outer spaces.
    says : str
        Its name in messages.
    kind : str
        Its type in DuckDB.
    day_first : bool, optional
        What columns.yml says; None if nothing.

    Returns
    -------
    Reading
        With problems for days of two meanings or in two orders, for what is no date, and for UTC.

    Examples
    --------
    >>> from loyalty.intake.space import Space
    >>> raw = Raw("a.csv", Space().write([["31.12.2025"], ["01.02.2025 18:05"]], 1), ["Дата"], 2)
    >>> raw.table.select(read_time(raw, C("c0"), "`time`", "VARCHAR", None).value).fetchall()[1]
    (datetime.datetime(2025, 2, 1, 18, 5),)
    """
    if kind != "VARCHAR":
        mend = "export it as a date"
        if "TIME ZONE" in kind:
            return Reading(
                value, says, problems=[f"{says} carries a time zone: convert it to the shop's time, drop the zone"]
            )
        if not kind.startswith(("DATE", "TIMESTAMP")):
            return Reading(value, says, problems=[f"{says} should be a date, found the type {kind}: {mend}"])
        return Reading(value.cast(duckdb.sqltypes.TIMESTAMP), says)
    days = list_days(raw.table, value, raw.day_zero)
    reading = Reading(value, says, filled=days.filled - days.count("blank"))
    n = days.count
    if days.serial:
        since = " from 1904 on, as this workbook says" if raw.day_zero else ""
        reading.notes.append(f"{says}: numbers read as the days that Excel counts{since}")
    if n("blank"):
        reading.notes.append(f"{says}: {_show(raw, days.forms['blank'])} read as empty")
    if n("bad"):
        counted = all(re.fullmatch(r"\d{5}([.,]\d+)?", bad.example) for bad in days.forms["bad"])
        mend = COUNTED if counted else f"{SHAPE}; correct these cells, or make them empty"
        reading.problems.append(f"{says} should be a date, found {_show(raw, days.forms['bad'])}: {mend}")
    reading.problems += _judge_order(raw, says, days, day_first)
    zones = sorted({zone.upper() for zone in days.zones})
    if len(zones) > 1 or zones and re.fullmatch(UTC, zones[0]):
        mend = "convert it to the shop's time and write it without the zone"
        carries = "carries the time zones" if len(zones) > 1 else "carries the time zone"
        reading.problems.append(f"{says} {carries} {', '.join(zones)}: {mend}")
    elif zones:
        reading.notes.append(f"{says}: times as the shop's clock shows them, the zone {zones[0]} is left off")
    if not reading.problems:
        reading.value = read_date(value, days, bool(n("day") or day_first))
    return reading


def _judge_order(raw: Raw, says: str, days: Days, day_first: bool | None) -> Iterable[str]:
    n = days.count
    forms = days.forms
    if n("day") and n("month"):
        shown = f"{_show(raw, forms['day'])}, and {_show(raw, forms['month'])}"
        yield f"{says} holds days in two orders, {shown}: ask where each comes from, and bring them to one"
    elif day_first is not None and n("month" if day_first else "day"):
        wrong = _show(raw, forms["month" if day_first else "day"])
        yield f"{says}: `day_first: {str(day_first).lower()}` does not fit {wrong}: correct columns.yml"
    elif n("either") and not n("day") and not n("month") and day_first is None:
        mend = "is the day or the month first? Say `day_first: true` or `day_first: false` in columns.yml"
        yield f"{says} holds dates of two meanings, {_show(raw, forms['either'])}: {mend}"


def join_clock(raw: Raw, headers: str | Sequence[str]) -> str:
    """Join a column of days and one of clocks into one more column of the raw table; return the header to look for.

    Not for a column that stands alone, which is returned as it is, nor for one that the file lacks: its header is then
    not found.
    """
    if isinstance(headers, str):
        return headers
    lost = [header for header in headers if raw.headers.count(header) != 1]
    if lost:
        return lost[0]
    day, clock = (C(f"c{raw.headers.index(header)}").cast(duckdb.sqltypes.VARCHAR) for header in headers)
    day = F("regexp_replace", day, K(r"[ T]0?0:00(:00(\.0+)?)?$"), K(""))
    both = F("trim", F("replace", F("concat", day, K(" "), clock), K(TYPED), K("")))
    column = both.alias(f"c{len(raw.headers)}")
    raw.table = raw.table.select(duckdb.StarExpression(exclude=["r"]), column, C("r"))
    raw.headers.append(" + ".join(headers))
    return raw.headers[-1]


def check_times(raw: Raw, table: duckdb.DuckDBPyRelation, readings: Mapping[str, Reading]) -> list[str]:
    """Refuse dates that were lost on the way or are surely typing errors: before 1990, or far behind all others.

    Parameters
    ----------
    raw : Raw
        The table as found, for the lines of its rows.
    table : duckdb.DuckDBPyRelation
        The table as read; its column row leads back to the raw one.
    readings : mapping
        Those of its columns that hold dates.

    Returns
    -------
    list of str
        The problems. "Far" means more than 366 days behind 99 % of the column's dates, or the year 2100 or later:
        no clock is asked.

    Examples
    --------
    >>> from loyalty.intake.space import Space
    >>> raw = Raw("a.csv", Space().write([["1899-12-31"]], 1), ["date"], 2)
    >>> table = raw.table.select(C("r").alias("row"), C("c0").cast("TIMESTAMP").alias("time"))
    >>> check_times(raw, table, {"time": Reading(C("c0"), "`time`")})
    ["`time` holds dates before 1990, '1899-12-31 00:00:00' in 1 row (at line 2): correct these cells"]
    """
    problems = []
    view = replace(raw, table=table.select(duckdb.StarExpression(exclude=["row"]), C("row").alias("r")))
    for name, reading in readings.items():
        seconds = F("epoch", C(name))
        near = duckdb.CaseExpression(F("year", C(name)) < K(LATEST), seconds)
        filled, most = table.aggregate([F("count", C(name)), F("quantile_cont", near, K(0.99))]).fetchall()[0]
        if reading.filled is not None and filled < reading.filled:
            problems.append(f"{reading.says}: {reading.filled - filled:,} dates could not be read: {SHAPE}")
        far = F("year", C(name)) >= K(LATEST)
        if most is not None:
            far = far | (seconds > K(most + AHEAD_DAYS * DAY))
        tests = {f"before {EARLIEST}": F("year", C(name)) < K(EARLIEST), "far behind all others": far}
        for what, found in find_all(view, tests, C(name).cast("VARCHAR")).items():
            problems.append(f"{reading.says} holds dates {what}, {found.show(raw)}: correct these cells")
    return problems


def _show(raw: Raw, days: Sequence[DayForm]) -> str:
    count = sum(found.n for found in days)
    first = min(found.row for found in days)
    return Found(count, first, [found.example for found in days]).show(raw)
