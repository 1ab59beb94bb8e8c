"""What is known about a column that was read, and the rows in which something was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from loyalty.intake.space import TYPED, C, F, K, Raw
from loyalty.tables.personal import hide_personal, is_card

SHOWN = 3
WIDTH = 40


@dataclass
class Reading:
    """How a column is read: an expression on the raw table, its name in messages, notes and problems."""

    value: duckdb.Expression
    says: str
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    filled: int | None = None  # how many values it must have; None if nothing can be lost on the way


@dataclass
class Found:
    """Rows in which something was found: how many, the first of them, examples."""

    count: int
    first: int | None
    examples: Sequence[Any]

    def show(self, raw: Raw) -> str:
        """Say what was found, in how many rows, and where first."""
        texts = list(dict.fromkeys(hide_example(str(example).strip(TYPED)) for example in self.examples))
        shown = ", ".join(repr(text if len(text) <= WIDTH else text[:WIDTH] + "…") for text in texts[:SHOWN])
        where = raw.locate(self.first)
        rows = f"{shown} in {say_rows(self.count)}"
        if not where:
            return rows
        return f"{rows} (first at {where})" if self.count > 1 else f"{rows} (at {where})"


def hide_example(text: str) -> str:
    """Take phones, e-mails and payment cards out of an example; bare digits stay, for ids are told by them.

    Examples
    --------
    >>> hide_example("ivan@mail.ru"), hide_example("79161234567")
    ('…', '79161234567')
    """
    return text if text.isdigit() and not is_card(text) else hide_personal(text)


def say_rows(n: int) -> str:
    """Say a number of rows."""
    return f"{n:,} row{'' if n == 1 else 's'}"


def find_all(raw: Raw, tests: Mapping[str, duckdb.Expression], shown: duckdb.Expression) -> dict[str, Found]:
    """Count in one pass the rows that each test finds, and fetch examples for those that find any.

    Examples
    --------
    >>> from loyalty.intake.space import Space
    >>> raw = Raw("a.csv", Space().write([["7"], ["x"]], 1), ["id"], 2)
    >>> find_all(raw, {"x": C("c0") == K("x"), "y": C("c0") == K("y")}, C("c0"))["x"].show(raw)
    "'x' in 1 row (at line 3)"
    """
    hits = [F("count", duckdb.CaseExpression(test, K(1))) for test in tests.values()]
    found = {}
    for (name, test), n in zip(tests.items(), raw.table.aggregate(hits).fetchall()[0], strict=True):
        if n:
            rows = raw.table.filter(test).select(shown.alias("v"), C("r"))
            first, low, high = rows.aggregate([F("min", C("r")), F("min", C("v")), F("max", C("v"))]).fetchall()[0]
            found[name] = Found(n, first, (low, high))
    return found
