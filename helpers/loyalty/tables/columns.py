"""What a contract is made of: columns with a kind, a rule and a meaning, and tables with a key."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = {
    "id": "a whole number or a text",
    "time": "a date with time, local, without time zone",
    "date": "a date",
    "money": "a number, in the data's currency",
    "number": "a number",
    "whole": "a whole number",
    "share": "a number from 0 to 1",
    "text": "a text",
    "flag": "true or false",
}


@dataclass(frozen=True)
class Column:
    """One column of a contract: `kind` is a key of KINDS, `low` and `high` are inclusive limits."""

    name: str
    kind: str
    meaning: str
    optional: bool = False
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def holds(self) -> str:
        """What the column holds, in words."""
        return KINDS[self.kind]

    @property
    def rule(self) -> str:
        """What its values keep to, in words; empty without a rule."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.kind == "time":
            return "between the years 1900 and 2200"
        if self.low is not None and self.high is not None:
            return f"from {self.low:g} to {self.high:g}"
        parts = ["a whole number"] if self.kind == "whole" else []
        return ", ".join(parts + ([f"{self.low:g} or more"] if self.low is not None else []))

    @property
    def advice(self) -> str:
        """What to do with values that break the rule."""
        if self.choices:
            return "rename these values"
        return (
            "percent? Divide by 100" if self.kind == "share" else "correct these rows, or take them out and count them"
        )


@dataclass(frozen=True)
class Table:
    """One contract: what a row is, which columns make it unique, its columns, and what to do with rows that repeat."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    again: str = "keep one row of each"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)
