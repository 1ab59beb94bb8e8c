"""From a raw column to one column of a contract: the expression that reads it, what was noted, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from loyalty.intake.parsing.numbers import (
    BLANKS,
    ERROR,
    Shape,
    choose_decimal,
    clean,
    judge_shape,
    list_shapes,
    read_number,
)
from loyalty.intake.parsing.readings import Found, Reading, find_all, hide_example, say_rows
from loyalty.intake.parsing.times import read_time
from loyalty.intake.space import TYPED, C, F, K, Raw
from loyalty.tables.columns import Column
from loyalty.tables.flags import FLAGS, YES
from loyalty.tables.ids import MASKED, say_masked

NUMBERS = ("money", "number", "whole", "share")
SHORTENED = r"\d([.,]\d+)?[eE]\+?\d+"
NO_ID = rf"{TYPED}(True|False|\d{{4}}-\d\d-\d\d.*|\d\d:\d\d.*|-?\d+\.\d*[1-9]\d*)"  # typed in a workbook
ERRORS = r"(?i)#\S+[!?]|#n/?a|#н/?д"
TEXT = duckdb.sqltypes.VARCHAR
DOUBLE = duckdb.sqltypes.DOUBLE


def read_column(raw: Raw, ref: str, column: Column, name: str, options: Mapping[str, Any]) -> Reading:
    """Find out how a raw column is read as its contract wants it, looking at all of its values.

    Parameters
    ----------
    raw : Raw
        The table as found.
    ref : str
        The column in it, such as "c0".
    column : Column
        What the contract wants.
    name : str
        Its header, for messages.
    options : mapping
        decimal, day_first, arms, kinds of columns.yml.

    Returns
    -------
    Reading
        Its expression is only to be used if it has no problems.

    Examples
    --------
    >>> from loyalty.intake.space import Space
    >>> raw = Raw("a.csv", Space().write([["1,50"], ["2,5"]], 1), ["sum"])
    >>> reading = read_column(raw, "c0", Column("sales", "money", "money paid"), "sum", {})
    >>> raw.table.select(reading.value).fetchall()
    [(1.5,), (2.5,)]
    """
    says = f"`{column.name}` (column {name})" if name != column.name else f"`{column.name}`"
    kind = raw.get_type(ref)
    text = kind == "VARCHAR"
    value = clean(C(ref).cast(TEXT)) if text else C(ref)
    if column.kind == "id":
        return _read_id(raw, ref, value, says) if text else _read_typed_id(raw, value, says, kind)
    if column.kind in NUMBERS:
        read = _read_share if column.kind == "share" else _read_number
        return read(raw, value, says, kind, column, options.get("decimal"))
    plain = F("ltrim", value.cast(TEXT), K(TYPED)) if raw.marked else value.cast(TEXT)
    if column.kind in ("time", "date"):
        return read_time(raw, plain if text else value, says, kind, options.get("day_first"))
    if column.kind == "flag":
        return _read_flag(raw, plain, says)
    return Reading(plain, says)


def _read_id(raw: Raw, ref: str, value: duckdb.Expression, says: str) -> Reading:
    bare = F("ltrim", value, K(TYPED)) if raw.marked else value
    blank = F("lower", bare).isin(*map(K, BLANKS))
    point = F("suffix", bare, K(".0")) & F("regexp_full_match", bare, K(r"\d+\.0"))
    long = (F("strlen", value) > K(16)) & F("regexp_full_match", value, K(rf"{TYPED}\d+(\.0)?"))
    tests = {
        "shortened": F("contains", F("upper", bare), K("E")) & F("regexp_full_match", bare, K(SHORTENED)),
        "long": long if raw.marked else K(False),
        "error": F("starts_with", bare, K("#")) & F("regexp_full_match", bare, K(ERRORS)),
        "typed": F("regexp_full_match", value, K(NO_ID)) if raw.marked else K(False),
        "masked": F("regexp_matches", bare, K(MASKED)),
        "point": point,
        "blank": blank,
        "spaces": C(ref) != value,
    }
    found = find_all(raw, tests, bare)
    reading = Reading(bare, says)
    if "point" in found:
        reading.value = duckdb.CaseExpression(point, F("regexp_replace", bare, K(r"\.0$"), K(""))).otherwise(bare)
        reading.notes.append(f"{says}: .0 taken off the end of {say_rows(found['point'].count)}")
    if "blank" in found:
        reading.value = duckdb.CaseExpression(~blank, reading.value)
        reading.notes.append(f"{says}: {found['blank'].show(raw)} read as empty")
    if "spaces" in found:
        count = say_rows(found["spaces"].count)
        reading.notes.append(f"{says}: spaces around it, or characters that cannot be seen, taken off in {count}")
    if "masked" in found:
        reading.notes.append(f"{says}: {say_masked(found['masked'].count)}")
    mend = "format the column as text in the source, not in a copy of Excel's, and export again"
    for key, what in (
        ("shortened", f"Excel has shortened the numbers, and their last digits are lost: {mend}"),
        ("long", f"numbers of 16 digits or more, of which Excel keeps 15: {mend}"),
        ("typed", "no ids: an id is a whole number or a text"),
        ("error", "errors of Excel instead of values: correct them in the workbook"),
    ):
        if key in found:
            reading.problems.append(f"{says} holds {found[key].show(raw)}: {what}")
    if "point" in found:
        reading.problems += _find_twins(raw, bare, point, says)
    return reading


def _find_twins(raw: Raw, bare: duckdb.Expression, point: duckdb.Expression, says: str) -> list[str]:
    """Refuse 17850 beside 17850.0 as text: one customer, whose column was a decimal number for a while."""
    ids = raw.table.select(bare.alias("v")).distinct()
    pointed = raw.table.filter(point).select(F("regexp_replace", bare, K(r"\.0$"), K("")).alias("v")).distinct()
    twins = pointed.set_alias("pointed").join(ids.set_alias("ids"), "v", "semi")
    count = len(twins)
    if not count:
        return []
    twin = twins.order("v").limit(1).fetchall()[0][0]
    many = "1 number" if count == 1 else f"{count:,} numbers"
    mend = "write them alike in the source, without .0"
    return [f"{says} holds {many} with .0 and without, such as '{twin}' and '{twin}.0': {mend}"]


def _read_typed_id(raw: Raw, value: duckdb.Expression, says: str, kind: str) -> Reading:
    if kind == "UUID" or kind.endswith("INT") or kind.endswith("INTEGER"):
        return Reading(value.cast(TEXT), says)
    if not kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        mend = "an id is a whole number or a text"
        return Reading(value, says, problems=[f"{says} holds values of the type {kind.lower()}: {mend}"])
    number = value.cast(DOUBLE)
    sound = F("isfinite", number) & (number == F("round", number))
    whole = duckdb.CaseExpression(sound & (F("abs", number) < K(2**53)), number.cast(duckdb.sqltypes.BIGINT).cast(TEXT))
    reading = Reading(whole, says)
    for bad in find_all(raw, {"bad": ~F("isnan", number) & whole.isnull()}, value.cast(TEXT)).values():
        mend = "an id is a whole number or a text; export it as text"
        if any("." not in str(example).removesuffix(".0") for example in bad.examples):
            mend = "decimal numbers so long have lost their last digits: export the column as text, and read it again"
        reading.problems.append(f"{says} holds {bad.show(raw)}: {mend}")
    return reading


def _read_share(raw: Raw, value: duckdb.Expression, says: str, kind: str, column: Column, said: str | None) -> Reading:
    """Read a share, which may be written as percent: 10% is 0.10; both forms in one column are a problem."""
    shapes = list_shapes(raw.table, value) if kind == "VARCHAR" else []
    percent = [shape for shape in shapes if shape.text.endswith("%")]
    if not percent:
        return _read_number(raw, value, says, kind, column, said)
    plain = [shape for shape in shapes if shape not in percent and judge_shape(shape.text) != "blank"]
    if plain:
        what = f"percent such as {percent[0].low} and other values such as {plain[0].low.lstrip(TYPED)}"
        return Reading(value, says, problems=[f"{says} holds {what}: write all in one form, as 10% or as 0.10"])
    reading = _read_number(raw, F("trim", F("rtrim", value, K("%"))), says, kind, column, said)
    reading.value = reading.value / K(100)
    reading.notes.append(f"{says}: percent, divided by 100")
    return reading


def _read_number(raw: Raw, value: duckdb.Expression, says: str, kind: str, column: Column, said: str | None) -> Reading:
    if kind != "VARCHAR":
        if kind.startswith(("DATE", "TIME", "BOOL", "BLOB")) or "[" in kind or "STRUCT" in kind:
            return Reading(value, says, problems=[f"{says} should be a number, found values of the type {kind}"])
        number = value.cast(DOUBLE)
        number = duckdb.CaseExpression(~F("isnan", number), number)
        return Reading(_make_whole(raw, number) if column.kind == "whole" else number, says)
    shapes = list_shapes(raw.table, value)
    mark, bad, why = choose_decimal(shapes, said)
    reading = Reading(read_number(value, shapes, mark), says)
    blank = [shape for shape in shapes if judge_shape(shape.text) == "blank"]
    if blank:
        reading.notes.append(f"{says}: {_say_shapes(raw, blank)} read as empty")
    if mark == "," and any(mark in shape.text for shape in shapes):
        reading.notes.append(f"{says}: decimal comma")
    errors = [shape for shape in bad if ERROR.fullmatch(shape.low)]
    words = [shape for shape in bad if shape not in errors]
    if why == "mixed":
        what = f"decimal commas and decimal points, the fewer are {_say_shapes(raw, bad)}"
        mend = "bring the file to one form, or say `decimal:` in columns.yml"
        reading.problems.append(f"{says} holds {what}: {mend}")
    elif why == "ambiguous":
        mend = f'is {bad[0].low} a thousand and more, or a decimal? Say `decimal: "."` or `decimal: ","` in columns.yml'
        reading.problems.append(f"{says} holds {_say_shapes(raw, bad)}: {mend}")
    elif errors:
        mend = "correct them in the workbook"
        reading.problems.append(f"{says} holds errors of Excel, {_say_shapes(raw, errors)}: {mend}")
    if why == "bad" and words:
        mend = "correct these cells, or make them empty"
        reading.problems.append(f"{says} should be a number, found {_say_shapes(raw, words)}: {mend}")
    if column.kind == "whole" and not reading.problems:
        reading.value = _make_whole(raw, reading.value)
    return reading


def _make_whole(raw: Raw, value: duckdb.Expression) -> duckdb.Expression:
    """Make whole numbers of a whole column; with a fraction among them it stays as it is, and the contract names it."""
    odd = find_all(raw, {"odd": value != F("round", value)}, value.cast(TEXT))
    return value if odd else value.try_cast(duckdb.sqltypes.BIGINT)


def _say_shapes(raw: Raw, shapes: Sequence[Shape]) -> str:
    texts = [shape.low for shape in shapes]
    return Found(sum(shape.count for shape in shapes), min(shape.row for shape in shapes), texts).show(raw)


def _read_flag(raw: Raw, value: duckdb.Expression, says: str) -> Reading:
    lower = F("regexp_replace", F("lower", value), K(r"^([01])[.,]0+$"), K(r"\1"))  # a column of numbers with gaps
    counted = raw.table.select(lower.alias("v")).filter(C("v").isnotnull())
    groups = counted.aggregate([C("v"), F("count").alias("n")]).order("n DESC, v").limit(50).fetchall()
    unknown = [f"{hide_example(text)!r} ({n:,})" for text, n in groups if text not in FLAGS]
    if unknown:
        mend = "write true or false, yes or no, да or нет, 1 or 0"
        return Reading(value, says, problems=[f"{says} should be yes or no, found {', '.join(unknown[:5])}: {mend}"])
    return Reading(duckdb.CaseExpression(value.isnotnull(), lower.isin(*map(K, sorted(YES)))), says)
