"""Numbers as people write them: 1 234,50 ₽ and 1,234.50 and (12,50), by the shapes that occur in a column.

A column is first reduced to its shapes (every digit but 0 becomes 9), of which even a large column has few. They are
judged here, in Python; only then is the column read, by an expression that all of its shapes fit.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import duckdb

from loyalty.intake.space import TYPED, C, F, K

CURRENCY = r"(₽|руб(лей|ля|ль)?\.?|р\.|\bр\b|rub\b|rur\b|€|eur\b|\$|usd\b|£|gbp\b|₸|kzt\b|₴|грн\.?|byn\b)"
CURRENCY_WORDS = f"(?i){CURRENCY}"
MOST_SHAPES = 20_000
BLANKS = ("", "null", "nan", "none", "\\n", "nat")
PLAIN = re.compile(r"-?[09]+([.,][09]+)?")
D = "[09]"
ERROR = re.compile(r"#\S+[!?]|#n/?a|#н/?д", re.I)


@dataclass
class Shape:
    """Values that differ in their digits only: how many, the first row, the least and the greatest of them."""

    text: str
    count: int
    row: int
    low: str
    high: str


def clean(value: duckdb.Expression) -> duckdb.Expression:
    """Take white space off both ends of a text; what is then empty is empty."""
    return F("nullif", F("trim", value, K(" \t\r\n\v\f")), K(""))


def list_shapes(table: duckdb.DuckDBPyRelation, value: duckdb.Expression) -> list[Shape]:
    """Group a text column by shape, the most frequent first; what most values look like is recognised faster."""
    shape = F("translate", C("v"), K("123456789"), K("9" * 9))
    usual = duckdb.CaseExpression(F("regexp_full_match", C("v"), K(r"-?\d+\.\d\d")), K("9.99"))
    usual = usual.when(F("regexp_full_match", C("v"), K(r"-?\d+,\d\d")), K("9,99"))
    usual = usual.when(F("regexp_full_match", C("v"), K(r"-?\d+")), K("9")).otherwise(shape)
    seen = table.select(value.alias("v"), C("r")).select(usual.alias("shape"), C("v"), C("r"))
    many = [F("count").alias("n"), F("min", C("r")).alias("r"), F("min", C("v")).alias("low")]
    groups = seen.aggregate([C("shape"), *many, F("max", C("v")).alias("high")])
    rows = groups.order("n DESC, r").limit(MOST_SHAPES).fetchall()
    return [Shape(*row) for row in rows if row[0] is not None]


def judge_shape(text: str) -> str:
    """Say what the shape of a number proves about its decimal mark.

    Parameters
    ----------
    text : str
        A value in which digits may all be written as 9; 0 must stay 0.

    Returns
    -------
    str
        "typed" (a number of the workbook), "blank", "whole" (no mark), "." or "," (that is the decimal mark), "?."
        or "?," (a mark that may be either), "" (no number).

    Examples
    --------
    >>> [judge_shape(text) for text in ("9 999,99 ₽", "9,999", "9,999.9", "(99,9)", "abc")]
    [',', '?,', '.', ',', '']
    """
    if text.startswith(TYPED):
        return "typed" if re.fullmatch(rf"-?{D}+(\.{D}+)?(e[-+]?{D}+)?", text[1:], re.I) else ""
    if text.lower() in BLANKS:
        return "blank"
    body = re.sub(CURRENCY_WORDS, "", text).strip()
    signed = re.fullmatch(r"\((.*)\)|[-+−–](.*)|(.*)-", body)
    if signed:
        body = next(part for part in signed.groups() if part is not None).strip()
    if re.fullmatch(rf"{D}+|{D}{{1,3}}([ ']{D}{{3}})+", body):
        return "whole"
    if re.fullmatch(rf"{D}+(\.{D}+)?e[-+]?{D}+", body, re.I):
        return "."
    for mark, other in ((".", ","), (",", ".")):
        m = re.escape(mark)
        o = re.escape(other)
        if re.fullmatch(rf"9{D}{{0,2}}{m}{D}{{3}}", body):
            return "?" + mark
        groups = rf"{D}{{1,3}}([ ']{D}{{3}})+{m}{D}+|{D}{{1,3}}({o}{D}{{3}})+{m}{D}+|{D}{{1,3}}({o}{D}{{3}}){{2,}}"
        if re.fullmatch(rf"{D}*{m}{D}+|{D}+{m}|{groups}", body):
            return mark
    return ""


def choose_decimal(shapes: list[Shape], said: str | None) -> tuple[str, list[Shape], str]:
    """Choose the decimal mark of a column from its shapes: the mark, the shapes that do not fit, and what is wrong."""
    kinds = {shape.text: judge_shape(shape.text) for shape in shapes}
    seen: Counter[str] = Counter()
    for shape in shapes:
        seen[kinds[shape.text]] += shape.count
    if said is None and seen["."] and seen[","]:
        rarer = "." if seen["."] <= seen[","] else ","
        return ".", [shape for shape in shapes if kinds[shape.text] == rarer], "mixed"
    if said is None and not seen["."] and not seen[","] and (seen["?."] or seen["?,"]):
        return ".", [shape for shape in shapes if kinds[shape.text].startswith("?")], "ambiguous"
    mark = said or ("," if seen[","] else ".")
    other = "," if mark == "." else "."
    bad = [shape for shape in shapes if kinds[shape.text] in ("", other)]
    return mark, bad, "bad" if bad else ""


def read_number(value: duckdb.Expression, shapes: list[Shape], decimal: str) -> duckdb.Expression:
    """Return the expression that reads a cleaned text column, all of whose shapes fit the decimal mark."""
    number = duckdb.sqltypes.DOUBLE
    if any(judge_shape(shape.text) == "blank" for shape in shapes):
        value = duckdb.CaseExpression(~F("lower", value).isin(*map(K, BLANKS)), value)
    other = "," if decimal == "." else "."
    if all(PLAIN.fullmatch(shape.text) and other not in shape.text for shape in shapes):
        if decimal == ",":
            value = F("replace", value, K(","), K("."))
        return value.try_cast(number)
    body = F("regexp_replace", value, K(CURRENCY_WORDS + rf"|[ '+{TYPED}]"), K(""), K("g"))
    minus = F("regexp_matches", body, K(r"^\(.*\)$|^[-−–]|-$"))
    digits = F("translate", body, K(f"{decimal}{other}()-−–"), K("."))
    size = digits.try_cast(number)
    slow = duckdb.CaseExpression(minus, -size).otherwise(size)
    typed = F("starts_with", value, K(TYPED))
    slow = duckdb.CaseExpression(typed, F("substr", value, K(2)).try_cast(number)).otherwise(slow)
    return duckdb.CoalesceOperator(value.try_cast(number), slow) if decimal == "." else slow
