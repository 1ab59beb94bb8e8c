"""What kind of answer a value is, how it is described, and how one number, date or text is read."""

from __future__ import annotations

import datetime
import math
import numbers
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

CONTAINERS: dict[str, tuple[type, ...]] = {
    "table": (pd.DataFrame,),
    "series": (pd.Series, dict),
    "set": (set, frozenset),
    "sequence": (list, tuple, range, np.ndarray, pd.Index, pd.api.extensions.ExtensionArray),
}


class Mismatch(Exception):
    """An answer of another type or shape than the one asked; its text is the sentence the learner reads."""


def kind_of(value: Any) -> str:
    """Name the kind of an answer.

    Parameters
    ----------
    value : any

    Returns
    -------
    str
        "yes/no", "number", "text", "date", "set", "table", "series", "sequence", "nothing" or "other".

    Examples
    --------
    >>> kind_of(True), kind_of(1.5), kind_of([1, 2])
    ('yes/no', 'number', 'sequence')
    """
    if value is None or value is ...:
        return "nothing"
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (bool, np.bool_)):
        return "yes/no"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (datetime.date, np.datetime64, pd.Period)):
        return "date"
    if isinstance(value, (numbers.Real, Decimal, datetime.timedelta, np.timedelta64)) or value is pd.NA:
        return "number"
    return next((kind for kind, types in CONTAINERS.items() if isinstance(value, types)), "other")


def describe(value: Any) -> str:
    """Say in words what kind of answer a value is and how large.

    Parameters
    ----------
    value : any

    Returns
    -------
    str

    Examples
    --------
    >>> describe((1, 2, 3)), describe(4.2)
    ('3 values in order', 'a number')
    """
    kind = kind_of(value)
    if isinstance(value, dict):
        return "a dictionary"
    if kind == "other" and all(hasattr(value, name) for name in ("effect", "low", "high")):
        return f"a whole {type(value).__name__}, whose numbers are its .effect, .low and .high"
    if kind in {"table", "series", "sequence"}:
        return _describe_many(kind, len(value))
    words = {"yes/no": "True or False", "number": "a number", "text": "a text", "date": "a date", "set": "a set"}
    return words.get(kind, f"an object of type {type(value).__name__}")


def _describe_many(kind: str, size: int) -> str:
    plural = "" if size == 1 else "s"
    if kind == "sequence":
        return f"{size:,} value{plural} in order"
    return f"{'a table' if kind == 'table' else 'a Series'} with {size:,} row{plural}"


def as_number(value: Any) -> float:
    """Return a number of any type as a float; time differences in days, missing as NaN, too large as infinity.

    Parameters
    ----------
    value : number

    Returns
    -------
    float

    Raises
    ------
    Mismatch
        When the value is no number.

    Examples
    --------
    >>> as_number(np.int64(3)), as_number(pd.Timedelta("36h"))
    (3.0, 1.5)
    """
    if is_missing(value):
        return math.nan
    if isinstance(value, (datetime.timedelta, np.timedelta64)):
        return pd.Timedelta(value) / pd.Timedelta(days=1)
    if kind_of(value) in {"number", "yes/no"}:
        try:
            return float(value)
        except OverflowError:
            return math.inf
    raise Mismatch(f"numbers are asked; yours holds {quote(value)}.")


def quote(value: Any) -> str:
    """Say what was given: text in quotes, anything else by its kind and size.

    Parameters
    ----------
    value : any

    Returns
    -------
    str

    Examples
    --------
    >>> quote("1,234.5"), quote({1, 2})
    ('text ("1,234.5")', 'a set')
    """
    if kind_of(value) == "text":
        return f'text ("{value if len(value) <= 40 else value[:37] + "..."}")'
    return describe(value)


def is_missing(value: Any) -> bool:
    """Say whether a cell is empty: None, NaN, NaT or NA.

    Parameters
    ----------
    value : any

    Returns
    -------
    bool

    Examples
    --------
    >>> is_missing(float("nan")), is_missing(0)
    (True, False)
    """
    empty = value is None or value is pd.NA or value is pd.NaT
    return empty or (isinstance(value, (float, np.floating, Decimal)) and bool(value != value))


def as_date(value: Any) -> pd.Timestamp:
    """Return a date of any type as a local, naive time stamp.

    Parameters
    ----------
    value : date, datetime, Timestamp, datetime64, Period or missing

    Returns
    -------
    Timestamp

    Raises
    ------
    Mismatch
        When the value is no date, or one that pandas cannot hold.

    Examples
    --------
    >>> as_date(datetime.date(2025, 3, 31))
    Timestamp('2025-03-31 00:00:00')
    """
    if is_missing(value):
        return pd.NaT
    if kind_of(value) == "text":
        raise Mismatch(f"dates are asked; yours holds {quote(value)} (`pd.to_datetime` makes dates of it).")
    if kind_of(value) != "date":
        raise Mismatch(f"dates are asked; yours holds {quote(value)}.")
    try:
        stamp = value.start_time if isinstance(value, pd.Period) else pd.Timestamp(value)
    except ValueError:
        raise Mismatch(f"dates are asked; {value} lies outside what pandas can hold.") from None
    return stamp if stamp.tz is None else stamp.tz_localize(None)


def as_text(value: Any) -> str | None:
    """Return a cell as text without the differences that do not matter: case and spaces.

    Parameters
    ----------
    value : any

    Returns
    -------
    str or None
        None when the cell is empty.

    Examples
    --------
    >>> as_text("  At  Risk ")
    'at risk'
    """
    return None if is_missing(value) else " ".join(str(value).split()).casefold()


def read_letter(letters: str) -> Callable[[Any], Any]:
    """Make a reader of answers that are one of several letters; quotes, a full stop and small letters do no harm.

    Examples
    --------
    >>> read_letter("ABC")(" b. ")
    'B'
    """

    def read(answer: Any) -> str:
        letter = str(answer).strip().strip("\"'.").upper()
        if len(letter) != 1 or letter not in letters:
            *others, last = (f'"{one}"' for one in letters)
            raise Mismatch(f"One letter, please: {', '.join(others)} or {last}.")
        return letter

    return read
