"""Days and moments as arguments: read strictly, and written so that every engine understands them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.tables.check import TableError


def read_day(value: Any, name: str = "as_of") -> pd.Timestamp:
    """Read a day, midnight at its start; TableError for a time of day, a time zone or an ambiguous form."""
    problem = f"{name} should be a day such as '2017-12-01', found {str(value)!r}"
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?", value.strip()):
        raise TableError([problem], name)
    try:
        day = pd.Timestamp(value) if isinstance(value, str | dt.date | np.datetime64) else pd.NaT
    except ValueError:
        day = pd.NaT
    if day is pd.NaT or not 1900 <= day.year <= 2200:
        raise TableError([problem], name)
    if day.tz is not None or day != day.normalize():
        raise TableError([f"{problem}: leave the time and its zone out"], name)
    return day.as_unit("us")


def read_moment(value: Any, name: str) -> pd.Timestamp:
    """Read a day or a moment; TableError for what is neither."""
    try:
        moment = pd.Timestamp(value)
    except (TypeError, ValueError):
        moment = pd.NaT
    if moment is pd.NaT:
        raise TableError([f"{name} should be a day such as '2017-12-01', found {value!r}"], name)
    return moment


def write_moment(moment: pd.Timestamp) -> nw.Expr:
    """Write a moment of the shop's clock as an expression; as text, because Spark moves a datetime to its own zone."""
    return nw.lit(f"{moment:%Y-%m-%d %H:%M:%S}").cast(nw.Datetime("us"))
