"""Rows that are no data: empty ones, totals, anonymous receipts, repeats; each is counted, and said."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence

import duckdb

from loyalty.intake.parsing.numbers import clean
from loyalty.intake.parsing.readings import say_rows
from loyalty.intake.space import C, F, K, Raw

TOTAL = (
    r"(?i)^\W*(итого|всего|общий итог|под[ыи]тог|промежуточный итог|итог|grand total|sub-?total|total|summe|gesamt)"
    r"(\s|\W|$)"
)
MOST = 1_000


def join_all(how: Callable[..., duckdb.Expression], parts: Sequence[duckdb.Expression]) -> duckdb.Expression:
    """Join expressions by and, or, in pairs: one behind the other, a thousand columns would be a thousand levels."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return how(join_all(how, parts[:half]), join_all(how, parts[half:]))


def set_aside(raw: Raw, keys: Mapping[str, str]) -> tuple[list[int], list[str], list[str]]:
    """Take empty rows and the totals below a table out of it.

    Parameters
    ----------
    raw : Raw
        The table as found; its `table` is replaced.
    keys : mapping
        The raw columns of the id and, where there is one, of the time. A row is looked at only if its id is empty or
        one of the two holds a word such as "Итого".

    Returns
    -------
    tuple
        Rows of totals that were left out, notes, problems.

    Examples
    --------
    >>> from loyalty.intake.space import Space
    >>> raw = Raw("a.csv", Space().write([["7", "5"], ["Итого", "5"], [None, None]], 2), ["id", "sum"], 2)
    >>> set_aside(raw, {"id": "c0"})[:2]
    ([1], ['1 empty row left out'])
    """
    refs = [name for name in raw.table.columns if name != "r"]
    texts = [ref for ref in refs if raw.get_type(ref) == "VARCHAR"]
    blank = {ref: clean(C(ref)).isnull() if ref in texts else C(ref).isnull() for ref in refs}
    word = {ref: F("regexp_matches", duckdb.CoalesceOperator(C(ref), K("")), K(TOTAL)) for ref in texts}
    if not keys:
        return [], [], []
    loose = blank[next(iter(keys.values()))]
    for ref in keys.values():
        loose = loose | word.get(ref, K(False))
    empty = join_all(operator.and_, list(blank.values()))
    total = join_all(operator.or_, [*word.values(), K(False)])
    kind = duckdb.CaseExpression(~loose, K("data")).when(empty, K("empty")).when(total, K("total")).otherwise(K("data"))
    kinds = raw.table.select(kind.alias("kind"), C("r"))
    seen = kinds.aggregate([C("kind"), F("count").alias("n"), F("max", C("r")).alias("last")]).fetchall()
    counts = {name: (n, last) for name, n, last in seen}
    notes = []
    problems = []
    totals = []
    if "total" in counts:
        rows = kinds.filter(C("kind") == K("total")).order("r").limit(MOST).fetchall()
        raw.table = raw.table.filter(~C("r").isin(*(K(row) for _, row in rows)))
        last = counts.get("data", (0, -1))[1]
        totals = [row for _, row in rows if row > last]
        inside = [row for _, row in rows if row < last]
        if inside:
            where = ", ".join(filter(None, map(raw.locate, inside[:3]))) + (", …" if len(inside) > 3 else "")
            mend = "take them out, or their money counts twice"
            problems.append(f"{say_rows(len(inside))} of subtotals between the data ({where}): {mend}")
    if "empty" in counts:
        notes.append(f"{counts['empty'][0]:,} empty row{'' if counts['empty'][0] == 1 else 's'} left out")
        raw.table = raw.table.filter(~empty)
    return totals, notes, problems
