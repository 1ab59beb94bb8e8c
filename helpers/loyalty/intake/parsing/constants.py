"""Reads what columns.yml says of all rows of a table, such as the campaign's days, where no column says it."""

from __future__ import annotations

from typing import Any

from loyalty.tables.check import TableError
from loyalty.tables.columns import Column
from loyalty.tables.days import read_day

YES = {"true": True, "yes": True, "да": True, "false": False, "no": False, "нет": False}


def read_constant(column: Column, value: str) -> Any:
    """Read one value for a whole column by the column's kind; TableError with what would be right.

    Examples
    --------
    >>> read_constant(Column("start", "date", "first day"), "2026-03-02")
    datetime.date(2026, 3, 2)
    >>> read_constant(Column("wave", "whole", "which sending"), "second")
    Traceback (most recent call last):
    loyalty.tables.check.TableError: everywhere: 1 problem
      1. under everywhere, `wave` should be a whole number, found 'second'
    """
    try:
        return _read(column, str(value).strip())
    except TableError:
        says = "a day such as 2026-03-02"
    except (ValueError, KeyError):
        says = {"whole": "a whole number", "flag": "true or false"}.get(column.kind, "a number with a decimal point")
    raise TableError([f"under everywhere, `{column.name}` should be {says}, found {str(value)!r}"], "everywhere")


def _read(column: Column, text: str) -> Any:
    if column.kind == "date":
        return read_day(text, column.name).date()
    if column.kind == "time":
        return read_day(text, column.name).to_pydatetime()
    if column.kind == "whole":
        return int(text)
    if column.kind == "flag":
        return YES[text.lower()]
    return text if column.kind in ("id", "text") else float(text)
