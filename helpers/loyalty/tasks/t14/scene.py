"""Deliveries of a chain's receipts, month by month, as they come: one till sends a part of its lines weeks later.

The lines are those of the Complete Journey. Which store is late is made up, for the lesson and for its exercise.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
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


class Ledger(NamedTuple):
    """A points ledger with the receipts that it belongs to, and how many faults of each kind were put into it."""

    points: pd.DataFrame
    receipts: pd.DataFrame
    planted: dict[str, int]


LIFE_DAYS = 90  # of a point
HOUSEHOLDS = 400
FAULTS = {"issued twice": 30, "not what was paid": 15}


def make_ledger() -> Ledger:
    """Make the ledger of 400 households from January to June: one point a dollar, spent in part, expiring after 90 days.

    Three faults are in it. A till sent 30 issues again. The goods of 15 receipts came back, and their points stayed.
    And what grew too old was never booked as expired.
    """
    draw = np.random.default_rng(14)
    lines = pd.concat([_lines_of(f"2017-0{month}") for month in range(1, 7)])
    chosen = draw.choice(np.sort(lines["customer_id"].unique()), HOUSEHOLDS, replace=False)
    lines = lines[lines["customer_id"].isin(chosen)]
    receipts = lines.groupby(["customer_id", "basket_id"], as_index=False).agg(
        time=("time", "max"), sales=("sales", "sum")
    )
    issues = receipts.assign(kind="issue", points=receipts["sales"].round()).query("points > 0").drop(columns="sales")
    again = issues.sample(FAULTS["issued twice"], random_state=1)
    again = again.assign(time=again["time"] + pd.Timedelta(hours=6))
    others = receipts[~receipts["basket_id"].isin(again["basket_id"]) & (receipts["sales"] > 20)]
    back = others[others["time"] < "2017-06-20"].sample(FAULTS["not what was paid"], random_state=2)
    back = back.assign(time=back["time"] + pd.Timedelta(days=3), sales=-back["sales"])
    earned = issues.groupby("customer_id")["points"].cumsum()
    spends = issues.assign(earned=earned).groupby("customer_id").nth(3)  # a third, after the fourth receipt
    spends = spends.assign(
        kind="spend", points=(spends["earned"] / 3).round(), time=spends["time"] + pd.Timedelta(hours=1)
    )
    spends = spends.drop(columns="earned").assign(basket_id=None)
    points = pd.concat([issues, again, spends]).sort_values(["time", "customer_id", "kind"], ignore_index=True)
    points = points.assign(event_id=points.index + 1, basket_id=points["basket_id"].astype("Int64"))
    columns = ["event_id", "customer_id", "time", "kind", "points", "basket_id"]
    return Ledger(points[columns], pd.concat([receipts, back], ignore_index=True), dict(FAULTS))


def name_silence(profile: pd.DataFrame) -> pd.DataFrame:
    """Call each household of a profile active (silent for up to 28 days), cooling (up to 84) or quiet."""
    days = profile["recency_days"]
    segment = pd.Series("quiet", index=profile.index)
    segment = segment.mask(days <= LIMITS["cooling"], "cooling").mask(days <= LIMITS["active"], "active")
    return profile[["customer_id"]].assign(segment=segment)
