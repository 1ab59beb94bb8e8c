"""Deliveries of a chain's receipts, month by month, as they come: one till sends a part of its lines weeks later.

The lines are those of the Complete Journey. Which store is late is made up, for the lesson and for its exercise.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pandas as pd

from loyalty.datasets.loaders import complete_journey

LATE_STORE = 367  # of the lesson's March
LATE_FROM = pd.Timestamp("2017-03-20")
JUNE_STORE = 406  # of the exercise's June
JUNE_FROM = pd.Timestamp("2017-06-12")
RESENT_FROM = pd.Timestamp("2017-06-08")  # the late file begins earlier: what lies between was delivered before
EARLIER = tuple(f"2017-{month:02d}" for month in range(1, 6))
LIMITS = {"active": 28, "cooling": 84}  # days of silence up to which a household is called so


class Deliveries(NamedTuple):
    """The exercise's files: January to May by month, June as it came first, and what the late till sent of June."""

    earlier: dict[str, pd.DataFrame]
    june: pd.DataFrame
    june_late: pd.DataFrame


@cache
def _lines_of(month: str) -> pd.DataFrame:
    lines = complete_journey().receipts
    first = pd.Timestamp(f"{month}-01")
    inside = (lines["time"] >= first) & (lines["time"] < first + pd.offsets.MonthBegin())
    return lines[inside].reset_index(drop=True)


def read_delivery(month: str, *, late: bool = False) -> pd.DataFrame:
    """Read the receipt lines of a month of 2017, such as "2017-03", as the chain's till system delivered them.

    Parameters
    ----------
    month : str
    late : bool
        March came twice: the second file, of 20 April, is whole.
    """
    lines = _lines_of(month)
    if month != f"{LATE_FROM:%Y-%m}" or late:
        return lines.copy()
    missing = (lines["store_id"] == LATE_STORE) & (lines["time"] >= LATE_FROM)
    return lines[~missing].reset_index(drop=True)


def open_deliveries() -> Deliveries:
    """Open the files of the exercise."""
    june = _lines_of("2017-06")
    of_store = june["store_id"] == JUNE_STORE
    first = june[~(of_store & (june["time"] >= JUNE_FROM))]
    late = june[of_store & (june["time"] >= RESENT_FROM)]
    earlier = {month: _lines_of(month).copy() for month in EARLIER}
    return Deliveries(earlier, first.reset_index(drop=True), late.reset_index(drop=True))


def name_silence(profile: pd.DataFrame) -> pd.DataFrame:
    """Call each household of a profile active (silent for up to 28 days), cooling (up to 84) or quiet."""
    days = profile["recency_days"]
    segment = pd.Series("quiet", index=profile.index)
    segment = segment.mask(days <= LIMITS["cooling"], "cooling").mask(days <= LIMITS["active"], "active")
    return profile[["customer_id"]].assign(segment=segment)
