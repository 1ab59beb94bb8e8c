"""Reads dates as people write them; the order of day and month is proved by the values: 31.12 has the day first."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

import duckdb

from loyalty.intake.parsing.numbers import BLANKS
from loyalty.intake.space import C, F, K

TIMES = {
    r"": "",
    r"99?:99": " %H:%M",
    r"99?:99:99": " %H:%M:%S",
    r"99?:99:99[.,]9+": " %H:%M:%S.%f",
    r"99?:99 [AP]M": " %I:%M %p",
    r"99?:99:99 [AP]M": " %I:%M:%S %p",
}
ZONE = r"(?i)(Z|UTC|GMT|[-+]\d\d(:?\d\d)?)$"
MOST = 100_000
# days of Excel: 1970-01-01, 1990-01-01, 2100-01-01
EPOCH = 25_569
FIRST_SERIAL = 32_874
LAST_SERIAL = 73_050


class DayForm(NamedTuple):
    """Values of a column that are written alike: how many, the first row, and an example."""

    n: int
    row: int
    example: str


@dataclass
class Days:
    """What the days of a column look like.

    Parameters
    ----------
    forms : dict of str to list of DayForm
        By the form that `judge_day` finds.
    formats : set of str
        Formats of `strptime` that read them; "@" stands where day and month are, in an order not yet known.
    zones : tuple of str
        Time zones behind them.
    serial : bool
        Whether all are numbers that count days as Excel does.
    filled : int
        How many values are not empty.
    day_zero : int
        Days after 1899-12-30 from which such numbers count; 1,462 in workbooks that begin with 1904.
    """

    forms: dict[str, list[DayForm]] = field(default_factory=lambda: defaultdict(list))
    formats: set[str] = field(default_factory=set)
    zones: tuple[str, ...] = ()
    serial: bool = False
    filled: int = 0
    day_zero: int = 0

    def count(self, form: str) -> int:
        """Count the values of a form."""
        return sum(found.n for found in self.forms.get(form, []))


def list_days(table: duckdb.DuckDBPyRelation, value: duckdb.Expression, day_zero: int = 0) -> Days:
    """Group a text column by day and by the shape of the clock behind it, and judge each group.

    Numbers count days from `day_zero` days after 1899-12-30.
    """
    days = Days(day_zero=day_zero)
    values = table.select(value.alias("v"), C("r"))
    serial = _read_serial(C("v")).between(K(FIRST_SERIAL - day_zero), K(LAST_SERIAL - day_zero))
    inside = duckdb.CaseExpression(F("regexp_full_match", C("v"), K(r"\d{5}([.,]\d+)?")), serial).otherwise(K(False))
    counts = [F("count", C("v")), F("count", duckdb.CaseExpression(inside, K(1)))]
    days.filled, counted = values.aggregate(counts).fetchall()[0]
    days.serial = 0 < days.filled == counted
    if days.serial:
        return days
    # One step for each column: DuckDB computes an expression again wherever a CASE names it.
    mark = F("substr", C("v"), K(11), K(1)) == K("T")
    spaced = duckdb.CaseExpression(mark, F("replace", C("v"), K("T"), K(" "))).otherwise(C("v"))
    parts = values.select(mark.alias("m"), spaced.alias("s"), C("v"), C("r"))
    parts = parts.select(F("split_part", C("s"), K(" "), K(1)).alias("d"), C("s"), C("m"), C("v"), C("r"))
    parts = parts.select(C("d"), F("substr", C("s"), F("length", C("d")) + K(1)).alias("t"), C("m"), C("v"), C("r"))
    clock = duckdb.CaseExpression(F("regexp_full_match", C("t"), K(r" \d\d:\d\d:\d\d")), K(" 99:99:99"))
    clock = clock.when(F("regexp_full_match", C("t"), K(r" \d\d:\d\d")), K(" 99:99"))
    clock = clock.when(C("t") == K(""), C("t")).otherwise(F("translate", C("t"), K("012345678"), K("9" * 9)))
    parts = parts.select(C("d"), clock.alias("t"), C("m"), C("v"), C("r"))
    first = [F("min", C("r")).alias("r"), F("min", C("v")).alias("v")]
    groups = parts.aggregate([C("d"), C("t"), C("m"), F("count").alias("n"), *first])
    is_zoned = False
    for text, time, has_mark, n, row, example in groups.order("r").limit(MOST).fetchall():
        if text is None:  # not filtered in DuckDB, which would do all of the above once more to find it
            continue
        bare = re.sub(ZONE.replace(r"\d", "9"), "", time).strip()
        if bare != time.strip():
            is_zoned = True
        form, formats = _judge_moment(text, bare, has_mark)
        days.forms[form].append(DayForm(n, row, example))
        days.formats |= formats
    if is_zoned:
        zone = F("regexp_extract", C("v"), K(ZONE))
        found = values.select(zone.alias("z")).filter(C("z") != K("")).distinct().order("z").limit(5).fetchall()
        days.zones = tuple(row[0] for row in found)
    return days


def _judge_moment(text: str, clock: str, has_mark: bool) -> tuple[str, set[str]]:
    """Say which form a day and its clock have, and the formats that may read both.

    Parameters
    ----------
    text : str
        The day, perhaps with a comma behind it.
    clock : str
        The shape of what follows, without the time zone.
    has_mark : bool
        Whether a T stands between the two.
    """
    form, formats = judge_day(text.rstrip(","))
    reader = next((found for known, found in TIMES.items() if re.fullmatch(known, clock, re.I)), None)
    if reader is None:
        return ("blank" if form == "blank" else "bad"), set()
    comma = "," if text.endswith(",") else ""
    time = reader.replace(" ", "T", 1) if has_mark else reader
    return form, {first + comma + time for first in formats}


def judge_day(text: str) -> tuple[str, tuple[str, ...]]:
    """Say which form a day has, and the formats that may read it.

    Returns
    -------
    tuple
        The form: iso, day (the day stands first), month, either, same (both ways the same day), blank, bad.

    Examples
    --------
    >>> judge_day("31/12/25")
    ('day', ('@//%y',))
    >>> judge_day("03.04.2026")[0], judge_day("05.05.2026")[0], judge_day("2025-02-30")[0]
    ('either', 'same', 'bad')
    """
    if text.lower() in BLANKS:
        return "blank", ()
    year_first = re.fullmatch(r"(\d{4})([-./]?)(\d\d?)\2(\d\d?)", text)
    if year_first:
        year, mark, month, day = year_first.groups()
        is_sound = bool(mark) or len(text) == 8
        if is_sound and _exists(year, month, day):
            return "iso", (f"%Y{mark}%m{mark}%d",)
        return "bad", ()
    year_last = re.fullmatch(r"(\d\d?)([-./])(\d\d?)\2(\d{4}|\d\d)", text)
    if not year_last:
        return "bad", ()
    first, mark, second, year = year_last.groups()
    form = _judge_order(first, second, year if len(year) == 4 else "20" + year)
    if form == "bad":
        return "bad", ()
    return form, (f"@{mark}{mark}%{'Y' if len(year) == 4 else 'y'}",)


def _judge_order(first: str, second: str, year: str) -> str:
    """Say what two numbers before the year prove about the order of day and month."""
    if int(first) == int(second):
        return "same"
    day_first = _exists(year, second, first)
    month_first = _exists(year, first, second)
    if day_first and month_first:
        return "either"
    if day_first:
        return "day"
    return "month" if month_first else "bad"


def read_date(value: duckdb.Expression, days: Days, day_first: bool) -> duckdb.Expression:
    """Return the expression that reads a text column as timestamps; what has no known form becomes empty."""
    if days.serial:
        micros = F("round", (_read_serial(value) - K(EPOCH - days.day_zero)) * K(86_400)) * K(1_000_000)
        return F("make_timestamp", micros.cast(duckdb.sqltypes.BIGINT))
    if days.zones:
        value = F("trim", F("regexp_replace", value, K(ZONE), K("")))
    if set(days.forms) == {"iso"} and all("%Y-" in form for form in days.formats):
        return value.try_cast(duckdb.sqltypes.TIMESTAMP)
    formats = {re.sub("@(.)", r"%d\1%m" if day_first else r"%m\1%d", form) for form in days.formats}
    # Two digits first: %Y would read 31.12.25 as the year 25.
    return F("try_strptime", value, K(sorted(formats, key=lambda form: ("%y" not in form, form)) or ["%Y"]))


def _read_serial(value: duckdb.Expression) -> duckdb.Expression:
    return F("replace", value, K(","), K(".")).try_cast(duckdb.sqltypes.DOUBLE)


def _exists(year: str, month: str, day: str) -> bool:
    try:
        return bool(dt.date(int(year), int(month), int(day)))
    except ValueError:
        return False
