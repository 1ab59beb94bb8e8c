"""What kind of answer a value is, how it is described, and how one number, date or text is read."""

from __future__ import annotations

import datetime
import math
import numbers
import re
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
        stamp = stamp.as_unit("ns")  # a day of the year 1 can be held, and not be subtracted
    except ValueError:
        raise Mismatch(f"dates are asked; {value} lies outside what pandas can hold.") from None
    return stamp if stamp.tz is None else stamp.tz_localize(None)


_IN_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_WITH_YEAR = re.compile(r"(?<!\d)(19|20)\d\d")
_MORE_THAN_YEAR = re.compile(r"\d{4}\W*.*[^\W_]|[^\W_].*\d{4}")
_SUCH_AS = "write it as 2025-01-31 (year, month, day)"


def read_date(answer: Any) -> Any:
    """Read a date that was written as text, or stands alone in a list; anything else stays as it is.

    01.06.2025 is 1 June: with full stops the day comes first. With slashes or hyphens it is read only where one order
    is possible.

    Parameters
    ----------
    answer : any

    Returns
    -------
    any
        A Timestamp, where a text was given.

    Raises
    ------
    Mismatch
        When the text is no date, has no year, or can be two dates.

    Examples
    --------
    >>> read_date("01.06.2025"), read_date("31/1/2025")
    (Timestamp('2025-06-01 00:00:00'), Timestamp('2025-01-31 00:00:00'))
    """
    if kind_of(answer) in {"sequence", "series"} and not isinstance(answer, dict) and len(answer) == 1:
        answer = list(answer)[0]
    if kind_of(answer) != "text":
        return answer
    text = " ".join(answer.split()).strip("\"'. ")
    in_numbers = _IN_NUMBERS.fullmatch(text)
    if in_numbers:
        return _read_numbers(text, in_numbers)
    if not _WITH_YEAR.search(text) or not _MORE_THAN_YEAR.search(text):
        raise Mismatch(f"A date with its year is asked; yours is {quote(answer)}: {_SUCH_AS}.")
    try:
        return as_date(pd.Timestamp(text))
    except (ValueError, OverflowError):
        raise Mismatch(f"A date is asked; {quote(answer)} cannot be read as one: {_SUCH_AS}.") from None


def _read_numbers(text: str, found: re.Match[str]) -> pd.Timestamp:
    """The day of a date such as 31.1.2025 or 1/31/2025."""
    first, sign, second, year = found.groups()
    orders = [(first, second)] if sign == "." else [(first, second), (second, first)]
    days = set()
    for day, month in orders:
        try:
            days.add(pd.Timestamp(int(year), int(month), int(day)))
        except ValueError:  # there is no month 31
            continue
    if len(days) == 1:
        return days.pop()
    says = "can be two dates" if days else "is no day of the calendar"
    raise Mismatch(f"A date is asked; {text} {says}: {_SUCH_AS}.")


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
    """Make a reader of answers that are one of several letters; small letters and signs around it do no harm.

    Parameters
    ----------
    letters : str
        Capitals that may be chosen.

    Returns
    -------
    callable
        Takes an answer, returns the capital; raises `Mismatch` with the letters that may be chosen.

    Examples
    --------
    >>> read_letter("ABC")(" b. "), read_letter("ABC")("(C)")
    ('B', 'C')
    """

    def read(answer: Any) -> str:
        letter = re.sub(r"^[\W_]+|[\W_]+$", "", str(answer)).upper()
        if len(letter) != 1 or letter not in letters:
            *others, last = (f'"{one}"' for one in letters)
            raise Mismatch(f"One letter, please: {', '.join(others)} or {last}.")
        return letter

    return read
