"""Regular time: series of days, weeks or months, how long their season is, and which periods come next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyalty.tables.check import TableError

WEEK = 7
YEAR = 365.25


@dataclass(frozen=True)
class Grid:
    """What the periods of a series are.

    Attributes
    ----------
    every : str
        "day", "week" or "month".
    season : int
        Periods of one season: 7 days, 52 weeks or 12 months.
    cycle : float
        The exact length of it, for waves: 52.18 weeks a year.
    """

    every: str
    season: int
    cycle: float


GRIDS = {
    "day": Grid("day", WEEK, float(WEEK)),
    "week": Grid("week", 52, YEAR / WEEK),
    "month": Grid("month", 12, 12.0),
}


def find_grid(index: pd.Index, name: str) -> Grid:
    """Find out whether an index is of days, weeks or months, without a gap; TableError for any other.

    Examples
    --------
    >>> find_grid(pd.date_range("2024-01-01", periods=5, freq="7D"), "sales").season
    52
    """
    if not isinstance(index, pd.DatetimeIndex):
        raise TableError(
            [f"the index of `{name}` should be days, found {index.dtype}: pd.to_datetime makes them"], name
        )
    if len(index) < 3:
        raise TableError([f"`{name}` has {len(index)} periods: 3 or more tell days, weeks and months apart"], name)
    if not (index.is_monotonic_increasing and index.is_unique):
        raise TableError([f"the index of `{name}` should rise from period to period: .sort_index(), each once"], name)
    index = index.tz_localize(None)  # a day is a day by the clock of the shop
    days = np.diff(index.to_numpy().astype("datetime64[D]").astype(int))
    if (days == 1).all():
        return GRIDS["day"]
    if (days == WEEK).all():
        return GRIDS["week"]
    if (index.day == 1).all() and (np.diff(12 * index.year + index.month) == 1).all():
        return GRIDS["month"]
    steps = ", ".join(str(step) for step in np.unique(days)[:4])
    says = f"`{name}` should have each day, each week or the first of each month once; found steps of {steps} days"
    raise TableError([f"{says}: a period without sales is a row with 0"], name)


def list_next(index: pd.DatetimeIndex, count: int) -> pd.DatetimeIndex:
    """List the periods after the last of an index.

    Examples
    --------
    >>> list_next(pd.date_range("2024-01-01", periods=3, freq="MS"), 2).strftime("%Y-%m").tolist()
    ['2024-04', '2024-05']
    """
    grid = find_grid(index, "the series")
    if grid.every == "month":
        return pd.DatetimeIndex([index[-1] + pd.DateOffset(months=step + 1) for step in range(count)])
    step = WEEK if grid.every == "week" else 1
    return pd.DatetimeIndex([index[-1] + pd.DateOffset(days=step * number) for number in range(1, count + 1)])
