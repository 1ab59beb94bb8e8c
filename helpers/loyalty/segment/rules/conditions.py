"""Conditions on columns of the profile, such as `recency_days > 60`: a small grammar that is read, never run."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyalty.tables.contracts import PROFILE
from loyalty.text import find_near

COMPARE: Mapping[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
ALIKE = {"==": "=", "≥": ">=", "≤": "<=", "≠": "!=", "=>": ">=", "=<": "<=", "<>": "!="}
NUMBERS = ("number", "whole", "money", "share")
COLUMNS = {column.name: column for column in PROFILE.columns if column.kind in NUMBERS}
SHAPE = "a column, a sign and a number, such as `recency_days > 60`, or `gap_days is empty`"
NUMBER = r"[-−+]?\d+(?:\.\d+)?"
COMPARISON = re.compile(rf"([A-Za-z_]\w*)\s*([<>=!≥≤≠]{{1,2}})\s*({NUMBER})")
EMPTINESS = re.compile(r"([A-Za-z_]\w*)\s+is\s+(not\s+)?empty")
ODD_NUMBER = re.compile(r"\w+\s*[<>=!≥≤≠]{1,2}\s*(\S.*)")
POINTS = 200_000  # customers that are made up to find out whether a rule can ever be reached


@dataclass(frozen=True)
class Condition:
    """One condition: a column of the profile, a sign, and a number; or the sign "empty" or "not empty"."""

    column: str
    sign: str
    number: float = 0.0  # not read where the sign is a word

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Say for each value whether the condition holds; an empty value (NaN) fails every comparison, also "!="."""
        is_empty = np.isnan(values)
        if self.sign == "empty":
            return is_empty
        if self.sign == "not empty":
            return ~is_empty
        return ~is_empty & COMPARE[self.sign](values, self.number)

    def __str__(self) -> str:
        if "empty" in self.sign:
            return f"{self.column} is {self.sign}"
        return f"{self.column} {self.sign} {self.number:.15g}"


def read_condition(text: object, there: Sequence[str]) -> tuple[Condition | None, str]:
    """Read one condition; return it, or None and what is wrong.

    Parameters
    ----------
    text : object
        As it stands in the file.
    there : sequence of str
        The columns that can be asked: those of the profile at hand.

    Examples
    --------
    >>> print(read_condition("recency_days >= 60", ["recency_days"])[0])
    recency_days >= 60
    >>> read_condition("recency > 60", ["recency_days"])[1]
    'there is no column `recency`: did you mean `recency_days`?'
    """
    words = str(text).strip() if isinstance(text, str) else ""
    if found := EMPTINESS.fullmatch(words):
        column, sign, number = found[1], "not empty" if found[2] else "empty", 0.0
    elif found := COMPARISON.fullmatch(words):
        column, sign, number = found[1], ALIKE.get(found[2], found[2]), float(found[3].replace("−", "-"))
    else:
        return None, _say_odd(text, words)
    if sign not in (*COMPARE, "empty", "not empty"):
        return None, f"`{words}`: there is no sign {sign}; there are {', '.join(COMPARE)}"
    if column not in there:
        return None, _say_no_column(column, there)
    return Condition(column, sign, number), ""


def _say_odd(text: object, words: str) -> str:
    """Say what is wrong with a condition that is none, and how to write it."""
    shown = repr(text)[:60]
    if found := ODD_NUMBER.fullmatch(words):
        tidy = re.sub(r"[\s\u00a0\u202f]", "", found[1]).replace(",", ".")
        if re.fullmatch(NUMBER, tidy):
            return f"{shown}: write the number as {tidy}, with a decimal point and without spaces"
        if re.fullmatch(f"{NUMBER}%", tidy):
            return f"{shown}: write {float(tidy[:-1]) / 100:g}: shares are fractions"
    if re.search(r"\b(and|or|и|или)\b", words):
        return f"{shown}: one condition a line; all lines of `when` must hold, and for “or” write two segments"
    return f"{shown} is no condition: write {SHAPE}"


def _say_no_column(column: str, there: Sequence[str]) -> str:
    """Say that a column is not there, and why or which is meant."""
    if column in COLUMNS:
        return f"`{column}` is not in this profile: the receipts have no column for it ({COLUMNS[column].meaning})"
    begun = [name for name in there if name.startswith(f"{column.lower()}_")]
    near = begun[0] if len(begun) == 1 else find_near(column, there)
    if near:
        return f"there is no column `{column}`: did you mean `{near}`?"
    return f"there is no column `{column}`; there are: {', '.join(there)}"


def hold_all(conditions: Sequence[Condition], table: pd.DataFrame | Mapping[str, np.ndarray], rows: int) -> np.ndarray:
    """Say for each row whether all conditions hold; without conditions all rows hold.

    Examples
    --------
    >>> hold_all([Condition("x", ">", 1), Condition("x", "<=", 3)], {"x": np.array([1.0, 2, 3, np.nan])}, 4).tolist()
    [False, True, True, False]
    """
    held = np.ones(rows, dtype=bool)
    for one in conditions:
        held &= one.holds(np.asarray(table[one.column], dtype=float))
    return held


def judge_reach(rules: Sequence[Sequence[Condition]]) -> list[str]:
    """Say for each rule, in their order, whether a customer can ever meet it first.

    Customers are made up: for each column one value at, between and beyond the numbers of the rules, and an empty one
    where the column may be empty. Every answer that the rules can give is among them, so what no made-up customer
    reaches nobody does. Columns that hang together in life (who never bought has no recency) are taken as free.

    Returns
    -------
    list of str
        "" for a rule that can be reached, "never" for one that contradicts itself, "before" for one whose customers all
        meet an earlier rule.

    Examples
    --------
    >>> low, high = Condition("x", ">", 5), Condition("x", ">", 9)
    >>> judge_reach([[low], [high], [Condition("x", "<", 2), high]])
    ['', 'before', 'never']
    """
    return [_judge(rules[place], rules[:place]) for place in range(len(rules))]


def _judge(rule: Sequence[Condition], earlier: Sequence[Sequence[Condition]]) -> str:
    everything = [one for other in (*earlier, rule) for one in other]
    points = {}
    for column in dict.fromkeys(one.column for one in everything):
        mine = [one for one in rule if one.column == column]
        values = _list_values(
            column, [one.number for one in everything if one.column == column and one.sign in COMPARE]
        )
        points[column] = values[hold_all(mine, {column: values}, len(values))]
        if not len(points[column]):
            return "never"
    size = int(np.prod([len(values) for values in points.values()], dtype=float)) if points else 1
    if size > POINTS:  # then only rules that stand behind a single wider one are told
        covered = (all(bool(one.holds(points[one.column]).all()) for one in other) for other in earlier)
        return "before" if any(covered) else ""
    grid = np.meshgrid(*points.values(), indexing="ij") if points else []
    table = {column: values.ravel() for column, values in zip(points, grid, strict=True)}
    met = np.zeros(size, dtype=bool)
    for other in earlier:
        met |= hold_all(other, table, size)
    return "before" if met.all() else ""


def _list_values(column: str, numbers: Sequence[float]) -> np.ndarray:
    """Values of a column at, between and beyond some numbers, within what the column can hold; and an empty one."""
    known = COLUMNS.get(column)
    told = np.unique(np.array(numbers, dtype=float))
    if known is not None and known.kind == "whole":
        values = np.unique(np.concatenate([np.floor(told) + step for step in (-1, 0, 1, 2)])) if len(told) else told
    else:
        values = np.concatenate([told, (told[1:] + told[:-1]) / 2, told[:1] - 1, told[-1:] + 1])
    ends = [end for end in (known.low, known.high) if end is not None] if known is not None else []
    values = np.unique(np.concatenate([values, ends])) if len(values) or ends else np.zeros(1)
    if known is not None and known.low is not None:
        values = values[values >= known.low]
    if known is not None and known.high is not None:
        values = values[values <= known.high]
    return np.append(values, np.nan) if known is None or known.nullable else values
